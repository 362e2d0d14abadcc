"""What is minimised: weighted log-loss plus a quadratic penalty, seen only through an oracle.

Rows are summed in stretches of fixed length and fixed order, so that the result does not depend on how many cores there
are. Each stretch may run in a thread of its own: the compiled loops do not hold the interpreter's lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from chs_ml.fit import kernel
from chs_ml.fit.encoded import Encoded
from chs_ml.formula.columns import FloatArray

STRETCH = 16 * kernel.TILE
GRAM_TILE = kernel.TILE // 4
"""Rows of the dense design that are there at once."""
RUN = 64
"""Neighbouring rows that a sample takes together: reading single rows would touch all of the memory."""
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
        values = layout.slot_values(beta)
        loss, gradient = self.penalty.at(beta)
        plain, scaled, total = np.zeros(len(layout.steps)), np.zeros(len(layout.steps)), 0.0
        for part in in_order(lambda start: self._sums(start, values, float(beta[0])), self._starts):
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
        for part in in_order(lambda start: self._gram(start, values, float(beta[0])), self._starts):
            total += part
        return total

    def log_odds(self, beta: FloatArray) -> FloatArray:
        """Return the log-odds of being retained, a value for each row."""
        return log_odds(self.encoded, beta)

    def scores(self, beta: FloatArray, rows: slice) -> NDArray[Any]:
        """Return the gradient of each row's weighted log-loss, columns × rows."""
        eta = _log_odds(self.encoded, self.encoded.layout.slot_values(beta), float(beta[0]), rows)
        return _design(self.encoded, rows, self.weight[rows] * (expit(eta) - self.retained[rows]))

    def sampled(self, every: int) -> tuple[Objective, float]:
        """Return the objective of one run of rows in ``every``, penalty in proportion, and its share of the whole."""
        rows = (np.arange(0, self.encoded.rows - RUN, RUN * every)[:, None] + np.arange(RUN)).ravel()
        share = max(float(self.weight[rows].sum() / self.weight.sum()), 1e-12)
        part = Objective(self.encoded.take(rows), self.retained[rows], self.weight[rows], self.penalty.scaled(share))
        return part, share

    def _sums(self, start: int, values: tuple[FloatArray, FloatArray], intercept: float) -> tuple[Any, ...]:
        plain, scaled = np.zeros(len(values[0])), np.zeros(len(values[0]))
        loss = total = 0.0
        for rows in _tiles(start, self.encoded.rows):
            eta = _log_odds(self.encoded, values, intercept, rows)
            fading, residual = np.exp(-np.abs(eta)), np.empty_like(eta)
            outcome = (self.retained[rows], self.weight[rows])
            part = kernel.loss_and_residual(eta, fading, np.log1p(fading), *outcome, residual)
            kernel.add_residuals(*_cells(self.encoded), residual, rows.start, plain, scaled)
            loss, total = loss + part[0], total + part[1]
        return loss, plain, scaled, total

    def _gram(self, start: int, values: tuple[FloatArray, FloatArray], intercept: float) -> FloatArray:
        total = np.zeros((self.encoded.layout.columns,) * 2)
        for rows in _tiles(start, self.encoded.rows, GRAM_TILE):
            fading = np.exp(-np.abs(_log_odds(self.encoded, values, intercept, rows)))
            design = _design(self.encoded, rows, np.sqrt(self.weight[rows] * fading) / (1.0 + fading))
            total += design @ design.T
        return total

    @property
    def _starts(self) -> Sequence[int]:
        return range(0, self.encoded.rows, STRETCH)


def log_odds(encoded: Encoded, beta: FloatArray) -> FloatArray:
    """Return the log-odds of being retained for each row of a table."""
    return _log_odds(encoded, encoded.layout.slot_values(beta), float(beta[0]), slice(0, encoded.rows))


def _log_odds(encoded: Encoded, values: tuple[FloatArray, FloatArray], intercept: float, rows: slice) -> FloatArray:
    eta = np.full(rows.stop - rows.start, intercept)
    kernel.add_log_odds(*_cells(encoded), *values, rows.start, eta)
    return eta


def _design(encoded: Encoded, rows: slice, root: FloatArray) -> NDArray[Any]:
    """Return these rows of the dense design, each times its root: columns × rows, in the precision of the fractions."""
    layout, precision = encoded.layout, encoded.fractions.dtype
    tile = np.empty((layout.columns, len(root)), dtype=precision)
    shapes, scale = layout.by_column(precision), root.astype(precision)
    kernel.fill_tile(*_cells(encoded), layout.first, layout.width, *shapes, scale, rows.start, tile)
    return tile


def _cells(encoded: Encoded) -> tuple[Any, ...]:
    return encoded.slots, encoded.slot_row, encoded.fractions, encoded.fraction_row, encoded.layout.offset


def _tiles(start: int, rows: int, tile: int = kernel.TILE) -> Iterator[slice]:
    """Give the tiles of the stretch that begins here."""
    stop = min(start + STRETCH, rows)
    return (slice(at, min(at + tile, stop)) for at in range(start, stop, tile))


def in_order(work: Callable[[int], Result], starts: Sequence[int]) -> Iterator[Result]:
    """Give what each start's work returns, in their order, computed side by side where there is more than one."""
    if len(starts) == 1:
        yield work(starts[0])
        return
    with ThreadPoolExecutor(max_workers=min(len(starts), os.cpu_count() or 1)) as pool:
        yield from pool.map(work, starts)
