"""Metrics written straight, before any curve: a number as it is, levels but the commonest, and missing where it occurs.

A number is written from its median, in units of the spread of its middle half, so that a placeholder like 999999 in two
metrics does not make them alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chs_ml.fit.learnable import ALMOST, ENOUGH
from chs_ml.fit.table import Column, Table
from chs_ml.formula.columns import FloatArray, IntArray

TILE = 4_096
RANKED = 4_000
"""Rows that are enough for a first look."""
MOST_WORK = 1e11
"""Rows × columns² that one Gram matrix may take; of more, every so many-th row stands for the rest."""


@dataclass(frozen=True)
class Part:
    """The columns of one metric: the line of a number (or none), the levels by code, and missing."""

    column: Column
    centre: float
    spread: float
    levels: tuple[int, ...]
    missing: bool

    @property
    def columns(self) -> int:
        """How many columns."""
        return (self.spread > 0) + len(self.levels) + self.missing

    def fill(self, rows: slice, out: FloatArray) -> None:
        """Write the columns of some rows: columns × rows."""
        values, at = self.column.values[rows], 0
        known = np.isfinite(values) if self.column.levels is None else values >= 0
        if self.spread > 0:
            out[0] = np.where(known, (values - self.centre) / self.spread, 0.0)
            at = 1
        for code in self.levels:
            out[at] = values == code
            at += 1
        if self.missing:
            out[at] = ~known


def part_of(column: Column, weight: FloatArray) -> Part:
    """Return the columns that a metric calls for; none where it has one value only."""
    known = column.known
    missing = bool(known.any() and not known.all())
    if column.levels is not None:
        mass = np.bincount(column.values[known], weights=weight[known], minlength=len(column.levels))
        often = np.flatnonzero(mass >= ENOUGH * ALMOST)
        return Part(column, 0.0, 0.0, tuple(often[often != np.argmax(mass)].tolist()) if len(mass) else (), missing)
    centre, spread = _middle(column.values if known.all() else column.values[known])
    return Part(column, centre, spread, (), missing)


def _middle(values: FloatArray) -> tuple[float, float]:
    """Return the median and the spread: that of the middle half, or of all where half of the values are one value."""
    if len(values) == 0 or values.min() == values.max():
        return 0.0, 0.0
    low, centre, high = np.quantile(values[:: max(1, len(values) // (10 * RANKED))], [0.25, 0.5, 0.75]).tolist()
    return centre, (high - low) / 1.35 or float(values.std()) or 1.0


class Straight:
    """All metrics' columns side by side, an intercept first; made tile by tile, never kept.

    blocks: the columns of each metric.
    """

    def __init__(self, table: Table, weight: FloatArray) -> None:
        self.table, self.weight = table, weight
        self.parts = [part_of(column, weight) for column in table.columns]
        ends = 1 + np.cumsum([part.columns for part in self.parts])
        self.blocks = [np.arange(end - part.columns, end) for part, end in zip(self.parts, ends, strict=True)]
        self.columns = int(ends[-1])

    def gram(self) -> FloatArray:
        """Return Σ w φφᵀ, columns × columns."""
        every = 1 + int(self.table.rows * self.columns**2 / MOST_WORK)
        some = self if every == 1 else Straight(self.table.take(np.s_[::every]), self.weight[::every])
        if some.columns != self.columns:  # a level or a gap that only rows in between have
            some = self
        total = np.zeros((self.columns, self.columns))
        for rows, tile in some.tiles(range(len(self.parts))):
            weighted = tile * np.sqrt(some.weight[rows])
            total += weighted @ weighted.T
        return total * float(self.weight.sum() / some.weight.sum())

    def tiles(self, metrics: Sequence[int]) -> Iterator[tuple[slice, FloatArray]]:
        """Give the rows tile by tile: the columns of these metrics (zeros for the others) × rows."""
        out = np.zeros((self.columns, TILE))
        for start in range(0, self.table.rows, TILE):
            rows = slice(start, min(start + TILE, self.table.rows))
            tile = out[:, : rows.stop - rows.start]
            tile[0] = 1.0
            for at in metrics:
                block = self.blocks[at]
                if len(block):
                    self.parts[at].fill(rows, tile[block[0] : block[-1] + 1])
            yield rows, tile

    def left_over(self, block: IntArray, using: IntArray, loadings: FloatArray, metrics: Sequence[int]) -> FloatArray:
        """Return the standard deviation over all rows of what ``using`` × loadings leaves of each column of a block."""
        plain, squared = np.zeros(len(block)), np.zeros(len(block))
        for rows, tile in self.tiles(metrics):
            rest = tile[block] - loadings.T @ tile[using]
            plain, squared = plain + rest @ self.weight[rows], squared + rest**2 @ self.weight[rows]
        mass = self.weight.sum()
        return np.asarray(np.sqrt(np.maximum(squared / mass - (plain / mass) ** 2, 0.0)))
