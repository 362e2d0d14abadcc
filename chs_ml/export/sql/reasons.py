"""The three terms that cost most points against the average customer, a text each.

The least of the lost points is found, then whose it is (of equal ones the earlier term), then the least of the others:
two parts of the query for each reason, each as long as the formula. LEAST sees no NULL here.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from chs_ml.export.plan import MOST_POINTS, REASONS, WORTH_SAYING, Plan
from chs_ml.export.sql.dialects import Dialect
from chs_ml.export.sql.tree import (
    Node,
    among,
    called,
    case,
    col,
    differs,
    every,
    less,
    minus,
    more,
    named,
    number,
    same,
    times,
    whole,
    word,
)

Part = tuple[str, str, list[Node]]


def lost(plan: Plan, dialect: Dialect) -> list[Node]:
    """Return the points of each term above the average customer's, of the columns n1, n2 …; negative: lost."""
    columns = []
    for at, (term, mean) in enumerate(zip(plan.formula.terms, plan.averages, strict=True), 1):
        above = minus(col(f"n{at}"), dialect.health(mean)) if mean else col(f"n{at}")
        columns.append(named(times(above, dialect.weight(100.0 * term.weight)), f"d{at}"))
    return columns


def ranked(plan: Plan, dialect: Dialect) -> Iterator[Part]:
    """Give the parts that find the reasons: each its name, the part before it, and the columns that it adds."""
    terms, before = len(plan.formula.terms), "chs_scored"
    for place in range(1, min(REASONS, terms) + 1):
        least, who = f"chs_least_{place}", f"chs_who_{place}"
        yield least, before, [named(dialect.least(_left(place, terms)), f"least{place}")]
        rounded = called("FLOOR", minus(number(0.5), col(f"least{place}")))
        yield who, least, [named(_whose(place, terms), f"who{place}"), named(rounded, f"up{place}")]
        before = who


def _left(place: int, terms: int) -> list[Node]:
    """Return the points of the terms, 0 for those that took an earlier place."""
    taken = [f"who{earlier}" for earlier in range(1, place)]
    return [
        case((among(whole(at), [*map(col, taken)]), number(0.0)), otherwise=col(f"d{at}")) if taken else col(f"d{at}")
        for at in range(1, terms + 1)
    ]


def _whose(place: int, terms: int) -> Node:
    """Return the first of the terms whose points are the least, and which took no earlier place."""
    whens = []
    for at in range(1, terms + 1):
        free = [differs(col(f"who{earlier}"), whole(at)) for earlier in range(1, place)]
        whens.append((every(same(col(f"d{at}"), col(f"least{place}")), *free), whole(at)))
    return case(*whens, otherwise=whole(0))


def told(plan: Plan, dialect: Dialect) -> list[Node]:
    """Return the reasons as texts, '' where there is none left."""
    there = min(REASONS, len(plan.formula.terms))
    texts = [_text(plan, place, dialect) for place in range(1, there + 1)]
    return [*texts, *(word("") for _ in range(REASONS - there))]


def _text(plan: Plan, place: int, dialect: Dialect) -> Node:
    """Return 'Contract: -12 points' where the place is taken by something worth saying."""
    labels = [exp.If(this=whole(at), true=word(f"{label}: -")) for at, label in enumerate(plan.labels, 1)]
    up = col(f"up{place}")
    points = dialect.text(exp.cast(_rounded(place), "int", copy=False))
    unit = case((same(up, number(1.0)), word(" point")), otherwise=word(" points"))
    text = dialect.joined(exp.Case(this=col(f"who{place}"), ifs=labels), points, unit)
    return case((less(col(f"least{place}"), number(-WORTH_SAYING)), text), otherwise=word(""))


def _rounded(place: int) -> Node:
    """Return lost points as a whole number, a half to the even one, of at most 100: engines round halves differently.

    ``up`` is the number with halves rounded up.
    """
    up, points = col(f"up{place}"), col(f"least{place}")
    half = same(minus(up, number(0.5)), minus(number(0.0), points))
    odd = differs(times(called("FLOOR", times(up.copy(), number(0.5))), number(2.0)), up.copy())
    capped = more(up.copy(), number(MOST_POINTS)), number(MOST_POINTS)
    return case(capped, (every(half, odd), minus(up.copy(), number(1.0))), otherwise=up.copy())
