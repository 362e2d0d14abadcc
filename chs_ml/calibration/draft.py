"""A formula with its bands, and the rows and the fit that it came from."""

from __future__ import annotations

from dataclasses import dataclass

from chs_ml.calibration.cuts import banded
from chs_ml.fit.learning import Learned
from chs_ml.fit.lowering import formula_of
from chs_ml.formula import Formula
from chs_ml.history.panel import Panel
from chs_ml.spec import CalibrationSpec


@dataclass(frozen=True)
class Draft:
    """What was learned from some rows. panel: those rows. weightless: metrics that got no weight."""

    formula: Formula
    learned: Learned
    panel: Panel
    weightless: tuple[str, ...]


def draft(learned: Learned, panel: Panel, spec: CalibrationSpec) -> Draft:
    """Return the formula of a fit, its bands cut on the scores of the rows that it was learned from."""
    lowered = formula_of(learned.fitted, {metric.name: metric.pillar for metric in spec.metrics})
    formula = banded(lowered.formula, lowered.formula.score(panel.metrics), spec)
    return Draft(formula, learned, panel, lowered.weightless)
