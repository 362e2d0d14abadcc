"""The two shapes that a term can have: a piecewise-linear curve, or a table of levels.

Both give health in 0..1, where 1 is the healthiest that the metric can be. Whatever a person authors lowers to these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chs_ml.errors import FormulaError
from chs_ml.formula.columns import BoolArray, FloatArray, level_codes, numbers
from chs_ml.formula.names import check_levels


@dataclass(frozen=True, slots=True)
class Curve:
    """Health of a number: piecewise linear through (knots, values), flat outside, ``missing`` when unknown.

    knots: strictly increasing, in the metric's own unit, at least two. values: in 0..1, as many.
    """

    knots: tuple[float, ...]
    values: tuple[float, ...]
    missing: float

    def __post_init__(self) -> None:
        """Refuse what is no curve, with the rule that it breaks."""
        if len(self.knots) < 2 or len(self.knots) != len(self.values):
            raise FormulaError(f"a curve needs two knots or more and a value for each; got {len(self.knots)} knots "
                               f"and {len(self.values)} values")  # fmt: skip
        if not all(np.isfinite(self.knots)) or not all(np.diff(self.knots) > 0):
            raise FormulaError(f"knots must be finite and strictly increasing; got {list(self.knots)[:12]}")
        if not all(np.isfinite(self.slopes)) or not np.isfinite(self.knots[-1] - self.knots[0]):
            raise FormulaError(f"knots lie too close together or too far apart to be told apart in double precision; "
                               f"got {list(self.knots)[:12]}")  # fmt: skip
        _in_unit("values", *self.values)
        _in_unit("missing", self.missing)

    @property
    def slopes(self) -> tuple[float, ...]:
        """Health per unit of the metric between each knot and the next."""
        with np.errstate(over="ignore", invalid="ignore"):
            return tuple((np.diff(self.values) / np.diff(self.knots)).tolist())

    def health(self, column: Any, name: str = "") -> FloatArray:
        """Return health in 0..1 for each row."""
        return self.health_of(numbers(column, name))

    def health_of(self, x: FloatArray) -> FloatArray:
        """Return health for numbers in which NaN is missing."""
        known = np.isfinite(x)
        if known.all():
            return np.interp(x, self.knots, self.values)
        return np.where(known, np.interp(np.where(known, x, 0.0), self.knots, self.values), self.missing)

    def known(self, column: Any, name: str = "") -> BoolArray:
        """Return which rows have a value that the curve can read."""
        return np.isfinite(numbers(column, name))

    @property
    def everything(self) -> tuple[float, ...]:
        """Every health that the curve can reach at its ends: values and missing."""
        return (*self.values, self.missing)


@dataclass(frozen=True, slots=True)
class Levels:
    """Health of a category: a value for each level, ``other`` for a level not listed, ``missing`` when unknown."""

    values: tuple[tuple[str, float], ...]
    other: float
    missing: float

    def __post_init__(self) -> None:
        """Refuse levels that are empty, doubled, hostile or alike, and values out of 0..1."""
        names = self.names
        if not names or "" in names:
            raise FormulaError("a table of levels needs one level or more, and no empty one ('' is missing)")
        if len(set(names)) < len(names):
            doubled = next(name for name in names if names.count(name) > 1)
            raise FormulaError(f"level {doubled!r} is listed twice; each level has one value")
        check_levels("levels", names)
        _in_unit("values", *(value for _, value in self.values))
        _in_unit("other", self.other)
        _in_unit("missing", self.missing)

    @property
    def names(self) -> tuple[str, ...]:
        """The levels that have a value of their own."""
        return tuple(name for name, _ in self.values)

    def health(self, column: Any, name: str = "") -> FloatArray:
        """Return health in 0..1 for each row."""
        return self.table[level_codes(column, self.names)]

    def known(self, column: Any, name: str = "") -> BoolArray:
        """Return which rows have a listed level; an unseen level counts as absent."""
        codes = level_codes(column, self.names)
        return (codes >= 0) & (codes < len(self.values))

    @property
    def table(self) -> FloatArray:
        """Health by position: each level, ``other``, and ``missing`` as the last, so that -1 finds it."""
        return np.array([*(value for _, value in self.values), self.other, self.missing])

    @property
    def everything(self) -> tuple[float, ...]:
        """Every health that the table can give."""
        return (*(value for _, value in self.values), self.other, self.missing)


Shape = Curve | Levels


def _in_unit(what: str, *values: float) -> None:
    if not all(0.0 <= value <= 1.0 for value in values):
        wrong = next(value for value in values if not 0.0 <= value <= 1.0)
        raise FormulaError(f"{what}: {wrong!r} is outside 0..1; health is a share of the metric's range")
