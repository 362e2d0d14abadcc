"""From coefficients to a formula: the score is an affine map of the log-odds, so this is a change of units.

f_j is term j's contribution to the log-odds of being retained and R_j its range over knots, levels and missing. Then
n_j = (f_j - min f_j)/R_j, w_j = R_j/ΣR, b = ΣR and a = b₀ + Σ min f_j.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chs_ml.errors import FitError
from chs_ml.fit.basis import CurveBasis, MetricBasis
from chs_ml.fit.fitting import Fitted
from chs_ml.formula import Curve, Formula, Levels, Link, Origin, Term
from chs_ml.formula.columns import FloatArray
from chs_ml.formula.shapes import Shape
from chs_ml.formula.terms import Direction

NOTHING = 1e-9
"""A range of so few log-odds is no weight: the term is left out and named."""


@dataclass(frozen=True)
class Lowered:
    """The formula, and the metrics that got no weight."""

    formula: Formula
    weightless: tuple[str, ...]


@dataclass(frozen=True)
class _Contribution:
    """A metric's part of the log-odds: at its knots or levels, where it is missing, and where it is neutral.

    other: at other levels, and where the condition of a side does not apply.
    """

    metric: MetricBasis
    values: FloatArray
    other: float
    missing: float

    @property
    def low(self) -> float:
        return float(min(self.values.min(initial=np.inf), self.other, self.missing))

    @property
    def range(self) -> float:
        return float(max(self.values.max(initial=-np.inf), self.other, self.missing)) - self.low


def formula_of(fitted: Fitted, pillars: Mapping[str, str] | None = None) -> Lowered:
    """Return the formula that a fit amounts to, without bands.

    pillars: the pillar of each metric; ``engagement`` where none is given. FitError where no metric got a weight.
    """
    parts = [_contribution(metric, fitted.coefficients(at)) for at, metric in enumerate(fitted.basis.metrics)]
    kept = [part for part in parts if part.range > NOTHING]
    if not kept:
        raise FitError(
            "no metric tells churned from retained customers in the direction that it has: every weight is zero. A "
            "metric whose declared direction is the wrong way round gets no weight: check directions. If they are "
            "right, there is no evidence to make a formula of; bring other metrics, a longer horizon or more customers."
        )
    total = sum(part.range for part in kept)
    intercept = float(fitted.solution.beta[0]) + sum(part.low for part in parts)
    names = [part.metric.plan.name for part in kept]
    origins = [fitted.origins.get(name, Origin("learned")) for name in names]
    terms = tuple(
        _term(part, part.range / total, (pillars or {}).get(name), origin)
        for part, name, origin in zip(kept, names, origins, strict=True)
    )
    weightless = tuple(dict.fromkeys(part.metric.plan.name for part in parts if part.metric.plan.name not in names))
    return Lowered(Formula(terms, Link(intercept, total)), weightless)


def weights_in(fitted: Fitted) -> dict[str, float]:
    """Return the weight that each term of a fit has in its formula, by its key; 0 for none."""
    ranges = {
        metric.plan.key: _contribution(metric, fitted.coefficients(at)).range
        for at, metric in enumerate(fitted.basis.metrics)
    }
    total = sum(range_ for range_ in ranges.values() if range_ > NOTHING)
    return {name: range_ / total if range_ > NOTHING else 0.0 for name, range_ in ranges.items()}


def _contribution(metric: MetricBasis, beta: FloatArray) -> _Contribution:
    values = metric.contributions(beta)
    neutral = float(metric.mean @ beta)
    return _Contribution(metric, values, neutral, missing=float(metric.missing_design @ beta))


def _term(part: _Contribution, weight: float, pillar: str | None, origin: Origin) -> Term:
    direction: Direction = "free" if part.metric.plan.direction == "auto" else part.metric.plan.direction
    return Term(
        metric=part.metric.plan.name,
        pillar=pillar or "engagement",
        direction=direction,
        weight=weight,
        shape=_shape(part),
        origin=origin,
        missing_learned=part.metric.missing_learned,
        when=part.metric.plan.when,
        otherwise=None if part.metric.plan.when is None else _health(part, part.other),
    )


def _health(part: _Contribution, contribution: float) -> float:
    return min(1.0, max(0.0, (contribution - part.low) / part.range))


def _shape(part: _Contribution) -> Shape:
    values = [_health(part, value) for value in part.values.tolist()]
    metric = part.metric
    if isinstance(metric, CurveBasis):
        return Curve(tuple(metric.knots.tolist()), tuple(values), _health(part, part.missing))
    levels = dict(zip(metric.levels, values, strict=True)) | dict.fromkeys(
        metric.plan.elsewhere, _health(part, part.other)
    )
    return Levels(tuple(sorted(levels.items())), _health(part, part.other), _health(part, part.missing))
