"""Where a curve may bend: knots of one metric.

Counts of tickets, logins and late invoices pile up on zero, where plain quantiles collapse. So: few distinct values, a
knot on each; a heavy value, a knot on it and quantiles of the rest; otherwise quantiles. End knots lie at the 1st and
99th percentile of what is cut, with five customers or more at or beyond them, however few the distinct values, so that
no single customer's maximum sets a weight or is published.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from chs_ml.fit.crowd import FEWEST, Crowd, each_alone
from chs_ml.formula.columns import FloatArray, IntArray

LOW = 0.01
FEW = 3
HEAVY = 1.5


@dataclass(frozen=True)
class Tally:
    """The distinct values of a metric in rising order, the weight of the rows that have each, and their number.

    of_row: the value of each row; crowd: whose rows they are.
    """

    values: FloatArray
    mass: FloatArray
    rows: IntArray
    of_row: FloatArray
    crowd: Crowd

    @property
    def unlike(self) -> float:
        """The weight of the rows that have another value than the commonest one."""
        return float(self.mass.sum() - self.mass.max(initial=0.0))

    @property
    def others(self) -> int:
        """How many rows have another value than the one that most have."""
        return int(self.rows.sum() - self.rows.max(initial=0))

    def mean(self, of_values: FloatArray) -> float:
        """Return the mean over the rows of what each distinct value stands for."""
        return float(self.mass @ of_values / self.mass.sum())

    def quantiles(self, pieces: int, but: int | None = None) -> FloatArray:
        """Return ``pieces`` quantiles from the 1st to the 99th percentile, as values that occur (inverted CDF).

        Of fewer than 500 rows the ends lie further in. but: position of a value whose rows are left out.
        """
        values, mass = self.values, self.mass
        if but is not None:
            values, mass = np.delete(values, but), np.delete(mass, but)
        cumulative = np.cumsum(mass)
        low = min(max(LOW, (FEWEST - 0.5) / float(cumulative[-1])), 0.25)
        wanted = np.linspace(low, 1.0 - low, pieces) * cumulative[-1]
        position = np.searchsorted(cumulative, wanted * (1 - 1e-12), side="left")
        found = np.unique(values[np.minimum(position, len(values) - 1)])
        return found if len(found) > 1 else np.unique(values[[0, -1]])

    @property
    def ends(self) -> FloatArray:
        """The smallest and the largest value."""
        return np.unique(self.values[[0, -1]])

    def drawn_in(self, knots: FloatArray) -> FloatArray:
        """Return the knots, none of them beyond the values that five customers are at or beyond, at either end."""
        below = int(self.rows[: np.searchsorted(self.values, knots[0], side="right")].sum())
        above = int(self.rows[np.searchsorted(self.values, knots[-1]) :].sum())
        if min(below, above) > (FEWEST - 1) * self.crowd.most:  # they belong to five customers, whoever has them
            return knots
        return np.unique(np.clip(knots, self._five(1), self._five(-1)))

    def _five(self, way: Literal[1, -1]) -> float:
        """Return the value at or beyond which five customers lie, counted from the lowest (1) or the highest (-1)."""
        at = int(np.searchsorted(np.cumsum(self.rows[::way]), (FEWEST - 1) * self.crowd.most + 1))
        reach = float(self.values[::way][min(at, len(self.values) - 1)])
        beyond = np.flatnonzero(way * self.of_row < way * reach)
        beyond = beyond[np.argsort(way * self.of_row[beyond], kind="stable")]
        first = np.sort(np.unique(self.crowd.codes[beyond], return_index=True)[1])
        return reach if len(first) < FEWEST else float(self.of_row[beyond[first[FEWEST - 1]]])


def tally_of(x: FloatArray, weights: FloatArray | None = None, crowd: Crowd | None = None) -> Tally:
    """Return the tally of finite values; rows without weight are not there. crowd: None, each row a customer."""
    crowd = crowd or each_alone(len(x))
    share = 1.0 if weights is None or len(x) == 0 else float(weights[0])
    if weights is None or (share > 0.0 and bool((weights == share).all())):
        values, counts = np.unique(x, return_counts=True)
        return Tally(values, counts.astype(np.float64) * share, counts, x, crowd)
    there = np.flatnonzero(weights > 0)
    values, position = np.unique(x[there], return_inverse=True)
    mass = np.bincount(position, weights=weights[there], minlength=len(values)).astype(np.float64)
    rows = np.bincount(position, minlength=len(values))
    return Tally(values, mass, rows, x[there], crowd.take(there))


def knots_of(x: FloatArray, ramps: int, weights: FloatArray | None = None, crowd: Crowd | None = None) -> FloatArray:
    """Return knots for the known values of a metric; see ``knots_among``."""
    return knots_among(tally_of(x, weights, crowd), ramps)


def knots_among(tally: Tally, ramps: int) -> FloatArray:
    """Return strictly increasing knots, values that occur; one only where ten customers do not differ.

    ramps: pieces wanted (the curve may get a few more or fewer). A customer's row twice and a row of weight two are the
    same.
    """
    return tally.drawn_in(_wanted(tally, ramps)) if len(tally.values) > 1 else tally.values


def _wanted(tally: Tally, ramps: int) -> FloatArray:
    if ramps == 1:
        return tally.ends if len(tally.values) <= 1 + FEW else tally.quantiles(2)
    if len(tally.values) <= ramps + FEW:
        return tally.values
    heaviest = int(np.argmax(tally.mass))
    if tally.mass[heaviest] / tally.mass.sum() <= HEAVY / ramps:
        return tally.quantiles(ramps + 1)
    return np.unique(np.append(tally.quantiles(ramps, but=heaviest), tally.values[heaviest]))
