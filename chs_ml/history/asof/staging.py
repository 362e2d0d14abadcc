"""The tables of a history in DuckDB, each column in the forms that are read of it; every problem found on the way.

The panel's query reads a table that holds all forms; who asks about the tables reads a view of the same under the
spec's own names, each column in the form of what it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from sqlglot import exp

from chs_ml.history.asof.forms import Forms
from chs_ml.history.asof.names import TEXT, TIME, held, held_in, marked
from chs_ml.history.asof.times import BAD_TIME, MIXED, told
from chs_ml.history.asof.tree import Node, col, count, every, is_known, named, quoted, selected, word
from chs_ml.history.asof.wanted import Wanted
from chs_ml.history.databases import open_query
from chs_ml.history.findings import Finding, TableError, Trouble, described, error, trouble, warning
from chs_ml.history.sources import BATCH_ROWS, Source, TableFile, absent_columns, open_table
from chs_ml.spec import CalibrationSpec


@dataclass(slots=True)
class Staged:
    """Tables that the query can read. rows: of each; findings: what is wrong; sources: where each came from."""

    connection: duckdb.DuckDBPyConnection
    rows: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    @property
    def errors(self) -> list[Finding]:
        """What stops the work."""
        return [one for one in self.findings if one.severity == "error"]

    def rows_of(self, query: exp.Expr | str) -> list[tuple[Any, ...]]:
        """Return all rows that a query answers; a statement's own are empty."""
        text = query if isinstance(query, str) else query.sql(dialect="duckdb", identify=True)
        found: list[tuple[Any, ...]] = _answered(lambda: self.connection.execute(text).fetchall())
        return found

    def table_of(self, query: str) -> pa.Table:
        """Return what a query answers, as Arrow's table."""
        return _answered(lambda: self.connection.query(query).to_arrow_table())

    def number(self, query: exp.Expr | str) -> int:
        """Return the one whole number that a query answers."""
        [(found,)] = self.rows_of(query)
        return int(found or 0)


def _answered(ask: Callable[[], Any]) -> Any:
    """TableError for what DuckDB cannot do; its own words quote values of rows."""
    try:
        return ask()
    except duckdb.Error as found:
        said = f"the tables of the history: DuckDB gave up ({type(found).__name__})"
        remedy = "Where memory or disk ran out, set CHS_MEMORY as in 8GB, or TMPDIR; otherwise report it as a defect"
        raise TableError(error("database", said, remedy)) from None


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a table comes from. columns: that it has; empty: its schema, if it has no rows."""

    name: str
    batches: Iterator[pa.RecordBatch]
    empty: Callable[[], pa.Schema]
    locate: Callable[[Sequence[int]], list[str]]
    decimal: str | None = None
    path: Path | None = None
    sha256: str = ""


def stage(staged: Staged, wanted: Wanted, spec: CalibrationSpec) -> None:
    """Read one table; what is wrong with it goes to ``staged.findings``, or is a TableError."""
    findings: list[Finding] = list(_doubled(wanted))
    origin = _of_query(wanted) if wanted.table.query is not None else _of_file(wanted, spec, findings)
    forms = Forms(wanted, origin.name, origin.decimal)
    _keep(staged, wanted, forms.taken(_until_refused(origin.batches, findings), origin.empty))
    findings += forms.findings
    troubles = [*forms.troubles.values()]
    if not findings:
        troubles += _typed(staged, wanted)
        findings += described(troubles, origin.name, origin.locate)
    if not findings:
        _count_rows(staged, wanted)
    staged.findings += findings
    staged.sources.append(_source(origin, staged.rows.get(wanted.name, 0)))


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
    file: TableFile = open_table(
        path, delimiter=form.delimiter, decimal=form.decimal, encoding=form.encoding, written=written
    )
    names, remedy = [*wanted.columns], "Correct the spec"
    absent = absent_columns(file, names, {name: (what, remedy) for name, what in wanted.columns.items()})
    if absent:
        raise TableError(*absent)
    batches = file.batches(names, BATCH_ROWS, findings)
    return _Origin(
        file.name, batches, lambda: file.read(names, []).schema, file.locate, file.decimal, path, file.sha256
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


def _raw(wanted: Wanted) -> str:
    return f"chs raw {wanted.name}"


def _keep(staged: Staged, wanted: Wanted, reader: pa.RecordBatchReader) -> None:
    if reader.schema.names:
        staged.connection.register("chs reader", reader)
        staged.rows_of(f'CREATE TABLE {quoted(_raw(wanted))} AS SELECT * FROM "chs reader"')  # noqa: S608
        staged.connection.unregister("chs reader")


def _typed(staged: Staged, wanted: Wanted) -> list[Trouble]:
    """Put the table under the names that are read, times as local time and texts without blanks around them."""
    types = {name: str(kind) for name, kind, *_ in staged.rows_of(f"DESCRIBE {quoted(_raw(wanted))}")}
    troubles: list[Trouble] = []
    columns: list[Node] = []
    for name, form in wanted.read:
        key = marked(held(name, form))
        value: Node = col(key)
        if form == TEXT:
            value = _trimmed(value)
        elif form == TIME:
            value, found = _time(staged, wanted, name, types[key])
            troubles += found
        columns.append(named(value, key))
    table = quoted(marked(held_in(wanted.name)))
    if not troubles:
        written = any(types[marked(held(name, form))] == "VARCHAR" for name, form in wanted.read if form == TIME)
        query = selected(columns, _raw(wanted), "raw").sql("duckdb", identify=True)
        staged.rows_of(f"CREATE {'TABLE' if written else 'VIEW'} {table} AS {query}")
        if written:
            staged.rows_of(f"DROP TABLE {quoted(_raw(wanted))}")
        staged.rows_of(f"CREATE VIEW {quoted(wanted.name)} AS SELECT {', '.join(_shown(wanted))} FROM {table}")  # noqa: S608
    return troubles


def _shown(wanted: Wanted) -> Iterator[str]:
    """Give each column in its first form; of two that DuckDB cannot tell apart the one that is said first."""
    first: dict[str, str] = {}
    for name in wanted.columns:
        first.setdefault(name.lower(), name)
    for name in first.values():
        yield f"{quoted(marked(held(name, wanted.forms[name][0])))} AS {quoted(name)}"


def _trimmed(text: Node) -> Node:
    """Without blanks around it; nothing is left of a blank one."""
    return exp.Nullif(this=exp.Trim(this=exp.cast(text, "text")), expression=word(""))


def _time(staged: Staged, wanted: Wanted, name: str, kind: str) -> tuple[Node, list[Trouble]]:
    """A column as local time of the table's zone."""
    given = col(marked(held(name, TIME)))
    column = _trimmed(given) if kind == "VARCHAR" else given
    time = told(column, kind, wanted.zone)
    found = list(_rows_where(staged, wanted, name, time.bad, BAD_TIME))
    if not found and time.zoned:
        without = every([is_known(column.copy()), exp.Not(this=time.zoned.copy())])
        if staged.number(_counted(wanted, time.zoned)):
            found = list(_rows_where(staged, wanted, name, without, MIXED))
    return time.value, found


def _counted(wanted: Wanted, condition: Node) -> exp.Select:
    return selected([count()], _raw(wanted), "raw").where(condition.copy())


def _rows_where(
    staged: Staged, wanted: Wanted, name: str, condition: Node, rule: tuple[str, str, str]
) -> Iterator[Trouble]:
    """Give one trouble for the rows that break a rule, with the first of them."""
    total = staged.number(_counted(wanted, condition))
    if not total:
        return
    value = exp.cast(col(marked(held(name, TIME))), "text")
    query = selected([named(exp.column("rowid"), "row"), named(value, "value")], _raw(wanted), "raw")
    first = staged.rows_of(query.where(condition.copy()).order_by(exp.column("row", quoted=True)).limit(5))
    found = trouble(name, np.array([at for at, _ in first], dtype=np.intp), dict(first), rule)
    yield Trouble(found.code, name, found.rows, total, found.shown, found.rule, found.remedy)


def _count_rows(staged: Staged, wanted: Wanted) -> None:
    columns = [exp.Count(this=exp.Star()), count(col(wanted.customer)), count(col(wanted.begins))]
    [(rows, whose, when)] = staged.rows_of(selected(columns, wanted.name, "t"))
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
