"""A world in which it is known what keeps customers: metrics with true curves and weights, and how they hang together.

η = intercept + Σ_j m_jt · weight_j · (health_j − ½) + shift_t + effect are the true log-odds of being retained.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from chs_ml.errors import DataError
from chs_ml.formula import Condition, Curve, Direction, Levels
from chs_ml.formula.columns import FloatArray
from chs_ml.history.marginals import Category, Marginal, Uniform

ShapeName = Literal["straight", "saturating", "threshold", "hump"]
SHAPES: dict[ShapeName, Curve] = {
    "straight": Curve((0.0, 1.0), (0.0, 1.0), 0.0),
    "saturating": Curve((0.0, 0.5, 1.0), (0.0, 1.0, 1.0), 0.0),
    "threshold": Curve((0.0, 0.6, 1.0), (0.0, 0.0, 1.0), 0.0),
    "hump": Curve((0.0, 0.5, 1.0), (0.0, 1.0, 0.0), 0.0),
}
PLAIN = Uniform()
"""The marginal of a metric of which nothing else is said."""
TrueShape = ShapeName | Curve | Levels


@dataclass(frozen=True, slots=True)
class Missing:
    """For a share of the rows there is no value.

    health: the health (0..1) of those without one, informative; None: the value is there, acts, and was not recorded
    (metrics that correlate with it then stand in for it, noise as well, and the truth says so).
    follows: a metric at whose lower quantiles values are missing more often; None: anywhere alike.
    """

    share: float
    health: float | None = None
    follows: str | None = None

    def __post_init__(self) -> None:
        """Refuse shares that cannot be reached, and health outside 0..1."""
        most = 1.0 if self.follows is None else 0.5
        _require(0.0 < self.share < most, f"missing: a share between 0 and {most:g}, not {self.share:g}")
        _require(self.health is None or 0.0 <= self.health <= 1.0, f"missing: health {self.health} is outside 0..1")


@dataclass(frozen=True, slots=True)
class Split:
    """Where ``when`` holds, the metric has this direction, and this weight and shape (None: the same ones)."""

    when: Condition
    direction: Direction = "negative"
    weight: float | None = None
    shape: TrueShape | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One true curve: a whole metric, or one side of a split (``when``). key: as the formula's term has it."""

    metric: TrueMetric
    when: Condition | None

    @property
    def key(self) -> str:
        """The metric's name, with the condition where there is one."""
        return self.metric.name if self.when is None else f"{self.metric.name} | {self.when}"

    @property
    def curve(self) -> tuple[FloatArray, FloatArray]:
        """Positions (0..1, ascending) and health at each: linear between them, whatever the shape was given as."""
        metric = self.metric
        if isinstance(metric.shape, Levels):
            levels = metric.marginal.support
            positions, health = metric.marginal.positions(levels), metric.shape.health(levels)
        else:
            shape = metric.shape if isinstance(metric.shape, Curve) else SHAPES[metric.shape]
            positions, health = np.array(shape.knots), np.array(shape.values)
        return positions, 1.0 - health if metric.direction == "negative" else health

    def health(self, values: Any) -> FloatArray:
        """Return health in 0..1 of each value, NaN where it is missing."""
        return np.interp(self.metric.marginal.positions(values), *self.curve)


@dataclass(frozen=True, slots=True)
class TrueMetric:
    """One metric and its true part in being retained.

    weight: log-odds between health 0 and 1; 0 is noise. shape: over positions 0..1 (see marginals), or levels.
    direction: ``negative`` turns the shape upside down; ``free`` says that it may rise and fall.
    """

    name: str
    weight: float = 0.0
    shape: TrueShape = "straight"
    direction: Direction = "positive"
    marginal: Marginal = PLAIN
    missing: Missing | None = None
    split: Split | None = None

    def __post_init__(self) -> None:
        """Refuse negative weights, and levels for a number."""
        _require(
            self.weight >= 0.0, f"metric {self.name!r}: weight {self.weight:g} is below 0; say direction: negative"
        )
        if isinstance(self.shape, str):
            _require(self.shape in SHAPES, f"metric {self.name!r}: shape {self.shape!r} is none of {list(SHAPES)}")
        if isinstance(self.shape, Levels):
            _require(isinstance(self.marginal, Category), f"metric {self.name!r}: levels need a Category")

    @property
    def sides(self) -> tuple[Side, ...]:
        """Its true curves: one, or two where it is split (the side where the condition does not hold first)."""
        if self.split is None:
            return (Side(self, None),)
        split = self.split
        weight = self.weight if split.weight is None else split.weight
        other = replace(self, direction=split.direction, weight=weight, shape=split.shape or self.shape)
        return Side(self, replace(split.when, holds=False)), Side(other, replace(split.when, holds=True))


@dataclass(frozen=True, slots=True)
class Shift:
    """What is different at one cutoff: the intercept by so many log-odds, and weights of metrics times so much."""

    intercept: float = 0.0
    slopes: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a simulated panel follows from, but for chance.

    churn: the population's churn rate over all cutoffs. correlation: of any two metrics' healths on the normal scale,
    through one common factor. effect: standard deviation of the customers' own log-odds, the same at every cutoff.
    persistence: correlation of a metric with itself at another cutoff (normal scale). drift: a shift per cutoff, or ().
    Customers who churn are there again at the next cutoff, as if won back: the population stays the same.
    """

    metrics: tuple[TrueMetric, ...]
    customers: int = 5000
    cutoffs: int = 1
    churn: float = 0.17
    correlation: float = 0.0
    effect: float = 0.0
    persistence: float = 0.8
    drift: tuple[Shift, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn, and names that no metric has."""
        names = [metric.name for metric in self.metrics]
        _require(bool(names) and len(set(names)) == len(names), f"a world needs different metrics; got {names}")
        _require(self.customers > 0 and self.cutoffs > 0, "a world needs one customer and one cutoff or more")
        _require(0.0 < self.churn < 1.0, f"churn must lie between 0 and 1, not be {self.churn:g}")
        _require(
            0.0 <= self.correlation < 1.0, f"correlation must lie in 0..1 (without 1), not be {self.correlation:g}"
        )
        _require(0.0 <= self.persistence <= 1.0, f"persistence must lie in 0..1, not be {self.persistence:g}")
        _require(self.effect >= 0.0, f"the customer effect is a standard deviation, not {self.effect:g}")
        _require(len(self.drift) in {0, self.cutoffs}, f"drift: {len(self.drift)} shifts for {self.cutoffs} cutoffs")
        unknown = sorted(set(self._referred()) - set(names))
        _require(not unknown, f"a world speaks of {unknown}, which are none of its metrics {names}")

    def metric(self, name: str) -> TrueMetric:
        """Return the metric of this name."""
        return next(metric for metric in self.metrics if metric.name == name)

    @property
    def sides(self) -> tuple[Side, ...]:
        """All true curves, in the order of the metrics."""
        return tuple(side for metric in self.metrics for side in metric.sides)

    def shift(self, cutoff: int) -> Shift:
        """Return what is different at a cutoff (0, 1, …)."""
        return self.drift[cutoff] if self.drift else Shift()

    def _referred(self) -> Iterator[str]:
        for metric in self.metrics:
            if metric.missing is not None and metric.missing.follows is not None:
                yield metric.missing.follows
            if metric.split is not None:
                yield metric.split.when.metric
        yield from (name for shift in self.drift for name, _ in shift.slopes)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DataError(otherwise)
