"""A formula with its bands, and the rows and the fit that it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chs_ml.calibration.classes import check_classes
from chs_ml.calibration.cuts import banded
from chs_ml.calibration.rows import check_fixed_splits, plans_of, sample_of
from chs_ml.calibration.weighting import at_base_rate, standing_of
from chs_ml.fit.learning import Learned, learn
from chs_ml.fit.lowering import formula_of
from chs_ml.fit.scrutiny.support import check_support
from chs_ml.fit.selection import Settings
from chs_ml.fit.trial import Progress
from chs_ml.fit.wishes.wished import check_wishes
from chs_ml.formula import Formula
from chs_ml.formula.columns import FloatArray
from chs_ml.history.panel import Panel
from chs_ml.spec import CalibrationSpec


@dataclass(frozen=True)
class Draft:
    """What was learned from some rows. panel: those rows. weightless: metrics that got no weight.

    standing: how many customers of the true population each row stands for; None: one each.
    """

    formula: Formula
    learned: Learned
    panel: Panel
    weightless: tuple[str, ...]
    standing: FloatArray | None = None


def learned_from(training: Panel, spec: CalibrationSpec, settings: Settings, progress: Progress) -> Learned:
    """Learn from the training rows; FitError for rows that cannot carry weights, and for wishes that cannot be met."""
    sample, plans = sample_of(training, spec), plans_of(spec)
    check_classes(training, sample.weight, spec)
    check_support(sample, plans)
    check_wishes(sample, plans, settings)
    check_fixed_splits(training, spec, settings)
    return learn(sample, plans, settings, progress)


def draft(learned: Learned, panel: Panel, spec: CalibrationSpec) -> Draft:
    """Return the formula of a fit, its bands cut on the scores of the rows that it was learned from.

    SpecError for bands that these scores do not let be cut.
    """
    return with_bands(without_bands(learned, panel, spec), spec)


def without_bands(learned: Learned, panel: Panel, spec: CalibrationSpec) -> Draft:
    """Return the formula of a fit as far as scores and churn probabilities go."""
    lowered = formula_of(learned.fitted, {metric.name: metric.pillar for metric in spec.metrics})
    formula = at_base_rate(lowered.formula, panel, spec)
    return Draft(formula, learned, panel, lowered.weightless, standing_of(panel, spec))


def with_bands(made: Draft, spec: CalibrationSpec) -> Draft:
    """Return the draft with its bands; SpecError where they cannot be cut."""
    score = made.formula.score(made.panel.metrics)
    return replace(made, formula=banded(made.formula, score, spec, made.standing))
