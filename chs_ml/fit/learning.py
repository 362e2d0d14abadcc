"""Learning in two verbs: choose by cross-validation, then fit; refitting keeps every choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chs_ml.errors import FitError
from chs_ml.fit.fitting import Fitted, Sample, fit
from chs_ml.fit.selection import Choice, Settings, choose
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.trial import Progress, silent


@dataclass(frozen=True)
class Learned:
    """A fit, and the choices that it rests on."""

    fitted: Fitted
    choice: Choice


def learn(
    sample: Sample, plans: Sequence[MetricPlan], settings: Settings | None = None, progress: Progress = silent
) -> Learned:
    """Choose directions, ramps and strengths inside these rows, and fit.

    FitError for no rows, one class, or nothing that varies.
    """
    _check(sample)
    choice = choose(sample, plans, settings or Settings(), progress)
    return Learned(fit(sample, choice.plans, choice.candidate), choice)


def refit(sample: Sample, choice: Choice) -> Learned:
    """Fit other rows with every choice frozen."""
    _check(sample)
    return Learned(fit(sample, choice.plans, choice.candidate), choice)


def _check(sample: Sample) -> None:
    if not sample.table.columns or sample.table.rows == 0:
        raise FitError("no rows, or no metrics: there is nothing to learn from.")
    if not np.isfinite(sample.weight).all() or (sample.weight < 0).any():
        raise FitError("row weights must be finite and not negative.")
    if sample.one_class():
        one = "retained" if float(sample.weight @ sample.retained) > 0 else "churned"
        raise FitError(
            f"one class only: every customer {one}. Weights are learned from customers who left and who stayed."
        )
