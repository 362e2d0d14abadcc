"""What scorers do with a missing value where the formula says something else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np

from chs_ml.export.verify.habit import Habit
from chs_ml.export.verify.scorer import Scorer, positions, shaped, unknown
from chs_ml.formula import Curve, Formula, Levels, Term
from chs_ml.formula.columns import BoolArray, FloatArray, Frame, texts
from chs_ml.formula.frames import Columns
from chs_ml.formula.kinds import kinds_of


def of_missing(formula: Formula, average: Mapping[str, float]) -> Iterator[Habit]:
    """Give what is done to one metric, and after that what is done to all of them. average: mean health by term."""
    every = tuple(formula.metrics)
    for metric in every:
        yield from _of(formula, average, [metric], f"a missing {metric!r}", general=False)
    yield from _of(formula, average, every, "a missing value", general=True)
    yield from _of_silence(formula)
    yield Habit("missing values were left out, and the other weights rescaled", Scorer(formula, summed=_rescaled), True)


def _of(
    formula: Formula, average: Mapping[str, float], metrics: Collection[str], what: str, *, general: bool
) -> Iterator[Habit]:
    numeric = [name for name in metrics if kinds_of(formula)[name] == "number"]
    touched = frozenset(metrics)
    read = [term for term in formula.terms if term.metric in metrics]
    if numeric:
        yield Habit(f"{what} was taken as 0", Scorer(formula, rows=_as_zero(numeric), touches=touched), general)
    if not read:
        return
    for said, health in {
        "was scored as perfect": lambda term: 1.0,
        "was scored as the worst": lambda term: 0.0,
        "was scored as half": lambda term: 0.5,
        "was scored as the average customer": lambda term: average.get(term.key, term.shape.missing),
        "fell through to the end of its curve": lambda term: _end(term, -1),
        "fell through to the start of its curve": lambda term: _end(term, 0),
    }.items():
        yield Habit(f"{what} {said}", Scorer(formula, shaped=_valued(metrics, health), touches=touched), general)
    if any(isinstance(term.shape, Levels) for term in read):
        yield Habit(
            f"{what} was taken as a level not listed",
            Scorer(formula, shaped=_as_other(metrics), touches=touched),
            general,
        )
        unseen = what.replace("a missing", "a level not listed of", 1) if not general else "a level not listed"
        yield Habit(
            f"{unseen} was taken as missing",
            Scorer(formula, shaped=_other_as_missing(metrics), touches=touched),
            general,
        )


def _of_silence(formula: Formula) -> Iterator[Habit]:
    """Give where nothing is answered: a missing value makes every sum a missing one, unless somebody sees to it."""
    for metric in formula.metrics:
        silent = Scorer(formula, unanswered=_lacking([metric]), touches=frozenset())
        yield Habit(f"no answer where {metric!r} is missing", silent)
    silent = Scorer(formula, unanswered=_lacking(formula.metrics), touches=frozenset())
    yield Habit("no answer where any metric is missing", silent, True)


def _lacking(metrics: Collection[str]) -> Callable[[Formula, Columns], BoolArray]:
    def lacking(formula: Formula, columns: Columns) -> BoolArray:
        kinds, found = kinds_of(formula), np.zeros(len(columns), bool)
        for metric in metrics:
            found |= ~columns.present(metric) if kinds[metric] == "number" else no_level(columns, metric)
        return found

    return lacking


def no_level(columns: Columns, metric: str) -> BoolArray:
    """Return where a metric of levels is missing."""
    codes, found = columns.levels(metric, [])
    missing: BoolArray = (found == -1)[codes]
    return missing


def _as_zero(metrics: Sequence[str]) -> Callable[[Formula, Columns], Frame]:
    def rows(formula: Formula, columns: Columns) -> Frame:
        return replaced(formula, columns, {name: np.nan_to_num(columns.numbers(name), nan=0.0) for name in metrics})

    return rows


def replaced(formula: Formula, columns: Columns, instead: Mapping[str, object]) -> Frame:
    """Return the rows with some metrics' columns put in place of theirs."""
    kinds = kinds_of(formula)
    kept = {
        name: columns.numbers(name) if kinds[name] == "number" else texts(columns[name])
        for name in formula.metrics
        if name not in instead
    }
    return {**kept, **instead}


def _valued(metrics: Collection[str], health: Callable[[Term], float]) -> Callable[[Term, Columns], FloatArray]:
    def done(term: Term, columns: Columns) -> FloatArray:
        usual = shaped(term, columns)
        return np.where(unknown(columns, term), health(term), usual) if term.metric in metrics else usual

    return done


def _as_other(metrics: Collection[str]) -> Callable[[Term, Columns], FloatArray]:
    def done(term: Term, columns: Columns) -> FloatArray:
        usual = shaped(term, columns)
        if term.metric not in metrics or isinstance(term.shape, Curve):
            return usual
        return np.where(unknown(columns, term), term.shape.other, usual)

    return done


def _other_as_missing(metrics: Collection[str]) -> Callable[[Term, Columns], FloatArray]:
    def done(term: Term, columns: Columns) -> FloatArray:
        usual = shaped(term, columns)
        if term.metric not in metrics or isinstance(term.shape, Curve):
            return usual
        unseen = positions(columns, term.metric, term.shape) == len(term.shape.values)
        return np.where(unseen, term.shape.missing, usual)

    return done


def _end(term: Term, at: int) -> float:
    return term.shape.values[at] if isinstance(term.shape, Curve) else term.shape.other


def _rescaled(formula: Formula, health: Sequence[FloatArray], columns: Columns) -> FloatArray:
    total, weights = np.zeros(len(columns)), np.zeros(len(columns))
    for term, part in zip(formula.terms, health, strict=True):
        there = ~unknown(columns, term)
        total += np.where(there, term.weight * part, 0.0)
        weights += np.where(there, term.weight, 0.0)
    scored: FloatArray = 100.0 * np.divide(total, weights, out=np.zeros(len(columns)), where=weights > 0.0)
    return scored
