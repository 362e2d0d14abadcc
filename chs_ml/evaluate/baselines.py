"""What the formula has to be measured against: fitted on the training rows, asked about the test rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from chs_ml.evaluate.boosting import gradient_boosting
from chs_ml.evaluate.columns import Columns, Training, read_training
from chs_ml.evaluate.equal_weights import current_score, equal_weights
from chs_ml.evaluate.outcomes import Churned, FloatArray

__all__ = [
    "BASELINES",
    "Training",
    "current_score",
    "equal_weights",
    "fit_baselines",
    "gradient_boosting",
    "logistic_regression",
]

BASELINES: Mapping[str, Callable[[Training, pd.DataFrame], FloatArray]] = {
    "equal_weights": lambda known, test: equal_weights(known.metrics, known.outcomes, test, known.directions),
    "logistic_regression": lambda known, test: logistic_regression(known.metrics, known.outcomes, test),
    "gradient_boosting": lambda known, test: gradient_boosting(known.metrics, known.outcomes, test),
}


def fit_baselines(known: Training, test: pd.DataFrame) -> dict[str, FloatArray]:
    """Churn probabilities of the test rows by every baseline that needs nothing but the metrics."""
    return {name: baseline(known, test) for name, baseline in BASELINES.items()}


def logistic_regression(train: pd.DataFrame, churned: Churned, test: pd.DataFrame) -> FloatArray:
    """Churn probability by scikit-learn's logistic regression as most people would write it, C = 1.

    Numbers: median for missing, with an indicator, then standardised. Levels: one column each, missing being a level;
    an unseen one is none of them.
    """
    train, outcomes = read_training(train, churned)
    columns = Columns.read(train, test)
    if outcomes.one_class or columns.train.empty:
        return np.full(len(test), outcomes.rate)
    model = _logistic_pipeline(columns)
    model.fit(columns.train, outcomes.churned, regression__sample_weight=outcomes.weights)
    return np.asarray(model.predict_proba(columns.test)[:, 1], dtype=np.float64)


def _logistic_pipeline(columns: Columns) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    encode = ColumnTransformer(
        [
            ("numbers", numbers, columns.numeric),
            ("levels", OneHotEncoder(handle_unknown="ignore"), columns.text),
        ]
    )
    return Pipeline([("encode", encode), ("regression", LogisticRegression(C=1.0, tol=1e-8, max_iter=10_000))])
