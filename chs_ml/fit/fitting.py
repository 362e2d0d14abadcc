"""One fit: given directions, ramps and strengths, find the coefficients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from chs_ml.fit.anchor.anchor import Anchor
from chs_ml.fit.basis import Basis
from chs_ml.fit.crowd import Crowd, crowd_of
from chs_ml.fit.learnable import basis_of
from chs_ml.fit.objective import Objective, log_odds
from chs_ml.fit.solver import TOLERANCE, Bounds, Solution, minimise
from chs_ml.fit.standing import averaged
from chs_ml.fit.table import MetricPlan, Table
from chs_ml.formula.columns import FloatArray, IntArray
from chs_ml.formula.terms import Origin


@dataclass(frozen=True, slots=True)
class Candidate:
    """How finely curves may bend and how strongly they are held: what cross-validation chooses among.

    anchor: the pull towards the sample's anchor, 0 for none; without an anchor it is nothing.
    """

    ramps: int
    size: float
    bend: float = 0.0
    anchor: float = 0.0

    def __str__(self) -> str:
        """Return the candidate in words."""
        bend = f", bend {self.bend:g}" if self.bend else ""
        anchor = f", anchor {self.anchor:g}" if self.anchor else ""
        return f"{self.ramps} ramp{'s' if self.ramps > 1 else ''}, size {self.size:g}{bend}{anchor}"


@dataclass(frozen=True)
class Sample:
    """Rows to learn from: metrics, 1 = retained, row weights, and the customer (or group) of each.

    standing: how many customers of the true population a row stands for, where that is not its weight.
    """

    table: Table
    retained: FloatArray
    weight: FloatArray
    groups: IntArray
    anchor: Anchor | None = None
    standing: FloatArray | None = None

    @cached_property
    def crowd(self) -> Crowd:
        """The customers of the rows, numbered once: parts of these rows know it from them."""
        return crowd_of(self.groups)

    def take(self, rows: IntArray) -> Sample:
        """Return some of the rows."""
        parts = (self.retained[rows], self.weight[rows], self.groups[rows])
        standing = None if self.standing is None else self.standing[rows]
        return with_crowd(Sample(self.table.take(rows), *parts, self.anchor, standing), self.crowd.take(rows))

    def of(self, plans: Sequence[MetricPlan]) -> Sample:
        """Return the same rows with these metrics only."""
        return with_crowd(replace(self, table=self.table.of(plans)), self.crowd)

    def one_class(self) -> bool:
        """Return whether all rows that count have the same outcome."""
        stayed = float(self.weight @ self.retained)
        return stayed <= 0.0 or stayed >= float(self.weight.sum())


def with_crowd(sample: Sample, crowd: Crowd) -> Sample:
    """Return the sample, knowing whose rows they are: where its groups say only what stays together in folds."""
    vars(sample)["crowd"] = crowd  # where the cached property looks first
    return sample


@dataclass(frozen=True)
class Fitted:
    """A basis with its coefficients; the log-odds are those of being retained.

    origins: of the metrics whose weight somebody pinned, who and why; the others are learned.
    """

    basis: Basis
    solution: Solution
    candidate: Candidate
    origins: Mapping[str, Origin] = field(default_factory=dict)

    def log_odds(self, table: Table) -> FloatArray:
        """Return the log-odds of being retained for each row of a table."""
        return log_odds(self.basis.encode(table), self.solution.beta)

    def coefficients(self, metric: int) -> FloatArray:
        """Return the coefficients of the metric at this position."""
        return self.solution.beta[self.basis.layout.columns_of(metric)]


def fit(
    sample: Sample,
    plans: Sequence[MetricPlan],
    candidate: Candidate,
    *,
    start: FloatArray | None = None,
    tolerance: float = TOLERANCE,
) -> Fitted:
    """Return the fit of one candidate; ``auto`` directions are taken as free.

    start: coefficients to begin from, where the basis has as many columns.
    """
    basis = basis_for(sample, plans, candidate.ramps)
    objective = objective_of(sample, basis, candidate)
    usable = start if start is not None and len(start) == objective.encoded.layout.columns else None
    solution = minimise(objective, Bounds(*basis.bounds()), start=usable, tolerance=tolerance)
    return Fitted(basis.settled(solution.beta), solution, candidate)


def basis_for(sample: Sample, plans: Sequence[MetricPlan], ramps: int) -> Basis:
    """Return the basis that the rows call for, its means those of the population that they stand for."""
    basis = basis_of(sample.table, sample.retained, sample.weight, plans, ramps, crowd=sample.crowd)
    return basis if sample.standing is None else averaged(basis, sample.table, sample.standing)


def objective_of(sample: Sample, basis: Basis, candidate: Candidate) -> Objective:
    """Return what a fit of this candidate minimises."""
    penalty = basis.penalty(candidate.size, candidate.bend)
    if sample.anchor is not None:
        penalty = penalty + sample.anchor.penalty(basis, candidate.anchor)
    return Objective(basis.encode(sample.table), sample.retained, sample.weight, penalty)


def loss_of(log_odds_retained: FloatArray, retained: FloatArray) -> FloatArray:
    """Return the log-loss of each row."""
    return np.logaddexp(0.0, np.where(retained > 0.5, -log_odds_retained, log_odds_retained))


def frozen(plans: Sequence[MetricPlan], fitted: Fitted) -> tuple[MetricPlan, ...]:
    """Return the plans with the directions that the fit had."""
    return tuple(
        replace(plan, direction=metric.plan.direction) for plan, metric in zip(plans, fitted.basis.metrics, strict=True)
    )
