"""The days of the demo: when the log begins, the cutoffs, the day of the export, and how busy each day is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chs_ml.formula.columns import FloatArray

Days = NDArray[np.datetime64]
HORIZON = 90
LAST_QUARTER = np.datetime64("2025-12", "M")
LOGGED_BEFORE = 270
"""So many days before the first cutoff the log begins: every window of the metrics, and the one before it, is full."""
MONTH_FACTORS = np.array([0.9, 1.0, 1.0, 1.0, 1.0, 0.95, 0.85, 0.7, 1.05, 1.05, 1.0, 0.8])
WEEKDAY_FACTORS = np.array([1.0, 1.0, 1.0, 1.0, 0.9, 0.3, 0.25])


@dataclass(frozen=True)
class Calendar:
    """Days since ``first`` number the days; ``length`` is the first day that is no longer in the history."""

    quarters: int

    @cached_property
    def cutoffs(self) -> Days:
        """The last days of so many quarters, the last one of them that of LAST_QUARTER."""
        months = LAST_QUARTER - 3 * np.arange(self.quarters)[::-1]
        return np.asarray((months + 1).astype("datetime64[D]") - 1)

    @cached_property
    def first(self) -> np.datetime64:
        """The day on which the log begins."""
        return np.datetime64(self.cutoffs[0] - LOGGED_BEFORE, "D")

    @property
    def observed_until(self) -> np.datetime64:
        """The last day that the history tells of."""
        return np.datetime64(self.cutoffs[-1] + HORIZON, "D")

    @property
    def length(self) -> int:
        """The number of days in the history."""
        return self.number(self.observed_until) + 1

    @property
    def cutoff_numbers(self) -> NDArray[np.int64]:
        """The cutoffs as day numbers."""
        return (self.cutoffs - self.first).astype(np.int64)

    @property
    def price_change(self) -> int:
        """The day number from which everybody pays the new price: the day after a cutoff in the middle."""
        return int(self.cutoff_numbers[(self.quarters - 1) // 2]) + 1

    def number(self, day: np.datetime64) -> int:
        """Return the number of a day."""
        return int((day - self.first).astype(np.int64))

    def dates(self, numbers: NDArray[np.int64]) -> Days:
        """Return the dates of day numbers."""
        return np.asarray(self.first + numbers.astype("timedelta64[D]"))

    @cached_property
    def bustle(self) -> FloatArray:
        """How busy each day is, 1 on a plain working day: weekends, August and December are quieter."""
        days = self.dates(np.arange(self.length))
        weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
        month = days.astype("datetime64[M]").astype(np.int64) % 12
        return np.asarray(WEEKDAY_FACTORS[weekday] * MONTH_FACTORS[month])
