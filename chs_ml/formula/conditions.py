"""A condition on one metric: 'more than 3 service calls', 'has the international plan'."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chs_ml.errors import FormulaError
from chs_ml.formula.columns import BoolArray, Frame, level_codes, numbers


@dataclass(frozen=True, slots=True)
class Condition:
    """``metric > above`` or ``metric = level``; a missing metric makes it false.

    With ``holds=False`` it asks for the opposite, so that of the two sides exactly one applies to every customer.
    """

    metric: str
    above: float | None = None
    level: str | None = None
    holds: bool = True

    def __post_init__(self) -> None:
        """Refuse a condition that asks for both, or for nothing."""
        if (self.above is None) == (self.level is None):
            raise FormulaError(f"condition on {self.metric!r}: give either 'above' or 'level', and one of them only")
        if self.above is not None and not np.isfinite(self.above):
            raise FormulaError(f"condition on {self.metric!r}: 'above' must be a finite number")

    def applies(self, frame: Frame) -> BoolArray:
        """Return for each row whether the condition is as asked."""
        column = frame[self.metric]
        if self.above is not None:
            true = numbers(column, self.metric) > self.above
        else:
            true = level_codes(column, [str(self.level)]) == 0
        return true if self.holds else ~true

    def __str__(self) -> str:
        """Return the condition in words."""
        if self.above is not None:
            return f"{self.metric} {'>' if self.holds else '≤'} {self.above:g}" + ("" if self.holds else " or unknown")
        return f"{self.metric} {'=' if self.holds else '≠'} {self.level}"
