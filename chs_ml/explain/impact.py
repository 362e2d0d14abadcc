"""What a change of a metric goes with: the ratio of churn odds, and the churn probability of the average customer.

Association, not effect: customers who differ in the metric, alike in the others, differ so in churn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chs_ml.explain.words import number
from chs_ml.formula import Curve, Formula, Term
from chs_ml.formula.columns import FloatArray

ASSOCIATION = "Impact is association, not effect: customers who differ so, alike in the rest, differ so in churn."


@dataclass(frozen=True, slots=True)
class Impact:
    """From ``start`` to ``end`` of the metric the odds of churn are multiplied by ``odds_ratio``.

    churn_from, churn_to: churn probability at both, everything else of the average log-odds. per_unit: odds ratio of
    one unit where the curve is straight, else None. Ends are knots or levels, as text.
    """

    start: str
    end: str
    odds_ratio: float
    churn_from: float
    churn_to: float
    per_unit: float | None

    def __str__(self) -> str:
        """Return the impact in words."""
        change = f"{self.churn_from:.0%} → {self.churn_to:.0%}"
        return f"{self.start} → {self.end}: churn odds × {number(float(f'{self.odds_ratio:.2g}'))} ({change})"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values with the words, as the weights file keeps them."""
        return {"words": str(self), **asdict(self)}


def impact_of(formula: Formula, term: Term, average: Mapping[str, float], unit: str | None = None) -> Impact | None:
    """Return the impact of a term, None for a formula without a link.

    average: mean health of each term, by its key, over the customers that the formula was learned from.
    """
    if formula.link is None:
        return None
    height = formula.link.b * term.weight
    middle = formula.link.a + sum(formula.link.b * t.weight * average[t.key] for t in formula.terms)
    start, end = _ends(term)
    rest = middle - height * average[term.key]
    per_unit = None
    if isinstance(term.shape, Curve) and len(term.shape.knots) == 2:
        per_unit = float(np.exp(-height * (end[1] - start[1]) / (term.shape.knots[1] - term.shape.knots[0])))
    return Impact(
        start=start[0],
        end=end[0] + (f" {unit}" if unit else ""),
        odds_ratio=float(np.exp(-height * (end[1] - start[1]))),
        churn_from=_churn(rest + height * start[1]),
        churn_to=_churn(rest + height * end[1]),
        per_unit=per_unit,
    )


def moves_of(weight: float, health: FloatArray) -> float:
    """Return the points that typically separate two customers on a term: Gini's mean difference of 100·w·n."""
    rows = len(health)
    if rows < 2:
        return 0.0
    ranks = 2.0 * np.arange(1, rows + 1) - rows - 1
    return float(100.0 * weight * 2.0 * (ranks @ np.sort(health)) / (rows * (rows - 1)))


def _ends(term: Term) -> tuple[tuple[str, float], tuple[str, float]]:
    """Return (name, health) of the two ends: lowest and highest knot, worst and best where health turns round."""
    if isinstance(term.shape, Curve):
        knots = [(number(knot), value) for knot, value in zip(term.shape.knots, term.shape.values, strict=True)]
        if term.direction != "free":
            return knots[0], knots[-1]
    else:
        knots = list(term.shape.values)
    return min(knots, key=lambda knot: knot[1]), max(knots, key=lambda knot: knot[1])


def _churn(log_odds_retained: float) -> float:
    return float(1.0 / (1.0 + np.exp(log_odds_retained)))
