"""Tables of a history from files and databases, into DuckDB; every problem found on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from sqlglot import exp

from chs_ml.history.asof.forms import Forms
from chs_ml.history.asof.names import TIME, WHOSE, held, held_in, marked
from chs_ml.history.asof.quick import held_quickly
from chs_ml.history.asof.staging import Staged, hold, keep
from chs_ml.history.asof.tree import col, count, number, same, selected
from chs_ml.history.asof.wanted import Wanted
from chs_ml.history.databases import open_query
from chs_ml.history.findings import Finding, TableError, described, error, warning
from chs_ml.history.parquet import ParquetFile
from chs_ml.history.sources import Source, absent_columns, open_table
from chs_ml.spec import CalibrationSpec

BATCH_ROWS = 1 << 18
"""DuckDB takes rows half as fast in batches of a quarter."""


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a table comes from. name: in messages; empty: its schema, of no batch; locate: rows in words."""

    name: str
    batches: Iterator[pa.RecordBatch]
    empty: Callable[[], pa.Schema]
    locate: Callable[[Sequence[int]], list[str]]
    decimal: str | None = None
    path: Path | None = None
    parquet: bool = False
    sha256: str = ""


def stage(staged: Staged, wanted: Wanted, spec: CalibrationSpec) -> None:
    """Read one table; what is wrong with it goes to ``staged.findings``, or is a TableError."""
    findings: list[Finding] = list(_doubled(wanted))
    origin = _of_query(wanted) if wanted.table.query is not None else _of_file(wanted, spec, findings)
    if findings or not (origin.path and origin.parquet and held_quickly(staged, wanted, origin.path)):
        findings += _held_exactly(staged, wanted, origin, findings)
    if not findings:
        _count_rows(staged, wanted)
    staged.findings += findings
    staged.sources.append(_source(origin, staged.rows.get(wanted.name, 0)))


def _held_exactly(staged: Staged, wanted: Wanted, origin: _Origin, findings: list[Finding]) -> list[Finding]:
    """Read the rows so that of each that is wrong can be said where it stands; findings: what reading itself finds."""
    forms = Forms(wanted, origin.name, origin.decimal)
    keep(staged, wanted, forms.taken(_until_refused(origin.batches, findings), origin.empty))
    if findings or forms.findings:
        return forms.findings
    troubles = [*forms.troubles.values(), *hold(staged, wanted)]
    told = [replace(one, shown=None) if one.column == wanted.customer else one for one in troubles]
    return described(told, origin.name, origin.locate)


def _doubled(wanted: Wanted) -> Iterator[Finding]:
    """Give columns that the checks, which ask in SQL by the spec's names, cannot tell apart."""
    names = [one for one, what in wanted.columns.items() if what.startswith("history.") or wanted.name == "accounts"]
    for at, name in enumerate(names):
        for other in names[:at]:
            if name.lower() == other.lower():
                said = f"{wanted.name}: columns {other!r} and {name!r} differ only in upper and lower case"
                yield error("duplicate-header", said, "Rename one of them", name)


def _of_file(wanted: Wanted, spec: CalibrationSpec, findings: list[Finding]) -> _Origin:
    form, path = wanted.table, spec.locate(str(wanted.table.file))
    written = form.file if form.file and "${" in form.file else None
    file = open_table(path, delimiter=form.delimiter, decimal=form.decimal, encoding=form.encoding, written=written)
    names, remedy = [*wanted.columns], "Correct the spec"
    absent = absent_columns(file, names, {name: (what, remedy) for name, what in wanted.columns.items()})
    if absent:
        raise TableError(*absent)
    batches = file.batches(names, BATCH_ROWS, findings)
    parquet = isinstance(file, ParquetFile)
    return _Origin(
        file.name, batches, lambda: file.read(names, []).schema, file.locate, file.decimal, path, parquet, file.sha256
    )


def _of_query(wanted: Wanted) -> _Origin:
    from chs_ml.spec.expansion import expand

    name, form = wanted.name, wanted.table
    reader = open_query(expand(str(form.url)), str(form.query), name)
    absent = [column for column in wanted.columns if column not in reader.schema.names]
    if absent:
        said = f"{name}: column {{!r}} is missing in the query's answer; it is {{}}"
        remedy = "Select it, or correct the spec"
        found = [(column, said.format(column, wanted.columns[column])) for column in absent]
        raise TableError(*(error("missing-column", evidence, remedy, column) for column, evidence in found))
    picked = (batch.select([*wanted.columns]) for batch in reader)
    schema = pa.schema([reader.schema.field(column) for column in wanted.columns])
    return _Origin(name, picked, lambda: schema, lambda rows: [f"row {row + 1}" for row in rows])


def _until_refused(batches: Iterator[pa.RecordBatch], findings: list[Finding]) -> Iterator[pa.RecordBatch]:
    """The batches up to where reading fails: DuckDB, which takes them, would turn the error into its own."""
    try:
        yield from batches
    except TableError as found:
        findings += found.findings


def _count_rows(staged: Staged, wanted: Wanted) -> None:
    strangers = count(exp.Nullif(this=same(col(WHOSE), number(0)), expression=exp.false()))
    columns = [count(), count(col(WHOSE)), count(col(marked(held(wanted.begins, TIME)))), strangers]
    [(rows, whose, when, staged.strangers[wanted.name])] = staged.rows_of(
        selected(columns, marked(held_in(wanted.name)), "t")
    )
    staged.rows[wanted.name] = int(rows)
    nobody, never = rows - whose, rows - when
    for many, what, code in ((nobody, wanted.customer, "empty-id"), (never, wanted.begins, "no-time")):
        if many:
            said = f"{wanted.name}: column {what!r} is empty in {many:,} of {rows:,} rows, which are left out"
            staged.findings.append(warning(code, said, "Fill it, or leave the rows out"))


def _source(origin: _Origin, rows: int) -> Source:
    read_at = datetime.now(UTC).isoformat(timespec="seconds")
    changed = read_at[:10]
    if origin.path:
        changed = datetime.fromtimestamp(origin.path.stat().st_mtime, UTC).date().isoformat()
    return Source(origin.name, rows, changed, read_at, origin.sha256)
