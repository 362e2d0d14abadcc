"""How far apart the two sides of a split are: read off the companion, errors counted by customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chs_ml.fit.basis import CurveBasis, LevelsBasis, MetricBasis
from chs_ml.fit.evidence.companion import Companion
from chs_ml.fit.evidence.contrasts import TWO_SIDED, along, wald_p
from chs_ml.formula.columns import FloatArray


@dataclass(frozen=True)
class Apart:
    """From one end to the other, how many log-odds more of being retained where the condition holds.

    start, end: a number's ends that both sides have, or the worst and best level where the condition holds. low, high:
    95 % interval. p: of the joint Wald test that both curves are alike there, but for a constant. z: of what a number
    moves from its lowest to its highest knot on either side, by whether the condition holds, in standard errors.
    """

    start: float | str
    end: float | str
    value: float
    low: float
    high: float
    p: float
    z: Mapping[bool, float]


def apart(companion: Companion, metric: str) -> Apart | None:
    """Return how far apart both sides of a metric are, None where they have nothing in common to be compared at."""
    sides = {m.plan.when.holds: at for at, m in enumerate(companion.basis.metrics)
             if m.plan.name == metric and m.plan.when is not None}  # fmt: skip
    if len(sides) < 2:
        return None
    one, other = companion.basis.metrics[sides[True]], companion.basis.metrics[sides[False]]
    places = _common(one, other)
    if len(places) < 2:
        return None
    designs = np.zeros((len(places), len(companion.beta)))
    designs[:, companion.basis.layout.columns_of(sides[True])] = _at(one, places)
    values = designs @ companion.beta
    designs[:, companion.basis.layout.columns_of(sides[False])] = -_at(other, places)
    start, end = (int(np.argmin(values)), int(np.argmax(values))) if isinstance(one, LevelsBasis) else (0, -1)
    across = designs[end] - designs[start]
    value, error = (
        float(across @ companion.beta),
        float(np.sqrt(max(float(across @ companion.covariance @ across), 0.0))),
    )
    z = {holds: along(companion, at) for holds, at in sides.items()}
    p = wald_p(designs[1:] - designs[:1], companion.beta, companion.covariance)
    return Apart(places[start], places[end], value, value - TWO_SIDED * error, value + TWO_SIDED * error, p, z)


def _common(one: MetricBasis, other: MetricBasis) -> list[float] | list[str]:
    """Return where both can be compared: knots within the ends of both, or levels that both have."""
    if isinstance(one, CurveBasis) and isinstance(other, CurveBasis):
        if not (one.learnable and other.learnable):  # held at nothing, which is no estimate
            return []
        low, high = max(one.knots[0], other.knots[0]), min(one.knots[-1], other.knots[-1])
        both = np.union1d(one.knots, other.knots)
        if low >= high:
            return []
        return (
            [low, *both[(both > low) & (both < high)].tolist(), float(high)]
            if max(one.ramps, other.ramps) > 1
            else [float(low), float(high)]
        )
    if isinstance(one, LevelsBasis) and isinstance(other, LevelsBasis):
        return [level for level in one.levels if level in other.levels]
    return []


def _at(metric: MetricBasis, places: list[float] | list[str]) -> FloatArray:
    """Return the design at these places: places × the metric's columns."""
    design = np.zeros((len(places), metric.columns))
    if isinstance(metric, LevelsBasis):
        design[np.arange(len(places)), [metric.levels.index(str(level)) for level in places]] = 1.0
    else:
        x = np.array(places, dtype=np.float64)[:, None]
        design[:, : metric.ramps] = np.clip((x - metric.knots[:-1]) / np.diff(metric.knots), 0.0, 1.0)
    return design
