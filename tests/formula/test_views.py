"""The three views lose nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chs_ml.errors import FormulaError
from chs_ml.formula import Curve, Formula, Levels, Term, View
from tests.formula import drawn
from tests.formula.papers import first_formula

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS)
@settings(max_examples=40)
def test_totals_equal_the_score_and_the_log_odds(seed):
    formula = drawn.formula(seed)
    frame = drawn.rows(formula, seed, 50)
    score = formula.score(frame)
    assert View.of(formula, "weights").total(frame) == pytest.approx(score / 100.0, abs=1e-12)
    assert View.of(formula, "points").total(frame) == pytest.approx(score, abs=1e-9)
    if formula.link is not None:
        eta = formula.link.a + formula.link.b * score / 100.0
        assert View.of(formula, "log-odds").total(frame) == pytest.approx(eta, abs=1e-9)


@given(SEEDS)
@settings(max_examples=40)
def test_points_add_for_positive_and_subtract_for_negative_terms(seed):
    formula = drawn.formula(seed)
    for part in View.of(formula, "points").parts:
        amounts = [row.amount for row in part.rows()]
        if part.term.direction == "positive":
            assert min(amounts) >= 0.0
        elif part.term.direction == "negative":
            assert max(amounts) <= 0.0
        else:
            assert next(row.amount for row in part.rows() if row.kind == "missing") == 0.0


def test_rows_say_what_stands_where():
    rows = View.of(first_formula(), "points").rows()
    calls = [row for row in rows if row.key == "day_charge | service_calls > 3"]
    assert [(row.kind, row.at) for row in calls] == [
        ("knot", 10.0), ("knot", 30.5), ("knot", 60.0), ("missing", None), ("otherwise", None)]  # fmt: skip
    assert [row.amount for row in calls] == pytest.approx([0.0, -5.0, -20.0, -8.0, -17.5])
    levels = [(row.kind, row.at) for row in rows if row.key == "Contract"]
    assert levels[-2:] == [("other", None), ("missing", None)]


def test_the_best_and_the_worst_row_in_points():
    terms = (
        Term("more", "", "positive", 0.5, Curve((0.0, 1.0), (0.0, 1.0), 0.5)),
        Term("less", "", "negative", 0.25, Curve((0.0, 1.0), (1.0, 0.0), 0.5)),
        Term("kind", "", "free", 0.25, Levels((("a", 1.0), ("b", 0.0)), 0.5, 0.5)),
    )
    view = View.of(Formula(terms), "points")
    assert view.base == 25.0 + 12.5
    assert view.total({"more": [1, 0], "less": [0, 1], "kind": np.array(["a", "b"])}).tolist() == [100.0, 0.0]


@pytest.mark.parametrize(("unit", "match"), [("log-odds", "no link to churn"), ("percent", "'percent' is none of")])
def test_refusals(unit, match):
    formula = Formula((Term("a", "", "positive", 1.0, Curve((0.0, 1.0), (0.0, 1.0), 0.5)),))
    with pytest.raises(FormulaError, match=match):
        View.of(formula, unit)
