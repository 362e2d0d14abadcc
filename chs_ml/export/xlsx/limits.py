"""What a workbook cannot hold, said before it is written."""

from __future__ import annotations

from itertools import pairwise

from chs_ml.errors import FormulaError
from chs_ml.export.plan import Plan
from chs_ml.export.xlsx.book import LONGEST_TEXT
from chs_ml.export.xlsx.level_keys import LARGEST, SMALLEST, check_level_keys
from chs_ml.formula import Condition, Curve, Term

MOST_COLUMNS = 16_384
BESIDE = 16
"""Columns of the workings, or of the customers, beside those of terms, metrics, conditions, rules and floors."""
NARROWEST = 1e-9
"""Of two knots, in shares of the larger: a sheet takes for equal what differs in the sixteenth digit."""


def check_fits(plan: Plan, conditions: int) -> None:
    """Refuse a formula that does not fit.

    conditions: how many different ones there are.

    Raises:
        FormulaError: naming the term or the metric, and what Excel can hold.
    """
    formula = plan.formula
    for term, label in zip(formula.terms, plan.labels, strict=True):
        _check_term(term, label)
    for rule in formula.rules:
        _check_condition(f"rule on {rule.when.metric!r}", rule.when)
    for name, floor in formula.score_when.floors if formula.score_when else ():
        _check_number(f"floor of {name!r}", floor)
    floors = len(formula.score_when.floors) if formula.score_when else 0
    before = len(plan.kinds) + conditions + len(formula.rules) + floors + BESIDE
    room = max(0, (MOST_COLUMNS - before) // 3)
    if len(formula.terms) > room:
        raise FormulaError(
            f"term {formula.terms[room].key!r}: target 'xlsx' has no column left for it. Of the {MOST_COLUMNS:,} "
            f"columns of a sheet this formula leaves room for {room:,} terms; it has {len(formula.terms):,}. "
            "Use another target"
        )


def _check_term(term: Term, label: str) -> None:
    what = f"term {term.key!r}"
    if len(label) > LONGEST_TEXT - 100:
        raise FormulaError(
            f"{what}: its label is {len(label):,} characters long; a cell holds {LONGEST_TEXT:,}. Shorten it"
        )
    if term.when is not None:
        _check_condition(what, term.when)
    if not isinstance(term.shape, Curve):
        check_level_keys(what, term.shape.names)
        return
    for knot in term.shape.knots:
        _check_number(what, knot)
    for low, high in pairwise(term.shape.knots):
        if high - low < NARROWEST * max(abs(low), abs(high)):
            raise FormulaError(
                f"{what}: knots {low!r} and {high!r} lie too close together for target 'xlsx', as a sheet tells "
                "numbers apart by 15 digits. Use another target"
            )


def _check_condition(what: str, when: Condition) -> None:
    if when.above is not None:
        _check_number(what, when.above)
    else:
        check_level_keys(what, [str(when.level)])


def _check_number(what: str, number: float) -> None:
    if abs(number) > LARGEST or 0.0 < abs(number) < SMALLEST:
        raise FormulaError(
            f"{what}: {number!r} fits into no cell of target 'xlsx', which holds {SMALLEST:.0e} to {LARGEST:.0e}. "
            "Use another unit"
        )
