"""The rows of a table as the query reads them: whose, when in the history's zone, what, and when it became known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from chs_ml.history.asof import names
from chs_ml.history.asof.dialects import Dialect
from chs_ml.history.asof.tree import Node, as_double, col, every, is_known, named, or_else, selected
from chs_ml.spec.history import ENDS, History, PastTable
from chs_ml.spec.measures import ALL, KINDS, Measure
from chs_ml.spec.measuring import table_of

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
    """SELECT the rows of a table under the query's own names."""
    local = _Clock(table.timezone or history.timezone, history.timezone, dialect)
    began = local.at(getattr(table, table.begins))
    columns = {names.CUSTOMER: dialect.text(col(table.customer)), names.AT: began}
    end = ENDS.get(table.begins)
    if end and getattr(table, end):
        columns[names.UNTIL] = local.at(getattr(table, end))
    if table.known:
        columns[names.KNOWN] = or_else(local.at(table.known), began)
    if table.type:
        columns[names.TYPE] = dialect.text(col(table.type))
    texts, numbers = read_as(measures, table)
    columns |= {names.as_text_of(column): dialect.text(col(column)) for column in texts}
    columns |= {names.as_number_of(column): as_double(col(column)) for column in numbers}
    there = [is_known(col(table.customer)), is_known(col(getattr(table, table.begins)))]
    return selected([named(value, key) for key, value in columns.items()], name, "source").where(
        every(there), copy=False
    )


class _Clock:
    """Times of one table, told in the history's zone."""

    def __init__(self, zone: str, local: str, dialect: Dialect) -> None:
        self.zone, self.local, self.dialect = zone, local, dialect

    def at(self, column: str) -> Node:
        """The time in a column, as local time."""
        told = exp.cast(col(column), exp.DataType.Type.TIMESTAMP)
        return told if self.zone == self.local else self.dialect.moved(told, self.zone, self.local)


def clock(zone: str | None, history: History, dialect: Dialect) -> _Clock:
    """The clock of a table that may have a zone of its own."""
    return _Clock(zone or history.timezone, history.timezone, dialect)


def activities(history: History) -> Iterator[tuple[str, PastTable, Mapping[str, tuple[str, ...]]]]:
    """Give each table of activities, and the types that are activities (none: all)."""
    for name, table in history.activities.items():
        yield name, table, {"types": history.churn.count} if history.churn and history.churn.count else {}
