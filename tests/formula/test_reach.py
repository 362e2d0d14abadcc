"""The least and the greatest score, against every row that there is."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from chs_ml.formula import Condition, Curve, Formula, Levels, Term, reach
from chs_ml.formula.edges import edges_of, frame_of
from chs_ml.formula.reach import extreme_row
from tests.formula import drawn
from tests.formula.papers import first_formula


def score_of(formula, row):
    return float(formula.score(frame_of([{**dict.fromkeys(formula.metrics), **row}]))[0])


@pytest.mark.parametrize("seed", range(40))
def test_no_drawn_row_lies_beyond(seed):
    formula = drawn.formula(seed)
    low, high = (score_of(formula, extreme_row(formula, best=best)) for best in (False, True))
    scores = formula.score(drawn.rows(formula, seed, 3_000))
    assert low - 1e-9 <= scores.min() and scores.max() <= high + 1e-9


def rings():
    """Three metrics, each under a condition on the next, and one more under a condition on a level."""
    names, draw = ["a", "b", "c"], np.random.default_rng(2)
    terms = []
    for at, name in enumerate(names):
        for holds in (True, False):
            curve = Curve((0.0, 1.0, 2.0), tuple(draw.random(3).tolist()), float(draw.random()))
            when = Condition(names[(at + 1) % 3], above=0.5 + at, holds=holds)
            terms.append(Term(name, "", "free", 0.1, curve, when=when, otherwise=float(draw.random())))
    plans = Levels((("x", 0.9), ("y", 0.2)), 0.5, 0.4)
    terms.append(Term("plan", "", "free", 0.3, plans, when=Condition("a", above=1.9), otherwise=0.0))
    terms.append(Term("c", "", "free", 0.1, Curve((0.0, 1.0), (0.0, 1.0), 0.5), when=Condition("plan", level="z"),
                      otherwise=1.0))  # fmt: skip
    return Formula(tuple(terms))


@pytest.mark.parametrize("formula", [rings(), first_formula()])
def test_it_is_the_extreme_of_all_rows(formula):
    values = {name: [*edge.plain, *edge.tagged.get("unseen", ())] for name, edge in edges_of(formula).items()}
    read = {name for term in formula.terms for name in term.metrics}
    values = {name: some if name in read else some[:1] for name, some in values.items()}
    for condition in (term.when for term in formula.terms if term.when and term.when.above is not None):
        values[condition.metric] = [*values[condition.metric], float(np.nextafter(condition.above, np.inf))]
    rows = [dict(zip(values, row, strict=True)) for row in product(*values.values())]
    scores = formula.score(frame_of(rows))
    assert score_of(formula, extreme_row(formula, best=True)) == pytest.approx(scores.max(), abs=1e-9)
    assert score_of(formula, extreme_row(formula, best=False)) == pytest.approx(scores.min(), abs=1e-9)


def test_metrics_that_stand_alone_are_quick_however_many():
    curve = Curve((0.0, 1.0), (0.0, 1.0), 0.5)
    formula = Formula(tuple(Term(f"m{at}", "", "free", 1 / 3_000, curve) for at in range(3_000)))
    assert score_of(formula, extreme_row(formula, best=True)) == pytest.approx(100.0)


def test_known_rows_have_no_missing_value_and_no_unseen_level():
    for best in (True, False):
        row = extreme_row(rings(), best=best, known=True)
        assert None not in row.values() and row["plan"] in ("x", "y", "z")


def test_twenty_splits_are_quick_and_too_dense_conditions_are_answered_all_the_same(monkeypatch):
    names = [f"m{at}" for at in range(20)]
    terms = [
        Term(name, "", "free", 1 / 40, Curve((0.0, 1.0), (0.0, 1.0), 0.5), when=Condition(on, 0.5, holds=holds),
             otherwise=0.25)
        for name, on in zip(names, names[1:] + names[:1], strict=True)
        for holds in (True, False)
    ]  # fmt: skip
    formula = Formula(tuple(terms))
    assert score_of(formula, extreme_row(formula, best=True)) == pytest.approx(62.5)
    assert score_of(formula, extreme_row(formula, best=False)) == pytest.approx(12.5)
    monkeypatch.setattr(reach, "MOST", 10)
    assert 12.5 <= score_of(formula, extreme_row(formula, best=True)) <= 62.5
