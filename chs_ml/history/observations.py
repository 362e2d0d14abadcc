"""From quantiles to what is seen and what acts: the step that a drawn panel and the population have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chs_ml.formula.columns import BoolArray, FloatArray
from chs_ml.history.worlds import Shift, TrueMetric, World

EDGE = 1e-12
"""Quantiles stay this far from 0 and 1, where a long tail has no end."""


@dataclass(frozen=True)
class Observations:
    """Rows of a world.

    seen: columns with their gaps, float64 or text. acting: each metric's true log-odds, centred at health ½.
    """

    seen: dict[str, Any]
    acting: dict[str, FloatArray]

    def log_odds(self, shift: Shift) -> FloatArray:
        """Return the log-odds of being retained under a shift, but for intercept and customer effect."""
        slopes = dict(shift.slopes)
        total = sum(slopes.get(name, 1.0) * part for name, part in self.acting.items())
        return np.asarray(total + shift.intercept)


def observe(world: World, places: Mapping[str, FloatArray], chances: Mapping[str, FloatArray]) -> Observations:
    """Return what metrics at these quantiles (0..1) show and do.

    chances: for each metric that may be missing, uniform numbers in 0..1 that decide where it is.
    """
    inside = {name: np.clip(place, EDGE, 1.0 - EDGE) for name, place in places.items()}
    values = {metric.name: metric.marginal.values(inside[metric.name]) for metric in world.metrics}
    gone = {name: chances[name] < _missing_rate(world.metric(name), inside) for name in chances}
    seen = {name: _with_gaps(column, gone[name]) if name in gone else column for name, column in values.items()}
    acting = {
        metric.name: _acting(metric, values[metric.name], seen, gone.get(metric.name)) for metric in world.metrics
    }
    return Observations(seen, acting)


def _missing_rate(metric: TrueMetric, places: Mapping[str, FloatArray]) -> FloatArray:
    if metric.missing is None:
        return np.zeros(1)
    if metric.missing.follows is None:
        return np.full(1, metric.missing.share)
    return 2.0 * metric.missing.share * (1.0 - places[metric.missing.follows])


def _with_gaps(column: Any, gone: BoolArray) -> Any:
    return np.where(gone, None if column.dtype == object else np.nan, column)


def _acting(metric: TrueMetric, values: Any, seen: dict[str, Any], gone: BoolArray | None) -> FloatArray:
    total = np.zeros(len(values))
    for side in metric.sides:
        health = side.health(values)
        if gone is not None and metric.missing is not None and metric.missing.health is not None:
            health = np.where(gone, metric.missing.health, health)
        part = side.metric.weight * (health - 0.5)
        total += part if side.when is None else np.where(side.when.applies(seen), part, 0.0)
    return total
