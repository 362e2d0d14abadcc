"""The middle of the sandwich: how much the gradient would vary from one draw of customers to another.

M = G/(G-1) · Σ_g (s_g - s̄)(s_g - s̄)ᵀ with s_g the sum of customer g's row gradients: rows of one customer are not
independent of one another (Liang and Zeger 1986). With H the Hessian, the coefficients vary by H⁻¹ M H⁻¹.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from chs_ml.fit.objective import GRAM_TILE, STRETCH, Objective, in_order
from chs_ml.formula.columns import FloatArray, IntArray


def customers_of(groups: IntArray) -> IntArray:
    """Return where each customer's rows begin, and the number of rows: bounds, customers + 1.

    groups: the customer of each row; rows of a customer stand together.
    """
    return np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1], [True]]))


def clustered(objective: Objective, beta: FloatArray, bounds: IntArray) -> FloatArray:
    """Return M at β, columns × columns; zero for fewer than two customers. bounds: see ``customers_of``."""
    customers = len(bounds) - 1
    squares, total = np.zeros((len(beta),) * 2), np.zeros(len(beta))
    if customers < 2:
        return squares
    stretches = [bounds[start : stop + 1] for start, stop in pairwise(_cuts(bounds, STRETCH))]
    for part in in_order(lambda at: _squares(objective, beta, stretches[at]), range(len(stretches))):
        squares, total = squares + part[0], total + part[1]
    return (squares - np.outer(total, total) / customers) * (customers / (customers - 1))


def _squares(objective: Objective, beta: FloatArray, bounds: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return Σ s_g s_gᵀ and Σ s_g over the customers within these bounds."""
    squares, total = np.zeros((len(beta),) * 2), np.zeros(len(beta))
    for start, stop in pairwise(_cuts(bounds, GRAM_TILE)):
        rows = slice(int(bounds[start]), int(bounds[stop]))
        scores = objective.scores(beta, rows)
        sums = (
            np.add.reduceat(scores, bounds[start:stop] - rows.start, axis=1)
            if stop - start < scores.shape[1]
            else scores
        )
        squares += sums @ sums.T
        total += sums.sum(1)
    return squares, total


def _cuts(bounds: IntArray, rows: int) -> list[int]:
    """Return positions in ``bounds``, from the first to the last, with about so many rows between two of them."""
    wanted = np.arange(bounds[0], bounds[-1], rows)
    return [*np.unique(np.searchsorted(bounds[:-1], wanted)).tolist(), len(bounds) - 1]
