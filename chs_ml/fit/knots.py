"""Where a curve may bend: knots of one metric.

Counts of tickets, logins and late invoices pile up on zero, where plain quantiles collapse. So: few distinct values, a
knot on each; a heavy value, a knot on it and quantiles of the rest; otherwise quantiles. End knots lie at the 1st and
99th percentile of what is cut, so that no single customer's maximum sets a weight or is published.
"""

from __future__ import annotations

import numpy as np

from chs_ml.formula.columns import FloatArray

LOW, HIGH = 0.01, 0.99
FEW = 3
HEAVY = 1.5


def knots_of(x: FloatArray, ramps: int, weights: FloatArray | None = None) -> FloatArray:
    """Return strictly increasing knots for the known values of a metric; at least two.

    x: finite values, at least two different. ramps: pieces wanted (the curve may get a few more or fewer).
    weights: row weights; a row twice and a row of weight two give the same knots. Knots are values that occur.
    """
    values, counts = _tally(x, weights)
    if ramps == 1:
        return _ends(values, counts)
    if len(values) <= ramps + FEW:
        return values
    heaviest = int(np.argmax(counts))
    if counts[heaviest] / counts.sum() <= HEAVY / ramps:
        return _quantiles(values, counts, ramps + 1)
    rest = np.arange(len(values)) != heaviest
    return np.unique(np.append(_quantiles(values[rest], counts[rest], ramps), values[heaviest]))


def _tally(x: FloatArray, weights: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    if weights is None:
        values, repeats = np.unique(x, return_counts=True)
        return values, repeats.astype(np.float64)
    values, position = np.unique(x, return_inverse=True)
    counts: FloatArray = np.bincount(position, weights=weights, minlength=len(values)).astype(np.float64)
    return values[counts > 0], counts[counts > 0]


def _ends(values: FloatArray, counts: FloatArray) -> FloatArray:
    if len(values) <= 1 + FEW:
        return np.unique(values[[0, -1]])
    low, high = _quantiles(values, counts, 2)[[0, -1]]
    return np.array([low, high]) if low < high else values[[0, -1]]


def _quantiles(values: FloatArray, counts: FloatArray, pieces: int) -> FloatArray:
    """Return ``pieces`` quantiles from the 1st to the 99th percentile, as values that occur (inverted CDF)."""
    cumulative = np.cumsum(counts)
    wanted = np.linspace(LOW, HIGH, pieces) * cumulative[-1]
    position = np.searchsorted(cumulative, wanted * (1 - 1e-12), side="left")
    found = np.unique(values[np.minimum(position, len(values) - 1)])
    return found if len(found) > 1 else values[[0, -1]]
