"""Metrics as the baselines read them: numbers as float64, text as objects, whatever is missing as NaN or None."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from chs_ml.errors import DataError
from chs_ml.evaluate.outcomes import Churned, Outcomes


@dataclass(frozen=True, slots=True)
class Training:
    """What a baseline may learn from: metrics (rows × metrics), outcomes, and each metric's declared direction."""

    metrics: pd.DataFrame
    outcomes: Outcomes
    directions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Columns:
    """Training and test columns that say anything, in the same order, called by their position.

    Positions instead of names, since scikit-learn refuses some names; ``names`` leads back to those. ``text`` lists
    the columns of levels.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    text: list[str]
    names: dict[str, str]

    @property
    def numeric(self) -> list[str]:
        """Positions of the numeric columns."""
        return [name for name in self.train.columns if name not in set(self.text)]

    @classmethod
    def read(cls, train: pd.DataFrame, test: pd.DataFrame) -> Columns:
        """Leave out what does not vary among the training rows. Raises DataError for a column that test lacks."""
        absent = [name for name in train.columns if name not in test.columns]
        if absent:
            raise DataError(*(f"metric {name!r}: the test rows have no such column; add it." for name in absent))
        kept = {str(at): (clean(train[name]), name) for at, name in enumerate(train.columns)}
        kept = {at: (column, name) for at, (column, name) in kept.items() if column.nunique(dropna=False) > 1}
        return cls(
            pd.DataFrame({at: column for at, (column, _) in kept.items()}, index=train.index),
            pd.DataFrame({at: clean(test[name], like=column) for at, (column, name) in kept.items()}, index=test.index),
            [at for at, (column, _) in kept.items() if column.dtype == object],
            {at: str(name) for at, (_, name) in kept.items()},
        )


def clean(column: pd.Series[Any], like: pd.Series[Any] | None = None) -> pd.Series[Any]:
    """A column as float64 with NaN, or as text (objects) with None; ±inf and '' are missing.

    Of the kind of ``like`` (a cleaned training column) where given; a number that cannot be read is then missing.
    """
    numeric = is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype) if like is None else like.dtype != object
    if numeric:
        numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
        return numbers.where(np.isfinite(numbers))
    known = column.notna() & (column.astype(object) != "")
    return column.astype(object).map(str).astype(object).where(known, None)


def read_training(train: pd.DataFrame, churned: Churned) -> tuple[pd.DataFrame, Outcomes]:
    """The training rows that count, and their outcomes."""
    outcomes = Outcomes.of(churned)
    if len(outcomes) != len(train):
        raise DataError(f"churned: {len(outcomes)} values for {len(train)} training rows; give one per row.")
    if outcomes.total <= 0:
        raise DataError("training rows: there are none that count; a baseline needs customers with known outcomes.")
    counts = outcomes.weights > 0
    return train.loc[counts], outcomes.among(counts)
