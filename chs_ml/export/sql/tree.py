"""The few words of SQL that a formula is made of, as nodes of sqlglot's tree; none is put together as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from sqlglot import exp

Node = exp.Expr
Query = exp.Select


def col(name: str, table: str | None = None) -> Node:
    """A column, quoted."""
    return exp.column(name, table=table, quoted=True)


def star(table: str) -> Node:
    """All columns of a part of the query."""
    return exp.Column(this=exp.Star(), table=exp.to_identifier(table, quoted=True))


def word(text: str) -> Node:
    """A text."""
    return exp.Literal.string(text)


def number(value: float) -> Node:
    """A number in E-notation, which most engines read as a double; ``(-1.0E0)`` if negative: ``- -1`` is a comment.

    The sign is part of the literal, so that it stays on its line.
    """
    told = repr(abs(float(value))).upper()
    told = told if "E" in told else f"{told}E0"
    return exp.Literal.number(f"(-{told})" if value < 0 else told)


def whole(value: int) -> Node:
    """A whole number."""
    return exp.Literal.number(value)


def less(left: Node, right: Node) -> Node:
    """Left < right."""
    return exp.LT(this=left, expression=right)


def at_least(left: Node, right: Node) -> Node:
    """Left ≥ right."""
    return exp.GTE(this=left, expression=right)


def at_most(left: Node, right: Node) -> Node:
    """Left ≤ right."""
    return exp.LTE(this=left, expression=right)


def more(left: Node, right: Node) -> Node:
    """Left > right."""
    return exp.GT(this=left, expression=right)


def same(left: Node, right: Node) -> Node:
    """Left = right."""
    return exp.EQ(this=left, expression=right)


def differs(left: Node, right: Node) -> Node:
    """Left <> right."""
    return exp.NEQ(this=left, expression=right)


def among(value: Node, others: Sequence[Node]) -> Node:
    """Whether a value is one of others."""
    return same(value, others[0]) if len(others) == 1 else exp.In(this=value, expressions=[*others])


def is_null(value: Node) -> Node:
    """Whether nothing is known."""
    return exp.Is(this=value, expression=exp.null())


def not_(condition: Node) -> Node:
    """Whether a condition does not hold; unknown where it is."""
    return exp.Not(this=exp.paren(condition, copy=False))


def every(*conditions: Node) -> Node:
    """All of the conditions."""
    return exp.and_(*conditions, copy=False)


def either(*conditions: Node) -> Node:
    """One of the conditions at least, in parentheses."""
    return exp.paren(exp.or_(*conditions, copy=False), copy=False)


def case(*whens: tuple[Node, Node], otherwise: Node | None = None) -> Node:
    """CASE WHEN … THEN … ELSE … END; without any WHEN what otherwise holds."""
    if not whens:
        return exp.null() if otherwise is None else otherwise
    return exp.Case(ifs=[exp.If(this=condition, true=then) for condition, then in whens], default=otherwise)


def minus(left: Node, right: Node) -> Node:
    """Left − right."""
    return exp.Sub(this=left, expression=right)


def plus(left: Node, right: Node) -> Node:
    """Left + right."""
    return exp.Add(this=left, expression=right)


def times(left: Node, right: Node) -> Node:
    """Left · right; a sum or a difference to either side is put in parentheses."""
    return exp.Mul(this=_held(left), expression=_held(right))


def over(above: Node, below: Node) -> Node:
    """One double divided by another, which is never 0."""
    return exp.Div(this=_held(above), expression=_held(below), typed=True)


def summed(parts: Iterable[Node]) -> Node:
    """The sum of parts, left to right."""
    return reduce(plus, parts)


def called(name: str, *arguments: Node) -> Node:
    """A function of that name."""
    return exp.Anonymous(this=name, expressions=[*arguments])


def nothing_if(value: Node, other: Node) -> Node:
    """NULL where a value is the other."""
    return exp.Nullif(this=value, expression=other)


def named(value: Node, name: str, comment: str = "") -> Node:
    """A value under a name; comment: shown behind it."""
    found = exp.alias_(value, name, quoted=True, copy=False)
    if comment:
        found.comments = [f" {comment} "]
    return found


def selected(columns: Sequence[Node], source: Node | str) -> Query:
    """SELECT columns FROM source."""
    return exp.select(*columns, copy=False).from_(table(source) if isinstance(source, str) else source, copy=False)


def table(*parts: str, alias: str | None = None) -> Node:
    """A table by the parts of its name, each quoted."""
    names = [exp.to_identifier(part, quoted=True) for part in reversed(parts)]
    shown = exp.TableAlias(this=exp.to_identifier(alias, quoted=True)) if alias else None
    return exp.Table(**dict(zip(("this", "db", "catalog"), names, strict=False)), alias=shown)


def _held(value: Node) -> Node:
    return exp.paren(value, copy=False) if isinstance(value, exp.Add | exp.Sub) else value
