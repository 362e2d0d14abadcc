"""Contributions in the form that SHAP's plots take.

The score is linear in the health of its terms, so the values are exact and need no sampling: a term gives
100·w_j·(n_j − mean n_j), which is what SHAP's linear explainer computes when it sees the whole background.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chs_ml.export.evidence import mean_health
from chs_ml.export.labels import label_of
from chs_ml.formula import View, WeightsFile
from chs_ml.formula.columns import FloatArray, Frame, texts
from chs_ml.formula.frames import Columns

if TYPE_CHECKING:
    from shap import Explanation


def shap_explanation(
    weights: WeightsFile, frame: Frame, unit: Literal["points", "log-odds"] = "points", background: Frame | None = None
) -> Explanation:
    """Return a ``shap.Explanation`` of every row: values (rows, terms), base values, the metrics' own values, names.

    points: values and base sum to the score. log-odds: to the log-odds of being retained; FormulaError for a formula
    without a link. background: the customers to compare with; omitted: those of the training, as the file records
    them, or those of ``frame`` where it records none.
    """
    import shap

    columns = Columns.of(frame)
    health = health_matrix(weights, columns)
    average = _average(weights, health, background)
    scale, base = _scale(weights, unit)
    slopes = scale * np.array([term.weight for term in weights.formula.terms])
    return shap.Explanation(
        values=slopes * (health - average),
        base_values=np.full(len(health), base + float(slopes @ average)),
        data=_data(weights, columns),
        feature_names=[label_of(weights, term) for term in weights.formula.terms],
    )


def health_matrix(weights: WeightsFile, frame: Frame) -> FloatArray:
    """Return n_j of each row and term, (rows, terms): what the score is linear in."""
    columns = Columns.of(frame)
    return np.column_stack([term.health(columns) for term in weights.formula.terms])


def _average(weights: WeightsFile, health: FloatArray, background: Frame | None) -> FloatArray:
    if background is not None:
        return np.asarray(health_matrix(weights, background).mean(axis=0))
    recorded = mean_health(weights)
    keys = [term.key for term in weights.formula.terms]
    if all(key in recorded for key in keys):
        return np.array([recorded[key] for key in keys])
    return np.asarray(health.mean(axis=0))


def _scale(weights: WeightsFile, unit: str) -> tuple[float, float]:
    """Return what a health of 1 at weight 1 is worth, and the total where every health is 0."""
    if unit == "points":
        return 100.0, 0.0
    view = View.of(weights.formula, "log-odds")
    return sum(part.scale for part in view.parts), view.base


def _data(weights: WeightsFile, columns: Columns) -> Any:
    """Return the metrics' values, (rows, terms): numbers for curves, text for levels."""
    shown = np.empty((len(columns), len(weights.formula.terms)), dtype=object)
    for at, term in enumerate(weights.formula.terms):
        numeric = term.kind == "curve"
        shown[:, at] = columns.numbers(term.metric) if numeric else texts(columns[term.metric])
    return shown
