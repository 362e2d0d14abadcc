"""Our contributions are SHAP's exact values, and its plots take them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from chs_ml.errors import FormulaError
from chs_ml.explain.shap_values import health_matrix, shap_explanation
from chs_ml.formula import Formula, WeightsFile
from tests import tiny

FRAME = {
    "tenure": [1.0, 70.0, None, 30.0],
    "calls": [0.0, 4.0, 9.0, np.nan],
    "plan": ["yearly", "monthly", "other", None],
    "charge": [20.0, 80.0, 50.0, 10.0],
}


def test_contributions_equal_the_linear_explainer(done):
    """Independent(X, max_samples=len(X)): with the default the background is subsampled and values are off by 0.14."""
    import shap
    from sklearn.linear_model import LogisticRegression

    frame = tiny.customers()
    health, link = health_matrix(done.weights, frame), done.formula.link
    model = LogisticRegression()
    model.classes_ = np.array([0, 1])
    model.coef_ = link.b * np.array([[term.weight for term in done.formula.terms]])
    model.intercept_ = np.array([link.a])
    masker = shap.maskers.Independent(health, max_samples=len(health))
    theirs = shap.LinearExplainer(model, masker)(health)
    ours = shap_explanation(done.weights, frame, "log-odds", background=frame)
    assert np.abs(ours.values - theirs.values).max() < 1e-9
    assert np.abs(ours.base_values - theirs.base_values).max() < 1e-9
    recorded = shap_explanation(done.weights, frame, "log-odds")  # the file's averages are those of the same rows
    assert np.abs(recorded.values - theirs.values).max() < 1e-9


def test_points_add_up_to_the_score_and_log_odds_to_the_probability(weights, formula):
    points, log_odds = shap_explanation(weights, FRAME), shap_explanation(weights, FRAME, "log-odds")
    assert points.base_values + points.values.sum(axis=1) == pytest.approx(formula.score(FRAME), abs=1e-9)
    churn = 1 / (1 + np.exp(log_odds.base_values + log_odds.values.sum(axis=1)))
    assert churn == pytest.approx(formula.churn_probability(FRAME), abs=1e-12)
    assert points.feature_names[0] == "Time with us" and points.data[0].tolist() == [1.0, 0.0, "yearly", 20.0, 20.0]


def test_without_a_recorded_average_the_rows_are_their_own_background(formula):
    explained = shap_explanation(WeightsFile(formula, "bare"), FRAME)
    assert explained.values.mean(axis=0) == pytest.approx(np.zeros(5), abs=1e-12)


def test_log_odds_need_a_link(formula):
    with pytest.raises(FormulaError, match="has no log-odds"):
        shap_explanation(WeightsFile(Formula(formula.terms), "bare"), FRAME, "log-odds")


def test_shap_s_own_plots_take_them(done):
    import shap
    from matplotlib import pyplot

    explained = shap_explanation(done.weights, tiny.customers().head(30))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # shap's own
        shap.plots.waterfall(explained[0], show=False)
        shap.plots.bar(explained, show=False)
        shap.plots.beeswarm(explained, show=False)
    pyplot.close("all")
