from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chs_ml.errors import FitError
from chs_ml.fit.anchor import pull_towards
from chs_ml.fit.fitting import Candidate, fit
from chs_ml.fit.lowering import formula_of
from chs_ml.fit.table import MetricPlan
from chs_ml.formula import Formula
from tests.fit import drawn

NEW = drawn.frame(600, seed=50)


def learned(seed, anchor=None, plans=drawn.PLANS, candidate=None):
    table = drawn.frame(1_500, seed)
    rows = replace(drawn.sample(table, drawn.retained(table, seed), plans), anchor=anchor)
    return formula_of(fit(rows, plans, candidate or Candidate(8, 0.1, 1.0))).formula


def contributions(formula, frame):
    """Each term's part of the log-odds, about its mean: what an anchor can repeat."""
    parts = formula.contributions(frame)
    return {name: formula.link.b * (part - part.mean()) / 100 for name, part in parts.items()}


def distance(one, other):
    a, b = contributions(one, NEW), contributions(other, NEW)
    return max(np.abs(a[name] - b[name]).max() for name in a if name in b)


def test_a_strong_anchor_repeats_the_earlier_curves_where_the_knots_are_the_same():
    earlier = learned(0)
    assert distance(learned(0, pull_towards(earlier, 1e7)), earlier) < 1e-3


def test_a_strong_anchor_on_other_customers_repeats_the_curves_read_at_the_new_knots():
    earlier = learned(0)
    free, held = learned(1), learned(1, pull_towards(earlier, 1e6))
    assert distance(held, earlier) < 0.25 * distance(free, earlier)


def test_a_weak_anchor_leaves_the_fit():
    assert distance(learned(1, pull_towards(learned(0), 1e-9)), learned(1)) < 1e-5


def test_the_stronger_the_closer():
    earlier = learned(0)
    away = [distance(learned(1, pull_towards(earlier, strength)), earlier) for strength in (0.01, 10.0, 1_000.0)]
    assert away[0] > away[1] > away[2]


def test_metrics_that_only_one_of_them_has_are_left_alone():
    earlier = learned(0, plans=drawn.PLANS[:2])
    without = Formula((replace(earlier.terms[0], weight=1.0),), earlier.link)
    table = drawn.frame(1_500, 1)
    basis = fit(drawn.sample(table, drawn.retained(table, 1)), drawn.PLANS, Candidate(8, 0.1)).basis
    pulled = np.diag(pull_towards(without, 2.0)(basis).matrix)
    assert set(pulled[basis.layout.columns_of(0)]) == {2.0}
    assert set(np.delete(pulled, np.arange(len(pulled))[basis.layout.columns_of(0)])) == {0.0}


def test_a_metric_that_has_become_a_category_is_a_new_one():
    earlier = learned(0)
    plans = (*drawn.PLANS[:2], MetricPlan("nps", kind="category"), drawn.PLANS[3])
    table = drawn.frame(1_500, 1)
    basis = fit(drawn.sample(table, drawn.retained(table, 1), plans), plans, Candidate(8, 0.1)).basis
    pulled = np.diag(pull_towards(earlier, 2.0)(basis).matrix)
    assert set(pulled[basis.layout.columns_of(2)]) == {0.0}
    assert set(pulled[basis.layout.columns_of(3)]) == {2.0}


def test_the_anchor_costs_nothing_at_the_earlier_coefficients():
    earlier = learned(0)
    table = drawn.frame(1_500, 0)
    one = fit(drawn.sample(table, drawn.retained(table, 0)), drawn.PLANS, Candidate(8, 0.1, 1.0))
    value, gradient = pull_towards(earlier, 5.0)(one.basis).at(one.solution.beta)
    levels = one.basis.layout.columns_of(3)  # an anchor reads levels about their mean
    assert np.abs(np.delete(gradient, np.arange(len(gradient))[levels])).max() < 1e-6
    assert value < 1.0


@pytest.mark.parametrize("strength", [0.0, -1.0, np.nan, np.inf])
def test_a_strength_must_be_positive(strength):
    with pytest.raises(FitError, match=r"anchor: strength .* is not a positive number"):
        pull_towards(learned(0), strength)


def test_a_formula_without_a_link_has_no_scale():
    with pytest.raises(FitError, match="no link to churn"):
        pull_towards(replace(learned(0), link=None), 1.0)
