"""The companion: the same knots without signs, held only lightly, whose uncertainty is known in closed form.

A constrained fit rectifies noise: its own spread says little. The companion's coefficients vary by H⁻¹ (M + P) H⁻¹: M
holds the clustered sums of gradients, and the penalty P, which is in H too, what holding them costs in bias (Nychka
1988; Marra and Wood 2012; measured in decision 007). Whatever is linear in the coefficients has an interval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from chs_ml.fit.basis import Basis, CurveBasis, MetricBasis
from chs_ml.fit.evidence.sandwich import clustered, customers_of
from chs_ml.fit.fitting import Candidate, Sample, basis_for
from chs_ml.fit.objective import Objective
from chs_ml.fit.solver import Bounds, minimise, one_thread
from chs_ml.fit.standing import averaged
from chs_ml.formula.columns import FloatArray, IntArray

COMPANION = Candidate(8, 0.1, 3.0)
"""Ramps where none are given, and the strengths of every companion."""
CLOSE = 1e-7
"""Its solution is far within its uncertainty."""


@dataclass(frozen=True)
class Companion:
    """Coefficients, intercept first, with the Hessian (penalty included) and the sandwich's middle M + P at them."""

    basis: Basis
    beta: FloatArray
    hessian: FloatArray
    middle: FloatArray
    customers: int

    @property
    def metrics(self) -> tuple[str, ...]:
        """The keys of its metrics."""
        return tuple(metric.plan.key for metric in self.basis.metrics)

    @cached_property
    def covariance(self) -> FloatArray:
        """How the coefficients vary: H⁻¹ (M + P) H⁻¹, columns × columns."""
        with one_thread():
            factor = cho_factor(self.hessian, lower=True)
            half = cho_solve(factor, self.middle)
            whole: FloatArray = cho_solve(factor, half.T)
        return 0.5 * (whole + whole.T)

    def without(self, at: int) -> Companion:
        """Return the companion without the metric at this position, by a Newton step from here: no pass over rows."""
        gone = np.zeros(len(self.beta), dtype=np.bool_)
        gone[self.basis.layout.columns_of(at)] = True
        stays = np.ix_(~gone, ~gone)
        with one_thread():
            pulled = self.hessian[np.ix_(~gone, gone)] @ self.beta[gone]
            beta = self.beta[~gone] + cho_solve(cho_factor(self.hessian[stays], lower=True), pulled)
        basis = Basis(self.basis.metrics[:at] + self.basis.metrics[at + 1 :])
        return Companion(basis, beta, self.hessian[stays], self.middle[stays], self.customers)


def companion_of(sample: Sample, basis: Basis, start: FloatArray | None = None, *, anchor: float = 0.0) -> Companion:
    """Return the companion of a signed fit's basis, on the rows that it was learned from.

    start: coefficients to begin from, the signed fit's. anchor: the pull of the sample's anchor, if it is to count as
    evidence of earlier quarters: a prior, like the rest of the penalty.
    """
    rows = _together(sample)
    unsigned = Basis(tuple(_unsigned(metric) for metric in basis.metrics))
    penalty = unsigned.penalty(COMPANION.size, COMPANION.bend)
    if rows.anchor is not None:
        penalty = penalty + rows.anchor.penalty(unsigned, anchor)
    objective = Objective(unsigned.encode(rows.table), rows.retained, rows.weight, penalty)
    beta = minimise(objective, Bounds(*unsigned.bounds()), start=start, tolerance=CLOSE).beta
    customers = customers_of(rows.groups)
    with one_thread():
        hessian, middle = objective.hessian(beta), clustered(objective, beta, customers) + penalty.matrix
    return Companion(unsigned, beta, hessian, middle, len(customers) - 1)


def bending(sample: Sample, straight: Basis) -> Basis:
    """Return the basis of a straight fit with curves between the same ends, and as many pieces as usual."""
    plans = [metric.plan for metric in straight.metrics]
    fine = basis_for(sample, plans, COMPANION.ramps)
    metrics = [_between(line, curve) for line, curve in zip(straight.metrics, fine.metrics, strict=True)]
    weight = sample.weight if sample.standing is None else sample.standing
    return averaged(Basis(tuple(metrics)), sample.table, weight)


def _between(line: MetricBasis, curve: MetricBasis) -> MetricBasis:
    if not isinstance(line, CurveBasis) or not isinstance(curve, CurveBasis):
        return line
    low, high = line.knots[0], line.knots[-1]
    knots = np.concatenate([[low], curve.knots[(curve.knots > low) & (curve.knots < high)], [high]])
    worst = None if line.worst is None else np.repeat(line.worst, [len(knots) - 1, *[1] * line.missing_learned])
    return replace(line, knots=knots, mean=np.zeros(len(knots) - 1 + line.missing_learned), worst=worst)


def _together(sample: Sample) -> Sample:
    """Return the rows with those of a customer side by side, in their order where they are."""
    _, customer = np.unique(sample.groups, return_inverse=True)
    codes: IntArray = customer
    if len(customers_of(codes)) - 1 == int(codes.max(initial=0)) + 1:
        return sample
    return sample.take(np.argsort(codes, kind="stable"))


def _unsigned(metric: MetricBasis) -> MetricBasis:
    """Return the metric's basis without its sign; what a missing value counts as stays what it was."""
    if not isinstance(metric, CurveBasis) or metric.plan.direction == "free":
        return metric
    worst = metric.missing_design if metric.plan.missing == "worst" else metric.worst
    return replace(metric, plan=metric.plan.directed("free"), worst=worst)
