"""What cross-validation inside the training rows decides: ramps and strengths, and which curves may turn round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import lstsq

from chs_ml.fit.fitting import Candidate, Fitted, Sample, fit, loss_of, objective_of
from chs_ml.fit.folds import folds_of, shares_of
from chs_ml.fit.table import MetricPlan
from chs_ml.formula.columns import FloatArray

CANDIDATES = (
    Candidate(1, 0.1),
    Candidate(1, 3.0),
    Candidate(8, 1.0),
    Candidate(8, 0.1, 10.0),
    Candidate(16, 1.0),
    Candidate(16, 0.1, 10.0),
    Candidate(16, 0.1, 100.0),
)
COMPANION = Candidate(8, 0.1, 3.0)
"""The fit without signs that tells which way an ``auto`` metric goes."""
BEFORE_CHOICE = Candidate(8, 1.0)
MOST_ROWS = 100_000
"""Choices are made on at most about so many rows: whole customers, drawn by their hash."""
TOO_FEW = 20
ROUGH = 1e-6
LIKELY = 3.0
"""A curve is tried free only where that promises so many units of log-likelihood (twice it is about χ²)."""

Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Settings:
    """What the user fixes beforehand; None is chosen from the data."""

    ramps: int | None = None
    size: float | None = None
    bend: float | None = None
    folds: int = 5
    seed: int = 0

    def candidates(self) -> tuple[Candidate, ...]:
        """Return what cross-validation has to choose among."""
        known = [c for c in CANDIDATES if self.ramps is None or (c.ramps == 1) == (self.ramps == 1)]
        ramps = [c.ramps if self.ramps is None else self.ramps for c in known]
        if self.size is not None:
            fixed = [Candidate(r, self.size, (self.bend or 0.0) if r > 1 else 0.0) for r in ramps]
        else:
            fixed = [Candidate(r, c.size, c.bend) for r, c in zip(ramps, known, strict=True)]
        return tuple(dict.fromkeys(fixed))


@dataclass(frozen=True)
class Tried:
    """A candidate with its cross-validated log-loss and the standard error of that."""

    candidate: Candidate
    log_loss: float
    standard_error: float


@dataclass(frozen=True)
class Freed:
    """A metric whose curve was tried free of a sign: the gain in log-loss, its standard error, and the answer."""

    metric: str
    gain: float
    standard_error: float
    accepted: bool


@dataclass(frozen=True)
class Choice:
    """What was chosen, and from what."""

    plans: tuple[MetricPlan, ...]
    candidate: Candidate
    tried: tuple[Tried, ...] = ()
    freed: tuple[Freed, ...] = ()
    rows: int = 0


def choose(sample: Sample, plans: Sequence[MetricPlan], settings: Settings, progress: Progress = silent) -> Choice:
    """Return directions, ramps and strengths, each by the log-loss of customers left out.

    With fewer than twenty churned or retained rows nothing is chosen: straight curves, held at size 1.
    """
    sample = _thinned(sample, settings.seed)
    plans = _with_signs(sample, plans, min(settings.ramps or COMPANION.ramps, COMPANION.ramps))
    candidates = settings.candidates()
    stayed = float(sample.weight @ sample.retained)
    if min(stayed, float(sample.weight.sum()) - stayed) < TOO_FEW:
        return Choice(plans, candidates[0] if settings.size is not None else Candidate(settings.ramps or 1, 1.0))
    trial = _Trial(sample, folds_of(sample.groups, settings.seed, settings.folds), settings.folds)
    freed: tuple[Freed, ...] = ()
    before = Candidate(min(settings.ramps or BEFORE_CHOICE.ramps, BEFORE_CHOICE.ramps), BEFORE_CHOICE.size)
    if before.ramps > 1:
        plans, freed = _freed(trial, plans, before, progress)
    tried = []
    for at, candidate in enumerate(candidates if len(candidates) > 1 else ()):
        progress("choosing ramps and strength", at, len(candidates))
        losses = trial.losses(plans, candidate)
        tried.append(Tried(candidate, trial.mean(losses), trial.error(losses)))
    progress("choosing ramps and strength", len(candidates), len(candidates))
    best = min(tried, key=lambda t: t.log_loss).candidate if tried else candidates[0]
    return Choice(plans, best, tuple(tried), freed, sample.table.rows)


@dataclass(frozen=True)
class _Trial:
    """Cross-validation on fixed folds."""

    sample: Sample
    fold: FloatArray
    folds: int

    def losses(self, plans: Sequence[MetricPlan], candidate: Candidate) -> FloatArray:
        """Return each row's log-loss under the fit that has not seen its customer."""
        losses = np.full(self.sample.table.rows, np.nan)
        for k in range(self.folds):
            out, rest = np.flatnonzero(self.fold == k), np.flatnonzero(self.fold != k)
            training = self.sample.take(rest)
            if len(out) == 0 or training.one_class():
                continue
            fitted = fit(training, plans, candidate, tolerance=ROUGH)
            losses[out] = loss_of(fitted.log_odds(self.sample.table.take(out)), self.sample.retained[out])
        return losses

    def mean(self, losses: FloatArray) -> float:
        """Return the weighted mean over the rows that were left out once."""
        there = np.isfinite(losses)
        return float(np.average(losses[there], weights=self.sample.weight[there]))

    def error(self, losses: FloatArray) -> float:
        """Return the standard error of the mean, rows of a customer counted together."""
        there = np.isfinite(losses)
        _, group = np.unique(self.sample.groups[there], return_inverse=True)
        away = self.sample.weight[there] * (losses[there] - self.mean(losses))
        return float(np.sqrt(np.sum(np.bincount(group, weights=away) ** 2)) / self.sample.weight[there].sum())


def _thinned(sample: Sample, seed: int) -> Sample:
    rows = sample.table.rows
    if rows <= MOST_ROWS:
        return sample
    return sample.take(np.flatnonzero(shares_of(sample.groups, seed, "thinning") < MOST_ROWS / rows))


def _with_signs(sample: Sample, plans: Sequence[MetricPlan], ramps: int) -> tuple[MetricPlan, ...]:
    """Give every ``auto`` metric the sign of its end-to-end contrast in a fit without signs."""
    if not any(plan.direction == "auto" for plan in plans):
        return tuple(plans)
    companion = fit(sample, plans, replace(COMPANION, ramps=ramps), tolerance=ROUGH)
    signed = []
    for at, plan in enumerate(plans):
        rise = float(companion.basis.metrics[at].contributions(companion.coefficients(at))[-1])
        learned = plan.directed("positive" if rise >= 0 else "negative")
        if sample.table.columns[at].levels is not None:
            learned = plan.directed("free")
        signed.append(learned if plan.direction == "auto" else plan)
    return tuple(signed)


def _freed(
    trial: _Trial, plans: tuple[MetricPlan, ...], candidate: Candidate, progress: Progress
) -> tuple[tuple[MetricPlan, ...], tuple[Freed, ...]]:
    """Free the curves for which left-out customers ask for it by more than a standard error, the likeliest first."""
    promises = _promises(trial.sample, plans, fit(trial.sample, plans, candidate, tolerance=ROUGH))
    waiting = [at for at in np.argsort(-promises).tolist() if promises[at] > LIKELY]
    tried: list[Freed] = []
    losses = trial.losses(plans, candidate) if waiting else np.zeros(0)
    for done, at in enumerate(waiting):
        progress("looking for curves that turn round", done, len(waiting))
        freer = (*plans[:at], plans[at].directed("free"), *plans[at + 1 :])
        new = trial.losses(freer, candidate)
        gain, error = trial.mean(losses) - trial.mean(new), trial.error(losses - new)
        accepted = gain > error
        tried.append(Freed(plans[at].name, gain, error, accepted))
        if accepted:
            plans, losses = freer, new
    return plans, tuple(tried)


def _promises(sample: Sample, plans: Sequence[MetricPlan], fitted: Fitted) -> FloatArray:
    """Return for each signed curve what freeing it promises: half the score test of its coefficients at their bound."""
    objective = objective_of(sample, fitted.basis, fitted.candidate)
    beta, layout = fitted.solution.beta, fitted.basis.layout
    gradient, hessian = objective.value_and_gradient(beta)[1], objective.hessian(beta)
    free = ~fitted.solution.on_bound
    promises = np.zeros(len(plans))
    for at, metric in enumerate(fitted.basis.metrics):
        columns = np.arange(layout.columns)[layout.columns_of(at)]
        held = columns[fitted.solution.on_bound[columns]]
        if metric.plan.direction == "free" or len(held) == 0 or metric.columns < 2:
            continue
        across = hessian[np.ix_(held, free)]
        schur = hessian[np.ix_(held, held)] - across @ lstsq(hessian[np.ix_(free, free)], across.T)[0]
        promises[at] = 0.5 * float(gradient[held] @ lstsq(schur, gradient[held])[0])
    return promises
