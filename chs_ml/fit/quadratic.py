"""The quadratic step under bounds: minimise gᵀd + ½ dᵀHd with lower ≤ d ≤ upper.

Block principal pivoting (Júdice and Pires 1994; Kim and Park 2011): guess which coordinates lie on a bound, solve for
the others with one Cholesky factor, exchange every coordinate that is on the wrong side at once. Should the number of
wrong ones not fall for a while, only the last of them is exchanged, which ends for certain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from chs_ml.errors import FitError
from chs_ml.formula.columns import FloatArray

PATIENCE = 4
SLACK = 1e-12
JITTERS = (0.0, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-6, 1e-4, 1e-2, 1.0)

Sides = NDArray[np.int8]
"""Where each coordinate lies: -1 on its lower bound, 1 on its upper one, 0 between them."""


def bounded_step(
    hessian: FloatArray, gradient: FloatArray, lower: FloatArray, upper: FloatArray, guess: Sides | None = None
) -> tuple[FloatArray, Sides]:
    """Return the minimiser d of the quadratic within lower ≤ d ≤ upper, and on which bound each coordinate lies.

    hessian: positive definite, p × p. lower ≤ 0 ≤ upper, infinite for none. guess: the sides to begin with.
    """
    quadratic = _Quadratic(hessian, gradient, lower, upper)
    sides = np.zeros(len(gradient), dtype=np.int8) if guess is None else guess
    fewest, patience = len(gradient) + 1, PATIENCE
    step = np.zeros_like(gradient)
    for _ in range(20 * len(gradient) + 20):
        step = quadratic.minimiser(sides)
        better = quadratic.exchanged(sides, step)
        wrong = np.flatnonzero(better != sides)
        if len(wrong) == 0:
            break
        if len(wrong) < fewest:
            fewest, patience = len(wrong), PATIENCE
        elif patience > 0:
            patience -= 1
        else:
            wrong = wrong[-1:]
        sides = sides.copy()
        sides[wrong] = better[wrong]
    return np.clip(step, lower, upper), sides


@dataclass(frozen=True)
class _Quadratic:
    hessian: FloatArray
    gradient: FloatArray
    lower: FloatArray
    upper: FloatArray

    def minimiser(self, sides: Sides) -> FloatArray:
        """Return the minimiser with the coordinates on these sides held there and no bounds on the others."""
        step = np.where(sides < 0, self.lower, np.where(sides > 0, self.upper, 0.0))
        free, held = sides == 0, sides != 0
        pull = self.gradient[free] + self.hessian[np.ix_(free, held)] @ step[held]
        step[free] = _solve(self.hessian[np.ix_(free, free)], -pull)
        return step

    def exchanged(self, sides: Sides, step: FloatArray) -> Sides:
        """Return the sides with each coordinate moved that is wrong: out of bounds, or drawn off its bound."""
        pull = self.hessian @ step + self.gradient
        slack, strength = SLACK * (1.0 + np.abs(step)), SLACK * (1.0 + np.abs(self.gradient))
        better = sides.copy()
        better[(sides == 0) & (step < self.lower - slack)] = -1
        better[(sides == 0) & (step > self.upper + slack)] = 1
        better[((sides < 0) & (pull < -strength)) | ((sides > 0) & (pull > strength))] = 0
        return better


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve a symmetric system."""
    return np.asarray(cho_solve(factored(matrix), right, check_finite=False)) if len(matrix) else right


def factored(matrix: FloatArray) -> tuple[FloatArray, bool]:
    """Return the Cholesky factor; of a singular matrix (collinear, no penalty) with the least jitter that serves."""
    scale = float(np.mean(np.diag(matrix))) or 1.0
    for jitter in JITTERS:
        try:
            lower, below = cho_factor(matrix + jitter * scale * np.eye(len(matrix)), lower=True, check_finite=False)
            return np.asarray(lower), bool(below)
        except LinAlgError:
            continue
    raise FitError("the metrics cannot be told apart at all: their Hessian is not positive. Set a strength above 0.")
