"""Conditions that a curve might depend on: a number above one of its knots, or a level.

A side that too few customers are on, or too few of either outcome, teaches nothing, and is not asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chs_ml.fit.basis import Basis, CurveBasis
from chs_ml.fit.fitting import Sample
from chs_ml.fit.table import Column
from chs_ml.formula import Condition
from chs_ml.formula.columns import BoolArray, FloatArray, IntArray
from chs_ml.formula.step_edges import roundest

FEWEST = 20
"""Churned, and retained, on either side."""
SMALLEST = 0.02
"""Of all rows, on either side."""
MOST_GAPS, MOST_LEVELS = 100, 250


@dataclass(frozen=True)
class Cuts:
    """The conditions on one metric, and which bin each row is in.

    A number: condition k holds in the bins beyond k. Levels: condition k holds in bin k; the last bin has the others.
    """

    conditions: tuple[Condition, ...]
    bins: NDArray[np.uint8]
    nested: bool

    @property
    def count(self) -> int:
        """How many bins there are."""
        return len(self.conditions) + 1


def cuts_of(sample: Sample, basis: Basis) -> tuple[Cuts, ...]:
    """Return for each metric of a basis, in its order, the conditions that might be put on it. sample: its rows."""
    pairs = zip(basis.metrics, sample.table.columns, strict=True)
    return tuple(
        _above(column, metric.knots, sample) if isinstance(metric, CurveBasis) else _at(column, metric.levels, sample)
        for metric, column in pairs
    )


def finer_cuts(column: Column, sample: Sample) -> Cuts:
    """Return conditions on a number at round numbers, one for each gap between values, or for each hundredth."""
    return _above(column, gaps(np.unique(column.values[column.known & (sample.weight > 0)]), column, sample), sample)


def gaps(values: FloatArray, column: Column, sample: Sample) -> FloatArray:
    """Return the roundest number in each gap between distinct values, or between hundredths of the rows."""
    if len(values) > MOST_GAPS:
        known = column.known & (sample.weight > 0)
        values = np.unique(np.quantile(column.values[known], np.linspace(0.0, 1.0, MOST_GAPS + 1), method="lower"))
    return np.unique([0.0 - roundest(-high, -low) for low, high in pairwise(values.tolist())])


def _above(column: Column, thresholds: FloatArray, sample: Sample) -> Cuts:
    position = np.searchsorted(thresholds, np.where(column.known, column.values, -np.inf), side="left")
    mass, stayed = _per_bin(position, len(thresholds) + 1, sample)
    mass, stayed = (np.cumsum(part[::-1])[::-1][1:] for part in (mass, stayed))
    good = np.flatnonzero(_sufficient(mass, stayed, sample))
    conditions = tuple(Condition(column.name, above=float(thresholds[at])) for at in good.tolist())
    return Cuts(conditions, np.searchsorted(good, position, side="left").astype(np.uint8), nested=True)


def _at(column: Column, levels: Sequence[str], sample: Sample) -> Cuts:
    names = column.levels or ()
    mass, stayed = _per_bin(np.where(column.known, column.values, len(names)), len(names) + 1, sample)
    listed = np.array([name in levels for name in names], dtype=np.bool_)
    good = np.flatnonzero(_sufficient(mass, stayed, sample)[: len(names)] & listed)
    if len(names) == 2 and len(good) == 2:  # of two levels one says it all: the rarer
        good = good[[int(np.argmin(mass[good]))]]
    good = good[:MOST_LEVELS]
    place = np.full(len(names) + 1, len(good))
    place[good] = np.arange(len(good))
    conditions = tuple(Condition(column.name, level=names[code]) for code in good.tolist())
    return Cuts(conditions, place[column.values].astype(np.uint8), nested=False)


def _per_bin(bins: IntArray, count: int, sample: Sample) -> tuple[FloatArray, FloatArray]:
    """Return the weight of the rows of each bin, and of the retained among them."""
    weights = (sample.weight, sample.weight * sample.retained)
    mass, stayed = (np.bincount(bins, weights=of, minlength=count).astype(np.float64) for of in weights)
    return mass, stayed


def _sufficient(mass: FloatArray, stayed: FloatArray, sample: Sample) -> BoolArray:
    """Return which conditions have rows enough of either outcome, where they hold and where not."""
    whole, all_stayed = float(sample.weight.sum()), float(sample.weight @ sample.retained)
    sides = ((mass, stayed), (whole - mass, all_stayed - stayed))
    enough = [(np.minimum(s, m - s) >= FEWEST) & (m >= SMALLEST * whole) for m, s in sides]
    return np.asarray(enough[0] & enough[1])
