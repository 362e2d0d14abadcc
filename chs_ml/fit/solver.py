"""The solver: a warm start on a sample, a Hessian from there, then gradients only.

The objective is convex. A quadratic model under the bounds gives a step; a line search makes sure that it descends; the
model's Hessian begins as that of a sample of the rows, learns from the gradients (BFGS), and is taken anew, on all
rows, only where progress is slow. The result carries its certificate: the largest violation of the
Karush-Kuhn-Tucker conditions, measured on all rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from chs_ml.errors import FitError
from chs_ml.fit.objective import Objective
from chs_ml.fit.quadratic import Sides, bounded_step
from chs_ml.formula.columns import BoolArray, FloatArray

TOLERANCE = 1e-9
SAMPLE_FROM = 40_000
"""With fewer rows than these nothing is gained by a sample."""
SAMPLE_SHARE, SAMPLE_PER_COLUMN = 12, 200
"""A sample is one row in twelve, or 200 for each coefficient: its Hessian is then that of all rows to about 15 %."""
ROUGH = 1e-4
MOST_STEPS = 200
FAR = 0.1
"""A step of so many log-odds is not the last one."""
SHORTEST = 1e-6
SETTLED = 1e-6
FLAT = 1e-12
"""A step that lowers the objective by a smaller part of it lowers it by rounding alone."""


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS to one thread, so that the bits do not depend on the cores."""
    with _threads().limit(limits=1, user_api="blas"):
        yield


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

    def clip(self, beta: FloatArray) -> FloatArray:
        """Return the nearest coefficients within the bounds."""
        return np.clip(beta, self.lower, self.upper)

    def step(
        self, hessian: FloatArray, beta: FloatArray, gradient: FloatArray, guess: Sides | None
    ) -> tuple[FloatArray, Sides]:
        """Return the step to the minimum of the quadratic model within the bounds, and where it lies on them."""
        return bounded_step(hessian, gradient, self.lower - beta, self.upper - beta, guess)


@dataclass(frozen=True)
class Solution:
    """Coefficients (intercept first) with the proof that they are the minimum, and what it took to find them.

    kkt: largest violation of the optimality conditions, divided by the sum of row weights. gradients, hessians: passes
    over all rows; those over the sample are not counted.
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
    """
    with one_thread():
        beta = bounds.clip(_start(objective) if start is None else start)
        beta, hessian = _from_sample(objective, bounds, beta, settled=start is not None)
        solution = _Descent(objective, bounds).run(beta, hessian, tolerance)
        if solution.kkt > max(SETTLED, 10 * tolerance) or _flees(objective, bounds, solution):
            raise FitError(_unsettled(objective, solution))
    return solution


def _unsettled(objective: Objective, solution: Solution) -> str:
    found = f"the fit did not settle (KKT residual {solution.kkt:.1e} per row after {solution.gradients} passes)"
    if np.diag(objective.penalty.matrix)[1:].all():
        return f"{found}, although a strength holds every coefficient. Set calibration.strength: auto."
    return (
        f"{found}: without a penalty, metrics that separate churned from retained customers have no finite weight, and "
        "levels or metrics that say the same share theirs in endless ways. "
        "Set calibration.strength (its size) above 0, or to auto."
    )


def _start(objective: Objective) -> FloatArray:
    beta = np.zeros(objective.encoded.layout.columns)
    share = float(objective.weight @ objective.retained / objective.weight.sum())
    beta[0] = np.log(share / (1.0 - share))
    return beta


def _from_sample(
    objective: Objective, bounds: Bounds, beta: FloatArray, *, settled: bool
) -> tuple[FloatArray, FloatArray | None]:
    """Return where the sample's minimum lies (or β, where that is settled) and its Hessian there, as if of all rows.

    The sample begins in the same way, with a sample of its own, until there are too few rows for another.
    """
    rows, columns = objective.encoded.rows, objective.encoded.layout.columns
    every = rows // max(rows // SAMPLE_SHARE, SAMPLE_PER_COLUMN * columns)
    if rows < SAMPLE_FROM or every < 2:
        return beta, None
    sample, share = objective.sampled(every)
    if not settled:
        start, hessian = _from_sample(sample, bounds, beta, settled=False)
        beta = _Descent(sample, bounds).run(start, hessian, ROUGH).beta
    return beta, sample.hessian(beta) / share


def _flees(objective: Objective, bounds: Bounds, solution: Solution) -> bool:
    """Return whether a Newton step still goes far where the gradient is zero: the minimum lies at infinity.

    Only where a coefficient has no penalty to hold it. Beyond a rough solution every step goes far, and says nothing.
    """
    if np.diag(objective.penalty.matrix)[1:].all() or solution.kkt > SETTLED:
        return False
    beta = solution.beta
    gradient = objective.value_and_gradient(beta)[1]
    step, _ = bounds.step(objective.hessian(beta), beta, gradient, None)
    values, slopes = objective.encoded.layout.slot_values(step)
    return bool(max(np.abs(values).max(), np.abs(values + slopes).max()) > FAR)


@dataclass(frozen=True)
class _Point:
    beta: FloatArray
    value: float
    gradient: FloatArray
    kkt: float


@dataclass
class _Descent:
    """One run of the method, and how often it has passed over the rows."""

    objective: Objective
    bounds: Bounds
    gradients: int = 0
    hessians: int = 0

    def run(self, beta: FloatArray, hessian: FloatArray | None, tolerance: float) -> Solution:
        """Descend from β until the KKT violation is at most ``tolerance``, or nothing descends any more."""
        here, sides, fresh = self._point(beta), None, hessian is None
        hessian = self._hessian(beta) if hessian is None else hessian
        while here.kkt > tolerance and self.gradients < MOST_STEPS:
            step, sides = self.bounds.step(hessian, here.beta, here.gradient, sides)
            there, length = self._searched(here, step)
            if length < SHORTEST and fresh:
                break
            fresh = length < 1.0 or there.kkt > 0.3 * here.kkt
            hessian = self._hessian(there.beta) if fresh else _learned(hessian, here, there)
            falls = here.value - there.value > FLAT * abs(here.value)
            if fresh and self.hessians > 3 and there.kkt >= here.kkt and here.kkt < 100 * tolerance and not falls:
                break
            here = there
        on_bound = (here.beta <= self.bounds.lower) | (here.beta >= self.bounds.upper)
        return Solution(here.beta, here.value, here.kkt, on_bound, self.gradients, self.hessians)

    def _point(self, beta: FloatArray) -> _Point:
        self.gradients += 1
        value, gradient = self.objective.value_and_gradient(beta)
        scale = float(self.objective.weight.sum())
        return _Point(beta, value, gradient, self.bounds.violation(beta, gradient) / scale)

    def _hessian(self, beta: FloatArray) -> FloatArray:
        self.hessians += 1
        return self.objective.hessian(beta)

    def _searched(self, here: _Point, step: FloatArray) -> tuple[_Point, float]:
        """Return the first point along the step, from its end backwards, that is low enough (Armijo)."""
        slope, length = min(float(here.gradient @ step), 0.0), 1.0
        while True:
            there = self._point(self.bounds.clip(here.beta + length * step))
            if there.value <= here.value + 1e-4 * length * slope + 1e-13 * abs(here.value) or length < SHORTEST:
                return there, length
            length /= 4 if length == 1.0 else 2


def _learned(hessian: FloatArray, here: _Point, there: _Point) -> FloatArray:
    """Return the Hessian made to agree with the last change of the gradient (BFGS)."""
    step, change = there.beta - here.beta, there.gradient - here.gradient
    curvature, image = float(step @ change), hessian @ step
    if curvature <= 1e-12 * float(step @ image):
        return hessian
    return hessian + np.outer(change, change) / curvature - np.outer(image, image) / float(step @ image)
