"""How much a row counts: in the fit by its age and revenue, for the population by how the churned were sampled.

Row weights say what the fit is to care about; they move no figure. Standing says how many customers of the true
population a row stands for: bands, neutral values and every figure are of that population.
"""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import Any

import numpy as np

from chs_ml.errors import DataError
from chs_ml.formula import Formula, Link
from chs_ml.formula.columns import FloatArray
from chs_ml.history.panel import Panel
from chs_ml.spec import CalibrationSpec


def row_weights(panel: Panel, spec: CalibrationSpec) -> FloatArray:
    """Return how much each row counts in the fit, (rows,), 1 on average: what counts rows keeps its meaning.

    Age is counted from the newest cutoff of these rows. DataError for weights that are negative, not finite or all 0.
    """
    asked, weight = spec.calibration.row_weights, np.ones(panel.rows)
    if asked.recency is not None and panel.cutoff is not None:
        age = (panel.cutoff.max() - panel.cutoff) / np.timedelta64(1, "D")
        weight = weight * 0.5 ** (age / asked.recency)
    if asked.revenue and panel.revenue is not None:
        weight = weight * panel.revenue
    return normalised(weight)


def normalised(weight: FloatArray) -> FloatArray:
    """Return the weights divided by their mean; DataError where they cannot be weights."""
    bad = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0.0)))
    if len(bad):
        raise DataError(
            f"row weights: found {float(weight[bad[0]])}; a weight is a finite number of at least 0. "
            "Correct data.revenue."
        )
    if not weight.any():
        raise DataError("row weights: every weight is 0, so that no row counts. Correct data.revenue, or remove it.")
    weight = weight / float(weight.max())  # so that a sum of large ones stays finite
    return weight / float(weight.mean())


def standing_of(panel: Panel, spec: CalibrationSpec) -> FloatArray | None:
    """Return how many customers of the true population each row stands for, (rows,), 1 on average; None: one each."""
    rate, seen = spec.calibration.base_rate, float(panel.churned.mean())
    if rate is None or not 0.0 < seen < 1.0:
        return None
    return np.where(panel.churned > 0.5, rate / seen, (1.0 - rate) / (1.0 - seen))


def population_of(panel: Panel, spec: CalibrationSpec) -> FloatArray | None:
    """Return the standing of each row for the fit, (rows,); None where it is the row's weight anyway."""
    standing = standing_of(panel, spec)
    return np.ones(panel.rows) if standing is None and _weighs(spec) else standing


def _weighs(spec: CalibrationSpec) -> bool:
    return spec.calibration.row_weights.recency is not None or spec.calibration.row_weights.revenue


def at_base_rate(formula: Formula, panel: Panel, spec: CalibrationSpec) -> Formula:
    """Return a formula of these rows with its churn at the true rate: the link moved by the difference in log-odds.

    Where only the share of the churned differs, nothing else of a logistic model does (King and Zeng 2001).
    """
    rate, seen = spec.calibration.base_rate, float(panel.churned.mean())
    if rate is None or formula.link is None or not 0.0 < seen < 1.0:
        return formula
    return replace(formula, link=Link(formula.link.a + _log_odds(seen) - _log_odds(rate), formula.link.b))


def weighting_of(training: Panel, holdout: Panel, spec: CalibrationSpec) -> dict[str, Any]:
    """Return what was asked, and as how many equally weighted rows both parts are worth; {} where rows count alike.

    n_eff: (Σw)²/Σw² (Kish 1965), in training of the weights in the fit, in the holdout of those in the figures.
    """
    asked, rate = spec.calibration.row_weights, spec.calibration.base_rate
    if rate is None and not _weighs(spec):
        return {}
    counted = standing_of(holdout, spec)
    return {
        "recency_days": asked.recency,
        "revenue": asked.revenue,
        "base_rate": rate,
        "training": _worth(training, row_weights(training, spec)),
        "holdout": _worth(holdout, np.ones(holdout.rows) if counted is None else counted),
    }


def _worth(panel: Panel, weight: FloatArray) -> dict[str, float]:
    effective = float(weight.sum() ** 2 / (weight @ weight))
    return {"rows": panel.rows, "n_eff": effective, "churn_rate_seen": float(panel.churned.mean())}


def _log_odds(rate: float) -> float:
    return log(rate / (1.0 - rate))
