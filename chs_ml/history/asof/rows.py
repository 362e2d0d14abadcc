"""The rows of a table as the query reads them: whose, when in the history's zone, what, and when it became known."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from chs_ml.history.asof import names
from chs_ml.history.asof.dialects import Dialect
from chs_ml.history.asof.tree import (
    Node,
    as_double,
    at_least,
    col,
    every,
    finite,
    from_table,
    named,
    or_else,
    same,
    selected,
)
from chs_ml.spec.history import ENDS, History, PastTable
from chs_ml.spec.measures import ALL, KINDS, Measure
from chs_ml.spec.measuring import table_of

SOURCE = "source"
"""The alias of the table that is read."""
TEXTS = frozenset({"distinct"})
"""Kinds that read a column as text."""


def value_of(measure: Measure, table: PastTable) -> tuple[str, bool] | None:
    """Return the column that a metric reads, and whether as text; None where it reads none."""
    if not KINDS[measure.kind].of:
        return None
    column = measure.of or (None if table.type or measure.what == (ALL,) else measure.what[0])
    own = column is None
    return str(column or table.number), measure.category or (measure.kind in TEXTS and not own)


def read_as(measures: Sequence[Measure], table: PastTable) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns of a table that the metrics read as text, and as numbers, each once."""
    texts: dict[str, None] = {}
    numbers: dict[str, None] = {}
    for measure in measures:
        texts |= dict.fromkeys(measure.where)
        read = value_of(measure, table)
        if read:
            (texts if read[1] else numbers)[read[0]] = None
    return tuple(texts), tuple(numbers)


def accounts_read_as(
    history: History, measures: Sequence[Measure]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the columns of accounts that are read as text, as numbers, and as days other than the renewal's."""
    stands = [measure for measure in measures if measure.table == "accounts"]
    texts = [*(one.what[0] for one in stands if one.category), *(history.eligible.exclude.where or {})]
    numbers = [one.what[0] for one in stands if not one.category]
    days = [one.what[0] for one in measures if one.kind == "days_until" and one.what != ("renewal",)]
    return tuple(dict.fromkeys(texts)), tuple(dict.fromkeys(numbers)), tuple(dict.fromkeys(days))


def by_table(measures: Sequence[Measure], history: History) -> dict[str, list[Measure]]:
    """Return the metrics of each table of the past, in the history's order of tables."""
    found: dict[str, list[Measure]] = {name: [] for name in history.past}
    for measure in measures:
        name = table_of(measure, history)
        if measure.per is None and name in found and measure.kind not in {"tenure", "days_until"}:
            found[name].append(measure)
    return found


def rows_query(
    name: str, table: PastTable, measures: Sequence[Measure], history: History, dialect: Dialect
) -> exp.Select:
    """SELECT the rows of a table under the query's own names, each with the spell that it lies in or after."""
    local = clock(table.timezone, history, dialect)
    began = local.at(getattr(table, table.begins))
    columns = {names.SPELL: col(names.SPELL, "s"), names.AT: began}
    end = ENDS.get(table.begins)
    if end and getattr(table, end):
        columns[names.UNTIL] = local.at(getattr(table, end))
    if table.known:
        columns[names.KNOWN] = or_else(local.at(table.known), began.copy())
    if table.type:
        columns[names.TYPE] = as_text(table.type, dialect)
    texts, numbers = read_as(measures, table)
    columns |= {names.as_text_of(column): as_text(column, dialect) for column in texts}
    columns |= {names.as_number_of(column): as_number(column, dialect) for column in numbers}
    query = selected([named(value, key) for key, value in columns.items()], dialect.table(name), SOURCE)
    customer = col(names.WHOSE, SOURCE) if dialect.own else as_text(table.customer, dialect)
    whose = same(col(dialect.whose, "s"), customer)
    on = every([whose, at_least(began.copy(), col(names.START, "s"))])
    return query.join(from_table(names.SPELLS, "s"), on=on, copy=False)


def as_text(column: str, dialect: Dialect) -> Node:
    """A column of the table that is read, as text."""
    return dialect.text(col(dialect.column(column, names.TEXT), SOURCE))


def as_number(column: str, dialect: Dialect) -> Node:
    """A column of the table that is read, as finite numbers."""
    return finite(as_double(col(dialect.column(column, names.NUMBER), SOURCE)))


class _Clock:
    """Times of one table, told in the history's zone."""

    def __init__(self, zone: str, local: str, dialect: Dialect) -> None:
        self.zone, self.local, self.dialect = zone, local, dialect

    def at(self, column: str) -> Node:
        """The time in a column, as local time."""
        given = col(self.dialect.column(column, names.TIME), SOURCE)
        told = exp.cast(given, exp.DataType.Type.TIMESTAMP)
        return told if self.zone == self.local else self.dialect.moved(told, self.zone, self.local)


def clock(zone: str | None, history: History, dialect: Dialect) -> _Clock:
    """The clock of a table that may have a zone of its own."""
    return _Clock(zone or history.timezone, history.timezone, dialect)
