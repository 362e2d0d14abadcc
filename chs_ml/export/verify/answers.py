"""What a scorer answered, column by column, and where two answers differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chs_ml.formula.columns import BoolArray, FloatArray, TextArray

NUMBERS = ("score", "churn_probability", "coverage")
TEXTS = ("band", "band_by_score")
TOLERANCE = 1e-9
MOST_DIGITS = 8
FEW = 0.1

Tolerance = Mapping[str, float]
"""How far a column of numbers may be off; ``TOLERANCE`` where nothing is said."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Columns of answers, by the names that ``chs-ml score`` gives them; NaN and None where there is no answer."""

    numbers: Mapping[str, FloatArray]
    texts: Mapping[str, TextArray]

    def only(self, rows: Any) -> Answers:
        """Return the answers of some rows."""
        return Answers(
            {name: column[rows] for name, column in self.numbers.items()},
            {name: column[rows] for name, column in self.texts.items()},
        )

    def at(self, column: str, row: int) -> float | str | None:
        """Return one answer, as JSON has it."""
        if column in self.texts:
            text: str | None = self.texts[column][row]
            return text
        number = float(self.numbers[column][row])
        return number if np.isfinite(number) else None


def joined(parts: list[Answers]) -> Answers:
    """Return answers below each other; all have the same columns."""
    return Answers(
        {name: np.concatenate([part.numbers[name] for part in parts]) for name in parts[0].numbers},
        {name: np.concatenate([part.texts[name] for part in parts]) for name in parts[0].texts},
    )


def differing(given: Answers, right: Answers, tolerance: Tolerance) -> dict[str, BoolArray]:
    """Return for each column that was given in which rows it is not what it should be."""
    found: dict[str, BoolArray] = {
        name: ~close(column, right.numbers[name], tolerance.get(name, TOLERANCE))
        for name, column in given.numbers.items()
    }
    return found | {name: np.asarray(column != right.texts[name], bool) for name, column in given.texts.items()}


def close(one: FloatArray, other: FloatArray, tolerance: float | FloatArray) -> BoolArray:
    """Return where two numbers are equal; none equals none."""
    with np.errstate(invalid="ignore"):
        near: BoolArray = (np.abs(one - other) <= tolerance) | (np.isnan(one) & np.isnan(other)) | (one == other)
    return near


def empty(given: Answers) -> BoolArray:
    """Return which rows have no score and no probability; where neither was given, which have nothing at all."""
    telling = [given.numbers[name] for name in ("score", "churn_probability") if name in given.numbers]
    if telling:
        return np.asarray(np.logical_and.reduce([np.isnan(column) for column in telling]), bool)
    none = [np.isnan(column) for column in given.numbers.values()]
    none += [np.asarray([text is None for text in column], bool) for column in given.texts.values()]
    return np.asarray(np.logical_and.reduce(none), bool)


def digits_shown(column: FloatArray) -> int | None:
    """Return how many digits after the point tell every number of a column, None where eight do not.

    >>> digits_shown(np.array([1.5, 2.25])), digits_shown(np.array([1.0 / 3.0]))
    (2, None)
    """
    known = column[np.isfinite(column)]
    for digits in range(MOST_DIGITS + 1):
        known = known[np.abs(np.round(known, digits) - known) > 1e-12 * np.maximum(1.0, np.abs(known))]
        if not len(known):
            return digits
    return None


def rounded_to(column: FloatArray) -> int | None:
    """Return how many digits after the point a column was rounded to, None where it shows numbers in full.

    A few may be off in their last digit, as arithmetic on rounded numbers leaves them.

    >>> rounded_to(np.array([1.5, 2.25])), rounded_to(np.array([1.0, 0.9999999999999997]))
    (2, None)
    """
    digits, known = digits_shown(column), column[np.isfinite(column)]
    in_full = 0 if digits is None else int((np.round(known, digits) != known).sum())
    return None if in_full > FEW * len(known) else digits


def half_a_digit(digits: int) -> float:
    """Return how far a number may be off that was rounded to so many digits after the point."""
    return float(0.5 * 10.0**-digits + TOLERANCE)
