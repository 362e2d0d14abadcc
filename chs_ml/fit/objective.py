"""What is minimised: weighted log-loss plus a quadratic penalty, seen only through an oracle.

Rows are summed in stretches of fixed length and fixed order, so that the result does not depend on how many cores there
are. Each stretch may run in a thread of its own: the compiled loops do not hold the interpreter's lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from chs_ml.fit import kernel
from chs_ml.fit.encoded import Encoded
from chs_ml.formula.columns import FloatArray

STRETCH = 32 * kernel.TILE
Result = TypeVar("Result")


@dataclass(frozen=True)
class Penalty:
    """½ βᵀPβ - qᵀβ + c; P is columns × columns, the intercept's row and column zero."""

    matrix: FloatArray
    linear: FloatArray
    constant: float = 0.0

    def at(self, beta: FloatArray) -> tuple[float, FloatArray]:
        """Return value and gradient."""
        image = self.matrix @ beta
        return float(beta @ (0.5 * image - self.linear)) + self.constant, image - self.linear

    def scaled(self, share: float) -> Penalty:
        """Return the penalty that weighs the same against this share of the rows."""
        return Penalty(self.matrix * share, self.linear * share, self.constant * share)

    def __add__(self, other: Penalty) -> Penalty:
        """Return both penalties as one."""
        return Penalty(self.matrix + other.matrix, self.linear + other.linear, self.constant + other.constant)


def no_penalty(columns: int) -> Penalty:
    """Return a penalty of zero."""
    return Penalty(np.zeros((columns, columns)), np.zeros(columns))


@dataclass(frozen=True)
class Objective:
    """Σ s·logloss(retained | β) + penalty. β has the intercept first; the log-odds are those of being retained."""

    encoded: Encoded
    retained: FloatArray
    weight: FloatArray
    penalty: Penalty

    def value_and_gradient(self, beta: FloatArray) -> tuple[float, FloatArray]:
        """Return the objective and its gradient at β: one pass over the rows."""
        layout = self.encoded.layout
        slot_values = layout.slot_values(beta)
        loss, gradient = self.penalty.at(beta)
        plain, scaled, total = np.zeros(len(layout.steps)), np.zeros(len(layout.steps)), 0.0
        for part in _in_order(lambda start: self._stretch(start, slot_values, float(beta[0])), self.encoded.rows):
            loss, plain, scaled, total = loss + part[0], plain + part[1], scaled + part[2], total + part[3]
        gradient = gradient + layout.gradient(plain, scaled)
        gradient[0] += total
        return loss, gradient

    def hessian(self, beta: FloatArray) -> FloatArray:
        """Return the second derivatives at β, penalty included: columns × columns."""
        return self.information(beta) + self.penalty.matrix

    def information(self, beta: FloatArray) -> FloatArray:
        """Return Σ sµ(1 - µ) φφᵀ, the Hessian of the log-loss alone."""
        values = self.encoded.layout.slot_values(beta)
        total = np.zeros((self.encoded.layout.columns,) * 2)
        for part in _in_order(lambda start: self._gram(start, values, float(beta[0])), self.encoded.rows):
            total += part
        return total

    def log_odds(self, beta: FloatArray) -> FloatArray:
        """Return the log-odds of being retained, a value for each row."""
        return log_odds(self.encoded, beta)

    def sampled(self, every: int) -> Objective:
        """Return the objective of each ``every``-th row, the penalty in proportion: where a warm start comes from."""
        rows = slice(0, None, every)
        share = float(self.weight[rows].sum() / self.weight.sum())
        return Objective(self.encoded.take(rows), self.retained[rows], self.weight[rows], self.penalty.scaled(share))

    def _stretch(self, start: int, values: tuple[FloatArray, FloatArray], intercept: float) -> tuple[Any, ...]:
        plain, scaled = np.zeros(len(values[0])), np.zeros(len(values[0]))
        loss = total = 0.0
        for at, residual, _, part in self._tiles(start, values, intercept):
            loss += part
            kernel.residual_sums(*_cells(self.encoded), residual, at, plain, scaled)
            total += float(residual.sum())
        return loss, plain, scaled, total

    def _gram(self, start: int, values: tuple[FloatArray, FloatArray], intercept: float) -> FloatArray:
        layout, precision = self.encoded.layout, self.encoded.fractions.dtype
        tile = np.zeros((kernel.TILE, layout.columns), dtype=precision)
        total = np.zeros((layout.columns,) * 2)
        for at, _, curvature, _ in self._tiles(start, values, intercept):
            root = np.sqrt(curvature).astype(precision)
            design = tile[: len(root)]
            shapes = (layout.first, layout.width, layout.steps.astype(precision), layout.ramps.astype(precision))
            kernel.fill_tile(*_cells(self.encoded), *shapes, root, at, design)
            total += design.T @ design
        return total

    def _tiles(
        self, start: int, values: tuple[FloatArray, FloatArray], intercept: float
    ) -> Iterator[tuple[int, FloatArray, FloatArray, float]]:
        """Give for each tile of a stretch: its first row, residuals, curvatures, loss."""
        stop = min(start + STRETCH, self.encoded.rows)
        for at in range(start, stop, kernel.TILE):
            eta = np.empty(min(kernel.TILE, stop - at))
            residual, curvature = np.empty_like(eta), np.empty_like(eta)
            kernel.log_odds(*_cells(self.encoded), *values, intercept, at, eta)
            loss = kernel.loss_and_residual(eta, self.retained, self.weight, at, residual, curvature)
            yield at, residual, curvature, loss


def log_odds(encoded: Encoded, beta: FloatArray) -> FloatArray:
    """Return the log-odds of being retained for each row of a table."""
    out = np.empty(encoded.rows)
    kernel.log_odds(*_cells(encoded), *encoded.layout.slot_values(beta), float(beta[0]), 0, out)
    return out


def _cells(encoded: Encoded) -> tuple[Any, ...]:
    return encoded.slots, encoded.slot_row, encoded.fractions, encoded.fraction_row, encoded.layout.offset


def _in_order(work: Callable[[int], Result], rows: int) -> Iterator[Result]:
    """Give the results of the stretches in their order, computed side by side where there is more than one."""
    starts = range(0, rows, STRETCH)
    if len(starts) == 1:
        yield work(0)
        return
    with ThreadPoolExecutor(max_workers=min(len(starts), os.cpu_count() or 1)) as pool:
        yield from pool.map(work, starts)
