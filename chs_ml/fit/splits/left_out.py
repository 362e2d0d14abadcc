"""What customers left out say of a set of plans, at the knots of all training rows: quick enough for many rows.

A split is compared with none at the same knots, so that nothing is gained by where they are. Every fold begins from the
fit of all rows, and leaves rows out by their weight: nothing is copied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from chs_ml.fit.basis import Basis
from chs_ml.fit.fitting import Candidate, Fitted, Sample, basis_for, loss_of, objective_of
from chs_ml.fit.objective import Objective
from chs_ml.fit.solver import Bounds, Solution, minimise
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.trial import ROUGH, Trial
from chs_ml.formula.columns import FloatArray

NEAR = 1e-5
"""Tolerance of a fold's fit: its loss is then within a millionth of the least."""


@dataclass(frozen=True)
class Judged:
    """Plans fitted to all rows of a trial, and what its folds say of them. trial: its sample has all metrics, whole.

    before: nearly the same plans, of which whatever is the same is kept.
    """

    trial: Trial
    plans: tuple[MetricPlan, ...]
    candidate: Candidate
    before: Judged | None = None

    @cached_property
    def rows(self) -> Sample:
        """The rows with the columns of the plans."""
        return self.trial.sample.of(self.plans)

    @cached_property
    def fitted(self) -> Fitted:
        """The fit of all rows."""
        solution = minimise(self._objective, self._bounds, start=self._start, tolerance=ROUGH)
        return Fitted(self._basis.settled(solution.beta), solution, self.candidate)

    @cached_property
    def losses(self) -> FloatArray:
        """Each row's log-loss under the fit that has not seen its customer, NaN where there was none."""
        losses = np.full(self.rows.table.rows, np.nan)
        for k in range(self.trial.folds):
            out = self.trial.fold == k
            rest = np.where(out, 0.0, self.rows.weight)
            if not out.any() or replace(self.rows, weight=rest).one_class():
                continue
            part = replace(self._objective, weight=rest)
            beta = minimise(part, self._bounds, start=self._solution.beta, tolerance=NEAR).beta
            losses[out] = loss_of(part.log_odds(beta)[out], self.rows.retained[out])
        return losses

    @property
    def _solution(self) -> Solution:
        return self.fitted.solution

    @cached_property
    def _basis(self) -> Basis:
        known = {} if self.before is None else {metric.plan: metric for metric in self.before._basis.metrics}
        new = [plan for plan in self.plans if plan not in known]
        found = basis_for(self.trial.sample.of(new), new, self.candidate.ramps) if new else Basis(())
        known |= {metric.plan: metric for metric in found.metrics}
        return Basis(tuple(known[plan] for plan in self.plans))

    @cached_property
    def _objective(self) -> Objective:
        return objective_of(self.rows, self._basis, self.candidate)

    @property
    def _bounds(self) -> Bounds:
        return Bounds(*self._basis.bounds())

    @property
    def _start(self) -> FloatArray | None:
        """What the fit before says of each metric that has as many columns now."""
        if self.before is None:
            return None
        before = self.before.fitted
        earlier = {metric.plan.name: before.coefficients(at) for at, metric in enumerate(before.basis.metrics)}
        start = np.append(before.solution.beta[0], np.zeros(self._basis.layout.columns - 1))
        for at, metric in enumerate(self._basis.metrics):
            known = earlier.get(metric.plan.name)
            if known is not None and len(known) == metric.columns:
                start[self._basis.layout.columns_of(at)] = known
        return start
