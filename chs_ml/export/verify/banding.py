"""Other ways to get from a score to a band."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from chs_ml.export.verify.habit import Habit
from chs_ml.export.verify.scorer import Scorer, banded, summed, unscored
from chs_ml.export.verify.shapes import CONDITIONS
from chs_ml.formula import Formula
from chs_ml.formula.columns import BoolArray, FloatArray, IntArray
from chs_ml.formula.frames import Columns


def of_bands(formula: Formula) -> Iterator[Habit]:
    """Give how cuts are compared, which rules apply in which order, and who is scored at all."""
    yield Habit("the score was rounded before it was used", _scorer(formula, summed=_rounded), True)
    if not formula.bands:
        return
    yield Habit("bands: > instead of ≥ at their cuts", _scorer(formula, banded=_strictly), True)
    yield Habit("bands: a score just below a cut, by rounding, was not lifted over it", _sharp(formula), True)
    yield Habit("bands: the score was rounded before it was compared", _scorer(formula, banded=_of_rounded), True)
    yield Habit("bands: asked from the lowest up, the first that fits", _scorer(formula, banded=_lowest), True)
    if formula.rules:
        yield from _of_rules(formula)
    if formula.score_when is not None:
        yield from _of_score_when(formula)


def _scorer(formula: Formula, **steps: Any) -> Scorer:
    """Return a scorer that reads every metric as the formula does."""
    return Scorer(formula, touches=frozenset(), **steps)


def _of_rules(formula: Formula) -> Iterator[Habit]:
    yield Habit("rules were not applied", _scorer(formula, rules=lambda rules: ()), True)
    yield Habit("rules: the first had the last word", _scorer(formula, rules=lambda rules: rules[::-1]), True)
    for said, applied in CONDITIONS.items():
        yield Habit(f"conditions of rules: {said}", _scorer(formula, applies_in_rules=applied), True)
    if len(formula.rules) > 1:
        for at, rule in enumerate(formula.rules):
            left = _scorer(formula, rules=lambda rules, at=at: rules[:at] + rules[at + 1 :])
            yield Habit(f"the rule {rule.when} was not applied", left, False)


def _of_score_when(formula: Formula) -> Iterator[Habit]:
    yield Habit("score_when was not applied: everybody was scored", _scorer(formula, unscored=_nobody), True)
    yield Habit("score_when: its coverage was not asked", _scorer(formula, unscored=_by_floors), True)
    yield Habit("score_when: its floors were not asked", _scorer(formula, unscored=_by_coverage), True)
    yield Habit("score_when: > instead of ≥ at its floors", _scorer(formula, unscored=_above_floors), True)
    yield Habit("who is not scored was given no score", _scorer(formula, silent=True), True)
    if formula.rules:
        yield Habit("rules were applied to who is not scored", _scorer(formula, rules_last=True), True)
        both = _scorer(formula, unscored=_nobody, rules=lambda rules: ())
        yield Habit("neither rules nor score_when were applied", both, True)


def _rounded(formula: Formula, health: Sequence[FloatArray], columns: Columns) -> FloatArray:
    return np.round(summed(formula, health, columns))


def _strictly(score: FloatArray, formula: Formula) -> IntArray:
    return _cut(score, formula, lambda score, cut: score > cut + 1e-9)


def _sharp(formula: Formula) -> Scorer:
    return _scorer(formula, banded=lambda score, formula: _cut(score, formula, lambda score, cut: score >= cut))


def _of_rounded(score: FloatArray, formula: Formula) -> IntArray:
    return banded(np.round(score), formula)


def _lowest(score: FloatArray, formula: Formula) -> IntArray:
    return np.full(len(score), len(formula.bands) - 1, dtype=np.intp)


def _cut(score: FloatArray, formula: Formula, reached: Callable[[FloatArray, float], BoolArray]) -> IntArray:
    position = np.full(len(score), len(formula.bands) - 1, dtype=np.intp)
    for at in reversed(range(len(formula.bands) - 1)):
        position[reached(score, formula.bands[at].start)] = at
    return position


def _nobody(formula: Formula, columns: Columns, coverage: FloatArray) -> BoolArray:
    return np.zeros(len(columns), bool)


def _by_floors(formula: Formula, columns: Columns, coverage: FloatArray) -> BoolArray:
    return unscored(formula, columns, np.ones(len(columns)))


def _by_coverage(formula: Formula, columns: Columns, coverage: FloatArray) -> BoolArray:
    limit = formula.score_when.coverage if formula.score_when else None
    return np.zeros(len(columns), bool) if limit is None else coverage < limit - 1e-9


def _above_floors(formula: Formula, columns: Columns, coverage: FloatArray) -> BoolArray:
    out = unscored(formula, columns, coverage)
    for metric, floor in formula.score_when.floors if formula.score_when else ():
        out = out | ~(columns.numbers(metric) > floor)
    return out
