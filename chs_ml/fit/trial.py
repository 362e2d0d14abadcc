"""Cross-validation on fixed folds: what customers left out say of a candidate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chs_ml.fit.fitting import Candidate, Sample, fit, loss_of
from chs_ml.fit.table import MetricPlan
from chs_ml.formula.columns import FloatArray, IntArray

ROUGH = 1e-6
"""Tolerance of fits that are only compared with one another."""

Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Tried:
    """A candidate with its cross-validated log-loss, and how much worse than the best it is (paired standard error)."""

    candidate: Candidate
    log_loss: float
    behind: float
    standard_error: float

    @property
    def as_good(self) -> bool:
        """Whether the best is no better by more than a standard error of the difference."""
        return self.behind <= self.standard_error


@dataclass(frozen=True)
class Trial:
    """A sample with the fold of each row; a customer is in one fold."""

    sample: Sample
    fold: IntArray
    folds: int

    def losses(self, plans: Sequence[MetricPlan], candidate: Candidate) -> FloatArray:
        """Return each row's log-loss under the fit that has not seen its customer, NaN where there was none."""
        losses = np.full(self.sample.table.rows, np.nan)
        for k in range(self.folds):
            out, rest = np.flatnonzero(self.fold == k), np.flatnonzero(self.fold != k)
            training = self.sample.take(rest)
            if len(out) == 0 or training.one_class():
                continue
            fitted = fit(training, plans, candidate, tolerance=ROUGH)
            losses[out] = loss_of(fitted.log_odds(self.sample.table.take(out)), self.sample.retained[out])
        return losses

    def compared(
        self, plans: Sequence[MetricPlan], candidates: Sequence[Candidate], what: str, progress: Progress = silent
    ) -> tuple[Tried, ...]:
        """Return every candidate with its log-loss, beside the best of them; () where there is only one.

        what: the step, for the progress.
        """
        if len(candidates) < 2:
            return ()
        losses = []
        for at, candidate in enumerate(candidates):
            progress(what, at, len(candidates))
            losses.append(self.losses(plans, candidate))
        progress(what, len(candidates), len(candidates))
        best = min(losses, key=self.mean)
        return tuple(
            Tried(candidate, self.mean(loss), self.mean(loss) - self.mean(best), self.error(loss - best))
            for candidate, loss in zip(candidates, losses, strict=True)
        )

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
