"""From metrics to columns: ramps between the knots of a number, one column a level, one for missing.

Every metric's basis says the same few things: what a slot means (``block``), the signs of its columns (``bounds``), how
they are drawn together (``penalty``), and how its coefficients read as health contributions (``contributions``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chs_ml.fit import kernel
from chs_ml.fit.encoded import Block, Encoded, Layout, rows_for
from chs_ml.fit.objective import Penalty
from chs_ml.fit.table import Column, MetricPlan, Table
from chs_ml.formula.columns import FloatArray

THIN_SIZE = 1.0
"""A thin level, of ten rows or more of whatever outcome, is learned too, but held at least this strongly."""


@dataclass(frozen=True)
class CurveBasis:
    """Ramps between ``knots``; ``mean`` is the average row's design, where a neutral value stands.

    learnable: enough rows are known and differ; otherwise the curve is held at nothing, and gets no weight.
    """

    plan: MetricPlan
    knots: FloatArray
    mean: FloatArray
    missing_learned: bool
    learnable: bool = True
    worst: FloatArray | None = None

    @property
    def ramps(self) -> int:
        """How many pieces the curve has."""
        return len(self.knots) - 1

    @property
    def columns(self) -> int:
        """How many coefficients."""
        return self.ramps + self.missing_learned

    def block(self, *, missing: bool = True) -> Block:
        """Return what the slots mean: pieces of the curve, missing (if wanted), where a condition does not apply."""
        steps = np.tril(np.ones((self.ramps, self.columns)), -1)
        steps[:, self.ramps :] = 0.0
        ramps = np.eye(self.ramps, self.columns)
        beside = [self.missing_design] * missing + [self.mean] * (self.plan.when is not None)
        steps = np.vstack([steps, *beside])
        return Block(steps, np.vstack([ramps, np.zeros((len(beside), self.columns))]))

    @cached_property
    def missing_design(self) -> FloatArray:
        """The design of a row without a value."""
        if self.missing_learned:
            return _unit(self.columns, self.ramps)
        rule = self.plan.missing
        if rule == "zero":
            along: FloatArray = np.clip(-self.knots[:-1] / np.diff(self.knots), 0.0, 1.0)
            return along
        if rule == "worst" and self.plan.direction in ("positive", "negative"):
            return np.full(self.columns, float(self.plan.direction == "negative"))
        return self.mean if self.worst is None else self.worst

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Return lower and upper bounds of the columns; missing is free."""
        if not self.learnable:
            return np.zeros(self.columns), np.zeros(self.columns)
        lower, upper = np.full(self.columns, -np.inf), np.full(self.columns, np.inf)
        if self.plan.direction == "positive":
            lower[: self.ramps] = 0.0
        if self.plan.direction == "negative":
            upper[: self.ramps] = 0.0
        return lower, upper

    def penalty(self, size: float, bend: float) -> FloatArray:
        """Return size on every ramp, bend on differences of neighbours, and missing drawn towards the mean."""
        matrix = np.diag(np.where(np.arange(self.columns) < self.ramps, size, 0.0))
        differences = np.diff(np.eye(self.ramps), axis=0)
        matrix[: self.ramps, : self.ramps] += bend * differences.T @ differences
        return matrix + _towards_mean(self, size)

    def encode(self, column: Column, slots: NDArray[Any], fractions: NDArray[Any]) -> bool:
        """Fill slot and fraction of each row; return whether one is missing and there are no slots to say so."""
        if len(slots) == 0:
            return bool(kernel.place_on_line(column.values, *self.knots, fractions))
        kernel.place_on_curve(column.values, self.knots, self.ramps, slots, fractions)
        if column.applies is not None:
            slots[~column.applies], fractions[~column.applies] = self.ramps + 1, 0.0
        return False

    def contributions(self, beta: FloatArray) -> FloatArray:
        """Return the log-odds of health at each knot."""
        return np.concatenate([[0.0], np.cumsum(beta[: self.ramps])])

    def settled(self, beta: FloatArray) -> CurveBasis:
        """Return the same basis, knowing where the curve is worst: a free curve has no such end beforehand."""
        if self.plan.missing != "worst" or self.plan.direction in ("positive", "negative"):
            return self
        lowest = int(np.argmin(self.contributions(beta)))
        return replace(self, worst=(np.arange(self.columns) < lowest).astype(np.float64))


@dataclass(frozen=True)
class LevelsBasis:
    """A column for each of ``levels``; a level that is not listed, or too rare, stands at the mean."""

    plan: MetricPlan
    levels: tuple[str, ...]
    thin: tuple[bool, ...]
    mean: FloatArray
    missing_learned: bool
    worst: FloatArray | None = None

    @property
    def columns(self) -> int:
        """How many coefficients."""
        return len(self.levels) + self.missing_learned

    def block(self, *, missing: bool = True) -> Block:
        """Return what the slots mean: the levels, other, missing (if wanted)."""
        rows = [np.eye(len(self.levels), self.columns), self.mean[None]]
        return Block(np.vstack([*rows, self.missing_design[None]] if missing else rows))

    @cached_property
    def missing_design(self) -> FloatArray:
        """The design of a row without a level."""
        if self.missing_learned:
            return _unit(self.columns, len(self.levels))
        return self.mean if self.worst is None else self.worst

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Return no bounds: levels have no order."""
        return np.full(self.columns, -np.inf), np.full(self.columns, np.inf)

    def penalty(self, size: float, bend: float) -> FloatArray:
        """Return size on every level, more on thin ones, and missing drawn towards the mean."""
        del bend
        sizes = np.where(self.thin, max(size, THIN_SIZE), size)
        return np.diag(np.append(sizes, [0.0] * self.missing_learned)) + _towards_mean(self, size)

    def encode(self, column: Column, slots: NDArray[Any], fractions: NDArray[Any]) -> bool:
        """Fill the slot of each row, which there always is."""
        del fractions
        position = {level: at for at, level in enumerate(self.levels)}
        other = len(self.levels)
        codes = [position.get(level, other) for level in column.levels or ()]
        slots[:] = np.array([*codes, other + 1], dtype=slots.dtype)[column.values]
        if column.applies is not None:
            slots[~column.applies] = other
        return False

    def contributions(self, beta: FloatArray) -> FloatArray:
        """Return the log-odds of health of each level."""
        return beta[: len(self.levels)]

    def settled(self, beta: FloatArray) -> LevelsBasis:
        """Return the same basis, knowing which level is worst."""
        if self.plan.missing != "worst" or not self.levels:
            return self
        return replace(self, worst=_unit(self.columns, int(np.argmin(self.contributions(beta)))))


MetricBasis = CurveBasis | LevelsBasis


@dataclass(frozen=True)
class Basis:
    """The bases of all metrics, side by side."""

    metrics: tuple[MetricBasis, ...]

    @cached_property
    def layout(self) -> Layout:
        """The layout with a slot for missing everywhere."""
        return Layout(tuple(metric.block() for metric in self.metrics))

    def encode(self, table: Table) -> Encoded:
        """Return the table's cells. A straight line has no slots, unless it turns out that a value is missing."""
        pairs = list(zip(self.metrics, table.columns, strict=True))
        needed = [
            metric.columns > 1 or isinstance(metric, LevelsBasis) or metric.plan.when is not None
            for metric in self.metrics
        ]
        while True:
            blocks = (metric.block(missing=bool(need)) for metric, need in zip(self.metrics, needed, strict=True))
            encoded = rows_for(Layout(tuple(blocks)), table.rows)
            gaps = [
                metric.encode(column, encoded.slots_of(at), encoded.fractions_of(at))
                for at, (metric, column) in enumerate(pairs)
            ]
            if not any(gaps):
                return encoded
            needed = [need or gap for need, gap in zip(needed, gaps, strict=True)]

    def settled(self, beta: FloatArray) -> Basis:
        """Return the same basis, knowing what the coefficients say of a missing value that is to be the worst."""
        columns = self.layout.columns_of
        return Basis(tuple(metric.settled(beta[columns(at)]) for at, metric in enumerate(self.metrics)))

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Return lower and upper bounds, the unbounded intercept first."""
        pairs = [metric.bounds() for metric in self.metrics]
        free = np.array([np.inf])
        return (
            np.concatenate([-free, *(lower for lower, _ in pairs)]),
            np.concatenate([free, *(upper for _, upper in pairs)]),
        )

    def penalty(self, size: float, bend: float) -> Penalty:
        """Return the penalty of both strengths; the intercept has none."""
        matrix = np.zeros((self.layout.columns,) * 2)
        for at, metric in enumerate(self.metrics):
            columns = self.layout.columns_of(at)
            matrix[columns, columns] = metric.penalty(size, bend)
        return Penalty(matrix, np.zeros(self.layout.columns))


def _unit(columns: int, at: int) -> FloatArray:
    design = np.zeros(columns)
    design[at] = 1.0
    return design


def _towards_mean(metric: MetricBasis, size: float) -> FloatArray:
    if not metric.missing_learned:
        return np.zeros((metric.columns,) * 2)
    away = metric.missing_design - metric.mean
    return size * np.outer(away, away)
