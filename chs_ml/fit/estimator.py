"""The scikit-learn face of the calibration: a classifier whose fit is a formula."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_feature_names, _check_sample_weight, check_is_fitted, validate_data

from chs_ml.errors import FitError
from chs_ml.fit.anchor.anchor import Anchor
from chs_ml.fit.crowd import unknown
from chs_ml.fit.fitting import Sample, with_crowd
from chs_ml.fit.learning import Learned, learn
from chs_ml.fit.lowering import formula_of
from chs_ml.fit.selection import Settings
from chs_ml.fit.splits.asked import asked
from chs_ml.fit.splits.by_hand import check_splits
from chs_ml.fit.table import Column, MetricPlan, MissingRule, Table, Wanted, read_table
from chs_ml.formula import Formula
from chs_ml.formula.columns import FloatArray


class HealthScoreClassifier(ClassifierMixin, BaseEstimator):
    """Logistic regression on monotone piecewise-linear curves, that reads back as a health score.

    Args:
        directions: what more of a metric means for health: ``positive``, ``negative``, ``free`` or ``auto`` (the data
            say), for each metric by name, or one for all.
        missing: how a missing value is taken: ``learned``, ``neutral``, ``zero`` or ``worst``, likewise.
        ramps: pieces of each curve; ``auto`` chooses among 1, 8 and 16 by cross-validation.
        size: strength that draws curves towards flat, or ``auto``.
        bend: strength that draws curves towards straight, or ``auto``.
        anchor: an earlier formula that the weights are pulled towards, or None.
        anchor_strength: how strongly, a number above 0; ``auto`` takes the strongest pull that is as good as the best.
        evidence: what a metric needs to stay: ``usual`` or ``strict`` evidence; under ``all`` every one stays.
        keep: names of metrics that stay, whatever their evidence.
        splits: at most so many splits are searched for, 0 for none; or ``{"metric": m, "when": {"metric": c, "above":
            t}}``, a list of those that are made whatever the data say (``level`` in place of ``above`` for a category).
        never: names of metrics that take no part in a split.
        folds: of the inner cross-validation.
        seed: of the folds, which keep a customer whole.

    Attributes:
        classes_: the two labels; ``classes_[1]`` is churned.
        learned_: the fit with its certificate, the choices that it rests on, and how sure its weights are.
        n_iter_: passes over the rows that the last fit took.

    y is 1 (or True, or the later label) for churned; the score is high for healthy. The same rows in another order give
    the same fit: they are sorted by their content, and folds keep equal rows (or equal ``groups``) together.
    """

    def __init__(  # noqa: PLR0913 - the parameters of an estimator
        self,
        *,
        directions: Mapping[str, Wanted] | Wanted = "auto",
        missing: Mapping[str, MissingRule] | MissingRule = "learned",
        ramps: int | str = "auto",
        size: float | str = "auto",
        bend: float | str = "auto",
        anchor: Formula | None = None,
        anchor_strength: float | str = 1.0,
        evidence: str = "usual",
        keep: Sequence[str] = (),
        splits: int | Sequence[Mapping[str, Any]] = 3,
        never: Sequence[str] = (),
        folds: int = 5,
        seed: int = 0,
    ) -> None:
        self.directions = directions
        self.missing = missing
        self.ramps = ramps
        self.size = size
        self.bend = bend
        self.anchor = anchor
        self.anchor_strength = anchor_strength
        self.evidence = evidence
        self.keep = keep
        self.splits = splits
        self.never = never
        self.folds = folds
        self.seed = seed

    def fit(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None, *, groups: ArrayLike | None = None
    ) -> Self:
        """Learn weights and curves.

        X: DataFrame (numbers, text or categories, missing allowed) or array of rows × metrics. y: two labels, the later
        one is churned. groups: the customer of each row, where customers have several. Raises ValueError for one class.
        """
        frame, labels = self._training(X, y)
        check_classification_targets(labels)
        if type_of_target(labels) != "binary" and len(np.unique(labels)) > 2:
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {type_of_target(labels)}."
            )
        self.classes_, churned = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("HealthScoreClassifier needs two classes; the data contains one class only.")
        weight: FloatArray = _check_sample_weight(sample_weight, frame, dtype=np.float64, ensure_non_negative=True)
        settings = self._settings([*frame.columns])
        plans = self._plans(frame)
        table = read_table(frame, plans)
        order, together = _content_order(table, (weight, churned), groups)
        counted = order[weight[order] > 0]
        anchor = None if self.anchor is None else Anchor(self.anchor)
        retained = (churned == 0).astype(np.float64)
        sample = Sample(table, retained, weight, together, anchor)
        if groups is None:  # rows alike stay together, and are yet as many customers as they weigh
            sample = with_crowd(sample, unknown(len(weight)))
        sample = sample.take(counted)
        check_splits(sample, settings.by_hand, settings.said)
        self.learned_: Learned = learn(sample, plans, settings)
        self.n_iter_ = self.learned_.fitted.solution.gradients
        return self

    def decision_function(self, X: Any) -> FloatArray:
        """Return the log-odds of churn of each row."""
        check_is_fitted(self, "learned_")
        frame = self._frame(X, reset=False)
        table = read_table(frame, self.learned_.choice.plans)
        return -self.learned_.fitted.log_odds(table)

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probabilities of being retained and of churn: rows × 2."""
        churn = 1.0 / (1.0 + np.exp(-self.decision_function(X)))
        return np.column_stack([1.0 - churn, churn])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likelier label of each row."""
        chosen = (self.decision_function(X) > 0).astype(np.intp)
        return np.asarray(self.classes_[chosen])

    def to_formula(self, pillars: Mapping[str, str] | None = None) -> Formula:
        """Return the fit as a formula, without bands; FitError where no metric got a weight."""
        check_is_fitted(self, "learned_")
        return formula_of(self.learned_.fitted, pillars).formula

    def __sklearn_tags__(self) -> Tags:
        """Tell scikit-learn: two classes, missing values and categories welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags

    def _settings(self, columns: Collection[str]) -> Settings:
        most, by_hand = asked(self.splits, columns)

        def given(value: Any) -> Any:
            return None if isinstance(value, str) and value == "auto" else value

        return Settings(
            given(self.ramps),
            given(self.size),
            given(self.bend),
            self.folds,
            self.seed,
            evidence=self.evidence,
            keep=tuple(self.keep),
            splits=most,
            by_hand=by_hand,
            never=tuple(self.never),
            anchor=None if self.anchor is None else given(self.anchor_strength),
        )

    def _plans(self, frame: pd.DataFrame) -> list[MetricPlan]:
        def of(setting: Any, name: str, default: Any) -> Any:
            return setting if isinstance(setting, str) else setting.get(name, default)

        _check_names(frame, self.directions, self.missing)
        return [
            MetricPlan(name, of(self.directions, name, "auto"), of(self.missing, name, "learned"))
            for name in frame.columns
        ]

    def _training(self, X: Any, y: ArrayLike) -> tuple[pd.DataFrame, NDArray[Any]]:
        if _is_mixed(X):
            from sklearn.utils import check_consistent_length, column_or_1d

            frame, labels = self._frame(X, reset=True), column_or_1d(y, warn=True)
            check_consistent_length(frame, labels)
            return frame, np.asarray(labels)
        checked, labels = validate_data(self, X, y, ensure_all_finite="allow-nan", dtype=np.float64)
        return _as_frame(self, checked), np.asarray(labels)

    def _frame(self, X: Any, *, reset: bool) -> pd.DataFrame:
        if not _is_mixed(X):
            checked = validate_data(self, X, ensure_all_finite="allow-nan", dtype=np.float64, reset=reset)
            return _as_frame(self, checked)
        _check_feature_names(self, X, reset=reset)
        if reset:
            self.n_features_in_ = X.shape[1]
        renamed: pd.DataFrame = X.set_axis([str(name) for name in X.columns], axis=1)
        for name in renamed.select_dtypes("number").columns:
            if np.isinf(renamed[name].to_numpy(np.float64, na_value=np.nan)).any():
                raise FitError(f"metric {name!r} holds infinity. Mend the column, or leave the cell empty.")
        return renamed


def _check_names(frame: pd.DataFrame, *settings: Any) -> None:
    """Raise FitError for a column that stands twice, and for a setting of a metric that is not there."""
    names = frame.columns
    problems = [f"metric {name!r} stands twice among the columns." for name in names[names.duplicated()]]
    settled = dict.fromkeys(name for setting in settings if not isinstance(setting, str) for name in setting)
    problems += [f"metric {name!r} has settings but is not among the columns." for name in settled if name not in names]
    if problems:
        raise FitError(*problems)


def _is_mixed(X: Any) -> bool:
    """Return whether X is a DataFrame with a column that is not of numbers."""
    return isinstance(X, pd.DataFrame) and not all(pd.api.types.is_numeric_dtype(kind) for kind in X.dtypes)


def _as_frame(estimator: Any, X: FloatArray) -> pd.DataFrame:
    names = getattr(estimator, "feature_names_in_", None)
    columns = [f"x{at}" for at in range(X.shape[1])] if names is None else [str(name) for name in names]
    return pd.DataFrame(X, columns=columns)


def _content_order(
    table: Table, beside: tuple[NDArray[Any], ...], groups: ArrayLike | None
) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Return an order of rows that does not depend on the order they came in, and what belongs together.

    beside: what else tells rows with equal metrics apart.
    """
    readings = pd.DataFrame({at: _readings(column) for at, column in enumerate(table.columns)})
    content = pd.util.hash_pandas_object(readings, index=False).to_numpy()
    together = content if groups is None else np.asarray(groups)
    return np.lexsort((*beside, content, together)), together


def _readings(column: Column) -> NDArray[Any]:
    """Return what was read, the same for every kind of column that it may have come from."""
    if column.levels is None:
        return np.asarray(column.values + 0.0)  # so that -0.0 is 0.0
    return np.asarray(np.array([*column.levels, ""], dtype=object)[column.values])
