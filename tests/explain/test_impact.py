"""Impacts against odds computed by hand."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from chs_ml.explain.impact import impact_of, moves_of
from chs_ml.formula import Curve, Formula, Link, Term


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def test_a_straight_line_by_hand():
    """η = -1 + 5·(0.6 n₁ + 0.4 n₂); n₁ from 0 to 1 is 3 log-odds of staying."""
    one = Term("a", "p", "positive", 0.6, Curve((0.0, 10.0), (0.0, 1.0), 0.5))
    two = Term("b", "p", "negative", 0.4, Curve((0.0, 1.0), (1.0, 0.0), 0.5))
    formula, average = Formula((one, two), Link(-1.0, 5.0)), {"a": 0.5, "b": 0.25}
    impact = impact_of(formula, one, average, "logins")
    assert impact.odds_ratio == pytest.approx(math.exp(-3.0))
    assert impact.per_unit == pytest.approx(math.exp(-0.3))
    assert impact.churn_from == pytest.approx(sigmoid(-(-1.0 + 5 * 0.4 * 0.25)))
    assert impact.churn_to == pytest.approx(sigmoid(-(-1.0 + 3.0 + 5 * 0.4 * 0.25)))
    assert str(impact) == "0 → 10 logins: churn odds × 0.05 (62% → 8%)"
    worse = impact_of(formula, two, average)
    assert worse.odds_ratio == pytest.approx(math.exp(2.0)) and (worse.start, worse.end) == ("0", "1")


def test_odds_at_both_ends_have_the_ratio(formula):
    average = {term.key: 0.5 for term in formula.terms}
    for term in formula.terms:
        impact = impact_of(formula, term, average)
        odds = [p / (1 - p) for p in (impact.churn_from, impact.churn_to)]
        assert odds[1] / odds[0] == pytest.approx(impact.odds_ratio)
        assert impact.as_dict()["words"] == str(impact)


def test_free_curves_and_levels_go_from_worst_to_best(formula):
    average = {term.key: 0.5 for term in formula.terms}
    impact = impact_of(formula, formula.terms[2], average)
    assert (impact.start, impact.end) == ("monthly", "yearly") and impact.per_unit is None
    hill = Term("h", "p", "free", 1.0, Curve((0.0, 2.0, 9.0), (0.2, 1.0, 0.0), 0.5))
    impact = impact_of(Formula((hill,), Link(0.0, 1.0)), hill, {"h": 0.5})
    assert (impact.start, impact.end) == ("9", "2")


def test_a_formula_without_a_link_has_no_impact(formula):
    assert impact_of(Formula(formula.terms), formula.terms[0], {}) is None


@pytest.mark.parametrize("rows", [2, 3, 50])
def test_moves_are_the_mean_difference_of_two_customers(rows):
    health = np.random.default_rng(rows).random(rows).round(1)
    brute = np.mean([abs(a - b) for a, b in combinations(health, 2)])
    assert moves_of(0.3, health) == pytest.approx(30.0 * brute, abs=1e-12)


def test_one_customer_moves_nothing():
    assert moves_of(0.3, np.array([0.4])) == 0.0
