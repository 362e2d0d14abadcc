"""The likely cause of differences: the formula computed again under each habit, and which habit explains them.

What is shown otherwise (another scale, rounded) is found first; the rest is explained by one habit after the other,
each time the one that explains most of what is left and changes least of what was right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from chs_ml.export.verify.answers import Answers, Tolerance
from chs_ml.export.verify.banding import of_bands
from chs_ml.export.verify.habit import Habit
from chs_ml.export.verify.missing import of_missing
from chs_ml.export.verify.shapes import of_conditions, of_curves, of_levels
from chs_ml.export.verify.showing import Shown, roughly, showings, still_differing
from chs_ml.export.verify.tally import Sample
from chs_ml.formula import Formula
from chs_ml.formula.columns import BoolArray, IntArray
from chs_ml.formula.frames import Columns

TRIED, MOST_CAUSES, FINALISTS = 400, 6, 6
"""Rows in which every habit is tried; causes that are told; habits that are tried in all rows."""


@dataclass(frozen=True)
class Cause:
    """What another scorer likely did.

    says: it, in words. explains: so many rows of ``of`` that differ. against: rows of ``equal`` looked at that were
    right, and that it would have got wrong.
    """

    says: str
    explains: int
    of: int
    against: int = 0
    equal: int = 0


def likely_causes(
    formula: Formula, sample: Sample, tolerance: Tolerance, average: Mapping[str, float]
) -> tuple[list[Cause], int]:
    """Return likely causes, the one that explains most first, and how many rows none explains."""
    shown = showings(formula, sample.given, sample.right, tolerance)
    left = _anywhere(still_differing(sample.given, sample.right, tolerance, shown)) & sample.differ
    causes: list[Cause] = []
    habits = list(habits_of(formula, average))
    while left.any() and len(causes) < MOST_CAUSES:
        found = _best(habits, sample, tolerance, shown, left)
        if found is None:
            break
        habit, explained, against = found
        equal = int((~sample.differ).sum())
        causes.append(Cause(habit.says, int(explained.sum()), int(sample.differ.sum()), against, equal))
        left &= ~explained
    causes += _of_showings(sample, tolerance, shown, left)
    roughly_right = left & ~_anywhere(
        still_differing(sample.given, sample.right, tolerance, {**roughly(sample.given), **shown})
    )
    if roughly_right.any():
        causes.append(Cause("numbers were computed in 32 bits", int(roughly_right.sum()), int(sample.differ.sum())))
        left &= ~roughly_right
    return sorted(causes, key=lambda cause: -cause.explains), int(left.sum())


def habits_of(formula: Formula, average: Mapping[str, float]) -> Iterator[Habit]:
    """Give every habit that is tried, those of one metric before those of all."""
    yield from of_missing(formula, average)
    yield from of_levels(formula)
    yield from of_curves(formula)
    yield from of_conditions(formula)
    yield from of_bands(formula)


def _of_showings(sample: Sample, tolerance: Tolerance, shown: Shown, left: BoolArray) -> Iterator[Cause]:
    """Give the ways in which columns are shown, with the rows that are right then, by themselves or by a habit."""
    before = still_differing(sample.given, sample.right, tolerance, {})
    after = still_differing(sample.given, sample.right, tolerance, shown)
    for column, way in shown.items():
        explained = before[column] & ~(after[column] & left)
        yield Cause(way.says, int(explained.sum()), int(before[column].sum()))


def _best(
    habits: list[Habit], sample: Sample, tolerance: Tolerance, shown: Shown, left: BoolArray
) -> tuple[Habit, BoolArray, int] | None:
    """Return the habit that explains most of the rows left, which ones, and how many right ones it would change."""
    some = np.flatnonzero(left)[:TRIED]
    tried = [(int(_equal(habit, sample, tolerance, shown, some).sum()), habit) for habit in habits]
    promising = sorted((each for each in tried if each[0]), key=lambda each: -each[0])[:FINALISTS]
    found, best = None, 0.0
    every, right = np.flatnonzero(left), np.flatnonzero(~sample.differ)
    for _, habit in promising:
        explained = np.zeros(len(left), bool)
        explained[every] = _equal(habit, sample, tolerance, shown, every)
        against = int((~_equal(habit, sample, tolerance, shown, right)).sum()) if len(right) else 0
        worth = explained.sum() / len(every) - (against / len(right) if len(right) else 0.0)
        if worth > best:
            found, best = (habit, explained, against), worth
    return found


def _equal(habit: Habit, sample: Sample, tolerance: Tolerance, shown: Shown, at: IntArray) -> BoolArray:
    """Return in which of some rows a scorer of this habit answers what was given."""
    frame = Columns({name: column[at] for name, column in sample.rows.items()})
    answers: Answers = habit.scorer.answers(frame)
    return ~_anywhere(still_differing(sample.given.only(at), answers, tolerance, shown))


def _anywhere(wrong: Mapping[str, BoolArray]) -> BoolArray:
    return np.asarray(np.logical_or.reduce([*wrong.values()]), bool)
