"""A table as the solver sees it: per metric a slot number a row and, for curves, a fraction.

``Layout`` says what a slot means: row q of ``steps`` and ``ramps`` gives the design of a cell in slot q with fraction
f, steps[q] + f · ramps[q], on the columns of its metric. Both are small; the dense design is never formed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chs_ml.formula.columns import FloatArray, IntArray

MANY_CELLS = 4_000_000
"""From here on fractions are kept in single precision: half the memory of the raw table, and steps that are as good."""


@dataclass(frozen=True)
class Block:
    """The slots and columns of one metric: design of slot q is steps[q] + fraction · ramps[q], each slots × columns."""

    steps: FloatArray
    ramps: FloatArray | None = None

    @property
    def slots(self) -> int:
        """How many slots the metric has."""
        return int(self.steps.shape[0])

    @property
    def columns(self) -> int:
        """How many coefficients the metric has."""
        return int(self.steps.shape[1])


@dataclass(frozen=True)
class Layout:
    """All metrics' blocks side by side; column 0 is the intercept."""

    blocks: tuple[Block, ...]

    @cached_property
    def offset(self) -> IntArray:
        """Where each metric's slots begin."""
        return np.concatenate([[0], np.cumsum([block.slots for block in self.blocks])[:-1]]).astype(np.intp)

    @cached_property
    def first(self) -> IntArray:
        """Where each metric's columns begin."""
        return np.concatenate([[1], 1 + np.cumsum([block.columns for block in self.blocks])[:-1]]).astype(np.intp)

    @cached_property
    def width(self) -> IntArray:
        """How many columns each metric has."""
        return np.array([block.columns for block in self.blocks], dtype=np.intp)

    @property
    def columns(self) -> int:
        """Coefficients in all, with the intercept."""
        return 1 + int(self.width.sum())

    @cached_property
    def steps(self) -> FloatArray:
        """Slots × widest metric, zero beyond a metric's own width."""
        return self._padded([block.steps for block in self.blocks])

    @cached_property
    def ramps(self) -> FloatArray:
        """Like steps, for what a fraction multiplies."""
        return self._padded([np.zeros_like(b.steps) if b.ramps is None else b.ramps for b in self.blocks])

    def by_column(self, precision: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return ``steps`` and ``ramps`` the other way round, widest metric × slots, as the dense design is filled."""
        steps, ramps = (np.ascontiguousarray(shape.T, dtype=precision) for shape in (self.steps, self.ramps))
        return steps, ramps

    def _padded(self, parts: list[FloatArray]) -> FloatArray:
        widest = int(self.width.max(initial=0))
        return np.concatenate([np.pad(part, ((0, 0), (0, widest - part.shape[1]))) for part in parts])

    @cached_property
    def _column(self) -> IntArray:
        """The column of each entry of ``steps``; 0 where it is padding (which multiplies by zero)."""
        within = np.arange(int(self.width.max(initial=0)))
        slots = [block.slots for block in self.blocks]
        first, width = np.repeat(self.first, slots)[:, None], np.repeat(self.width, slots)[:, None]
        return np.asarray(np.where(within < width, first + within, 0), dtype=np.intp)

    def slot_values(self, beta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return for each slot its value and its slope in the fraction, for coefficients with the intercept first."""
        on_slots = beta[self._column]
        return (self.steps * on_slots).sum(1), (self.ramps * on_slots).sum(1)

    def gradient(self, plain: FloatArray, scaled: FloatArray) -> FloatArray:
        """Return the gradient on columns from residual sums on slots; the intercept's entry is left at zero."""
        parts = self.steps * plain[:, None] + self.ramps * scaled[:, None]
        gradient: FloatArray = np.zeros(self.columns)
        np.add.at(gradient, self._column, parts)
        gradient[0] = 0.0
        return gradient

    def columns_of(self, metric: int) -> slice:
        """Return the columns of the metric at this position."""
        return slice(int(self.first[metric]), int(self.first[metric] + self.width[metric]))


@dataclass(frozen=True)
class Encoded:
    """Cells of all rows: ``slots`` (metrics with more than one slot × rows), ``fractions`` (curves × rows).

    slot_row and fraction_row say which line of each is a metric's, -1 for none.
    """

    layout: Layout
    slots: NDArray[Any]
    fractions: NDArray[Any]
    slot_row: IntArray
    fraction_row: IntArray

    @property
    def rows(self) -> int:
        """How many rows."""
        return int(self.slots.shape[1] if self.slots.shape[0] else self.fractions.shape[1])

    def slots_of(self, metric: int) -> NDArray[Any]:
        """Return the slot of each row for the metric at this position; empty where it has one slot only."""
        return self.slots[self.slot_row[metric]] if self.slot_row[metric] >= 0 else self.slots[:0, 0]

    def fractions_of(self, metric: int) -> NDArray[Any]:
        """Return the fraction of each row for the metric at this position; empty where it has levels."""
        return self.fractions[self.fraction_row[metric]] if self.fraction_row[metric] >= 0 else self.fractions[:0, 0]

    def take(self, rows: IntArray) -> Encoded:
        """Return the same metrics on some of the rows."""
        slots, fractions = np.take(self.slots, rows, axis=1), np.take(self.fractions, rows, axis=1)
        return Encoded(self.layout, slots, fractions, self.slot_row, self.fraction_row)


def rows_for(layout: Layout, rows: int) -> Encoded:
    """Return an empty table of the right kinds, to be filled metric by metric."""
    many_slots = np.array([block.slots > 1 for block in layout.blocks])
    has_ramps = np.array([block.ramps is not None for block in layout.blocks])
    widest = max((block.slots for block in layout.blocks), default=1)
    precision = np.float32 if rows * len(layout.blocks) > MANY_CELLS else np.float64
    return Encoded(
        layout,
        np.zeros((int(many_slots.sum()), rows), dtype=np.uint8 if widest <= 256 else np.uint16),
        np.zeros((int(has_ramps.sum()), rows), dtype=precision),
        np.where(many_slots, np.cumsum(many_slots) - 1, -1),
        np.where(has_ramps, np.cumsum(has_ramps) - 1, -1),
    )
