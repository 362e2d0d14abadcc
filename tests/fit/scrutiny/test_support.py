from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from chs_ml.errors import FitError
from chs_ml.fit.fitting import Candidate, basis_for, fit
from chs_ml.fit.learnable import basis_of
from chs_ml.fit.scrutiny.support import (
    check_support,
    doubts_of_levels,
    doubts_of_support,
    events_of,
    missing_is_best,
    supported,
)
from chs_ml.fit.selection import CANDIDATES, Settings, choose
from chs_ml.fit.table import MetricPlan
from tests.fit import drawn


def numbers(rows, metrics, churned, weight=None):
    draw = np.random.default_rng(0)
    table = pd.DataFrame(draw.normal(size=(rows, metrics)), columns=[f"m{j}" for j in range(metrics)])
    plans = tuple(MetricPlan(name, "positive") for name in table.columns)
    outcome = (draw.permutation(rows) >= churned).astype(float)
    return drawn.sample(table, outcome, plans, weight), plans


def test_enough_rows_of_both_outcomes_are_not_refused():
    check_support(*numbers(1_000, 12, 12))
    check_support(*numbers(1_000, 12, 988))
    check_support(*numbers(1_000, 12, 0))  # one class only, which the fit refuses in its own words


@pytest.mark.parametrize(
    ("churned", "said"),
    [
        (9, "only 9 of the 1,000 customers learned from churned"),
        (993, "only 7 of the 1,000 customers learned from stayed"),
    ],
)
def test_fewer_than_ten_events_are_refused(churned, said):
    with pytest.raises(FitError, match=f"{said}: weights are learned from 10 or more. Take a longer horizon"):
        check_support(*numbers(1_000, 3, churned))


def test_fewer_events_than_metrics_are_refused():
    with pytest.raises(FitError, match=r"24 customers churned, for 30 metrics: .* Leave metrics out \(role: exclude\)"):
        check_support(*numbers(1_000, 30, 24))


def test_customers_are_counted_not_their_rows_and_equal_weights_change_nothing():
    sample, plans = numbers(1_000, 3, 12)
    twice = sample.take(np.tile(np.arange(1_000), 2))
    assert events_of(replace(twice, weight=np.full(2_000, 0.5))) == events_of(sample) == 12
    outcome = np.append(np.ones(1_164), np.zeros(36))
    table = pd.DataFrame({"x": np.random.default_rng(0).normal(size=1_200)})
    three = drawn.sample(table, outcome, (MetricPlan("x", "positive"),), groups=np.arange(1_200) // 12)
    assert events_of(three) == 3
    with pytest.raises(FitError, match="only 3 of the 100 customers learned from churned: weights"):
        check_support(three, plans)


def test_weight_makes_no_events():
    sample, plans = numbers(1_000, 3, 5)
    heavy = np.where(sample.retained > 0, 1.0, 100.0)
    assert events_of(replace(sample, weight=heavy)) == 5
    sample, plans = numbers(1_000, 3, 20)
    one = np.ones(1_000)
    one[np.flatnonzero(sample.retained == 0)[0]] = 200.0
    assert events_of(replace(sample, weight=one)) == pytest.approx(219**2 / (200**2 + 19))
    with pytest.raises(
        FitError, match=r"only 1\.198 of the 1,000 customers learned from churned \(an effective number"
    ):
        check_support(replace(sample, weight=one), plans)


@pytest.mark.parametrize(
    ("churned", "ramps"),
    [(15, [1]), (20, [1, 1]), (159, [1, 1]), (160, [1, 1, 8, 8]), (319, [1, 1, 8, 8]), (320, [1, 1, 8, 8, 16, 16, 16])],
)
def test_candidates_have_two_events_for_each_coefficient(churned, ramps):
    sample, plans = numbers(2_000, 10, churned)
    kept = supported(CANDIDATES, sample, plans)
    assert [candidate.ramps for candidate in kept] == ramps
    assert kept[0] == Candidate(1, 3.0)
    assert bool(doubts_of_support(CANDIDATES, sample, plans)) == (len(kept) < len(CANDIDATES))


def test_levels_and_missing_values_are_coefficients_too():
    table = drawn.frame(400)
    answers = []
    for events in range(30, 80, 4):
        outcome = (np.random.default_rng(0).permutation(400) >= events).astype(float)
        sample = drawn.sample(table, outcome)
        columns = basis_of(sample.table, outcome, sample.weight, drawn.PLANS, 8).layout.columns - 1
        answers.append(any(candidate.ramps == 8 for candidate in supported(CANDIDATES, sample, drawn.PLANS)))
        assert answers[-1] == (events >= 2 * columns)
    assert set(answers) == {True, False}


def test_what_was_not_tried_is_said():
    assert doubts_of_support(CANDIDATES, *numbers(2_000, 10, 100)) == (
        "100 customers churned, which is too few for the 80 coefficients of curves of 8 ramps or more (2 for each): "
        "only these were tried: 1 ramp, size 3; 1 ramp, size 0.1.",
    )
    assert (
        "20 coefficients of straight curves held loosely" not in doubts_of_support(CANDIDATES, *numbers(900, 10, 15))[0]
    )


def test_the_choice_is_among_what_is_supported_unless_the_user_fixed_the_ramps():
    sample, plans = numbers(2_000, 10, 100)
    assert [tried.candidate.ramps for tried in choose(sample, plans, Settings()).tried] == [1, 1]
    assert choose(sample, plans, Settings(ramps=8)).candidate.ramps == 8


def test_rare_levels_are_named_with_their_rows_but_not_where_they_might_be_one_customer():
    levels = ["pro"] * 300 + ["Стартовий"] * 9 + ["legacy"] * 8 + ["trial"] * 7 + ["gift"] * 6 + ["id-4711"]
    table = pd.DataFrame({"plan": levels, "logins": np.arange(331.0), "paid": ["yes", *["no"] * 330]})
    plans = tuple(MetricPlan(name) for name in table.columns)
    sample = drawn.sample(table, np.arange(331) % 2.0, plans)
    basis = basis_of(sample.table, sample.retained, sample.weight, plans, 1)
    assert doubts_of_levels(basis, sample) == (
        "plan: 5 levels with 31 rows count as other, having too few rows or customers: "
        "'Стартовий' (9), 'legacy' (8), 'trial' (7) and 2 more.",
        "paid: 1 level with 1 row counts as other, having too few rows or customers.",
    )


def test_a_missing_value_that_is_the_best_is_reported():
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"nps": draw.integers(0, 11, 2_000).astype(float), "seats": draw.normal(size=2_000)})
    table.loc[:399, "nps"] = np.nan
    table.loc[400:799, "seats"] = np.nan
    chance = np.where(table.nps.isna(), 0.95, np.where(table.seats.isna(), 0.3, 0.4 + 0.03 * table.nps.fillna(0)))
    outcome = (draw.random(2_000) < chance).astype(float)
    plans = (MetricPlan("nps", "positive"), MetricPlan("seats", "positive"))
    for ramps in (1, 8):
        (said,) = missing_is_best(fit(drawn.sample(table, outcome, plans), plans, Candidate(ramps, 1.0)))
        assert said.startswith("nps: customers without a value stay more often than those with any")
    neutral = (MetricPlan("nps", "positive", "neutral"), plans[1])
    assert missing_is_best(fit(drawn.sample(table, outcome, neutral), neutral, Candidate(1, 1.0))) == ()


def test_a_missing_level_that_is_the_best_is_reported():
    draw = np.random.default_rng(0)
    plan = pd.Series(draw.choice(["basic", "pro"], 1_000), dtype=object)
    plan[:200] = None
    outcome = (draw.random(1_000) < np.where(plan.isna(), 0.9, 0.5)).astype(float)
    plans = (MetricPlan("plan"),)
    fitted = fit(drawn.sample(pd.DataFrame({"plan": plan}), outcome, plans), plans, Candidate(1, 0.1))
    assert [said.split(":")[0] for said in missing_is_best(fitted)] == ["plan"]


def test_pooled_levels_are_told_in_rows_and_named_from_five_customers_on():
    table = pd.DataFrame({"plan": ["pro"] * 300 + ["Acme"] * 24 + ["trial"] * 6})
    sample = drawn.sample(table, np.arange(330) % 2.0, (MetricPlan("plan"),), groups=np.minimum(np.arange(330), 300))
    sample = replace(sample, groups=np.append(sample.groups[:324], np.arange(1_000, 1_006)))
    sample = replace(sample, weight=np.append(np.ones(300), np.full(30, 7.0)))
    assert doubts_of_levels(basis_for(sample, (MetricPlan("plan"),), 1), sample) == (
        "plan: 2 levels with 30 rows count as other, having too few rows or customers: 'trial' (6) and 1 more.",
    )
