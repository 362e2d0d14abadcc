"""What a change of a metric goes with: the ratio of churn odds, and the change of churn probability.

Association, not effect: customers who differ in the metric, alike in the others, differ so in churn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import log
from typing import Any

import numpy as np

from chs_ml.explain.population import Population
from chs_ml.export.words import number, ratio
from chs_ml.formula import Curve, Formula, Term
from chs_ml.formula.link import LARGEST_LOG_ODDS

ASSOCIATION = "Impact is association, not effect: customers who differ so, alike in the rest, differ so in churn."
STRAIGHT = 1e-9
"""A curve whose knots lie this close to one line, in health, has one odds ratio for every unit."""
LARGEST_PER_UNIT = 1e6
"""A unit that multiplies the odds by more, or divides them, is far wider than the curve: nothing is said of it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch of a curve between knots, in the metric's unit; or a level against the worst one."""

    start: float | str
    end: float | str
    odds_ratio: float


@dataclass(frozen=True, slots=True)
class Impact:
    """From ``start`` to ``end`` of the metric the odds of churn are multiplied by ``odds_ratio``.

    start, end: knots or levels, as text: the lowest and the highest, the worst and the best where health turns round.
    churn_from, churn_to: churn probability at both, everything else of the average log-odds. average_change: of churn
    probability, over all customers, the rest of each as it is; None where the term applies to nobody. per_unit: odds
    ratio of one unit where the curve is straight, and that lies in 1e-6..1e6 (an error rate from 0 to 0.002 knows no
    whole unit), else None. steps: from knot to knot, or from the worst level. Odds ratios are held to exp(±700).
    """

    start: str
    end: str
    odds_ratio: float
    churn_from: float
    churn_to: float
    average_change: float | None
    per_unit: float | None
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        """Return the impact in words."""
        each = "" if self.per_unit is None else f", × {number(float(f'{self.per_unit:.3g}'))} per unit"
        change = f"{self.churn_from:.0%} → {self.churn_to:.0%}"
        if self.average_change is not None:
            change += f"; over all customers {100 * self.average_change:+.0f} percentage points"
        return f"{self.start} → {self.end}: churn odds × {ratio(self.odds_ratio)}{each} ({change})"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values with the words, as the weights file keeps them."""
        return {"words": str(self), **asdict(self)}


def impact_of(formula: Formula, term: Term, population: Population, unit: str | None = None) -> Impact | None:
    """Return the impact of a term among the customers that the formula was learned from, None without a link."""
    if formula.link is None:
        return None
    height, average = formula.link.b * term.weight, population.average(term)
    middle = formula.link.a + sum(formula.link.b * t.weight * average[t.key] for t in formula.terms)
    start, end = ends_of(term)
    rest = middle - height * average[term.key]
    return Impact(
        start=start[0],
        end=end[0] + (f" {unit}" if unit else ""),
        odds_ratio=_odds_ratio(height, start[1], end[1]),
        churn_from=_churn(rest + height * start[1]),
        churn_to=_churn(rest + height * end[1]),
        average_change=population.average_change(formula, term, start[1], end[1]),
        per_unit=_per_unit(term, height),
        steps=tuple(_steps(term, height)),
    )


def ends_of(term: Term) -> tuple[tuple[str, float], tuple[str, float]]:
    """Return (name, health) of the two ends: lowest and highest knot, worst and best where health turns round."""
    if isinstance(term.shape, Curve):
        knots = [(number(knot), value) for knot, value in zip(term.shape.knots, term.shape.values, strict=True)]
        if term.direction != "free":
            return knots[0], knots[-1]
    else:
        knots = list(term.shape.values)
    return _lowest(knots), max(knots, key=lambda knot: knot[1])


def _steps(term: Term, height: float) -> list[Step]:
    shape = term.shape
    if isinstance(shape, Curve):
        knots = pairwise(zip(shape.knots, shape.values, strict=True))
        return [Step(x, y, _odds_ratio(height, before, after)) for (x, before), (y, after) in knots]
    worst = _lowest(shape.values)
    return [Step(worst[0], name, _odds_ratio(height, worst[1], n)) for name, n in shape.values if name != worst[0]]


def _per_unit(term: Term, height: float) -> float | None:
    shape = term.shape
    if not isinstance(shape, Curve) or len(shape.knots) < 2:
        return None
    span = shape.knots[-1] - shape.knots[0]
    straight = np.interp(shape.knots, (shape.knots[0], shape.knots[-1]), (shape.values[0], shape.values[-1]))
    if np.abs(straight - shape.values).max() > STRAIGHT:
        return None
    moved = height * (shape.values[-1] - shape.values[0])
    return _odds_ratio(moved / span, 0.0, 1.0) if abs(moved) <= log(LARGEST_PER_UNIT) * span else None


def _lowest(points: Sequence[tuple[str, float]]) -> tuple[str, float]:
    return min(points, key=lambda point: point[1])


def _odds_ratio(height: float, start: float, end: float) -> float:
    """Return by what the odds of churn are multiplied where health goes so; height: log-odds of a health of 1."""
    return float(np.exp(-_held(height * (end - start))))


def _churn(log_odds_retained: float) -> float:
    return float(1.0 / (1.0 + np.exp(_held(log_odds_retained))))


def _held(log_odds: float) -> float:
    """Return log-odds whose exponential is a number."""
    return min(max(log_odds, -LARGEST_LOG_ODDS), LARGEST_LOG_ODDS)
