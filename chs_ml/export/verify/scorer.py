"""A scorer taken apart: each step of the formula may be done another way, as other scorers do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, fields, replace
from typing import Any

import numpy as np

from chs_ml.export.verify.answers import Answers
from chs_ml.formula import NOT_SCORED, Condition, Curve, Formula, Levels, Rule, Term
from chs_ml.formula.bands import band_by_score, names_of
from chs_ml.formula.columns import BoolArray, FloatArray, Frame, IntArray, TextArray
from chs_ml.formula.frames import Columns


def shaped(term: Term, columns: Columns) -> FloatArray:
    """Return the health of a term's metric, its condition aside."""
    if isinstance(term.shape, Curve):
        return term.shape.health_of(columns.numbers(term.metric))
    return term.shape.table[positions(columns, term.metric, term.shape)]


def positions(columns: Columns, metric: str, levels: Levels) -> IntArray:
    """Return the position of each row's level, ``len(levels.values)`` for another one, -1 where it is missing."""
    codes, found = columns.levels(metric, levels.names)
    return found[codes]


def unknown(columns: Columns, term: Term) -> BoolArray:
    """Return where a term's metric is missing; an unseen level is not."""
    if isinstance(term.shape, Curve):
        return ~columns.present(term.metric)
    missing: BoolArray = positions(columns, term.metric, term.shape) == -1
    return missing


def applies(condition: Condition, columns: Columns) -> BoolArray:
    """Return where a condition is as asked."""
    found: BoolArray = condition.applies(columns)
    return found


def summed(formula: Formula, health: Sequence[FloatArray], columns: Columns) -> FloatArray:
    """Return the score, summed left to right."""
    total = np.zeros_like(health[0])
    for term, part in zip(formula.terms, health, strict=True):
        total += term.weight * part
    return 100.0 * total


def covered(formula: Formula, known: Sequence[BoolArray]) -> FloatArray:
    """Return the share of the weights whose metric is known."""
    total = np.zeros(len(known[0]))
    for term, there in zip(formula.terms, known, strict=True):
        total += term.weight * there
    return np.minimum(total, 1.0)


def banded(score: FloatArray, formula: Formula) -> IntArray:
    """Return the position of the band by the cuts."""
    return band_by_score(score, formula.bands)


def unscored(formula: Formula, columns: Columns, coverage: FloatArray) -> BoolArray:
    """Return which rows are not scored."""
    if formula.score_when is None:
        return np.zeros(len(columns), bool)
    return np.asarray(formula.score_when.reasons(columns, coverage) != "", dtype=np.bool_)


def as_it_is(formula: Formula, columns: Columns) -> Frame:
    """Return the rows as they stand."""
    return columns


def in_order(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules as they are applied, the one with the last word last."""
    return rules


@dataclass(frozen=True, eq=False)
class Read:
    """What the formula reads in some rows, of each term: a scorer computes again only what it reads otherwise."""

    columns: Columns
    health: tuple[FloatArray, ...]
    known: tuple[BoolArray, ...]


@dataclass(frozen=True)
class Scorer:
    """How the formula is computed: the defaults are as it says.

    rows, shaped, …: each step, with another one in its place. rules_last: a rule overrules ``not scored``. silent: no
    score and no probability are given to whom is not scored. unanswered: rows to which nothing is answered. touches:
    the metrics alone of which something may be read otherwise; None: all.
    """

    formula: Formula
    rows: Callable[[Formula, Columns], Frame] = as_it_is
    shaped: Callable[[Term, Columns], FloatArray] = shaped
    applies: Callable[[Condition, Columns], BoolArray] = applies
    applies_in_rules: Callable[[Condition, Columns], BoolArray] = applies
    summed: Callable[[Formula, Sequence[FloatArray], Columns], FloatArray] = summed
    banded: Callable[[FloatArray, Formula], IntArray] = banded
    rules: Callable[[tuple[Rule, ...]], tuple[Rule, ...]] = in_order
    unscored: Callable[[Formula, Columns, FloatArray], BoolArray] = unscored
    rules_last: bool = False
    silent: bool = False
    unanswered: Callable[[Formula, Columns], BoolArray] | None = None
    touches: frozenset[str] | None = None

    def reads(self, frame: Frame, before: Read | None = None) -> Read:
        """Return what such a scorer reads. before: what the formula reads in the same rows."""
        columns = Columns.of(self.rows(self.formula, Columns.of(frame)))
        health, known = [], []
        for at, term in enumerate(self.formula.terms):
            as_before = before is not None and self.touches is not None and self.touches.isdisjoint(term.metrics)
            health.append(before.health[at] if before and as_before else self._health(term, columns))
            known.append(before.known[at] if before and as_before else term.known(columns))
        return Read(columns, tuple(health), tuple(known))

    def answers(self, frame: Frame, before: Read | None = None) -> Answers:
        """Return what such a scorer answers to each row; before: as ``reads`` takes it."""
        formula, read = self.formula, self.reads(frame, before)
        columns = read.columns
        score = self.summed(formula, read.health, columns)
        coverage = covered(formula, read.known)
        codes, out = self.banded(score, formula), self.unscored(formula, columns, coverage)
        band = names_of(codes, formula.bands)
        band = self._ruled(np.where(out, NOT_SCORED, band) if self.rules_last else band, columns)
        if not self.rules_last:
            band[out] = NOT_SCORED
        score_given = np.where(out, np.nan, score) if self.silent else score
        chance = np.full(len(score), np.nan) if formula.link is None else formula.link.churn_probability(score_given)
        numbers = {"score": score_given, "churn_probability": chance, "coverage": coverage}
        texts = {"band": band, "band_by_score": names_of(codes, formula.bands)}
        if self.unanswered is None:
            return Answers(numbers, texts)
        none = self.unanswered(formula, columns)
        return Answers(
            {name: np.where(none, np.nan, column) for name, column in numbers.items()},
            {name: np.where(none, np.array(None, dtype=object), column) for name, column in texts.items()},
        )

    def _health(self, term: Term, columns: Columns) -> FloatArray:
        health = self.shaped(term, columns)
        if term.when is None or term.otherwise is None:
            return health
        return np.where(self.applies(term.when, columns), health, term.otherwise)

    def _ruled(self, band: TextArray, columns: Columns) -> TextArray:
        for rule in self.rules(self.formula.rules):
            band = np.where(self.applies_in_rules(rule.when, columns), rule.band, band)
        return band


def both(one: Scorer, other: Scorer) -> Scorer:
    """Return a scorer with the habits of two; of two ways to do the same step the second one's, where both have one.

    Of rows and shapes both ways are kept: rows are changed by one after the other, and a term is shaped as the scorer
    does that touches its metric.
    """
    steps = {step.name: getattr(other, step.name) for step in fields(Scorer) if _own(other, step)}
    if one.rows is not as_it_is and other.rows is not as_it_is:
        steps["rows"] = lambda formula, columns: other.rows(formula, Columns.of(one.rows(formula, columns)))
    if one.shaped is not shaped and other.shaped is not shaped:
        steps["shaped"] = lambda term, columns: (
            other.shaped if other.touches is None or term.metric in other.touches else one.shaped
        )(term, columns)
    everything = one.touches is None or other.touches is None
    steps["touches"] = None if everything else (one.touches or frozenset()) | (other.touches or frozenset())
    return replace(one, **steps)


def _own(scorer: Scorer, step: Field[Any]) -> bool:
    return step.name != "formula" and getattr(scorer, step.name) is not step.default
