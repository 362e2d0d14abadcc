"""The quadratic step under bounds: minimise gᵀd + ½ dᵀHd with lower ≤ β + d ≤ upper.

Block principal pivoting (Júdice and Pires 1994; Kim and Park 2011): guess which coordinates lie on a bound, solve for
the others with one Cholesky factor, exchange every coordinate that is on the wrong side at once. Should the number of
wrong ones not fall for a while, only the last of them is exchanged, which ends for certain.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from chs_ml.formula.columns import BoolArray, FloatArray

PATIENCE = 4
SLACK = 1e-12


def bounded_step(
    hessian: FloatArray, gradient: FloatArray, lower: FloatArray, upper: FloatArray, start: BoolArray | None = None
) -> tuple[FloatArray, BoolArray]:
    """Return the minimiser d of the quadratic within lower ≤ d ≤ upper, and which coordinates lie on a bound.

    hessian: positive definite, p × p. start: a guess of the coordinates on a bound (a coordinate is put on the bound
    that its gradient pushes it to).
    """
    bounded = np.isfinite(lower) | np.isfinite(upper)
    held = bounded & (start if start is not None else np.zeros(len(gradient), dtype=bool))
    fewest, patience = len(gradient) + 1, PATIENCE
    step = np.zeros_like(gradient)
    for _ in range(20 * len(gradient) + 20):
        at = np.where(np.isfinite(lower) & ~(np.isfinite(upper) & (gradient < 0)), lower, upper)
        step = np.where(held, np.where(np.isfinite(at), at, 0.0), 0.0)
        free = ~held
        step[free] = _solve(hessian[np.ix_(free, free)], -(gradient[free] + hessian[np.ix_(free, held)] @ step[held]))
        pull = hessian @ step + gradient
        slack = SLACK * (1.0 + np.abs(step))
        wrong = free & ((step < lower - slack) | (step > upper + slack))
        strength = SLACK * (1.0 + np.abs(gradient))
        wrong |= held & np.where(at == lower, pull < -strength, pull > strength)
        count = int(wrong.sum())
        if count == 0:
            break
        if count < fewest:
            fewest, patience = count, PATIENCE
        elif patience > 0:
            patience -= 1
        else:
            wrong = np.arange(len(wrong)) == np.flatnonzero(wrong)[-1]
        held = held ^ wrong
    return np.clip(step, lower, upper), held


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve a symmetric system; a singular one (collinear, without penalty) with the least jitter that serves."""
    scale = float(np.mean(np.diag(matrix))) if len(matrix) else 1.0
    jitter = 0.0
    while len(matrix):
        try:
            factor = cho_factor(matrix + jitter * np.eye(len(matrix)), lower=True, check_finite=False)
            return np.asarray(cho_solve(factor, right, check_finite=False))
        except LinAlgError:
            jitter = max(10 * jitter, 1e-12 * (scale or 1.0))
    return right
