"""The few words of SQL that the panel's query is made of, as nodes of sqlglot's tree; none is put together as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlglot import exp

Node = exp.Expr
DAY = "DAY"
LARGEST = 1.7976931348623157e308
EXACT = "DECIMAL(38, 12)"
"""Of sums: twelve digits behind the point, and room for a billion values of a hundred trillion before it."""


def col(name: str, table: str | None = None) -> exp.Column:
    """A column, quoted."""
    return exp.column(name, table=table, quoted=True)


def star(table: str) -> exp.Column:
    """All columns of a table."""
    return exp.Column(this=exp.Star(), table=exp.to_identifier(table, quoted=True))


def quoted(name: str) -> str:
    """A name as DuckDB reads it, for the statements around the query."""
    return exp.to_identifier(name, quoted=True).sql("duckdb")


def word(text: str) -> exp.Literal:
    """A text."""
    return exp.Literal.string(text)


def number(value: int | float) -> Node:
    """A number; fractions in E-notation, which every engine reads as a double."""
    if isinstance(value, int):
        return exp.Literal.number(value)
    told = repr(value)
    return exp.Literal.number(told.upper() if "e" in told else f"{told}E0")


def nothing() -> exp.Null:
    """NULL."""
    return exp.null()


def moment(at: date) -> Node:
    """The first moment of a day."""
    return exp.cast(word(datetime(at.year, at.month, at.day).isoformat(sep=" ")), exp.DataType.Type.TIMESTAMP)


def days_later(at: Node, days: int) -> Node:
    """A moment so many days after another, or before it."""
    if not days:
        return at
    moved = exp.DateAdd if days > 0 else exp.DateSub
    return exp.cast(
        moved(this=at, expression=exp.Literal.number(abs(days)), unit=exp.var(DAY)), exp.DataType.Type.TIMESTAMP
    )


def midnight(at: Node) -> Node:
    """The first moment of the day of a moment."""
    return exp.cast(exp.cast(at, "date"), exp.DataType.Type.TIMESTAMP)


def days_between(later: Node, earlier: Node) -> Node:
    """Days from the day of one moment to the day of another."""
    return exp.DateDiff(this=exp.cast(later, "date"), expression=exp.cast(earlier, "date"), unit=exp.var(DAY))


def as_double(value: Node) -> Node:
    """A value as a double."""
    return exp.cast(value, "double")


def finite(value: Node) -> Node:
    """A double that is a number; NULL for NaN and infinities, which engines order, add and compare each in its way."""
    within = every([at_least(value, exp.Neg(this=number(LARGEST))), at_least(number(LARGEST), value.copy())])
    return where(within, value.copy())


def exactly(value: Node) -> Node:
    """A double as a decimal, so that a sum does not depend on the order of its parts."""
    return exp.cast(value, EXACT)


def less(left: Node, right: Node) -> Node:
    """Left < right."""
    return exp.LT(this=left, expression=right)


def at_least(left: Node, right: Node) -> Node:
    """Left ≥ right."""
    return exp.GTE(this=left, expression=right)


def same(left: Node, right: Node) -> Node:
    """Left = right."""
    return exp.EQ(this=left, expression=right)


def is_null(value: Node) -> Node:
    """Whether nothing is known."""
    return exp.Is(this=value, expression=exp.null())


def is_known(value: Node) -> Node:
    """Whether something is known."""
    return exp.Not(this=is_null(value))


def one_of(value: Node, texts: Iterable[str]) -> Node:
    """Whether the value is one of the texts."""
    return exp.In(this=value, expressions=[word(text) for text in texts])


def every(conditions: Sequence[Node]) -> Node:
    """All of the conditions."""
    return exp.and_(*conditions) if conditions else exp.true()  # a copy: a node has one place in one tree


def either(*conditions: Node) -> Node:
    """One of the conditions at least."""
    return exp.paren(exp.or_(*conditions, copy=False), copy=False)


def where(condition: Node, then: Node, otherwise: Node | None = None) -> exp.Case:
    """CASE WHEN condition THEN … [ELSE …] END."""
    case = exp.Case(ifs=[exp.If(this=condition, true=then)])
    return case if otherwise is None else case.else_(otherwise, copy=False)


def count(value: Node | None = None) -> Node:
    """How many values are known, or rows."""
    return exp.Count(this=value if value is not None else exp.Star())


def different(value: Node) -> Node:
    """How many different values are known."""
    return exp.Count(this=exp.Distinct(expressions=[value]))


def ratio(above: Node, below: Node) -> Node:
    """One double divided by another; NULL where that is 0."""
    return exp.Div(
        this=as_double(above), expression=exp.Nullif(this=as_double(below), expression=number(0.0)), typed=True
    )


def or_else(value: Node, otherwise: Node) -> Node:
    """The value, or else another."""
    return exp.Coalesce(this=value, expressions=[otherwise])


def named(value: Node, name: str) -> Node:
    """A value under a name."""
    return exp.alias_(value, name, quoted=True)


def selected(columns: Sequence[Node], source: str, alias: str) -> exp.Select:
    """SELECT columns FROM source AS alias."""
    return exp.select(*columns, copy=False).from_(from_table(source, alias), copy=False)


def from_table(name: str, alias: str) -> exp.Table:
    """A table, or a common table expression, under an alias."""
    return exp.Table(this=exp.to_identifier(name, quoted=True), alias=alias_of(alias))


def alias_of(name: str) -> exp.TableAlias:
    """The alias of a table."""
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))
