"""Whether the rows that are learned from have both outcomes, and if not, what of the spec took one away."""

from __future__ import annotations

import numpy as np

from chs_ml.errors import FitError
from chs_ml.formula.columns import FloatArray
from chs_ml.history.panel import Panel
from chs_ml.spec import CalibrationSpec


def check_classes(training: Panel, weight: FloatArray, spec: CalibrationSpec) -> None:
    """Raise FitError where all rows that count have one outcome. weight: of each row in the fit, (rows,)."""
    counted = np.unique(training.churned[weight > 0.0])
    if len(counted) > 1:
        return
    one = "churned" if counted.all() else "retained"
    seen = f"of the {training.rows:,} rows learned from"
    if len(np.unique(training.churned)) > 1:
        cause = f"{seen}, those with a weight are all {one}. Correct calibration.row_weights, or data.revenue"
    else:
        cause = f"{seen}, all are {one}. Choose another validation.holdout, if others are held out"
    raise FitError(f"one class only: {cause}. Weights are learned from customers who left and who stayed.")
