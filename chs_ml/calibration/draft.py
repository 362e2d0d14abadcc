"""A formula with its bands, and the rows and the fit that it came from."""

from __future__ import annotations

from dataclasses import dataclass

from chs_ml.calibration.cuts import banded
from chs_ml.calibration.weighting import at_base_rate, standing_of
from chs_ml.fit.learning import Learned
from chs_ml.fit.lowering import formula_of
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


def draft(learned: Learned, panel: Panel, spec: CalibrationSpec) -> Draft:
    """Return the formula of a fit, its bands cut on the scores of the rows that it was learned from."""
    lowered = formula_of(learned.fitted, {metric.name: metric.pillar for metric in spec.metrics})
    formula, standing = at_base_rate(lowered.formula, panel, spec), standing_of(panel, spec)
    formula = banded(formula, formula.score(panel.metrics), spec, standing)
    return Draft(formula, learned, panel, lowered.weightless, standing)
