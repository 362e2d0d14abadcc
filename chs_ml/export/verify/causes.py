"""The likely cause of differences: the formula computed again under each habit, and which habit explains them.

What is shown otherwise (another scale, rounded) is found first; the rest is explained by one habit after the other,
each time the one that explains most of what is left and changes least of what was right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from chs_ml.export.verify.answers import Tolerance, empty
from chs_ml.export.verify.banding import of_bands
from chs_ml.export.verify.elsewhere import of_other_rows
from chs_ml.export.verify.habit import Habit
from chs_ml.export.verify.missing import of_missing
from chs_ml.export.verify.scorer import Scorer, both
from chs_ml.export.verify.shapes import of_conditions, of_curves, of_levels
from chs_ml.export.verify.showing import Shown, roughly, showings, still_differing
from chs_ml.export.verify.tally import Sample
from chs_ml.formula import Formula
from chs_ml.formula.columns import BoolArray, IntArray

TRIED, MOST_CAUSES, FINALISTS = 400, 6, 6
"""Rows in which every habit is tried; causes that are told; habits that are tried in all rows."""

LEAST_SHARE = 0.005
"""Of the rows that differ, what a cause has to explain."""

OF_OTHER_ROWS = "the answers are the formula's, of other rows (a join or a sort went wrong)"


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
    """Return likely causes, the one that explains most first, and how many rows none explains.

    Rows that say that another formula made them are explained by that, and may have another cause besides.
    """
    moved = of_other_rows(sample, tolerance)
    if moved.any():
        differ = int(sample.differ.sum())
        return [Cause(OF_OTHER_ROWS, int(moved.sum()), differ)], int((sample.differ & ~moved & ~sample.stale).sum())
    shown, habits = showings(formula, sample.given, sample.right, tolerance), list(habits_of(formula, average))
    causes, left = _searched(_Search(formula, sample, tolerance, shown), habits)
    if shown and len(causes) > 1:  # few different numbers may look rounded, where a habit alone gives just them
        plain, unexplained = _searched(_Search(formula, sample, tolerance, {}), habits)
        if unexplained <= left and len(plain) < len(causes):
            causes, left = plain, unexplained
    return sorted(causes, key=lambda cause: -cause.explains), left


def _searched(search: _Search, habits: list[Habit]) -> tuple[list[Cause], int]:
    while len(search.taken) < MOST_CAUSES and (found := search.best(habits)) is not None:
        search.take(*found)
    return search.causes(), int((search.left & ~search.sample.stale).sum())


def habits_of(formula: Formula, average: Mapping[str, float]) -> Iterator[Habit]:
    """Give every habit that is tried, those of one metric before those of all."""
    yield from of_missing(formula, average)
    yield from of_levels(formula)
    yield from of_curves(formula)
    yield from of_conditions(formula)
    yield from of_bands(formula)


class _Search:
    """The rows that are still unexplained, and what explains the others. shown: how columns are shown."""

    def __init__(self, formula: Formula, sample: Sample, tolerance: Tolerance, shown: Shown) -> None:
        self.formula, self.sample, self.tolerance, self.shown = formula, sample, tolerance, shown
        self.differ, self.equal = int(sample.differ.sum()), int((~sample.differ).sum())
        self.left = self._wrong(self.shown) & sample.differ
        self.taken: list[tuple[Habit, Cause]] = []
        self.together = 0

    def best(self, habits: list[Habit]) -> tuple[Habit, BoolArray, int] | None:
        """Return the habit that explains most of what is left, which rows, and how many right ones it would change."""
        if not self.left.any():
            return None
        some = _Rows(self, np.flatnonzero(self.left)[:TRIED])
        tried = [(int(some.explained(habit.scorer).sum()), habit) for habit in habits]
        promising = sorted((each for each in tried if each[0]), key=lambda each: -each[0])[:FINALISTS]
        every, right = _Rows(self, np.flatnonzero(self.left)), _Rows(self, np.flatnonzero(~self.sample.differ))
        found, best = None, LEAST_SHARE * self.differ / len(every.at)
        for _, habit in promising:
            explained = every.explained(habit.scorer)
            against = int((~right.explained(habit.scorer)).sum())
            worth = explained.mean() - against / max(1, self.equal)
            if worth > best:
                found, best = (habit, every.among(explained), against), worth
        return found

    def take(self, habit: Habit, explained: BoolArray, against: int) -> None:
        """Note a habit, and take away the rows that it explains, by itself or together with those before it."""
        self.taken.append((habit, Cause(habit.says, int(explained.sum()), self.differ, against, self.equal)))
        self.left &= ~explained
        if len(self.taken) > 1 and self.left.any():
            rows = _Rows(self, np.flatnonzero(self.left))
            found = rows.explained(reduce(both, (each.scorer for each, _ in self.taken)))
            self.together += int(found.sum())
            self.left &= ~rows.among(found)

    def causes(self) -> list[Cause]:
        """Return what was found; last what explains small differences where nothing else does."""
        found = [cause for _, cause in self.taken]
        found += [Cause("several of these in one row", self.together, self.differ)] * bool(self.together)
        found += self._of_showings()
        roughly_right = self.left & ~self._wrong({**roughly(self.sample.given), **self.shown})
        if roughly_right.any():
            found.append(
                Cause("numbers differ from the sixth digit on, as with 32 bits", int(roughly_right.sum()), self.differ)
            )
            self.left &= ~roughly_right
        return found

    def _of_showings(self) -> Iterator[Cause]:
        """Give the ways in which columns are shown, with the rows that are right then, by themselves or by a habit."""
        before, after = (
            still_differing(self.sample.given, self.sample.right, self.tolerance, way) for way in ({}, self.shown)
        )
        for column, way in self.shown.items():
            explained = before[column] & ~(after[column] & self.left)
            yield Cause(way.says, int(explained.sum()), int(before[column].sum()))

    def _wrong(self, shown: Shown) -> BoolArray:
        return _anywhere(still_differing(self.sample.given, self.sample.right, self.tolerance, shown))


class _Rows:
    """Some rows of a sample, read once as the formula reads them."""

    def __init__(self, search: _Search, at: IntArray) -> None:
        self.at, self._search, self._given = at, search, search.sample.given.only(at)
        self._read = Scorer(search.formula).reads({name: column[at] for name, column in search.sample.rows.items()})

    def explained(self, scorer: Scorer) -> BoolArray:
        """Return in which of the rows a scorer answers what was given; who answers nothing may still name a band."""
        answers = scorer.answers(self._read.columns, self._read)
        same = ~_anywhere(still_differing(self._given, answers, self._search.tolerance, self._search.shown))
        if scorer.unanswered is None:
            return same
        return np.where(scorer.unanswered(self._search.formula, self._read.columns), empty(self._given), same)

    def among(self, some: BoolArray) -> BoolArray:
        """Return some of these rows as rows of the sample."""
        every = np.zeros(len(self._search.left), bool)
        every[self.at[some]] = True
        return every


def _anywhere(wrong: Mapping[str, BoolArray]) -> BoolArray:
    return np.asarray(np.logical_or.reduce([*wrong.values()]), bool)
