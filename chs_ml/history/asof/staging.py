"""The tables of a history in DuckDB, each column in the forms that are read of it.

The panel's query reads a table that holds all forms; who asks about the tables reads a view of the same under the
spec's own names, each column in the form of what it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from sqlglot import exp

from chs_ml.history.asof.names import TEXT, TIME, held, held_in, marked
from chs_ml.history.asof.times import BAD_TIME, MIXED, told
from chs_ml.history.asof.tree import Node, col, count, every, is_known, named, quoted, selected, word
from chs_ml.history.asof.wanted import Wanted
from chs_ml.history.findings import Finding, TableError, Trouble, error, trouble
from chs_ml.history.sources import Source

READER = "chs reader"


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
        raise TableError(error("engine", said, remedy)) from None


def _raw(wanted: Wanted) -> str:
    return f"chs raw {wanted.name}"


def keep(staged: Staged, wanted: Wanted, reader: pa.RecordBatchReader) -> None:
    """Take the rows as they come, texts without blanks around them."""
    if reader.schema.names:
        texts = {marked(held(name, TEXT)) for name in wanted.columns}
        texts |= {one.name for one in reader.schema if pa.types.is_string(one.type)}
        columns = [named(_trimmed(col(key)) if key in texts else col(key), key) for key in reader.schema.names]
        query = selected(columns, READER, "r").sql("duckdb", identify=True)
        staged.connection.register(READER, reader)
        staged.rows_of(f"CREATE TABLE {quoted(_raw(wanted))} AS {query}")
        staged.connection.unregister(READER)


def hold(staged: Staged, wanted: Wanted) -> list[Trouble]:
    """Put what was kept under the names that are read, times as local time."""
    types = {name: str(kind) for name, kind, *_ in staged.rows_of(f"DESCRIBE {quoted(_raw(wanted))}")}
    troubles: list[Trouble] = []
    columns: list[Node] = []
    for name, form in wanted.read:
        key = marked(held(name, form))
        value: Node = col(key)
        if form == TIME:
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
    column = col(marked(held(name, TIME)))
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
