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

from chs_ml.history.asof.names import CUSTOMERS, TEXT, TIME, WHOSE, held, held_in, marked
from chs_ml.history.asof.times import BAD_TIME, MIXED, told
from chs_ml.history.asof.tree import (
    Node,
    col,
    count,
    every,
    from_table,
    is_known,
    named,
    number,
    or_else,
    quoted,
    same,
    selected,
    where,
    word,
)
from chs_ml.history.asof.wanted import Wanted
from chs_ml.history.findings import Finding, TableError, Trouble, error, trouble
from chs_ml.history.sources import Source

READER = "chs reader"


@dataclass(slots=True)
class Staged:
    """Tables that the query can read.

    rows: of each; strangers: of them of nobody in accounts; findings: what is wrong; sources: where each came from.
    """

    connection: duckdb.DuckDBPyConnection
    rows: dict[str, int] = field(default_factory=dict)
    strangers: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nobody is a customer before accounts are read."""
        self.rows_of(f"CREATE TABLE {CUSTOMERS} (name TEXT, number INTEGER)")

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


def raw_of(wanted: Wanted) -> str:
    """What the rows of a table are called before it is known that they are sound."""
    return f"chs raw {wanted.name}"


def keep(staged: Staged, wanted: Wanted, reader: pa.RecordBatchReader) -> None:
    """Take the rows as they come, texts without blanks around them."""
    if reader.schema.names:
        texts = {marked(held(name, TEXT)) for name in wanted.columns}
        texts |= {one.name for one in reader.schema if pa.types.is_string(one.type)}
        columns = [named(trimmed(col(key)) if key in texts else col(key), key) for key in reader.schema.names]
        query = selected(columns, READER, "r").sql("duckdb", identify=True)
        staged.connection.register(READER, reader)
        staged.rows_of(f"CREATE TABLE {quoted(raw_of(wanted))} AS {query}")
        staged.connection.unregister(READER)


def hold(staged: Staged, wanted: Wanted) -> list[Trouble]:
    """Put what was kept under the names that are read, times as local time, customers as numbers."""
    types = {name: str(kind) for name, kind, *_ in staged.rows_of(f"DESCRIBE {quoted(raw_of(wanted))}")}
    troubles: list[Trouble] = []
    columns: dict[str, Node] = {key: col(key, "raw") for key in types}
    for name in (name for name, form in wanted.read if form == TIME):
        key = marked(held(name, TIME))
        columns[key], found = _time(staged, wanted, name, types[key])
        troubles += found
    if not troubles:
        _held(staged, wanted, columns, [types[key] for key in columns if key.startswith(f"{TIME}_")])
    return troubles


def _held(staged: Staged, wanted: Wanted, columns: dict[str, Node], times: list[str]) -> None:
    table, text = quoted(marked(held_in(wanted.name))), marked(held(wanted.customer, TEXT))
    if wanted.name == "accounts":
        _number_customers(staged, wanted, text)
    numbered = WHOSE in columns
    if not numbered:
        columns[WHOSE] = whose(col(text, "raw"))
    query = selected([named(value, key) for key, value in columns.items()], raw_of(wanted), "raw")
    query = query if numbered else with_customers(query, col(text, "raw"))
    done = numbered and "VARCHAR" not in times
    staged.rows_of(f"CREATE {'VIEW' if done else 'TABLE'} {table} AS {query.sql('duckdb', identify=True)}")
    if not done:
        staged.rows_of(f"DROP TABLE {quoted(raw_of(wanted))}")
    _show(staged, wanted, by_number=text not in columns)


def _show(staged: Staged, wanted: Wanted, *, by_number: bool) -> None:
    """Give the table its name, and each column in its first form. by_number: ids are told by customers' numbers."""
    first: dict[str, str] = {}  # of two that DuckDB cannot tell apart the one that is said first
    for name in wanted.columns:
        first.setdefault(name.lower(), name)
    shown = []
    for name in first.values():
        form = wanted.forms[name][0]
        value = col("name", "c") if by_number and name == wanted.customer else col(marked(held(name, form)), "h")
        shown.append(named(exp.cast(value, "text") if form == TEXT else value, name))
    query = selected(shown, marked(held_in(wanted.name)), "h")
    if by_number:
        query = query.join(from_table(CUSTOMERS, "c"), on=same(col("number", "c"), col(WHOSE, "h")), join_type="left")
    staged.rows_of(f"CREATE VIEW {quoted(wanted.name)} AS {query.sql('duckdb', identify=True)}")


def _number_customers(staged: Staged, wanted: Wanted, text: str) -> None:
    """Give each customer a number, from 1, by which all tables are joined."""
    found = f"SELECT DISTINCT {quoted(text)} AS name FROM {quoted(raw_of(wanted))} WHERE name IS NOT NULL"  # noqa: S608
    numbered = f"SELECT name, CAST(row_number() OVER (ORDER BY name) AS INTEGER) AS number FROM ({found})"  # noqa: S608
    staged.rows_of(f"INSERT INTO {CUSTOMERS} {numbered}")


def with_customers(query: exp.Select, customer: Node) -> exp.Select:
    """The query joined with the numbers of the customers."""
    return query.join(from_table(CUSTOMERS, "c"), on=same(col("name", "c"), customer), join_type="left", copy=False)


def whose(customer: Node) -> Node:
    """The number of a customer; 0 of one whom accounts do not have, NULL of nobody."""
    return or_else(col("number", "c"), where(is_known(customer), number(0)))


def trimmed(text: Node) -> Node:
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
    return selected([count()], raw_of(wanted), "raw").where(condition.copy())


def _rows_where(
    staged: Staged, wanted: Wanted, name: str, condition: Node, rule: tuple[str, str, str]
) -> Iterator[Trouble]:
    """Give one trouble for the rows that break a rule, with the first of them."""
    total = staged.number(_counted(wanted, condition))
    if not total:
        return
    value = exp.cast(col(marked(held(name, TIME))), "text")
    query = selected([named(exp.column("rowid"), "row"), named(value, "value")], raw_of(wanted), "raw")
    first = staged.rows_of(query.where(condition.copy()).order_by(exp.column("row", quoted=True)).limit(5))
    found = trouble(name, np.array([at for at, _ in first], dtype=np.intp), dict(first), rule)
    yield Trouble(found.code, name, found.rows, total, found.shown, found.rule, found.remedy)
