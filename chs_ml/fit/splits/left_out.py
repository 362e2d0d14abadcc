"""What customers left out say of a set of plans, at the knots of all training rows: quick enough for many rows.

A split is compared with none at the same knots, so that nothing is gained by where they are. Every fold begins from the
fit of all rows, and leaves rows out by their weight: nothing is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chs_ml.fit.fitting import Candidate, Fitted, basis_for, loss_of, objective_of
from chs_ml.fit.solver import Bounds, minimise
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.trial import ROUGH, Trial
from chs_ml.formula.columns import FloatArray


@dataclass(frozen=True)
class Judged:
    """Plans with their fit, and each row's log-loss under the fit that has not seen its customer, NaN where none."""

    plans: tuple[MetricPlan, ...]
    fitted: Fitted
    losses: FloatArray


def judged(trial: Trial, plans: Sequence[MetricPlan], candidate: Candidate) -> Judged:
    """Return the plans with what the folds of the trial say of them. trial: its sample has all metrics."""
    rows = trial.sample.of(plans)
    basis = basis_for(rows, plans, candidate.ramps)
    objective, bounds = objective_of(rows, basis, candidate), Bounds(*basis.bounds())
    whole = minimise(objective, bounds, tolerance=ROUGH)
    losses = np.full(rows.table.rows, np.nan)
    for k in range(trial.folds):
        out = trial.fold == k
        rest = np.where(out, 0.0, rows.weight)
        if not out.any() or replace(rows, weight=rest).one_class():
            continue
        part = replace(objective, weight=rest)
        beta = minimise(part, bounds, start=whole.beta, tolerance=ROUGH).beta
        losses[out] = loss_of(part.log_odds(beta)[out], rows.retained[out])
    return Judged(tuple(plans), Fitted(basis.settled(whole.beta), whole, candidate), losses)
