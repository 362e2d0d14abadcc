"""Figures over all customers against the plain way, one customer and one pair at a time."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from chs_ml.explain.population import Population
from chs_ml.formula import Curve, Formula, Term
from tests import tiny


def population_of(health):
    return Population({"a": np.asarray(health, float)}, np.ones(len(health)), {})


def term(weight=0.3):
    return Term("a", "p", "positive", weight, Curve((0.0, 1.0), (0.0, 1.0), 0.5))


def test_the_change_is_what_scoring_says_of_customers_set_to_both_ends(done):
    frame, formula = tiny.customers(150, seed=4), done.formula
    population = Population.of(formula, frame)
    tenure = next(term for term in formula.terms if term.metric == "tenure")
    first, last = tenure.shape.knots[0], tenure.shape.knots[-1]
    before, after = (formula.churn_probability(frame.assign(tenure=value)) for value in (first, last))
    change = population.average_change(formula, tenure, tenure.shape.values[0], tenure.shape.values[-1])
    assert change == pytest.approx((after - before).mean(), abs=1e-12) and change < -0.1
    twice = Population.of(formula, frame, np.where(np.arange(150) < 50, 2.0, 0.0))
    weighted = twice.average_change(formula, tenure, tenure.shape.values[0], tenure.shape.values[-1])
    assert weighted == pytest.approx((after - before)[:50].mean(), abs=1e-12)


def test_a_split_changes_nothing_for_those_to_whom_it_does_not_apply(formula):
    frame = {"tenure": [1.0, 9.0, 3.0], "calls": [5.0, 0.0, 9.0], "plan": ["yearly"] * 3, "charge": [20.0, 30.0, 40.0]}
    split = formula.terms[3]
    alike = {**frame, "charge": [10.0] * 3}, {**frame, "charge": [90.0] * 3}
    dear, cheap = (formula.churn_probability(one) for one in reversed(alike))
    change = Population.of(formula, frame).average_change(formula, split, 1.0, 0.0)
    assert change == pytest.approx((dear - cheap)[[0, 2]].sum() / 3, abs=1e-12)
    nobody = Population.of(formula, {**frame, "calls": [0.0] * 3})
    assert nobody.average_change(formula, split, 1.0, 0.0) is None


def test_without_a_link_there_is_no_change(formula):
    frame = {"tenure": [1.0], "calls": [5.0], "plan": ["yearly"], "charge": [20.0]}
    bare = Formula(formula.terms)
    assert Population.of(bare, frame).average_change(bare, bare.terms[0], 0.0, 1.0) is None


@pytest.mark.parametrize("rows", [2, 3, 50])
def test_moves_are_the_mean_difference_of_two_customers(rows):
    health = np.random.default_rng(rows).random(rows).round(1)
    brute = np.mean([abs(a - b) for a, b in combinations(health, 2)])
    assert population_of(health).moves(term()) == pytest.approx(30.0 * brute, abs=1e-12)


def test_moves_of_weighted_rows():
    health, weight = np.array([0.2, 0.9, 0.4]), np.array([1.0, 2.0, 0.5])
    share = weight / weight.sum()
    apart = sum(share[i] * share[j] * abs(health[i] - health[j]) for i in range(3) for j in range(3))
    expected = 30.0 * apart / (1 - (share**2).sum())
    assert Population({"a": health}, weight, {}).moves(term()) == pytest.approx(expected, abs=1e-12)


def test_one_customer_moves_nothing():
    assert population_of([0.4]).moves(term()) == 0.0


def test_the_average_counts_rows_by_their_weight():
    population = Population({"a": np.array([0.0, 1.0])}, np.array([3.0, 1.0]), {})
    assert population.average() == {"a": 0.25}
