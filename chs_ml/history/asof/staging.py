"""The tables of a history in DuckDB, under the names that the query reads: typed, every problem found on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from sqlglot import exp

from chs_ml.history.asof.tree import col, named, quoted, selected, word
from chs_ml.history.asof.wanted import Wanted
from chs_ml.history.databases import open_query
from chs_ml.history.findings import Finding, Trouble, described, error, trouble, warning
from chs_ml.history.parquet import ParquetFile
from chs_ml.history.sources import BATCH_ROWS, Source, TableFile, absent_columns, open_table
from chs_ml.spec import CalibrationSpec

ROW = "chs row"
OFFSET = r"(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$"
"""What ends a time that says its zone; a day of month never has a sign and hours behind it."""
CLOCK = r"\d[T ]\d{1,2}:\d{2}"
BAD_TIME = ("bad-time", "a time is written as in 2025-03-31 or 2025-03-31T08:00:00+02:00", "Correct them")
MIXED = ("mixed-time-zones", "some times of the column have an offset, others have none", "Write all of them alike")
BAD_NUMBER = ("not-a-number", "a metric reads it as a number", "Correct them, or name another column")
TOO_LARGE = (
    "too-large",
    "a number that is summed stays below a hundred trillion",
    "Correct them, or take a larger unit",
)
LARGEST = 1e14


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
        found: list[tuple[Any, ...]] = self.connection.execute(text).fetchall()
        return found

    def number(self, query: exp.Expr | str) -> int:
        """Return the one whole number that a query answers."""
        [(found,)] = self.rows_of(query)
        return int(found or 0)


def stage(staged: Staged, wanted: Wanted, spec: CalibrationSpec) -> None:
    """Read one table; what is wrong with it goes to ``staged.findings``."""
    if wanted.table.query is not None:
        _stage_query(staged, wanted, spec)
        return
    form = wanted.table
    path = spec.locate(str(form.file))
    written = form.file if form.file and "${" in form.file else None
    file = open_table(path, delimiter=form.delimiter, decimal=form.decimal, encoding=form.encoding, written=written)
    remedy = "Correct the spec"
    absent = absent_columns(file, [*wanted.columns], {name: (what, remedy) for name, what in wanted.columns.items()})
    if absent:
        staged.findings += absent
        return
    if isinstance(file, ParquetFile):
        _view_of_parquet(staged, wanted, path)
    else:
        _table_of_text(staged, wanted, file)
    _typed(staged, wanted, file, path)


def _raw(wanted: Wanted) -> str:
    return f"chs raw {wanted.name}"


def _view_of_parquet(staged: Staged, wanted: Wanted, path: Path) -> None:
    columns = ", ".join(exp.to_identifier(name, quoted=True).sql("duckdb") for name in wanted.columns)
    source = f"read_parquet({word(str(path)).sql('duckdb')}, file_row_number = true)"
    row = exp.to_identifier(ROW, quoted=True).sql("duckdb")
    staged.rows_of(
        f"CREATE VIEW {quoted(_raw(wanted))} AS SELECT {columns}, file_row_number AS {row} FROM {source}"  # noqa: S608
    )


def _table_of_text(staged: Staged, wanted: Wanted, file: TableFile) -> None:
    names = [*wanted.columns]
    findings: list[Finding] = []
    batches = file.batches(names, BATCH_ROWS, findings)
    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    _create(staged, wanted, pa.RecordBatchReader.from_batches(schema, batches))
    staged.findings += findings


def _stage_query(staged: Staged, wanted: Wanted, spec: CalibrationSpec) -> None:
    from chs_ml.spec.expansion import expand

    form = wanted.table
    reader = open_query(expand(str(form.url)), str(form.query), wanted.name)
    there = set(reader.schema.names)
    missing = [name for name in wanted.columns if name not in there]
    for name in missing:
        said = f"{wanted.name}: column {name!r} is missing in the query's answer; it is {wanted.columns[name]}"
        staged.findings.append(error("missing-column", said, "Select it, or correct the spec", name))
    if missing:
        return
    _create(staged, wanted, reader)
    _typed(staged, wanted, None, None)


def _create(staged: Staged, wanted: Wanted, reader: pa.RecordBatchReader) -> None:
    columns = ", ".join(f"{quoted(name)}" for name in wanted.columns)
    staged.connection.register("chs_reader", reader)
    staged.rows_of(
        f"CREATE TABLE {quoted(_raw(wanted))} AS SELECT {columns} FROM chs_reader"  # noqa: S608 - quoted
    )
    staged.connection.unregister("chs_reader")


def _typed(staged: Staged, wanted: Wanted, file: TableFile | None, path: Path | None) -> None:
    """Put the table under its own name, with times as local time and numbers as doubles, where all can be read."""
    types = {name: str(kind) for name, kind, *_ in staged.rows_of(f"DESCRIBE {quoted(_raw(wanted))}")}
    troubles: list[Trouble] = []
    columns: list[exp.Expr] = []
    for name in wanted.columns:
        if name in wanted.times:
            value, found = _time(staged, wanted, name, types[name])
        elif name in wanted.numbers:
            value, found = _number(staged, wanted, name, types[name])
        else:
            value, found = _text(name, types[name]), []
        troubles += found
        columns.append(named(value, name))
    query = selected(columns, _raw(wanted), "raw")
    form = (
        "VIEW"
        if isinstance(file, ParquetFile) and not any(types[name] == "VARCHAR" for name in wanted.times)
        else "TABLE"
    )
    if not troubles:
        staged.rows_of(f"CREATE {form} {quoted(wanted.name)} AS {query.sql('duckdb', identify=True)}")
        _count_rows(staged, wanted)
    place = file.locate if file else (lambda rows: [f"row {row + 1}" for row in rows])
    staged.findings += described(troubles, file.name if file else wanted.name, place)
    read_at = datetime.now(UTC).isoformat(timespec="seconds")
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat() if path else read_at[:10]
    rows = staged.rows.get(wanted.name, 0)
    staged.sources.append(
        Source(file.name if file else wanted.name, rows, changed, read_at, file.sha256 if file else "")
    )


def _count_rows(staged: Staged, wanted: Wanted) -> None:
    customer, begins = col(wanted.customer), col(wanted.begins)
    query = selected(
        [
            named(exp.Count(this=exp.Star()), "rows"),
            named(_missing(customer), "nobody"),
            named(_missing(begins), "never"),
        ],
        wanted.name,
        "t",
    )
    [(rows, nobody, never)] = staged.rows_of(query)
    staged.rows[wanted.name] = int(rows)
    for many, what, code in ((nobody, wanted.customer, "empty-id"), (never, wanted.begins, "no-time")):
        if many:
            said = f"{wanted.name}: column {what!r} is empty in {many:,} of {rows:,} rows, which are left out"
            staged.findings.append(warning(code, said, "Fill it, or leave the rows out"))


def _missing(value: exp.Expr) -> exp.Expr:
    return exp.Sub(this=exp.Count(this=exp.Star()), expression=exp.Count(this=value))


def _text(name: str, kind: str) -> exp.Expr:
    """A column as text, blank as unknown; whole floats lose their fraction, as they do in labelled tables."""
    told: exp.Expr = col(name)
    if kind in {"DOUBLE", "FLOAT"}:
        whole = exp.cast(exp.cast(col(name), "bigint"), "text")
        told = (
            exp.case()
            .when(exp.EQ(this=col(name), expression=exp.func("TRUNC", col(name))), whole)
            .else_(exp.cast(col(name), "text"))
        )
    return exp.Nullif(this=exp.Trim(this=exp.cast(told, "text")), expression=word(""))


def _time(staged: Staged, wanted: Wanted, name: str, kind: str) -> tuple[exp.Expr, list[Trouble]]:
    """A column as local time of the table's zone."""
    zone = word(wanted.zone)
    if kind == "TIMESTAMP WITH TIME ZONE":
        return exp.AtTimeZone(this=col(name), zone=zone), []
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return exp.cast(col(name), "timestamp"), []
    text = _text(name, kind)
    clock = exp.func("REGEXP_MATCHES", text.copy(), word(CLOCK))
    offset = exp.and_(clock, exp.func("REGEXP_MATCHES", text.copy(), word(OFFSET)))
    plain = exp.TryCast(this=text.copy(), to=exp.DataType.build("timestamp"))
    zoned = exp.TryCast(this=text.copy(), to=exp.DataType.build("timestamptz"))
    value = exp.case().when(offset, exp.AtTimeZone(this=zoned, zone=zone)).else_(plain)
    known = exp.Not(this=exp.Is(this=text.copy(), expression=exp.null()))
    bad = exp.and_(known, exp.Is(this=exp.paren(value.copy()), expression=exp.null()))
    found = list(_rows_where(staged, wanted, name, bad, BAD_TIME))
    if not found:
        with_offset = staged.number(_counted(wanted, offset.copy()))
        without = exp.and_(known.copy(), exp.Not(this=exp.paren(offset.copy())))
        if with_offset and staged.number(_counted(wanted, without)):
            found = list(_rows_where(staged, wanted, name, without, MIXED))
    return value, found


def _number(staged: Staged, wanted: Wanted, name: str, kind: str) -> tuple[exp.Expr, list[Trouble]]:
    """A column as doubles; in files that have types NaN and infinities are missing, in text they are mistakes."""
    value: exp.Expr = exp.cast(col(name), "double")
    found: list[Trouble] = []
    if kind == "VARCHAR":
        text = _text(name, kind)
        if wanted.table.decimal == ",":
            text = exp.func("REPLACE", text, word(","), word("."))
        value = exp.TryCast(this=text, to=exp.DataType.build("double"))
        known = exp.Not(this=exp.Is(this=_text(name, kind), expression=exp.null()))
        parsed = exp.Not(this=exp.Is(this=value.copy(), expression=exp.null()))
        bad = exp.and_(known, exp.Not(this=exp.paren(exp.and_(parsed, exp.func("ISFINITE", value.copy())))))
        found += _rows_where(staged, wanted, name, bad, BAD_NUMBER)
    large = exp.GT(this=exp.Abs(this=value.copy()), expression=exp.Literal.number(f"{LARGEST!r}"))
    finite = exp.func("ISFINITE", value.copy())
    return value, found or list(_rows_where(staged, wanted, name, exp.and_(finite, large), TOO_LARGE))


def _counted(wanted: Wanted, condition: exp.Expr) -> exp.Expr:
    return selected([exp.Count(this=exp.Star())], _raw(wanted), "raw").where(condition)


def _rows_where(
    staged: Staged, wanted: Wanted, name: str, condition: exp.Expr, rule: tuple[str, str, str]
) -> Iterator[Trouble]:
    """Give one trouble for the rows that break a rule, with the first of them."""
    total = staged.number(_counted(wanted, condition))
    if not total:
        return
    row = col(ROW) if _has_row(staged, wanted) else exp.column("rowid")
    query = selected([named(row, "row"), named(exp.cast(col(name), "text"), "value")], _raw(wanted), "raw")
    first = staged.rows_of(query.where(condition.copy()).order_by(exp.column("row", quoted=True)).limit(5))
    found = trouble(name, np.array([at for at, _ in first], dtype=np.intp), dict(first), rule)
    yield Trouble(found.code, name, found.rows, total, found.shown, found.rule, found.remedy)


def _has_row(staged: Staged, wanted: Wanted) -> bool:
    names = staged.rows_of(f"DESCRIBE {quoted(_raw(wanted))}")
    return any(name == ROW for name, *_ in names)
