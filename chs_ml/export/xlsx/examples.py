"""Customers that are nobody: made up from the formula, so that a new workbook has something to show."""

from __future__ import annotations

from typing import Any

import numpy as np

from chs_ml.export.plan import Plan
from chs_ml.formula import Curve, Levels, Term
from chs_ml.formula.edges import frame_of, surely_scored, worst_and_best
from chs_ml.formula.reach import extreme_row

Row = dict[str, Any]
STEPS = 41


def examples_of(plan: Plan) -> dict[str, Row]:
    """Return by name: the best and the worst that can be, one near the average, and one that is partly both."""
    formula = plan.formula
    start = surely_scored(formula)
    best = {**start, **extreme_row(formula, best=True, known=True)}
    worst = {**worst_and_best(formula)[0], **extreme_row(formula, best=False, known=True)}
    average = dict(start)
    for term, target in sorted(zip(formula.terms, plan.averages, strict=True), key=lambda pair: pair[0].weight):
        if term.when is None or term.when.applies(frame_of([average]))[0]:
            average[term.metric] = _nearest(term, target)
    heavy = sorted(formula.terms, key=lambda term: -term.weight)
    mixed = {**average, **{term.metric: worst[term.metric] for term in heavy[1::3]}}
    mixed |= {term.metric: best[term.metric] for term in heavy[::3]}
    rows = {"example: best": best, "example: average": average, "example: mixed": mixed, "example: worst": worst}
    return {name: {metric: _plain(row.get(metric)) for metric in plan.kinds} for name, row in rows.items()}


def _nearest(term: Term, target: float) -> Any:
    """Return a value of the term's metric whose health is nearest to the target."""
    candidates = _values(term.shape)
    column = np.array([*candidates, None], dtype=object)[:-1]
    return candidates[int(np.argmin(np.abs(term.shape.health(column) - target)))]


def _values(shape: Curve | Levels) -> list[Any]:
    if isinstance(shape, Levels):
        return [*shape.names]
    low, high = shape.knots[0], shape.knots[-1]
    if all(float(knot).is_integer() for knot in shape.knots):
        return sorted({float(round(x)) for x in np.linspace(low, high, STEPS)})
    return [float(f"{x:.3g}") for x in np.linspace(low, high, STEPS)]


def _plain(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) and np.isfinite(value) else value
