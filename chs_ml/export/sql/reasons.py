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


def lost(plan: Plan) -> list[Node]:
    """Return the points of each term above the average customer's, of the columns n1, n2 …; negative: lost."""
    parts = zip(plan.formula.terms, plan.averages, strict=True)
    points = [
        times(minus(col(f"n{at}"), number(mean)) if mean else col(f"n{at}"), number(100.0 * term.weight))
        for at, (term, mean) in enumerate(parts, 1)
    ]
    return [named(value, f"d{at}") for at, value in enumerate(points, 1)]


def ranked(plan: Plan, dialect: Dialect) -> Iterator[Part]:
    """Give the parts that find the reasons: each its name, the part before it, and the columns that it adds."""
    terms = range(1, len(plan.formula.terms) + 1)
    for place in range(1, min(REASONS, len(terms)) + 1):
        before = [f"who{earlier}" for earlier in range(1, place)]
        left = [
            case((_is(before, at), number(0.0)), otherwise=col(f"d{at}")) if before else col(f"d{at}") for at in terms
        ]
        parts = f"chs_who_{place - 1}" if before else "chs_scored", f"chs_least_{place}", f"chs_who_{place}"
        yield parts[1], parts[0], [named(dialect.least(left), f"least{place}")]
        whose = [(every(same(col(f"d{at}"), col(f"least{place}")), *_is_not(before, at)), whole(at)) for at in terms]
        points = called("FLOOR", minus(number(0.5), col(f"least{place}")))
        yield parts[2], parts[1], [named(case(*whose, otherwise=whole(0)), f"who{place}"), named(points, f"up{place}")]


def told(plan: Plan, dialect: Dialect) -> list[Node]:
    """Return the reasons as texts, '' where there is none left."""
    there = min(REASONS, len(plan.formula.terms))
    texts = [_text(plan, place, dialect) for place in range(1, there + 1)]
    return [*texts, *(word("") for _ in range(REASONS - there))]


def _is(before: list[str], at: int) -> Node:
    return among(whole(at), [col(name) for name in before])


def _is_not(before: list[str], at: int) -> list[Node]:
    return [differs(col(name), whole(at)) for name in before]


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
