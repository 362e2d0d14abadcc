"""What a black box would reach: gradient boosting with a modest, seeded choice of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from chs_ml.evaluate.columns import Columns, read_training
from chs_ml.evaluate.figures import row_log_loss
from chs_ml.evaluate.outcomes import Churned, FloatArray, Outcomes

LEAVES = (3, 8, 24)  # a sum of single splits, some interaction, much of it
LEARNING_RATE = 0.1
MOST_TREES = 150
FOLDS = 3
MOST_ROWS_TO_CHOOSE = 20_000
MOST_COLUMNS_TO_CHOOSE = 300
MOST_LEVELS = 250  # scikit-learn takes 255 bins; the rarest levels beyond are one
MODEST = {"max_leaf_nodes": 3, "max_iter": 50}


def gradient_boosting(train: pd.DataFrame, churned: Churned, test: pd.DataFrame, *, seed: int = 0) -> FloatArray:
    """Churn probability by scikit-learn's HistGradientBoostingClassifier, levels and missing taken natively.

    Size and number of trees are chosen by 3-fold log-loss inside the training rows, a customer's rows in one fold;
    under 10 churned or 10 retained, or over 300 metrics, 50 trees of 3 leaves are taken without asking.
    """
    train, outcomes = read_training(train, churned)
    columns = Columns.read(train, test)
    if outcomes.one_class or columns.train.empty:
        return np.full(len(test), outcomes.rate)
    learn, apply = _numbers(columns)
    categorical = [columns.train.columns.get_loc(name) for name in columns.text]
    with threadpool_limits(1):  # the same trees on any machine; on a busy one, threads that wait take minutes
        model = _model(categorical, seed, _choice(learn, outcomes, categorical, seed))
        model.fit(learn, outcomes.churned, sample_weight=outcomes.weights)
        return np.asarray(model.predict_proba(apply)[:, 1], dtype=np.float64)


def _numbers(columns: Columns) -> tuple[FloatArray, FloatArray]:
    """Levels as numbers, the commonest 250 apart; missing and unseen as NaN."""
    from sklearn.preprocessing import OrdinalEncoder

    learn, apply = columns.train.copy(), columns.test.copy()
    if columns.text:
        encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=np.nan,
            encoded_missing_value=np.nan,
            max_categories=MOST_LEVELS,
        )
        encoder.fit(learn[columns.text])
        for frame in (learn, apply):
            frame[columns.text] = encoder.transform(frame[columns.text])
    return learn.to_numpy(dtype=np.float64), apply.to_numpy(dtype=np.float64)


def _model(categorical: list[Any], seed: int, setting: Mapping[str, int]) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=LEARNING_RATE,
        early_stopping=False,
        categorical_features=categorical or None,
        random_state=seed,
        **setting,
    )


def _choice(learn: FloatArray, outcomes: Outcomes, categorical: list[Any], seed: int) -> Mapping[str, int]:
    """Leaves and number of trees with the least log-loss on rows left out."""
    step = -(-len(outcomes) // MOST_ROWS_TO_CHOOSE)
    rows = np.arange(len(outcomes)) % step == 0
    part, metrics = outcomes.among(rows), learn[rows]
    if min(np.bincount(part.churned.astype(np.int64), minlength=2)) < 10 or learn.shape[1] > MOST_COLUMNS_TO_CHOOSE:
        return MODEST
    folds = _folds(part, seed)
    paths = {leaves: _path(metrics, part, folds, _model(categorical, seed, _setting(leaves))) for leaves in LEAVES}
    best = min(paths, key=lambda leaves: float(paths[leaves].min()))
    return {"max_leaf_nodes": best, "max_iter": int(paths[best].argmin()) + 1}


def _setting(leaves: int) -> Mapping[str, int]:
    return {"max_leaf_nodes": leaves, "max_iter": MOST_TREES}


def _path(learn: FloatArray, outcomes: Outcomes, folds: npt.NDArray[np.int64], model: Any) -> FloatArray:
    """Log-loss on rows left out after 1, 2, … trees."""
    total = np.zeros(MOST_TREES)
    for fold in range(FOLDS):
        out = folds == fold
        inside, left_out = outcomes.among(~out), outcomes.among(out)
        if inside.one_class or left_out.total <= 0:
            continue
        unseen = ~np.isfinite(learn[~out]).any(axis=0)  # scikit-learn refuses a column that is missing throughout
        apart = np.where(unseen, 0.0, learn)
        model.fit(apart[~out], inside.churned, sample_weight=inside.weights)
        staged = model.staged_predict_proba(apart[out])
        losses = [left_out.weights @ row_log_loss(left_out.churned, p[:, 1]) for p in staged]
        total += np.asarray(losses)
    return total


def _folds(outcomes: Outcomes, seed: int) -> npt.NDArray[np.int64]:
    """Number of each row's fold: customers shuffled, the rows of one together, churned spread evenly."""
    churner = outcomes.by_customer(outcomes.churned) > 0
    shuffled = np.random.default_rng(seed).permutation(len(churner))
    order = shuffled[np.argsort(churner[shuffled], kind="stable")]
    fold = np.empty(len(churner), dtype=np.int64)
    fold[order] = np.arange(len(order)) % FOLDS
    return fold[outcomes.customers]
