"""Where a curve may bend: knots of one metric.

Counts of tickets, logins and late invoices pile up on zero, where plain quantiles collapse. So: few distinct values, a
knot on each; a heavy value, a knot on it and quantiles of the rest; otherwise quantiles. End knots lie at the 1st and
99th percentile of what is cut, with five rows or more at or beyond them, so that no single customer's maximum sets a
weight or is published (short of a metric of few distinct values).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chs_ml.formula.columns import FloatArray

LOW = 0.01
FEWEST = 5
"""Rows that lie at or beyond an end knot, where there are enough to leave a middle: one row shows nobody."""
FEW = 3
HEAVY = 1.5


@dataclass(frozen=True)
class Tally:
    """The distinct values of a metric in rising order, and the weight of the rows that have each."""

    values: FloatArray
    mass: FloatArray

    @property
    def unlike(self) -> float:
        """The weight of the rows that have another value than the commonest one."""
        return float(self.mass.sum() - self.mass.max(initial=0.0))

    def mean(self, of_values: FloatArray) -> float:
        """Return the mean over the rows of what each distinct value stands for."""
        return float(self.mass @ of_values / self.mass.sum())

    def without(self, at: int) -> Tally:
        """Return the tally of the rows that do not have the value at this position."""
        return Tally(np.delete(self.values, at), np.delete(self.mass, at))

    def quantiles(self, pieces: int) -> FloatArray:
        """Return ``pieces`` quantiles from the 1st to the 99th percentile, as values that occur (inverted CDF).

        Of fewer than 500 rows the ends lie further in, so that five rows are at or beyond each.
        """
        cumulative = np.cumsum(self.mass)
        low = min(max(LOW, (FEWEST - 0.5) / float(cumulative[-1])), 0.25)
        wanted = np.linspace(low, 1.0 - low, pieces) * cumulative[-1]
        position = np.searchsorted(cumulative, wanted * (1 - 1e-12), side="left")
        found = np.unique(self.values[np.minimum(position, len(self.values) - 1)])
        return found if len(found) > 1 else self.ends

    @property
    def ends(self) -> FloatArray:
        """The smallest and the largest value."""
        return np.unique(self.values[[0, -1]])


def tally_of(x: FloatArray, weights: FloatArray | None = None) -> Tally:
    """Return the tally of finite values; rows without weight are not there."""
    share = 1.0 if weights is None or len(x) == 0 else float(weights[0])
    if weights is None or (share > 0.0 and bool((weights == share).all())):
        values, counts = np.unique(x, return_counts=True)
        return Tally(values, counts.astype(np.float64) * share)
    values, position = np.unique(x, return_inverse=True)
    mass: FloatArray = np.bincount(position, weights=weights, minlength=len(values)).astype(np.float64)
    return Tally(values[mass > 0], mass[mass > 0])


def knots_of(x: FloatArray, ramps: int, weights: FloatArray | None = None) -> FloatArray:
    """Return knots for the known values of a metric; see ``knots_among``."""
    return knots_among(tally_of(x, weights), ramps)


def knots_among(tally: Tally, ramps: int) -> FloatArray:
    """Return strictly increasing knots, two or more if there are two different values. Knots are values that occur.

    ramps: pieces wanted (the curve may get a few more or fewer). A row twice and a row of weight two are the same.
    """
    if ramps == 1:
        return tally.ends if len(tally.values) <= 1 + FEW else tally.quantiles(2)
    if len(tally.values) <= ramps + FEW:
        return tally.values
    heaviest = int(np.argmax(tally.mass))
    if tally.mass[heaviest] / tally.mass.sum() <= HEAVY / ramps:
        return tally.quantiles(ramps + 1)
    return np.unique(np.append(tally.without(heaviest).quantiles(ramps), tally.values[heaviest]))
