"""Where a curve is cut into steps: few, at round numbers, where they lose least."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from chs_ml.formula.columns import FloatArray, IntArray

MOST_STEPS = 24
MOST_CANDIDATES = 100
STEP_COST = 5e-7
"""A further step has to save this much of the log-loss."""


def candidate_edges(x: FloatArray, count: FloatArray) -> FloatArray:
    """Return edges between neighbours of ``x`` (distinct, sorted), each the roundest number in its gap.

    count: rows at each. Where there are more than 100 gaps, those at equal shares of the rows are taken.
    """
    if len(x) > MOST_CANDIDATES:
        shares = np.linspace(0.0, 1.0, MOST_CANDIDATES + 1) * count.sum()
        x = x[np.unique(np.minimum(np.searchsorted(np.cumsum(count), shares), len(x) - 1))]
    return np.unique([roundest(low, high) for low, high in pairwise(x.tolist())])


def roundest(low: float, high: float) -> float:
    """Return the number in (low, high] with the fewest digits, then a multiple of 5, then an even one.

    >>> roundest(11, 13), roundest(0.31, 0.47), roundest(-3, 2), roundest(1234.4, 1234.7)
    (12.0, 0.4, 0.0, 1234.5)
    """
    reach = max(abs(low), abs(high))
    exponent = int(np.floor(np.log10(reach))) + 1 if reach > 0 else 0
    for power in range(exponent, exponent - 17, -1):
        for multiple in (10, 5, 2, 1):
            step = float(f"{multiple}e{power - 1}")
            found = float(f"{np.floor(high / step) * step:.15g}") if 0 < step < np.inf else high
            if low < found <= high:
                return found + 0.0
    return high


def best_edges(x: FloatArray, value: FloatArray, weight: FloatArray, edges: FloatArray) -> FloatArray:
    """Return those of ``edges`` that cut ``value`` into steps at the least squared error plus 5e-7 a step.

    By dynamic programming over the candidates (Fisher 1958), exact. weight: of each x, so scaled that the error
    Σ weight (value − mean of its step)² is a log-loss.
    """
    sums = _prefix_sums(np.searchsorted(edges, x, side="right"), len(edges) + 1, value, weight)
    error = _errors(*sums)
    best, cuts = [error[0]], [np.zeros(error.shape[1], dtype=np.intp)]
    for _ in range(min(MOST_STEPS, len(edges) + 1) - 1):
        reached = best[-1][:, None] + error
        cuts.append(np.argmin(reached, axis=0))
        best.append(np.min(reached, axis=0))
    last = len(edges) + 1
    steps = int(np.argmin([errors[last] + STEP_COST * at for at, errors in enumerate(best)]))
    return edges[_walked_back(cuts, steps, last)]


def _walked_back(cuts: list[IntArray], steps: int, at: int) -> list[int]:
    found = []
    for step in range(steps, 0, -1):
        at = int(cuts[step][at])
        found.append(at - 1)
    return found[::-1]


def _prefix_sums(
    cell: IntArray, cells: int, value: FloatArray, weight: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    def summed(amount: FloatArray) -> FloatArray:
        return np.concatenate([[0.0], np.cumsum(np.bincount(cell, amount, cells))])

    return summed(weight), summed(weight * value), summed(weight * value**2)


def _errors(weight: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the squared error of one step over the cells i..j−1; infinite where j ≤ i."""
    w, s, q = (part[None, :] - part[:, None] for part in (weight, first, second))
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(w > 0, q - s**2 / w, 0.0)
    return np.where(np.arange(len(weight))[None, :] > np.arange(len(weight))[:, None], np.maximum(error, 0.0), np.inf)
