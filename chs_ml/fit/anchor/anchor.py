"""The anchor: ½ κ (β - β⁰)ᵀQ(β - β⁰), where β⁰ is an earlier formula read at the new knots and levels.

Only metrics that both have, of the same kind, are pulled. Q weighs a curve's ramps by their number, so that κ holds a
curve's *height* alike whether it has one ramp or sixteen (κ times the squared slope over the ranks of the customers).
β⁰ is read at the new knots, in the new unit; levels about their mean, since a constant belongs to the intercept.

The pull of *size* towards nothing stays: pulled towards its own results quarter after quarter, a formula comes to rest
where it would be without an anchor, so size does not add up.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isclose

import numpy as np

from chs_ml.errors import FitError
from chs_ml.fit.basis import Basis, CurveBasis, LevelsBasis, MetricBasis
from chs_ml.fit.objective import Penalty, no_penalty
from chs_ml.fit.table import MetricPlan
from chs_ml.formula import Condition, Curve, Formula, Levels, Term
from chs_ml.formula.columns import FloatArray


@dataclass(frozen=True)
class Anchor:
    """An earlier formula to be pulled towards.

    was: new name → the name that the earlier formula has for the metric. factors: new name → what a value of the
    earlier unit is multiplied by. left: metrics that the earlier calibration looked at and gave no term, by their names
    then: they are pulled towards nothing. FitError for a formula without a link: its weights have no scale in log-odds.
    """

    earlier: Formula
    was: Mapping[str, str] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)
    left: Collection[str] = ()

    def __post_init__(self) -> None:
        """Refuse a formula that was never calibrated, and a factor that is not positive."""
        for name, factor in self.factors.items():
            if not (factor > 0 and np.isfinite(factor)):
                raise FitError(f"anchor: unit_factor {factor:g} of metric {name!r} is not a positive number.")
        if self.earlier.link is None:
            raise FitError("anchor: the formula has no link to churn; calibrate it once, then anchor to the result.")

    def penalty(self, basis: Basis, strength: float) -> Penalty:
        """Return the penalty for leaving the earlier formula; strength κ, in rows' log-loss per squared log-odds."""
        columns = basis.layout.columns
        if strength == 0.0:
            return no_penalty(columns)
        pulled, target = np.zeros(columns), np.zeros(columns)
        for at, metric in enumerate(basis.metrics):
            before = self.coefficients(metric)
            if before is not None and metric.plan.anchored:
                where = basis.layout.columns_of(at)
                pulled[where], target[where] = strength * _stiffness(metric), before
        return Penalty(np.diag(pulled), pulled * target, 0.5 * float(pulled @ target**2))

    def term(self, metric: str, when: Condition | None = None) -> Term | None:
        """Return the earlier term of a metric by its new name and in its new unit, None where there is none.

        when: for one side of a split the term of the same side then, or of the whole metric where it was not split.
        """
        before = self.named(metric)
        found = None if when is None else self._side(before, when)
        found = self._terms.get(before) if found is None else found
        factor = self.factors.get(metric, 1.0)
        if found is None or factor == 1.0 or not isinstance(found.shape, Curve):
            return found
        return replace(found, shape=replace(found.shape, knots=tuple(factor * knot for knot in found.shape.knots)))

    def splits(self, plans: Sequence[MetricPlan]) -> tuple[tuple[str, Condition], ...]:
        """Return the splits of the earlier formula in the new names and units, those of these metrics only."""
        now = {self.named(plan.name): plan.name for plan in plans}
        found: dict[str, Condition] = {}
        for term in self.earlier.terms:
            if term.when is not None and term.metric in now and term.when.metric in now:
                on = now[term.when.metric]
                above = None if term.when.above is None else self.factors.get(on, 1.0) * term.when.above
                found[now[term.metric]] = Condition(on, above, term.when.level)
        return tuple(found.items())

    @property
    def straight(self) -> bool:
        """Whether no curve of the earlier formula bends."""
        shapes = [term.shape for term in self._terms.values()]
        return all(len(shape.knots) == 2 for shape in shapes if isinstance(shape, Curve))

    def named(self, metric: str) -> str | None:
        """Return what the earlier formula calls this metric; None where that name is now another metric's past."""
        before = self.was.get(metric)
        if before is not None and (before in self.left or any(term.metric == before for term in self.earlier.terms)):
            return before
        taken = {old for new, old in self.was.items() if new != metric}
        return None if metric in taken else metric

    def coefficients(self, metric: MetricBasis) -> FloatArray | None:
        """Return the coefficients that would repeat the earlier term, None where there is none of the same kind."""
        term = self.term(metric.plan.name, metric.plan.when)
        if term is None and self.named(metric.plan.name) in self.left:
            return np.zeros(metric.columns)
        if term is None or self.earlier.link is None:
            return None
        height = self.earlier.link.b * term.weight
        if isinstance(metric, CurveBasis) and isinstance(term.shape, Curve):
            return _along(metric, term.shape, height)
        if isinstance(metric, LevelsBasis) and isinstance(term.shape, Levels):
            return _at_levels(metric, term.shape, height)
        return None

    @cached_property
    def _terms(self) -> dict[str | None, Term]:
        """The earlier terms that hold for everybody."""
        return {term.metric: term for term in self.earlier.terms if term.when is None}

    def _side(self, before: str | None, when: Condition) -> Term | None:
        """Return the earlier term of the same side of a split; thresholds are compared in the new unit."""
        on, factor = self.named(when.metric), self.factors.get(when.metric, 1.0)
        for term in self.earlier.terms:
            then = term.when
            if (
                term.metric != before
                or then is None
                or (then.metric, then.level, then.holds) != (on, when.level, when.holds)
            ):
                continue
            if then.above is None or (when.above is not None and isclose(factor * then.above, when.above)):
                return term
        return None


def check_strength(strength: float) -> None:
    """Raise FitError for a strength that is not positive."""
    if not (strength > 0 and np.isfinite(strength)):
        raise FitError(f"anchor: strength {strength!r} is not a positive number. Leave the anchor out for none.")


def _stiffness(metric: MetricBasis) -> FloatArray:
    """Return the diagonal of Q."""
    ones = np.ones(metric.columns)
    if isinstance(metric, CurveBasis):
        ones[: metric.ramps] = metric.ramps
    return ones


def _along(metric: CurveBasis, shape: Curve, height: float) -> FloatArray:
    at_knots = height * shape.health_of(metric.knots)
    missing = [height * shape.missing - at_knots[0]] * metric.missing_learned
    return np.append(np.diff(at_knots), missing)


def _at_levels(metric: LevelsBasis, shape: Levels, height: float) -> FloatArray:
    at_levels = height * shape.health(list(metric.levels))
    middle = float(at_levels.mean()) if len(at_levels) else 0.0
    missing = [height * shape.missing - middle] * metric.missing_learned
    return np.append(at_levels - middle, missing)
