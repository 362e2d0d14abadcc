"""The solver: one Hessian after a warm start on a sample, then gradients only.

The objective is convex. A quadratic model under the bounds gives a step; a line search makes sure that it descends; the
model's Hessian is learned further from the gradients (BFGS) and taken anew only where progress is slow. The result
carries its certificate: the largest violation of the Karush-Kuhn-Tucker conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from chs_ml.errors import FitError
from chs_ml.fit.objective import Objective
from chs_ml.fit.quadratic import bounded_step
from chs_ml.formula.columns import BoolArray, FloatArray

TOLERANCE = 1e-9
SAMPLE_FROM = 40_000
SAMPLE_EVERY = 20
MOST_STEPS = 200


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


@dataclass(frozen=True)
class Bounds:
    """lower ≤ β ≤ upper, the intercept first and unbounded."""

    lower: FloatArray
    upper: FloatArray

    def violation(self, beta: FloatArray, gradient: FloatArray) -> float:
        """Return the largest violation of the KKT conditions: a gradient that still points to a feasible descent."""
        pull = np.where((beta <= self.lower) & (gradient > 0), 0.0, gradient)
        pull = np.where((beta >= self.upper) & (gradient < 0), 0.0, pull)
        return float(np.abs(pull).max())


@dataclass(frozen=True)
class Solution:
    """Coefficients (intercept first) with the proof that they are the minimum, and what it took to find them.

    kkt: largest violation of the optimality conditions, divided by the sum of row weights.
    """

    beta: FloatArray
    objective: float
    kkt: float
    on_bound: BoolArray
    gradients: int
    hessians: int


def minimise(
    objective: Objective, bounds: Bounds, *, start: FloatArray | None = None, tolerance: float = TOLERANCE
) -> Solution:
    """Return the minimum of the objective within the bounds.

    tolerance: on the KKT violation per unit of row weight. FitError where it cannot be reached (no finite minimum).
    BLAS is held to one thread meanwhile, so that the bits do not depend on the cores.
    """
    with _threads().limit(limits=1, user_api="blas"):
        beta = np.clip(_start(objective) if start is None else start, bounds.lower, bounds.upper)
        if start is None and objective.encoded.rows >= SAMPLE_FROM:
            beta = _descend(objective.sampled(SAMPLE_EVERY), bounds, beta, 1e-4).beta
        solution = _descend(objective, bounds, beta, tolerance)
    if solution.kkt > max(1e-6, 10 * tolerance):
        raise FitError(
            f"the fit did not settle (KKT residual {solution.kkt:.1e} per row after {solution.gradients} passes): "
            "the metrics separate churned from retained customers, or are collinear. Set a strength above 0."
        )
    return solution


def _start(objective: Objective) -> FloatArray:
    beta = np.zeros(objective.encoded.layout.columns)
    share = float(objective.weight @ objective.retained / objective.weight.sum())
    beta[0] = np.log(share / (1.0 - share))
    return beta


def _descend(objective: Objective, bounds: Bounds, beta: FloatArray, tolerance: float) -> Solution:
    scale = float(objective.weight.sum())
    value, gradient = objective.value_and_gradient(beta)
    hessian, held = objective.hessian(beta), None
    passes, hessians, fresh = 1, 1, True
    kkt = bounds.violation(beta, gradient) / scale
    while kkt > tolerance and passes < MOST_STEPS:
        step, held = bounded_step(hessian, gradient, bounds.lower - beta, bounds.upper - beta, held)
        slope, size = float(gradient @ step), 1.0
        while True:
            candidate = np.clip(beta + size * step, bounds.lower, bounds.upper)
            new_value, new_gradient = objective.value_and_gradient(candidate)
            passes += 1
            if new_value <= value + 1e-4 * size * slope + 1e-13 * abs(value) or size < 1e-6:
                break
            size /= 4 if size == 1.0 else 2
        new_kkt = bounds.violation(candidate, new_gradient) / scale
        if size < 1e-6 and fresh:
            break
        slow = size < 1.0 or new_kkt > 0.3 * kkt
        if slow:
            hessian, hessians, fresh = objective.hessian(candidate), hessians + 1, True
        else:
            hessian, fresh = _learned(hessian, candidate - beta, new_gradient - gradient), False
        stalled = fresh and hessians > 3 and new_kkt >= kkt and kkt < 100 * tolerance
        beta, value, gradient, kkt = candidate, new_value, new_gradient, new_kkt
        if stalled:
            break
    on_bound = (beta <= bounds.lower) | (beta >= bounds.upper)
    return Solution(beta, value, kkt, on_bound, passes, hessians)


def _learned(hessian: FloatArray, step: FloatArray, change: FloatArray) -> FloatArray:
    """Return the Hessian made to agree with the last change of the gradient (BFGS)."""
    curvature, image = float(step @ change), hessian @ step
    if curvature <= 1e-12 * float(step @ image):
        return hessian
    return hessian + np.outer(change, change) / curvature - np.outer(image, image) / float(step @ image)
