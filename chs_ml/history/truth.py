"""What a formula can at best find out about a world: its population-averaged truth, computed, not approximated.

A customer's own log-odds are never seen. Averaged over them the curves come out flatter (for a normal effect of
standard deviation σ by about 1/√(1 + 0.346 σ²); Zeger, Liang and Albert 1988), and it is these marginal curves that an
additive logistic model of infinitely many customers converges to. They are found in the same way: by the logistic
projection of P(retained | metrics) on curves that bend at tenths and wherever the true ones do, over a quasi-random
draw. (On the true shapes alone the contrasts come out up to 0.015 lower at σ = 0.7: averaging bends the curves, too.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import expit
from threadpoolctl import threadpool_limits

from chs_ml.errors import DataError
from chs_ml.formula.columns import FloatArray
from chs_ml.history.marginals import Category, Lognormal, Uniform
from chs_ml.history.observations import Observations
from chs_ml.history.population import intercept_of, marginal, population, population_of
from chs_ml.history.worlds import Side, TrueMetric, World

LOG2_ROWS = 15
"""Extents are then within 0.001 of what more rows give; hidden values act like chance and take four times as many."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The marginal log-odds of being retained: intercept + Σ curve.

    curves: per side (key as in `Side`) positions and log-odds at them, linear between, 0 where true health is ½.
    missing: log-odds of a missing value, per side that has them.
    """

    world: World
    intercept: float
    curves: dict[str, tuple[FloatArray, FloatArray]]
    missing: dict[str, float]

    def curve(self, key: str, values: Any) -> FloatArray:
        """Return the marginal log-odds at values in the metric's own unit (levels: text), missing ones included.

        key: a metric's name, or ``metric | condition`` for a side of a split.
        """
        positions = self._metric(key).marginal.positions(values)
        return np.where(np.isnan(positions), self.missing.get(key, np.nan), np.interp(positions, *self.curves[key]))

    def contrast(self, key: str, low: Any, high: Any) -> float:
        """Return the marginal log-odds at ``high`` less those at ``low``: positive where high is healthier."""
        kind = object if isinstance(self._metric(key).marginal, Category) else np.float64
        at_low, at_high = self.curve(key, np.array([low, high], dtype=kind)).tolist()
        return float(at_high - at_low)

    def extent(self, key: str, values: Any = None) -> float:
        """Return the end-to-end contrast in the metric's direction over ascending values; by default all that occur.

        Where no end is the best (free metrics, categories, a missing value among the values): the largest contrast.
        """
        metric = self._metric(key)
        curve = self.curve(key, metric.marginal.support if values is None else values)
        gaps = values is not None and bool(np.isnan(metric.marginal.positions(values)).any())
        if gaps or metric.direction == "free" or isinstance(metric.marginal, Category):
            return float(np.ptp(curve))
        return float((curve[-1] - curve[0]) * (-1.0 if metric.direction == "negative" else 1.0))

    @property
    def weights(self) -> dict[str, float]:
        """Extents over all values that occur, as shares of their sum."""
        return self.weights_between(dict.fromkeys(self.curves))

    def weights_between(self, knots: Mapping[str, Any]) -> dict[str, float]:
        """Return the extents over given knots, as shares of their sum: the truth of weights learned at those knots.

        knots: per key, ascending values (levels: text; None: all that occur).
        """
        extents = {key: self.extent(key, values) for key, values in knots.items()}
        total = sum(extents.values())
        return {key: part / total if total else 0.0 for key, part in extents.items()}

    def _metric(self, key: str) -> TrueMetric:
        metric = next((side.metric for side in self.world.sides if side.key == key), None)
        if metric is None:
            raise DataError(f"no true curve is called {key!r}; there are {list(self.curves)}")
        return metric


def truth_of(world: World, cutoff: int | None = None) -> Truth:
    """Return the truth of a world: of all its cutoffs together, or of one of them (0, 1, …)."""
    return replace(_truth(population_of(world), cutoff if world.drift else None), world=world)


@lru_cache(maxsize=256)
def _truth(world: World, cutoff: int | None) -> Truth:
    hidden = any(metric.missing is not None and metric.missing.health is None for metric in world.metrics)
    everyone, average = population(world, LOG2_ROWS + 2 * hidden), marginal(world.effect)
    cutoffs = range(world.cutoffs) if cutoff is None else [cutoff]
    intercept = intercept_of(world)
    retained = np.mean([average(intercept + everyone.log_odds(world.shift(at))) for at in cutoffs], axis=0)
    bases = [_Basis.of(side) for side in world.sides]
    columns = [basis.columns(everyone) for basis in bases]
    start = np.concatenate([[intercept], *(basis.given for basis in bases)])
    with threadpool_limits(1):  # the same truth on any machine, and no waiting for threads on a busy one
        beta = _projection(np.column_stack([np.ones(len(retained)), *columns]), retained, start)
    parts = np.split(beta[1:], np.cumsum([part.shape[1] for part in columns])[:-1])
    curves = {basis.side.key: basis.curve(part) for basis, part in zip(bases, parts, strict=True)}
    gaps = {
        basis.side.key: float(part[-1])
        for basis, part in zip(bases, parts, strict=True)
        if basis.side.metric.missing is not None
    }
    return Truth(world, float(beta[0]), curves, gaps)


@dataclass(frozen=True)
class _Basis:
    """The ramps that one true curve may bend at. centre: the position where true health is ½, and log-odds are 0."""

    side: Side
    knots: FloatArray
    centre: float

    @classmethod
    def of(cls, side: Side) -> _Basis:
        positions, health = side.curve
        fine = np.union1d(np.linspace(0.0, 1.0, 2001), positions)
        centre = float(fine[np.argmin(np.abs(np.interp(fine, positions, health) - 0.5))])
        knots = np.concatenate([_bends(side.metric), positions[(positions >= 0.0) & (positions <= 1.0)]])
        return cls(side, np.unique(np.round(knots, 9)), centre)  # 0.6 and 6 · 0.1 are one knot

    @property
    def given(self) -> FloatArray:
        """Return the world's own log-odds of each column: what they are but for customer effects and hidden values."""
        metric = self.side.metric
        ramps = metric.weight * np.diff(np.interp(self.knots, *self.side.curve))
        if metric.missing is None:
            return ramps
        health = 0.5 if metric.missing.health is None else metric.missing.health
        return np.append(ramps, metric.weight * (health - 0.5))

    def ramps(self, positions: FloatArray) -> FloatArray:
        """Return one column per ramp, all 0 at the centre."""
        along = np.append(positions, self.centre)[:, None] - self.knots[:-1]
        ramps = np.clip(along / np.diff(self.knots), 0.0, 1.0)
        return np.asarray(ramps[:-1] - ramps[-1])

    def columns(self, everyone: Observations) -> FloatArray:
        """Return the ramps and, where values may be missing, a column for that; 0 where the side does not apply."""
        positions = self.side.metric.marginal.positions(everyone.seen[self.side.metric.name])
        gone = np.isnan(positions)
        columns = np.where(gone[:, None], 0.0, self.ramps(positions))
        if self.side.metric.missing is not None:
            columns = np.column_stack([columns, gone])
        when = self.side.when
        return columns if when is None else columns * when.applies(everyone.seen)[:, None]

    def curve(self, beta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return knots (positions) and the log-odds at each."""
        return self.knots, self.ramps(self.knots) @ beta[: len(self.knots) - 1]


def _bends(metric: TrueMetric) -> FloatArray:
    """Return positions at which averaging may bend a curve: tenths, or where values are."""
    tenths = np.linspace(0.0, 1.0, 11)
    if isinstance(metric.marginal, Uniform | Lognormal):
        return tenths
    positions = metric.marginal.positions(metric.marginal.support)
    if isinstance(metric.marginal, Category) or len(positions) <= len(tenths):
        return positions
    return np.unique(positions[np.abs(positions[:, None] - tenths).argmin(axis=0)])


def _projection(columns: FloatArray, retained: FloatArray, start: FloatArray) -> FloatArray:
    """Return the coefficients of the additive logistic model that is nearest to these probabilities (Newton)."""
    beta = start.copy()
    for _ in range(50):
        fitted = expit(columns @ beta)
        hessian = columns.T @ (columns * (fitted * (1.0 - fitted))[:, None])
        step = np.linalg.lstsq(hessian, columns.T @ (retained - fitted), rcond=1e-9)[0]  # a ramp may be empty
        beta += step
        if np.abs(step).max() < 1e-8:
            break
    return beta
