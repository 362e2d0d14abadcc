"""Bounds, and linear constraints through nothing: rows @ β ≥ 0.

Every quadratic step under them is a least-distance problem, solved by non-negative least squares (Lawson and Hanson
1974, ch. 23) and then once more, exactly, with what that has found to be active. β = 0 always satisfies the rows, so
a descent that starts there stays within them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cho_solve, lstsq, solve_triangular
from scipy.optimize import nnls

from chs_ml.errors import FitError
from chs_ml.fit.quadratic import Sides, factored
from chs_ml.fit.solver import Bounds
from chs_ml.formula.columns import BoolArray, FloatArray

TOUCH = 1e-11
"""So little room is none."""


@dataclass(frozen=True)
class Cone(Bounds):
    """lower ≤ β ≤ upper and rows @ β ≥ 0; rows: constraints × columns, each of length about 1."""

    rows: FloatArray

    @cached_property
    def _sides(self) -> tuple[FloatArray, FloatArray]:
        """Normals of all constraints, pointing inwards, and what normal @ β must at least be."""
        eye = np.eye(len(self.lower))
        low, high = np.isfinite(self.lower), np.isfinite(self.upper)
        least = np.concatenate([self.lower[low], -self.upper[high], np.zeros(len(self.rows))])
        return np.vstack([eye[low], -eye[high], self.rows]), least

    def clip(self, beta: FloatArray) -> FloatArray:
        """Return the nearest coefficients within the bounds, on them where nothing but rounding lies between."""
        within = super().clip(beta)
        for bound in (self.lower, self.upper):
            within = np.where(np.abs(within - bound) <= TOUCH / 10, bound, within)
        return within

    def violation(self, beta: FloatArray, gradient: FloatArray) -> float:
        """Return the largest violation of the KKT conditions: what no push of the active constraints balances."""
        normals, least = self._sides
        active = normals[normals @ beta - least <= TOUCH]
        push = _pushes(active.T, gradient)
        return float(np.abs(gradient - push @ active).max())

    def step(
        self, hessian: FloatArray, beta: FloatArray, gradient: FloatArray, guess: Sides | None
    ) -> tuple[FloatArray, Sides]:
        """Return the step to the quadratic's minimum within the cone, and which constraints hold it there."""
        normals, least = self._sides
        quadratic = _Quadratic(hessian, gradient, normals, least - normals @ beta)
        if guess is not None and (step := quadratic.minimiser(guess > 0)) is not None:
            return step, guess
        step, active = quadratic.nearest()
        exact = quadratic.minimiser(active)
        return step if exact is None else exact, active.astype(np.int8)


@dataclass(frozen=True)
class _Quadratic:
    """gᵀd + ½ dᵀHd with normals @ d ≥ least."""

    hessian: FloatArray
    gradient: FloatArray
    normals: FloatArray
    least: FloatArray

    @cached_property
    def factor(self) -> FloatArray:
        """Lower triangle L with LLᵀ = H."""
        return np.tril(factored(self.hessian)[0])

    def solve(self, right: FloatArray) -> FloatArray:
        """Return H⁻¹ times this."""
        return np.asarray(cho_solve((self.factor, True), right, check_finite=False))

    def minimiser(self, active: BoolArray) -> FloatArray | None:
        """Return the minimum with these constraints held; None where it breaks others or is drawn off its own."""
        normals, least = self.normals[active], self.least[active]
        step, images = self.solve(-self.gradient), self.solve(normals.T)
        across, pushes = normals @ images, np.zeros(len(least))
        for _ in range(3):  # and twice refined, so that what is held is held to the last digit
            push = lstsq(across, least - normals @ step, check_finite=False)[0] if len(least) else pushes
            step, pushes = step + images @ push, pushes + push
        scale = 1.0 + float(np.abs(self.gradient).max())
        if (self.normals @ step < self.least - TOUCH).any() or (pushes < -TOUCH * scale).any():
            return None
        return step

    def nearest(self) -> tuple[FloatArray, BoolArray]:
        """Return the same minimum by non-negative least squares, and what is active there."""
        free = self.solve(-self.gradient)
        short = self.least - self.normals @ free
        scale = float(short.max(initial=0.0))
        if scale <= 0.0:
            return free, np.zeros(len(short), dtype=bool)
        columns = solve_triangular(self.factor, self.normals.T, lower=True, check_finite=False)
        length = np.linalg.norm(columns, axis=0)
        system = np.vstack([columns, short / scale]) / length
        aim = np.append(np.zeros(len(free)), 1.0)
        push = _pushes(system, aim)
        gap = system @ push - aim
        away = solve_triangular(self.factor.T, -gap[:-1] / gap[-1], lower=False, check_finite=False)
        return free + scale * away, push > 0.0


def _pushes(system: FloatArray, aim: FloatArray) -> FloatArray:
    """Return x ≥ 0 for which system @ x is nearest to the aim."""
    try:
        return np.asarray(nnls(system, aim, maxiter=30 * system.shape[0])[0])
    except RuntimeError:
        raise FitError(
            "weights: under these wishes the fit cannot be solved exactly. Wish for less, or set a size above 0."
        ) from None
