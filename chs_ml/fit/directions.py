"""Which way an ``auto`` metric goes.

It starts with the sign of its end-to-end contrast in a companion fit without signs, all metrics together. Where the
signed fit then strains against its bound, a free curve is tried on customers left out, and taken if it is better by
more than a standard error. (Signs of each metric alone were measured too: on Telco they cost .0008 of log-loss.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lstsq

from chs_ml.fit.basis import LevelsBasis
from chs_ml.fit.evidence.companion import COMPANION
from chs_ml.fit.fitting import Candidate, Fitted, Sample, fit, objective_of
from chs_ml.fit.table import MetricPlan, Wanted
from chs_ml.fit.trial import ROUGH, Progress, Trial, silent
from chs_ml.formula.columns import FloatArray

LIKELY = 3.0
"""A curve is tried free only where that promises so many units of log-likelihood (twice it is about χ²)."""


@dataclass(frozen=True)
class Freed:
    """A metric whose curve was tried free of a sign: the gain in log-loss, its standard error, and the answer."""

    metric: str
    gain: float
    standard_error: float
    accepted: bool


def signed(sample: Sample, plans: Sequence[MetricPlan], ramps: int) -> tuple[MetricPlan, ...]:
    """Give every ``auto`` number the sign of its end-to-end contrast in a fit without signs; levels have none."""
    if all(plan.direction != "auto" for plan in plans):
        return tuple(plans)
    companion = fit(sample, plans, replace(COMPANION, ramps=ramps), tolerance=ROUGH)
    return tuple(
        plan.directed(_sign(companion, at)) if plan.direction == "auto" else plan for at, plan in enumerate(plans)
    )


def _sign(companion: Fitted, at: int) -> Wanted:
    metric = companion.basis.metrics[at]
    if isinstance(metric, LevelsBasis):
        return "free"
    return "positive" if metric.contributions(companion.coefficients(at))[-1] >= 0 else "negative"


def freed(
    trial: Trial, plans: Sequence[MetricPlan], auto: Sequence[bool], candidate: Candidate, progress: Progress = silent
) -> tuple[tuple[MetricPlan, ...], tuple[Freed, ...]]:
    """Free the ``auto`` curves for which left-out customers ask, the likeliest first.

    auto: for each plan, whether its direction is the data's to choose.
    """
    plans = tuple(plans)
    promises = _promises(trial.sample, plans, fit(trial.sample, plans, candidate, tolerance=ROUGH))
    waiting = [at for at in np.argsort(-promises).tolist() if promises[at] > LIKELY and auto[at]]
    found: list[Freed] = []
    losses = trial.losses(plans, candidate) if waiting else np.zeros(0)
    for done, at in enumerate(waiting):
        progress("looking for curves that turn round", done, len(waiting))
        freer = (*plans[:at], plans[at].directed("free"), *plans[at + 1 :])
        new = trial.losses(freer, candidate)
        gain, error = trial.mean(losses) - trial.mean(new), trial.error(losses - new)
        found.append(Freed(plans[at].name, gain, error, gain > error))
        if gain > error:
            plans, losses = freer, new
    if waiting:
        progress("looking for curves that turn round", len(waiting), len(waiting))
    return plans, tuple(found)


def _promises(sample: Sample, plans: Sequence[MetricPlan], fitted: Fitted) -> FloatArray:
    """Return for each signed metric what freeing it promises: half the score test of coefficients at a bound."""
    objective = objective_of(sample, fitted.basis, fitted.candidate)
    beta, layout = fitted.solution.beta, fitted.basis.layout
    gradient, hessian = objective.value_and_gradient(beta)[1], objective.hessian(beta)
    free = ~fitted.solution.on_bound
    promises = np.zeros(len(plans))
    for at, plan in enumerate(plans):
        columns = np.arange(layout.columns)[layout.columns_of(at)]
        held = columns[fitted.solution.on_bound[columns]]
        if plan.direction == "free" or len(held) == 0 or fitted.basis.metrics[at].columns < 2:
            continue
        across = hessian[np.ix_(held, free)]
        schur = hessian[np.ix_(held, held)] - across @ lstsq(hessian[np.ix_(free, free)], across.T)[0]
        promises[at] = 0.5 * float(gradient[held] @ lstsq(schur, gradient[held])[0])
    return promises
