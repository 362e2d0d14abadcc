"""Weights of whole per cents."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chs_ml.formula import Curve, Formula, Link, Term
from tests.formula import drawn
from tests.formula.test_whole_points import WHOLE, outcomes, whole_rows

LINE = Curve((0.0, 1.0), (0.0, 1.0), 0.5)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_whole_per_cents_sum_to_a_hundred(seed):
    formula = drawn.formula(seed)
    rows = drawn.rows(formula, seed, 60)
    found = formula.to_whole_percent(rows, outcomes(seed))
    percent = [100 * term.weight for term in found.formula.terms]
    assert sum(map(round, percent)) == 100
    assert all(each == pytest.approx(round(each), abs=1e-9) for each in percent)
    before = {term.key: term for term in formula.terms}
    assert all(term.shape == before[term.key].shape for term in found.formula.terms)
    assert [key for key in before if key not in {t.key for t in found.formula.terms}] == list(found.left_out)
    moved = np.abs(found.formula.score(rows) - formula.score(rows)).max()
    assert found.losses.largest_change == pytest.approx(moved, abs=1e-9)
    assert moved <= len(formula.terms)


def test_a_whole_formula_stays_as_it_is():
    assert WHOLE.to_whole_percent().formula.terms == WHOLE.terms
    assert WHOLE.to_whole_percent().formula.link.b == pytest.approx(WHOLE.link.b)
    found = WHOLE.to_whole_percent(whole_rows())
    assert found.formula.link.a == pytest.approx(WHOLE.link.a, abs=1e-6)
    assert found.losses.log_loss_lost == pytest.approx(0.0, abs=1e-12)
    assert (found.losses.auc_lost, found.losses.largest_change, found.losses.change_band) == (0.0, 0.0, 0)


def test_a_term_of_no_per_cent_is_dropped_and_named():
    terms = (Term("a", "", "positive", 0.996, LINE), Term("b", "", "positive", 0.004, LINE))
    found = Formula(terms, Link(-1.0, 3.0)).to_whole_percent()
    assert found.left_out == ("b",)
    assert [term.weight for term in found.formula.terms] == [1.0]
    assert found.formula.link.b == pytest.approx(3.0 * 0.996)
    assert found.formula.churn_probability({"a": [0.5]}) == pytest.approx(1 / (1 + np.exp(0.5)))
