"""A condition on one metric: 'more than 3 service calls', 'has the international plan'."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chs_ml.errors import FormulaError
from chs_ml.formula.columns import BoolArray, Frame
from chs_ml.formula.frames import Columns
from chs_ml.formula.names import check_levels, check_name


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
        """Refuse a condition that asks for both, or for nothing, and names that no target can write."""
        check_name("condition on", self.metric)
        if (self.above is None) == (self.level is None):
            raise FormulaError(f"condition on {self.metric!r}: give either 'above' or 'level', and one of them only")
        if self.above is not None and not np.isfinite(self.above):
            raise FormulaError(f"condition on {self.metric!r}: 'above' must be a finite number")
        if self.level is not None:
            check_levels(f"condition on {self.metric!r}", [self.level])

    def applies(self, frame: Frame) -> BoolArray:
        """Return for each row whether the condition is as asked."""
        columns = Columns.of(frame)
        if self.above is not None:
            true = columns.numbers(self.metric) > self.above
            return true if self.holds else ~true
        codes, positions = columns.levels(self.metric, [str(self.level)])
        side: BoolArray = (positions == 0) == self.holds
        return side[codes]

    def __str__(self) -> str:
        """Return the condition in words."""
        if self.above is not None:
            above = repr(float(self.above)).removesuffix(".0")  # every digit: two conditions never read alike
            return f"{self.metric} {'>' if self.holds else '≤'} {above}" + ("" if self.holds else " or unknown")
        return f"{self.metric} {'=' if self.holds else '≠'} {self.level}"
