from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from chs_ml import HealthScoreClassifier
from chs_ml.errors import FitError
from chs_ml.fit.crowd import crowd_of
from chs_ml.fit.learnable import basis_of
from chs_ml.fit.objective import log_odds
from chs_ml.fit.table import MetricPlan, read_table
from tests.fit import drawn


def basis(table, outcome, plans, ramps=8, weight=None):
    read = read_table(table, plans)
    return basis_of(read, outcome, np.ones(len(outcome)) if weight is None else weight, plans, ramps), read


def value(one, read, beta):
    """The log-odds that the single metric of a basis gives."""
    return log_odds(one.encode(read), np.append(0.0, beta))


@pytest.mark.parametrize("ramps", [1, 8, 16])
@pytest.mark.parametrize("gaps", [False, True])
def test_encoded_cells_are_the_dense_design(ramps, gaps):
    table = drawn.frame(700, seed=3, gaps=gaps)
    one, read = basis(table, drawn.retained(table), drawn.PLANS, ramps)
    beta = np.random.default_rng(0).normal(size=one.layout.columns)
    np.testing.assert_allclose(log_odds(one.encode(read), beta), drawn.dense(one, read) @ beta, atol=1e-12)


def test_rows_that_the_basis_has_not_seen():
    table = drawn.frame(700, seed=3, gaps=False)
    one, _ = basis(table, drawn.retained(table), drawn.PLANS, 8)
    new = drawn.frame(200, seed=9)
    new.loc[:3, "plan"], new.loc[:3, "logins"] = "enterprise", [-1e9, 0.0, 1e9, np.nan]
    read = read_table(new, drawn.PLANS)
    beta = np.random.default_rng(0).normal(size=one.layout.columns)
    np.testing.assert_allclose(log_odds(one.encode(read), beta), drawn.dense(one, read) @ beta, atol=1e-12)


def test_a_straight_line_that_meets_its_first_missing_value_later():
    table = drawn.frame(300, gaps=False)[["logins"]]
    one, _ = basis(table, drawn.retained(drawn.frame(300, gaps=False)), (MetricPlan("logins", "positive"),), 1)
    read = read_table(pd.DataFrame({"logins": [np.nan, *table.logins[:5]]}), (MetricPlan("logins"),))
    assert value(one, read, [2.0])[0] == pytest.approx(2.0 * one.metrics[0].mean[0], abs=1e-14)


@pytest.mark.parametrize(
    ("rule", "direction", "design"),
    [("zero", "positive", [0.5, 0.0]), ("worst", "positive", [0.0, 0.0]), ("worst", "negative", [1.0, 1.0])],
)
def test_rules_for_missing(rule, direction, design):
    plan = MetricPlan("x", direction, rule)
    x = np.array([-1.0, 1.0, 3.0] * 50 + [np.nan] * 50)
    outcome = np.tile([0.0, 1.0], 100)
    one, _ = basis(pd.DataFrame({"x": x}), outcome, (plan,))
    assert not one.metrics[0].missing_learned
    assert one.metrics[0].missing_design.tolist() == design


def test_a_neutral_missing_value_stands_at_the_mean():
    x = np.array([0.0, 1.0, 3.0] * 50 + [np.nan] * 50)
    one, read = basis(pd.DataFrame({"x": x}), np.tile([0.0, 1.0], 100), (MetricPlan("x", "free", "neutral"),))
    eta = value(one, read, [1.0, -4.0])
    assert eta[-1] == pytest.approx(eta[:150].mean(), abs=1e-14)


@pytest.mark.parametrize(("churned", "stayed", "learned"), [(10, 10, True), (9, 50, False), (50, 9, False)])
def test_missing_is_learned_with_ten_churned_and_ten_retained(churned, stayed, learned):
    x = np.array([0.0, 1.0, 3.0] * 50 + [np.nan] * (churned + stayed))
    outcome = np.concatenate([np.tile([0.0, 1.0], 75), np.zeros(churned), np.ones(stayed)])
    one, _ = basis(pd.DataFrame({"x": x}), outcome, (MetricPlan("x"),))
    assert one.metrics[0].missing_learned is learned
    assert one.metrics[0].columns == 2 + learned


def levels_of(counts):
    """Rows of a category with so many churned and so many retained rows for each level."""
    names = [name for name, (churned, stayed) in counts.items() for _ in range(churned + stayed)]
    outcome = [float(k >= churned) for churned, stayed in counts.values() for k in range(churned + stayed)]
    return pd.DataFrame({"plan": names}), np.array(outcome)


def test_levels_are_learned_held_or_left_out():
    table, outcome = levels_of({"basic": (60, 40), "pro": (20, 80), "thin": (15, 3), "rare": (1, 3), "pure": (12, 0)})
    one, read = basis(table, outcome, (MetricPlan("plan"),))
    metric = one.metrics[0]
    assert metric.levels == ("basic", "pro", "pure", "thin")
    assert metric.thin == (False, False, True, True)
    assert np.diag(metric.penalty(0.1, 0.0)).tolist() == [0.1, 0.1, 1.0, 1.0]
    assert np.diag(metric.penalty(3.0, 0.0)).tolist() == [3.0, 3.0, 3.0, 3.0]
    eta = value(one, read, [1.0, -1.0, 2.0, 4.0])
    mean = np.average([1.0, -1.0, 2.0, 4.0], weights=[100, 100, 12, 18])
    assert eta[table.plan == "rare"] == pytest.approx(mean, abs=1e-14)
    assert eta[table.plan == "pure"] == pytest.approx(2.0, abs=1e-14)


@pytest.mark.parametrize(("customers", "learned"), [(4, False), (5, True)])
@pytest.mark.parametrize("weight", [1.0, 40.0])
def test_a_level_belongs_to_five_customers_however_many_rows_and_weight(customers, learned, weight):
    table, outcome = levels_of({"basic": (60, 40), "acme": (18, 18)})
    groups = np.append(np.arange(100), 1_000 + np.arange(36) % customers)
    rows = np.where(table.plan == "acme", weight, 1.0)
    read = read_table(table, (MetricPlan("plan"),))
    one = basis_of(read, outcome, rows, (MetricPlan("plan"),), 8, crowd=crowd_of(groups))
    assert one.metrics[0].levels == (("acme", "basic") if learned else ("basic",))


def test_weight_makes_no_level_of_nine_rows():
    table, outcome = levels_of({"basic": (60, 40), "big": (4, 5)})
    one, _ = basis(table, outcome, (MetricPlan("plan"),), weight=np.where(table.plan == "big", 200.0, 1.0))
    assert one.metrics[0].levels == ("basic",)


@pytest.mark.parametrize(("customers", "learned"), [(4, False), (5, True)])
def test_a_value_for_missing_belongs_to_five_customers(customers, learned):
    x = np.append(np.arange(100.0), np.full(40, np.nan))
    groups = np.append(np.arange(100), 1_000 + np.arange(40) % customers)
    read, outcome = read_table(pd.DataFrame({"x": x}), (MetricPlan("x"),)), np.tile([0.0, 1.0], 70)
    one = basis_of(read, outcome, np.ones(140), (MetricPlan("x"),), 1, crowd=crowd_of(groups))
    assert one.metrics[0].missing_learned is learned


def test_the_penalty_is_size_and_bend_and_the_way_of_missing_to_the_mean():
    x = np.array([0.0, 1.0, 2.0, 3.0] * 25 + [np.nan] * 40)
    one, _ = basis(pd.DataFrame({"x": x}), np.tile([0.0, 1.0], 70), (MetricPlan("x"),))
    metric, beta = one.metrics[0], np.array([1.0, -2.0, 0.5, 0.7])
    by_hand = 2.0 * (beta[:3] @ beta[:3] + (0.7 - metric.mean[:3] @ beta[:3]) ** 2) + 5.0 * (3.0**2 + 2.5**2)
    assert beta @ metric.penalty(2.0, 5.0) @ beta == pytest.approx(by_hand, rel=1e-12)


def test_bounds_follow_directions():
    one, _, bounds = drawn.problem()
    lower, upper = ((bound.tolist()) for bound in (bounds.lower, bounds.upper))
    columns = [one.layout.columns_of(at) for at in range(4)]
    assert set(lower[columns[0]]) == {0.0}
    assert set(upper[columns[1]]) == {0.0}
    assert lower[0] == -np.inf
    assert set(lower[columns[2]]) | set(lower[columns[3]]) == {-np.inf}
    assert set(upper[columns[2]]) | set(upper[columns[3]]) == {np.inf}


@pytest.mark.parametrize("x", [np.full(60, 7.0), np.full(60, np.nan), np.array([None] * 60, dtype=object)])
def test_a_metric_that_says_nothing_has_a_basis_all_the_same(x):
    one, read = basis(pd.DataFrame({"x": x}), np.tile([0.0, 1.0], 30), (MetricPlan("x"),))
    beta = np.zeros(one.layout.columns)
    np.testing.assert_array_equal(log_odds(one.encode(read), beta), np.zeros(60))


def test_ten_thousand_metrics_are_refused_at_once():
    plans = [MetricPlan(f"m{k}", "positive") for k in range(10_000)]
    values = np.random.default_rng(0).normal(size=(50, 10_000))
    table = pd.DataFrame(values, columns=[plan.name for plan in plans])
    began = time.process_time()
    with pytest.raises(FitError, match="10000 metrics with 1 ramp each need more than 6000 coefficients"):
        basis(table, np.tile([0.0, 1.0], 25), plans, 1)
    with pytest.raises(FitError, match=r"8 ramps each need more than 6000 .* or set ramps: 1"):
        basis(table, np.tile([0.0, 1.0], 25), plans[:2_000], 8)
    assert time.process_time() - began < 10


def _nearly_nothing() -> dict[str, np.ndarray]:
    rows = np.arange(600)
    few = np.full(600, np.nan)
    few[:5] = rows[:5]
    constant = np.full(600, 5.0)
    constant[:5] = rows[:5]
    rare = np.array([f"city {at % 231}" for at in rows], dtype=object)
    hidden = np.where(rows < 5, "a", None).astype(object)
    return {
        "known in five rows": few,
        "five rows differ": constant,
        "only rare levels": rare,
        "five levels known": hidden,
    }


@pytest.mark.parametrize("name", list(_nearly_nothing()))
def test_a_metric_that_says_nearly_nothing_gets_no_weight(name: str) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=600)
    churned = (random.random(600) < 1 / (1 + np.exp(-x))).astype(int)
    frame = pd.DataFrame({"x": x, "odd": _nearly_nothing()[name]})
    formula = HealthScoreClassifier(ramps=1, size=1.0).fit(frame, churned).to_formula()
    assert [term.metric for term in formula.terms] == ["x"]
