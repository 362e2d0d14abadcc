from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chs_ml.fit.anchor.anchor import Anchor
from chs_ml.fit.evidence.companion import companion_of
from chs_ml.fit.fitting import Candidate, basis_for, fit
from chs_ml.fit.learning import learn, refit, without_splits
from chs_ml.fit.lowering import formula_of
from chs_ml.fit.selection import Settings
from chs_ml.fit.splits import growing
from chs_ml.fit.splits.apart import apart
from chs_ml.fit.splits.growing import Wanted, grown
from chs_ml.fit.splits.left_out import Judged
from chs_ml.fit.splits.sides import in_two, unsplit
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.trial import Trial
from chs_ml.formula import Condition, Curve, Formula, Link, Term
from chs_ml.formula.wishes import Wish, Wishes
from tests.fit.splits import worlds

EIGHT = Candidate(8, 1.0)
CALLS = Condition("calls", above=3.0)
ALL = frozenset({"usage", "calls", "plan", "noise"})
SIGNED = (MetricPlan("usage", "positive"), MetricPlan("calls", "negative"), MetricPlan("plan"), MetricPlan("noise"))


def found(wanted, *, plans=None, **how):
    return grown(worlds.trial(**how), plans or DECIDED, EIGHT, wanted)


DECIDED = (
    MetricPlan("usage", "positive"),
    MetricPlan("calls", "negative"),
    MetricPlan("plan", "free"),
    MetricPlan("noise", "positive"),
)


def test_what_is_planted_is_found_and_nothing_else():
    split = found(Wanted(3, auto=ALL))
    assert [(one.metric, one.when) for one in split.splits] == [("usage", CALLS)]
    [one] = split.splits
    assert one.gain > 2 * one.standard_error > 0
    assert one.p < 1e-6 and one.asked > 20 and one.origin == "found"
    sides = [plan for plan in split.plans if plan.name == "usage"]
    assert [(side.when.holds, side.direction) for side in sides] == [(False, "positive"), (True, "negative")]
    assert unsplit(split.plans, split.splits) == DECIDED


def test_where_nothing_is_planted_nothing_is_found():
    split = found(Wanted(3, auto=ALL), turned=False)
    assert split.splits == () and split.plans == DECIDED


def test_a_declared_direction_holds_on_both_sides():
    split = found(Wanted(3, auto=ALL - {"usage"}))
    for plan in split.plans:
        assert plan.name != "usage" or plan.direction == "positive"


@pytest.mark.parametrize("never", ["usage", "calls"])
def test_who_never_takes_part_is_neither_split_nor_a_condition(never):
    split = found(Wanted(3, never=[never], auto=ALL))
    assert all(never not in (one.metric, one.when.metric) for one in (*split.splits, *split.refused))


def test_none_are_looked_for_where_none_are_wanted():
    assert found(Wanted(0)).plans == DECIDED


def test_by_hand_is_made_whatever_the_data_say():
    by_hand = [("noise", Condition("plan", level="pro"))]
    split = found(Wanted(0, by_hand=by_hand, auto=ALL), turned=False)
    [one] = split.splits
    assert (one.metric, one.when, one.origin, one.asked) == ("noise", by_hand[0][1], "by hand", 1)
    assert one.gain < 2 * one.standard_error
    both = found(Wanted(2, by_hand=by_hand, auto=ALL))
    assert [one.metric for one in both.splits] == ["noise", "usage"]


def test_what_the_anchor_has_stays_unless_it_costs():
    kept = found(Wanted(3, before=[("usage", CALLS)], auto=ALL))
    assert [(one.metric, one.origin) for one in kept.splits] == [("usage", "anchor")]
    dropped = found(Wanted(3, before=[("usage", Condition("noise", above=0.0))], auto=ALL))
    assert [(one.metric, one.when) for one in dropped.splits if one.origin == "found"] in ([("usage", CALLS)], [])


def test_of_very_many_metrics_the_heaviest_take_part(monkeypatch):
    monkeypatch.setattr(growing, "MOST_ASKED", 2)
    split = found(Wanted(3, auto=ALL))
    assert split.splits[0].metric == "usage" and split.splits[0].asked < 20


def test_rows_that_cannot_carry_two_curves_are_not_split():
    assert found(Wanted(3, auto=ALL), rows=250).splits == ()


def test_the_order_of_metrics_and_rows_does_not_matter():
    trial = worlds.trial()
    shuffled = np.random.default_rng(0).permutation(trial.sample.table.rows)
    again = Trial(trial.sample.take(shuffled), trial.fold[shuffled], 5)
    one, other = (grown(each, DECIDED, EIGHT, Wanted(3, auto=ALL)).splits[0] for each in (trial, again))
    assert (one.metric, one.when) == (other.metric, other.when)
    assert one.gain == pytest.approx(other.gain, rel=1e-3)


def test_left_out_losses_are_those_of_fits_without_the_fold():
    trial = worlds.trial(1_500)
    judged = Judged(trial, DECIDED, EIGHT)
    exact = trial.losses(DECIDED, EIGHT)
    assert trial.mean(judged.losses) == pytest.approx(trial.mean(exact), abs=1e-3)  # knots of all rows, not of the fold
    sides = in_two(trial.sample, DECIDED, ("usage", CALLS), 8, auto=True)
    after = Judged(trial, sides, EIGHT, judged)
    afresh = Judged(trial, sides, EIGHT)
    assert after.losses == pytest.approx(afresh.losses, abs=1e-4)
    assert trial.mean(after.losses) < trial.mean(judged.losses)


def test_how_far_apart_the_sides_are():
    sample = worlds.sample(6_000)
    sides = in_two(sample, DECIDED, ("usage", CALLS), 8, auto=True)
    rows = sample.of(sides)
    told = apart(companion_of(rows, basis_for(rows, sides, 8)), "usage")
    assert told.low < -6.0 * (told.end - told.start) < told.high  # a slope of 3 that turns round
    assert told.p < 1e-10
    alike = worlds.sample(6_000, turned=False).of(sides)
    nothing = apart(companion_of(alike, basis_for(alike, sides, 8)), "usage")
    assert nothing.low < 0 < nothing.high and nothing.p > 0.01
    assert apart(companion_of(rows, basis_for(rows, sides, 8)), "noise") is None


def learned(**settings):
    return learn(worlds.sample(), worlds.AUTO, Settings(ramps=8, size=1.0, **settings))


def test_the_formula_is_the_fit_also_where_the_condition_is_missing():
    done, table = learned(), worlds.frame(2_000, 9)
    formula = formula_of(done.fitted).formula
    table.loc[::5, "calls"], table.loc[::7, "usage"] = np.nan, np.nan
    edge = np.nextafter(3.0, [-np.inf, np.inf])
    table.loc[:2, "calls"] = [3.0, *edge]
    rows = worlds.sample(table=table).of(done.choice.plans)
    log_odds = done.fitted.log_odds(rows.table)
    assert formula.link.a + formula.link.b * formula.score(table) / 100 == pytest.approx(log_odds, abs=1e-12)
    assert sum(term.weight for term in formula.terms) == pytest.approx(1.0, abs=1e-12)
    assert sum(formula.contributions(table).values()) == pytest.approx(formula.score(table), abs=1e-9)
    sides = [term for term in formula.terms if term.metric == "usage"]
    applies = np.array([side.when.applies(table) for side in sides])
    assert (applies.sum(axis=0) == 1).all()
    assert [side.when.holds for side in sides] == [False, True]


def test_where_a_side_does_not_apply_it_says_nothing():
    """It stands at the mean of its own side, so that an average customer there neither gains nor loses by it."""
    done, table = learned(), worlds.frame(3_000)
    for term in formula_of(done.fitted).formula.terms:
        if term.when is not None:
            applies = term.when.applies(table)
            assert term.otherwise == pytest.approx(term.health(table)[applies].mean(), abs=1e-9)


def test_the_conditions_metric_stays_and_so_do_both_sides():
    done = learned(evidence="strict")
    keys = [plan.key for plan in done.choice.plans]
    assert {"usage | calls ≤ 3 or unknown", "usage | calls > 3", "calls"} <= set(keys)
    assert set(done.apart) == {"usage"}
    assert {term.metric for term in done.inference.terms} >= {"usage | calls > 3", "calls"}


def test_refitting_keeps_the_splits_and_without_them_the_metric_is_whole():
    done = learned()
    again = refit(worlds.sample(seed=5), done.choice)
    assert [plan.key for plan in again.choice.plans] == [plan.key for plan in done.choice.plans]
    whole = refit(worlds.sample(), without_splits(done.choice, done.choice.splits))
    assert "usage" in [plan.key for plan in whole.choice.plans]


def test_a_wish_for_a_metric_is_for_both_sides_together():
    wish = Wish(0.2, 0.2, "Olena", "agreed")
    done = learned(wishes=Wishes({"usage": wish}, {}, dict.fromkeys(ALL, "all")))
    formula = formula_of(done.fitted).formula
    sides = [term for term in formula.terms if term.metric == "usage"]
    assert len(sides) == 2
    assert sum(side.weight for side in sides) == pytest.approx(0.2, abs=1e-9)
    assert {side.origin.kind for side in sides} == {"pinned"}


def test_an_anchor_pulls_each_side_to_its_own_past():
    curve = {True: Curve((0.0, 1.0), (1.0, 0.0), 0.5), False: Curve((0.0, 1.0), (0.0, 1.0), 0.5)}
    sides = [
        Term("usage", "", "free", 0.4, curve[holds], when=replace(CALLS, holds=holds), otherwise=0.5)
        for holds in (False, True)
    ]
    calls = Term("calls", "", "negative", 0.2, Curve((0.0, 5.0), (1.0, 0.0), 0.5))
    anchor = Anchor(Formula((*sides, calls), Link(-2.0, 6.0)))
    assert anchor.splits(worlds.AUTO) == (("usage", CALLS),)
    sample = replace(worlds.sample(), anchor=anchor)
    plans = in_two(sample, DECIDED, ("usage", CALLS), 8, auto=True)
    pulled = fit(sample.of(plans), plans, replace(EIGHT, anchor=1e5))
    for term in formula_of(pulled).formula.terms:
        if term.metric == "usage":
            height = formula_of(pulled).formula.link.b * term.weight
            assert height == pytest.approx(2.4, abs=0.1)
    renamed = Anchor(anchor.earlier, was={"logins": "usage", "tickets": "calls"}, factors={"tickets": 2.0})
    plans = [MetricPlan("logins"), MetricPlan("tickets")]
    assert renamed.splits(plans) == (("logins", Condition("tickets", above=6.0)),)
    assert renamed.term("logins", Condition("tickets", above=6.0)).when == CALLS
    assert anchor.term("usage") is None and anchor.term("usage", Condition("noise", above=1.0)) is None


def test_an_anchor_without_the_split_pulls_both_sides_to_the_whole():
    whole = Term("usage", "", "positive", 1.0, Curve((0.0, 1.0), (0.0, 1.0), 0.5))
    assert Anchor(Formula((whole,), Link(0.0, 2.0))).term("usage", CALLS) == whole


@pytest.mark.parametrize("regions", [["EU", "US"], ["EU", "US", "APAC"]])
@pytest.mark.parametrize("plans", [worlds.AUTO, worlds.AUTO[::-1]])
def test_what_the_split_metric_says_of_the_sides_themselves_is_not_lost(regions, plans):
    """Where the plan is 'only' in exactly the rows with region EU, the region says what EU is worth.

    EU has one plan, so no curve there. region is called noise here; with two of them it says nothing beside the plan.
    """
    table = worlds.frame(3_000).assign(noise=np.random.default_rng(8).choice(regions, 3_000))
    eu = table["noise"].to_numpy() == "EU"
    table["plan"] = np.where(eu, "only", table["plan"])
    sample = worlds.sample(table=table, plans=plans)
    loyal = eu & (np.random.default_rng(9).random(3_000) < 0.4)
    sample = replace(sample, retained=np.where(loyal, 1.0, sample.retained))
    by_hand = (("plan", Condition("noise", level="EU")),)
    done = learn(sample, plans, Settings(ramps=1, size=0.1, splits=0, by_hand=by_hand))
    predicted = 1 - formula_of(done.fitted).formula.churn_probability(table)
    for rows in (eu, ~eu):
        assert predicted[rows].mean() == pytest.approx(sample.retained[rows].mean(), abs=0.003)


@pytest.mark.slow
def test_on_simulated_panels_splits_are_found_where_there_are_any():
    """200 panels of each are in benchmarks/results/splits.md; here 15, with wide bounds."""
    none = sum(bool(found(Wanted(3, auto=ALL), seed=seed, turned=False).splits) for seed in range(15))
    planted = [[(one.metric, one.when) for one in found(Wanted(3, auto=ALL), seed=seed).splits] for seed in range(15)]
    assert none <= 3
    assert sum(("usage", CALLS) in splits for splits in planted) >= 12
