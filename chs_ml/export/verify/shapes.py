"""Other ways to read levels, curves and conditions."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from chs_ml.export.verify.habit import Habit
from chs_ml.export.verify.missing import no_level, replaced
from chs_ml.export.verify.scorer import Scorer, applies, shaped, unknown
from chs_ml.formula import Condition, Curve, Formula, Levels, Term
from chs_ml.formula.columns import BoolArray, FloatArray, Frame, TextArray, texts
from chs_ml.formula.frames import Columns
from chs_ml.formula.kinds import kinds_of

KEYS: dict[str, Callable[[str], str]] = {
    "levels were compared without regard to case": str.casefold,
    "levels were compared without blanks around them": str.strip,
    "levels were compared without regard to case and blanks": lambda text: text.strip().casefold(),
    "levels were compared after their letters were composed": lambda text: unicodedata.normalize("NFC", text),
}
"""What two levels have in common that are taken for one, by what is said of it."""
LEVEL_NOT_LISTED = "\0"
YES_AND_NO = frozenset({"yes", "no", "y", "n", "true", "false", "t", "f", "on", "off", "0", "1"})
"""What loaders make true and false of, or 1 and 0, without being asked."""


def of_levels(formula: Formula) -> Iterator[Habit]:
    """Give how levels are told apart: without regard to case, to blanks, to how whole numbers are spelled."""
    listed = _listed(formula)
    if not listed:
        return
    for said, key in KEYS.items():
        yield Habit(said, Scorer(formula, rows=_matched(listed, key)), True)
    yield Habit("levels such as '1.0' and 'True' were not read as '1' and 'true'", _literal(formula, listed), True)
    yield from _of_cast_levels(formula, listed)


def of_curves(formula: Formula) -> Iterator[Habit]:
    """Give how curves are drawn: on beyond their ends, as steps, on numbers of 32 bits."""
    curves = [term for term in formula.terms if isinstance(term.shape, Curve)]
    if not curves:
        return
    yield Habit("curves were drawn on beyond their ends", Scorer(formula, shaped=_extrapolated), True)
    yield Habit("curves were taken as steps", Scorer(formula, shaped=_stepped), True)
    yield Habit("metrics were kept as 32-bit numbers", Scorer(formula, rows=_in_32_bits), True)
    yield Habit("infinite numbers were not taken as missing", Scorer(formula, shaped=_fell_through), True)


def of_conditions(formula: Formula) -> Iterator[Habit]:
    """Give how the conditions of terms are asked."""
    if not any(term.when for term in formula.terms):
        return
    for said, applied in CONDITIONS.items():
        yield Habit(f"conditions of terms: {said}", Scorer(formula, applies=applied), True)


def _listed(formula: Formula) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = {}
    for term in formula.terms:
        if isinstance(term.shape, Levels):
            listed.setdefault(term.metric, []).extend(term.shape.names)
    for when in (*(term.when for term in formula.terms if term.when), *(rule.when for rule in formula.rules)):
        if when.level is not None:
            listed.setdefault(when.metric, []).append(when.level)
    return listed


def _matched(listed: dict[str, list[str]], key: Callable[[str], str]) -> Callable[[Formula, Columns], Frame]:
    """Return how rows look to a scorer that takes two levels of one key for one."""

    def rows(formula: Formula, columns: Columns) -> Frame:
        instead = {}
        for metric, names in listed.items():
            by_key = {key(name): name for name in names}
            column = texts(columns[metric])
            instead[metric] = _renamed(column, {text: by_key.get(key(text), text) for text in _distinct(column)})
        return replaced(formula, columns, instead)

    return rows


def _of_cast_levels(formula: Formula, listed: dict[str, list[str]]) -> Iterator[Habit]:
    """Give what becomes of levels that a loader writes another way: of one metric, of yes and no, of all.

    Loaders change every column of a kind at once, so that no row is explained by one metric alone.
    """
    yes_and_no = [name for name, names in listed.items() if {text.casefold() for text in names} <= YES_AND_NO]
    two = [name for name, names in listed.items() if len({*names}) == 2]
    together = dict.fromkeys(tuple(names) for names in (yes_and_no, two, listed) if len(names) > 1)
    for metrics in (*((name,) for name in listed), *together):
        what = ", ".join(map(repr, metrics))
        said = f"every level of {what} was taken as one that is not listed"
        yield Habit(
            f"{said} (as where a loader makes true/false or 1/0 of it)",
            Scorer(formula, rows=_none_listed(metrics), touches=frozenset(metrics)),
            len(metrics) > 1,
        )


def _none_listed(metrics: tuple[str, ...]) -> Callable[[Formula, Columns], Frame]:
    def rows(formula: Formula, columns: Columns) -> Frame:
        instead = {name: texts(columns[name]) for name in metrics}
        return replaced(
            formula,
            columns,
            {name: _renamed(one, dict.fromkeys(_distinct(one), LEVEL_NOT_LISTED)) for name, one in instead.items()},
        )

    return rows


def _literal(formula: Formula, listed: dict[str, list[str]]) -> Scorer:
    """Return a scorer to which a text is a level only letter for letter."""

    def rows(formula: Formula, columns: Columns) -> Frame:
        instead = {}
        for metric, names in listed.items():
            column = texts(columns[metric])
            strange = {text: text if text in names else LEVEL_NOT_LISTED for text in _distinct(column)}
            instead[metric] = _renamed(column, strange)
        return replaced(formula, columns, instead)

    return Scorer(formula, rows=rows)


def _distinct(column: TextArray) -> set[str]:
    return set(column.tolist()) - {None}


def _renamed(column: TextArray, names: dict[str, str]) -> TextArray:
    return np.array([*(names.get(text) for text in column.tolist()), None], dtype=object)[:-1]


def _extrapolated(term: Term, columns: Columns) -> FloatArray:
    usual = shaped(term, columns)
    if not isinstance(term.shape, Curve):
        return usual
    x, (knots, values, slopes) = columns.numbers(term.metric), (term.shape.knots, term.shape.values, term.shape.slopes)
    below, above = values[0] + (x - knots[0]) * slopes[0], values[-1] + (x - knots[-1]) * slopes[-1]
    return np.where(x < knots[0], below, np.where(x > knots[-1], above, usual))


def _stepped(term: Term, columns: Columns) -> FloatArray:
    if not isinstance(term.shape, Curve):
        return shaped(term, columns)
    x = columns.numbers(term.metric)
    at = np.clip(np.searchsorted(term.shape.knots, x, side="right") - 1, 0, len(term.shape.knots) - 1)
    return np.where(unknown(columns, term), term.shape.missing, np.array(term.shape.values)[at])


def _in_32_bits(formula: Formula, columns: Columns) -> Frame:
    numeric = [name for name, kind in kinds_of(formula).items() if kind == "number"]
    with np.errstate(over="ignore"):
        return replaced(
            formula, columns, {name: columns.numbers(name).astype(np.float32).astype(np.float64) for name in numeric}
        )


def _fell_through(term: Term, columns: Columns) -> FloatArray:
    """Infinity is beyond every knot where nobody looks whether a number is finite."""
    usual = shaped(term, columns)
    if not isinstance(term.shape, Curve):
        return usual
    x = np.asarray(columns[term.metric])
    if x.dtype.kind != "f":
        return usual
    return np.where(x == np.inf, term.shape.values[-1], np.where(x == -np.inf, term.shape.values[0], usual))


def _unknown(when: Condition, columns: Columns) -> BoolArray:
    return ~columns.present(when.metric) if when.above is not None else no_level(columns, when.metric)


def _at_edge_too(when: Condition, columns: Columns) -> BoolArray:
    if when.above is None:
        return applies(when, columns)
    return applies(replace(when, above=float(np.nextafter(when.above, -np.inf))), columns)


CONDITIONS: dict[str, Callable[[Condition, Columns], BoolArray]] = {
    "≥ instead of >": _at_edge_too,
    "a missing metric made them true": lambda when, rows: np.where(
        _unknown(when, rows), when.holds, applies(when, rows)
    ),
    "a missing metric was on neither side": lambda when, rows: applies(when, rows) & ~_unknown(when, rows),
    "the other way round": lambda when, rows: ~applies(when, rows),
    "not asked": lambda when, rows: np.ones(len(rows), bool),
    "never true": lambda when, rows: np.full(len(rows), not when.holds),
}
"""What is done with conditions, by what is said of it."""
