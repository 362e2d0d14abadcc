"""The score of a team that has no weights yet: every metric counts the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chs_ml.evaluate.columns import Columns, read_training
from chs_ml.evaluate.link import fit_link
from chs_ml.evaluate.outcomes import Churned, FloatArray, Outcomes, column

FEWEST_ROWS = 10  # a rarer level's retention is its own customers' outcomes, learned by heart
RIDGE = 1e-6  # on the standardised slope: nothing on real data, finite where the score separates the classes


def equal_weights(
    train: pd.DataFrame, churned: Churned, test: pd.DataFrame, directions: Mapping[str, str]
) -> FloatArray:
    """Churn probability of the test rows from the plain mean of the metrics, each brought to 0..1, healthy high.

    A metric runs between its 1st and 99th percentile, in its declared direction or, where that is not ``positive`` or
    ``negative``, in the one of its correlation with staying; a level counts as its retention among the training rows;
    missing, unseen and levels of under 10 rows take the training mean; the link to probability is fitted on the
    training rows.
    """
    train, outcomes = read_training(train, churned)
    columns = Columns.read(train, test)
    learned, asked = np.zeros(len(train)), np.zeros(len(test))
    for at in columns.train.columns:
        learn, apply, direction = columns.train[at], columns.test[at], directions.get(columns.names[at], "auto")
        if at in columns.text:
            learn, apply, direction = *_retention(learn, apply, outcomes), "positive"
        scale = _scale(_numbers(learn), outcomes, direction)
        learned += scale.health(_numbers(learn))
        asked += scale.health(_numbers(apply))
    return linked(learned, outcomes, asked)


def current_score(train_score: npt.ArrayLike, churned: Churned, test_score: npt.ArrayLike) -> FloatArray:
    """Churn probability of the test rows from the score in use today, healthy high, NaN where it is missing.

    The link is fitted on the training rows that have a score. High means healthy: where more churn at high scores than
    at low ones, the best that the score can say is the churn rate. Without a score too, the churn rate is said.
    """
    outcomes = Outcomes.of(churned)
    learn, apply = column("score", train_score, len(outcomes)), column("score", test_score)
    known, scored = np.isfinite(learn), np.isfinite(apply)
    p = np.full(len(apply), outcomes.rate if outcomes.total > 0 else 0.5)
    if outcomes.among(known).total > 0:
        p[scored] = linked(learn[known], outcomes.among(known), apply[scored])
    return p


def linked(health: FloatArray, outcomes: Outcomes, test_health: FloatArray) -> FloatArray:
    """Churn probability by the logistic line through the training rows, never rising with health."""
    if outcomes.one_class:
        return np.full(len(test_health), outcomes.rate)
    link = fit_link(health, outcomes, ridge=RIDGE)
    return link.probability(test_health) if link.slope < 0 else np.full(len(test_health), outcomes.rate)


@dataclass(frozen=True, slots=True)
class _Scale:
    """0 at ``low``, 1 at ``high``, the other way round where ``flip``; ``neutral`` where missing."""

    low: float
    high: float
    flip: bool
    neutral: float

    def health(self, x: FloatArray) -> FloatArray:
        if self.low == self.high:
            return np.zeros(len(x))
        scaled = np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)
        scaled = np.where(np.isfinite(x), scaled, self.neutral)
        return np.asarray(1 - scaled if self.flip else scaled, dtype=np.float64)


def _scale(x: FloatArray, outcomes: Outcomes, direction: str) -> _Scale:
    known = np.isfinite(x)
    if not known.any():
        return _Scale(0.0, 0.0, False, 0.0)
    part, values = outcomes.among(known), x[known]
    low, high = (float(end) for end in np.quantile(values, (0.01, 0.99)))
    if low == high:  # all but a few have one value, as with a rare flag
        low, high = float(values.min()), float(values.max())
    scaled = _Scale(low, high, False, 0.0).health(values)
    neutral = part.mean(scaled)
    flip = direction == "negative"
    if direction not in {"positive", "negative"}:
        flip = part.mean((scaled - neutral) * part.churned) > 0  # high values go with churning
    return _Scale(low, high, flip, neutral)


def _retention(
    train: pd.Series[Any], test: pd.Series[Any], outcomes: Outcomes
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Each level as the share of its training customers who stayed; NaN for one of under 10 rows."""
    rows = train.groupby(train).size()
    mass = pd.Series(outcomes.weights, train.index).groupby(train).sum()
    stayed = pd.Series(outcomes.weights * (1 - outcomes.churned), train.index).groupby(train).sum()
    rate = (stayed / mass).where(rows >= FEWEST_ROWS).to_dict()
    return train.map(rate), test.map(rate)


def _numbers(values: pd.Series[Any]) -> FloatArray:
    return values.to_numpy(dtype=np.float64, na_value=np.nan)
