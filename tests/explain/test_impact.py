"""Impacts against odds computed by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from chs_ml.explain.impact import Step, impact_of
from chs_ml.explain.population import Population
from chs_ml.export.words import ratio
from chs_ml.formula import Curve, Formula, Levels, Link, Term


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def one_customer(average):
    """A population of one, who is the average customer."""
    return Population({key: np.array([n]) for key, n in average.items()}, np.ones(1), {})


def test_a_straight_line_by_hand():
    """η = -1 + 5·(0.6 n₁ + 0.4 n₂); n₁ from 0 to 1 is 3 log-odds of staying."""
    one = Term("a", "p", "positive", 0.6, Curve((0.0, 10.0), (0.0, 1.0), 0.5))
    two = Term("b", "p", "negative", 0.4, Curve((0.0, 1.0), (1.0, 0.0), 0.5))
    formula, average = Formula((one, two), Link(-1.0, 5.0)), one_customer({"a": 0.5, "b": 0.25})
    impact = impact_of(formula, one, average, "logins")
    assert impact.odds_ratio == pytest.approx(math.exp(-3.0))
    assert impact.per_unit == pytest.approx(math.exp(-0.3))
    assert impact.churn_from == pytest.approx(sigmoid(-(-1.0 + 5 * 0.4 * 0.25)))
    assert impact.churn_to == pytest.approx(sigmoid(-(-1.0 + 3.0 + 5 * 0.4 * 0.25)))
    assert impact.average_change == pytest.approx(impact.churn_to - impact.churn_from)
    assert impact.steps == (Step(0.0, 10.0, pytest.approx(math.exp(-3.0))),)
    words = "0 → 10 logins: churn odds × 0.05, × 0.741 per unit (62% → 8%; over all customers -55 percentage points)"
    assert str(impact) == words
    worse = impact_of(formula, two, average)
    assert worse.odds_ratio == pytest.approx(math.exp(2.0)) and (worse.start, worse.end) == ("0", "1")


def test_odds_at_both_ends_have_the_ratio(formula):
    average = one_customer({term.key: 0.5 for term in formula.terms})
    for term in formula.terms:
        impact = impact_of(formula, term, average)
        odds = [p / (1 - p) for p in (impact.churn_from, impact.churn_to)]
        assert odds[1] / odds[0] == pytest.approx(impact.odds_ratio)
        assert impact.as_dict()["words"] == str(impact)
        assert json.loads(json.dumps(impact.as_dict()))["steps"][0]["odds_ratio"] == impact.steps[0].odds_ratio


def test_free_curves_and_levels_go_from_worst_to_best(formula):
    average = one_customer({term.key: 0.5 for term in formula.terms})
    impact = impact_of(formula, formula.terms[2], average)
    assert (impact.start, impact.end) == ("monthly", "yearly") and impact.per_unit is None
    hill = Term("h", "p", "free", 1.0, Curve((0.0, 2.0, 9.0), (0.2, 1.0, 0.0), 0.5))
    impact = impact_of(Formula((hill,), Link(0.0, 1.0)), hill, one_customer({"h": 0.5}))
    assert (impact.start, impact.end) == ("9", "2")


def test_a_formula_without_a_link_has_no_impact(formula):
    assert impact_of(Formula(formula.terms), formula.terms[0], one_customer({})) is None


def test_steps_multiply_to_the_whole(formula):
    population = one_customer({term.key: 0.5 for term in formula.terms})
    bent = impact_of(formula, formula.terms[0], population)
    assert bent.per_unit is None and [(step.start, step.end) for step in bent.steps] == [(0.0, 12.0), (12.0, 60.0)]
    assert math.prod(step.odds_ratio for step in bent.steps) == pytest.approx(bent.odds_ratio)
    three = Levels((("b", 0.5), ("worst", 0.0), ("best", 1.0)), 0.5, 0.5)
    impact = impact_of(
        Formula((one := Term("l", "p", "free", 1.0, three),), Link(0.0, 2.0)), one, one_customer({"l": 0})
    )
    assert impact.steps == (
        Step("worst", "b", pytest.approx(math.exp(-1.0))),
        Step("worst", "best", pytest.approx(impact.odds_ratio)),
    )


def test_knots_on_one_line_are_straight():
    line = Term("a", "p", "positive", 1.0, Curve((0.0, 1.0, 4.0), (0.0, 0.25, 1.0), 0.5))
    impact = impact_of(Formula((line,), Link(0.0, 4.0)), line, one_customer({"a": 0.5}))
    assert impact.per_unit == pytest.approx(math.exp(-1.0))


def test_ratios_have_two_digits_that_matter():
    assert [ratio(value) for value in (0.0512, 0.5, 1.234, 12.3, 1234.0)] == ["0.051", "0.5", "1.2", "12", "1,200"]


@pytest.mark.parametrize(("span", "there"), [(0.002, False), (0.3, True), (1e-300, False), (1e300, True)])
def test_a_unit_far_wider_than_the_curve_has_no_odds_ratio(span, there):
    """exp(-5/0.002) is no double: an error rate from 0 to 0.002 knows no whole unit."""
    for values in ((0.0, 1.0), (1.0, 0.0)):
        line = Term("errors", "p", "positive" if values[0] == 0.0 else "negative", 1.0, Curve((0.0, span), values, 0.5))
        impact = impact_of(Formula((line,), Link(-1.0, 4.0)), line, one_customer({"errors": 0.5}))
        assert (impact.per_unit is not None) is there
        assert not there or 1e-6 <= impact.per_unit <= 1e6


def test_the_steepest_link_gives_finite_odds(formula):
    line = Term("a", "p", "negative", 1.0, Curve((0.0, 1.0), (1.0, 0.0), 0.5))
    with np.errstate(over="raise"):
        impact = impact_of(Formula((line,), Link(-699.0, 1398.0)), line, one_customer({"a": 0.0}))
    found = [impact.odds_ratio, impact.churn_from, impact.churn_to, impact.average_change, impact.steps[0].odds_ratio]
    assert np.isfinite(found).all() and impact.odds_ratio > 1e300
