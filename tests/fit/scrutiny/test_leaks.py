from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from chs_ml.fit.fitting import Candidate, basis_for, fit
from chs_ml.fit.learnable import basis_of
from chs_ml.fit.scrutiny.leaks import separations
from chs_ml.fit.table import MetricPlan
from tests.fit import drawn
from tests.fit.test_real_tables import saas, telco


def found(table, outcome, *, weight=None, groups=None, ramps=8):
    plans = tuple(MetricPlan(name) for name in table.columns)
    sample = drawn.sample(table, outcome, plans, weight, groups)
    return separations(sample, basis_of(sample.table, sample.retained, sample.weight, plans, ramps))


@pytest.fixture
def history():
    table = drawn.frame(3_000, 5)
    return table, drawn.retained(table, 5)


def test_honest_metrics_do_not_separate(history):
    for ramps in (1, 8, 16):
        assert found(*history, ramps=ramps) == ()


def test_days_since_the_last_login_of_customers_who_had_left(history):
    table, outcome = history
    draw = np.random.default_rng(0)
    days = np.where(outcome == 0, draw.uniform(91, 400, 3_000), draw.uniform(0, 90, 3_000))
    (one,) = found(table.assign(days=days), outcome)
    assert (one.metrics, one.kind, one.rows) == (("days",), "complete", 3_000)
    some_left_at_once = np.where((outcome == 0) & (draw.random(3_000) < 0.5), draw.uniform(0, 90, 3_000), days)
    (one,) = found(table.assign(days=some_left_at_once), outcome)
    assert (one.metrics, one.kind, one.where) == (
        ("days",),
        "quasi-complete",
        "with the highest values, who all churned",
    )
    assert one.rows == int((some_left_at_once > some_left_at_once[outcome == 1].max()).sum())
    assert "leave it out (role: exclude)" in str(one)


def test_a_level_and_a_missing_value_that_know_the_outcome(history):
    table, outcome = history
    draw = np.random.default_rng(0)
    told = (outcome == 0) & (draw.random(3_000) < 0.3)
    status = np.where(told, "cancelled", draw.choice(["open", "paid"], 3_000))
    called = np.where(told, np.nan, draw.normal(size=3_000))
    by_level, by_gap = found(table.assign(status=status, called=called), outcome)
    assert (by_level.metrics, by_level.kind, by_level.rows) == (("status",), "quasi-complete", int(told.sum()))
    assert by_level.where == "with 'cancelled', who all churned"
    assert (by_gap.metrics, by_gap.where) == (("called",), "without a value, who all churned")


def test_two_that_separate_only_together_are_named_and_no_others(history):
    table, outcome = history
    first = np.random.default_rng(0).normal(size=3_000)
    second = first + np.where(outcome == 0, 1.0, 0.0) * np.random.default_rng(1).uniform(0.1, 0.3, 3_000)
    table = table.assign(first=np.clip(first, -2, 2), second=second - first + np.clip(first, -2, 2))
    (one,) = found(table, outcome)
    assert one.metrics == ("first", "second")
    assert one.rows > 2_700
    assert "together separate" in str(one)


def test_what_may_be_chance_is_not_reported(history):
    table, outcome = history
    few = np.zeros(3_000)
    few[np.flatnonzero(outcome == 1)[:12]] = 1.0
    assert found(table.assign(few=few), outcome) == ()
    many = np.zeros(3_000)
    many[np.flatnonzero(outcome == 1)[:400]] = 1.0
    assert [one.metrics for one in found(table.assign(many=many), outcome)] == [("many",)]
    one_customer_often = np.arange(3_000)
    one_customer_often[many > 0] = -1
    assert found(table.assign(many=many), outcome, groups=one_customer_often) == ()


def test_rows_without_weight_do_not_count(history):
    table, outcome = history
    days = np.where(outcome == 0, 100.0, 10.0) + np.arange(3_000) % 7
    days[:20] = 50.0
    outcome[:20] = np.arange(20) % 2.0
    (one,) = found(table.assign(days=days), outcome, weight=(np.arange(3_000) >= 20).astype(float))
    assert (one.kind, one.rows) == ("complete", 2_980)


def test_order_of_rows_and_of_metrics_changes_no_answer(history):
    table, outcome = history
    table = table.assign(days=np.where(outcome == 0, 100.0, 10.0) + np.arange(3_000) % 95)
    order = np.random.default_rng(0).permutation(3_000)
    expected = found(table, outcome)
    assert [one.metrics for one in expected] == [("days",)]
    assert found(table.iloc[order], outcome[order]) == expected
    assert found(table[table.columns[::-1]], outcome) == expected


def test_the_fit_of_a_metric_that_separates_is_finite(history):
    table, outcome = history
    plans = tuple(MetricPlan(name, "negative") for name in ("tickets", "days"))
    table = table.assign(days=np.where(outcome == 0, 100.0, 10.0) + np.arange(3_000) % 7)
    fitted = fit(drawn.sample(table, outcome, plans), plans, Candidate(8, 1.0))
    assert np.isfinite(fitted.solution.beta).all()
    assert np.abs(fitted.solution.beta).max() < 50


@pytest.mark.slow
def test_public_tables(chs_data):
    """No false alarm; `months_active`, known only afterwards, knows it too slowly to separate."""
    for read in (telco, saas):
        table, churned = read(chs_data)
        for ramps in (1, 16):
            assert found(table, 1.0 - churned, ramps=ramps) == ()
    table, churned = telco(chs_data)
    table["last_login"] = np.where(churned == 1, 40.0, 5.0) + np.random.default_rng(0).uniform(0, 30, len(table))
    assert [(one.metrics, one.kind) for one in found(table, 1.0 - churned)] == [(("last_login",), "complete")]


def test_an_empty_or_one_sided_sample_has_no_separation():
    table = pd.DataFrame({"logins": np.arange(40.0)})
    assert found(table, np.arange(40) % 2.0, weight=np.zeros(40)) == ()
    assert found(table, np.ones(40)) == ()


@pytest.mark.parametrize(("customers", "named"), [(4, False), (5, True)])
def test_no_level_of_fewer_than_five_customers_is_named(history, customers, named):
    table, _ = history
    draw = np.random.default_rng(0)
    outcome = (draw.random(3_000) < 0.99).astype(float)
    outcome[:40] = 0.0
    groups = np.append(3_000 + np.arange(40) % customers, np.arange(2_960))
    account = np.where(np.arange(3_000) < 40, "Acme", draw.choice(["Bolt", "Cog"], 3_000))
    told = found(table.assign(account=account), outcome, groups=groups)
    assert any("Acme" in str(one) for one in told) is named


def test_a_level_of_one_outcome_is_learned_with_a_finite_weight_and_flagged():
    draw = np.random.default_rng(0)
    x, status = draw.normal(size=3_000), draw.choice(["active", "trial", "cancelled"], 3_000, p=[0.6, 0.2, 0.2])
    outcome = np.where(status == "cancelled", 0.0, draw.random(3_000) < 1 / (1 + np.exp(-2 - 0.8 * x)))
    plans = (MetricPlan("x", "positive"), MetricPlan("status"))
    sample = drawn.sample(pd.DataFrame({"x": x, "status": status}), outcome, plans)
    fitted = fit(sample, plans, Candidate(1, 0.1))
    churn = 1 / (1 + np.exp(fitted.log_odds(sample.table)))
    assert 0.98 < churn[status == "cancelled"].min() < churn[status == "cancelled"].max() < 1.0
    assert fitted.basis.metrics[1].thin == (False, True, False)
    (one,) = separations(sample, fitted.basis)
    assert (one.metrics, one.where) == (("status",), "with 'cancelled', who all churned")


def test_more_metrics_than_customers_can_tell_apart_are_refused_a_long_search():
    draw = np.random.default_rng(0)
    table = pd.DataFrame(draw.standard_normal((120, 60)), columns=[f"m{at}" for at in range(60)])
    outcome = (draw.random(120) < 0.7).astype(float)
    plans = tuple(MetricPlan(name, "free") for name in table.columns)
    sample = drawn.sample(table, outcome, plans)
    begun = time.process_time()
    (found,) = separations(sample, basis_for(sample, plans, 1))
    assert time.process_time() - begun < 5.0
    assert (found.kind, len(found.metrics)) == ("complete", 60)
    assert "m7 and 52 others together separate" in str(found)
