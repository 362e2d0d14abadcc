from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from chs_ml.errors import FitError
from chs_ml.fit.anchor.anchor import Anchor
from chs_ml.fit.anchor.pulling import signed_as_before
from chs_ml.fit.estimator import HealthScoreClassifier
from chs_ml.fit.fitting import Candidate, basis_for, fit
from chs_ml.fit.lowering import formula_of
from chs_ml.fit.selection import Settings, choose
from chs_ml.fit.table import MetricPlan
from chs_ml.formula import Curve, Formula, Link, Term
from tests.fit import drawn

NEW = drawn.frame(600, seed=50)


def rows_of(seed, anchor=None, plans=drawn.PLANS):
    table = drawn.frame(1_500, seed)
    return replace(drawn.sample(table, drawn.retained(table, seed), plans), anchor=anchor)


def learned(seed, earlier=None, strength=0.0, plans=drawn.PLANS):
    anchor = None if earlier is None else Anchor(earlier)
    return formula_of(fit(rows_of(seed, anchor, plans), plans, Candidate(8, 0.1, 1.0, strength))).formula


def pulled_by(anchor, strength, plans=drawn.PLANS):
    """The basis, and the diagonal of the pull on its columns."""
    basis = fit(rows_of(1, plans=plans), plans, Candidate(8, 0.1)).basis
    return basis, np.diag(anchor.penalty(basis, strength).matrix)


def contributions(formula, frame):
    """Each term's part of the log-odds, about its mean: what an anchor can repeat."""
    parts = formula.contributions(frame)
    return {name: formula.link.b * (part - part.mean()) / 100 for name, part in parts.items()}


def distance(one, other):
    a, b = contributions(one, NEW), contributions(other, NEW)
    return max(np.abs(a[name] - b[name]).max() for name in a if name in b)


def test_a_strong_anchor_repeats_the_earlier_curves_where_the_knots_are_the_same():
    earlier = learned(0)
    assert distance(learned(0, earlier, 1e7), earlier) < 1e-3


def test_a_strong_anchor_on_other_customers_repeats_the_curves_read_at_the_new_knots():
    earlier = learned(0)
    free, held = learned(1), learned(1, earlier, 1e6)
    assert distance(held, earlier) < 0.25 * distance(free, earlier)


def test_a_weak_anchor_leaves_the_fit():
    assert distance(learned(1, learned(0), 1e-9), learned(1)) < 1e-5


def test_the_stronger_the_closer():
    earlier = learned(0)
    away = [distance(learned(1, earlier, strength), earlier) for strength in (0.01, 10.0, 1_000.0)]
    assert away[0] > away[1] > away[2]


def test_metrics_that_only_one_of_them_has_are_left_alone():
    earlier = learned(0, plans=drawn.PLANS[:2])
    without = Formula((replace(earlier.terms[0], weight=1.0),), earlier.link)
    basis, pulled = pulled_by(Anchor(without), 2.0)
    assert set(pulled[basis.layout.columns_of(0)]) == {2.0 * basis.metrics[0].ramps}
    assert set(np.delete(pulled, np.arange(len(pulled))[basis.layout.columns_of(0)])) == {0.0}


def test_a_metric_that_has_become_a_category_is_a_new_one():
    plans = (*drawn.PLANS[:2], MetricPlan("nps", kind="category"), drawn.PLANS[3])
    basis, pulled = pulled_by(Anchor(learned(0)), 2.0, plans)
    assert set(pulled[basis.layout.columns_of(2)]) == {0.0}
    assert set(pulled[basis.layout.columns_of(3)]) == {2.0}


def test_a_metric_that_was_let_go_is_not_pulled():
    plans = (replace(drawn.PLANS[0], anchored=False), *drawn.PLANS[1:])
    basis, pulled = pulled_by(Anchor(learned(0)), 2.0, plans)
    assert set(pulled[basis.layout.columns_of(0)]) == {0.0}
    assert min(pulled[basis.layout.columns_of(1)]) > 0.0


def test_the_anchor_costs_nothing_at_the_earlier_coefficients():
    earlier = learned(0)
    one = fit(rows_of(0), drawn.PLANS, Candidate(8, 0.1, 1.0))
    value, gradient = Anchor(earlier).penalty(one.basis, 5.0).at(one.solution.beta)
    levels = one.basis.layout.columns_of(3)  # an anchor reads levels about their mean
    assert np.abs(np.delete(gradient, np.arange(len(gradient))[levels])).max() < 1e-6
    assert value < 1.0


@pytest.mark.parametrize("ramps", [1, 8, 16])
def test_a_curve_twice_as_high_costs_the_same_whatever_its_ramps(ramps):
    """A straight curve, so that it is the same one at any knots."""
    straight = Term("logins", "usage", "positive", 1.0, Curve((0.0, 40.0), (0.0, 1.0), 0.5))
    plans, rows = (MetricPlan("logins", "positive"),), pd.DataFrame({"logins": np.linspace(0.0, 40.0, 2_001)})
    basis = fit(drawn.sample(rows, np.arange(2_001) % 2.0, plans), plans, Candidate(ramps, 0.1)).basis
    before = Anchor(Formula((straight,), Link(-1.0, 2.0))).coefficients(basis.metrics[0])
    penalty = Anchor(Formula((straight,), Link(-1.0, 2.0))).penalty(basis, 3.0)
    assert penalty.at(np.append(0.0, 2 * before))[0] == pytest.approx(0.5 * 3.0 * before.sum() ** 2, rel=0.01)


def test_a_renamed_metric_is_pulled_towards_its_past():
    earlier = learned(0)
    table = drawn.frame(1_500, 0).rename(columns={"logins": "visits"})
    plans = (replace(drawn.PLANS[0], name="visits"), *drawn.PLANS[1:])
    rows = drawn.sample(table, drawn.retained(drawn.frame(1_500, 1), 1), plans)
    anchor = Anchor(earlier, was={"visits": "logins"})
    held = formula_of(fit(replace(rows, anchor=anchor), plans, Candidate(8, 0.1, 1.0, 1e7))).formula
    told, past = held.terms[0], earlier.terms[0]
    assert (told.metric, past.metric) == ("visits", "logins")
    assert np.allclose(told.shape.values, past.shape.values, atol=1e-3)


def test_a_name_that_is_another_metrics_past_is_a_new_metric():
    anchor = Anchor(learned(0), was={"visits": "logins"})
    assert anchor.term("visits").metric == "logins"
    assert anchor.term("logins") is None
    assert Anchor(learned(0), was={"logins": "gone_long_ago"}).term("logins").metric == "logins"


def test_a_change_of_unit_changes_nothing_else():
    """Logins in sixtieths: knots sixty times as far, the same curve, the same scores."""
    earlier = learned(0)
    table = drawn.frame(1_500, 1)
    sixtieths = table.assign(logins=60 * table.logins)
    outcome = drawn.retained(table, 1)
    one, other = (
        formula_of(fit(replace(rows, anchor=anchor), drawn.PLANS, Candidate(8, 0.1, 1.0, 50.0))).formula
        for rows, anchor in (
            (drawn.sample(table, outcome), Anchor(earlier)),
            (drawn.sample(sixtieths, outcome), Anchor(earlier, factors={"logins": 60.0})),
        )
    )
    assert np.allclose(one.score(table), other.score(sixtieths), atol=1e-6)


def test_a_negative_factor_is_refused():
    with pytest.raises(FitError, match="unit_factor -1 of metric 'logins' is not a positive number"):
        Anchor(learned(0), factors={"logins": -1.0})


@pytest.mark.parametrize("strength", [0.0, -1.0, np.nan, np.inf])
def test_a_strength_must_be_positive(strength):
    with pytest.raises(FitError, match=r"anchor: strength .* is not a positive number"):
        Settings(anchor=strength)


def test_a_formula_without_a_link_has_no_scale():
    with pytest.raises(FitError, match="no link to churn"):
        Anchor(replace(learned(0), link=None))


@pytest.mark.parametrize("seed", range(3))
def test_a_metric_that_turned_round_is_let_go_and_the_others_are_held(seed):
    earlier = learned(seed)
    table = drawn.frame(1_500, seed + 10)
    table["tickets"] = table.tickets.max() - table.tickets
    rows = replace(
        drawn.sample(table, drawn.retained(drawn.frame(1_500, seed + 10), seed + 10)), anchor=Anchor(earlier)
    )
    plans = (drawn.PLANS[0], replace(drawn.PLANS[1], direction="positive"), *drawn.PLANS[2:])
    choice = choose(rows, plans, Settings(ramps=4, size=0.1, bend=1.0, folds=3))
    let_go = {plan.name for plan in choice.plans if not plan.anchored}
    assert "tickets" in let_go and len(let_go) <= 2  # by chance one in twenty goes too
    assert [tried.candidate.anchor for tried in choice.pulls] == [15.0, 4.5, 1.5, 0.0]
    assert choice.candidate.anchor > 0.0


def test_a_strength_that_was_said_is_kept_and_lets_nothing_go():
    rows = rows_of(1, Anchor(learned(0)))
    choice = choose(rows, drawn.PLANS, Settings(ramps=4, size=0.1, bend=1.0, folds=3, anchor=7.0))
    assert (choice.candidate.anchor, choice.pulls) == (7.0, ())
    assert all(plan.anchored for plan in choice.plans)


def test_with_very_few_churned_the_anchor_holds_as_strongly_as_it_can():
    outcome = (np.arange(200) >= 15).astype(float)
    rows = replace(drawn.sample(drawn.frame(200, 1), outcome), anchor=Anchor(learned(0)))
    assert choose(rows, drawn.PLANS, Settings()).candidate == Candidate(1, 1.0, anchor=2.0)


def test_the_classifier_takes_an_anchor():
    earlier, table = learned(0), drawn.frame(1_500, 1)
    churned = 1 - drawn.retained(table, 1)
    directions = {"logins": "positive", "tickets": "negative", "nps": "free"}
    fixed = {"directions": directions, "ramps": 4, "size": 0.1, "bend": 1.0, "folds": 3}
    free, auto, held = (
        HealthScoreClassifier(**fixed, **how).fit(table, churned).to_formula()
        for how in ({}, {"anchor": earlier, "anchor_strength": "auto"}, {"anchor": earlier, "anchor_strength": 1e5})
    )
    away = [np.abs(one.churn_probability(NEW) - earlier.churn_probability(NEW)).mean() for one in (free, auto, held)]
    assert away[0] > away[1] > away[2]


def test_one_quarter_does_not_turn_a_learned_sign_round():
    term = Term("x", "usage", "positive", 1.0, Curve((0.0, 1.0), (0.0, 1.0), 0.5))
    anchor = Anchor(Formula((term,), Link(-1.0, 2.0)))
    plans = (MetricPlan("x", "negative"), MetricPlan("y", "negative"))
    assert [p.direction for p in signed_as_before(anchor, plans, [True, True])] == ["positive", "negative"]
    assert signed_as_before(anchor, plans, [False, True]) == plans  # declared
    let_go = (replace(plans[0], anchored=False), plans[1])
    assert signed_as_before(anchor, let_go, [True, True]) == let_go
    free = (plans[0].directed("free"), plans[1])
    assert signed_as_before(anchor, free, [True, True]) == free
    assert signed_as_before(None, plans, [True, True]) == plans


def test_what_the_earlier_calibration_left_out_is_pulled_towards_nothing():
    term = Term("x", "usage", "positive", 1.0, Curve((0.0, 1.0), (0.0, 1.0), 0.5))
    rows = rows_of(1)
    basis = basis_for(rows, drawn.PLANS, 8)
    anchor = Anchor(Formula((term,), Link(-1.0, 2.0)), was={"tickets": "calls"}, left={"logins", "calls"})
    found = [anchor.coefficients(metric) for metric in basis.metrics]
    assert [None if one is None else one.tolist() for one in found] == [
        [0.0] * 8,
        [0.0] * basis.metrics[1].columns,
        None,
        None,
    ]
    assert np.diag(anchor.penalty(basis, 2.0).matrix)[1:9].tolist() == [16.0] * 8
