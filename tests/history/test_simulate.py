from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit
from scipy.stats import norm, spearmanr

from chs_ml.errors import DataError
from chs_ml.fit.fitting import Sample
from chs_ml.fit.learning import learn
from chs_ml.fit.lowering import formula_of
from chs_ml.fit.selection import Settings
from chs_ml.fit.table import MetricPlan, read_table
from chs_ml.formula import Condition, Curve, Levels
from chs_ml.history.known_worlds import coverage_world, drifting_world, hump_world, quiet_world, split_world
from chs_ml.history.marginals import Category, Count, Flag, Lognormal, Uniform
from chs_ml.history.population import marginal
from chs_ml.history.simulate import simulate
from chs_ml.history.truth import truth_of
from chs_ml.history.worlds import Missing, Shift, Split, TrueMetric, World

PLANS = Category((("free", 5.0), ("team", 3.0), ("business", 2.0)))
VARIED = World(
    (
        TrueMetric("tenure", 1.0, "saturating", marginal=Lognormal(12.0, 0.8)),
        TrueMetric("tickets", 0.8, "straight", "negative", marginal=Count(0.5, 2.5)),
        TrueMetric("trained", 0.6, marginal=Flag(0.3)),
        TrueMetric("plan", 0.9, Levels((("free", 0.0), ("team", 0.4), ("business", 1.0)), 0.0, 0.0), marginal=PLANS),
        TrueMetric("nps", 1.2, "threshold", marginal=Uniform(0.0, 10.0), missing=Missing(0.3, health=0.0)),
        TrueMetric("seats", 0.5, Curve((0.0, 0.2, 0.7, 1.0), (0.3, 0.0, 0.8, 1.0), 0.0), "free"),
    ),
    customers=4000,
    churn=0.2,
    correlation=0.3,
)


def plain(*metrics: TrueMetric, **world) -> World:
    return World(metrics, **{"customers": 20_000, "churn": 0.2, **world})


# Panels


@pytest.mark.parametrize("world", [coverage_world(300), VARIED, split_world(300), drifting_world(100)])
def test_the_seed_is_all_there_is(world):
    first = simulate(world, 7)
    np.random.seed(0)
    assert simulate(world, 7).panel.digest == first.panel.digest
    assert simulate(world, 8).panel.digest != first.panel.digest
    assert simulate(replace(world, seed=7)).panel.digest == first.panel.digest


def test_a_metric_more_or_another_order_leaves_the_rest_as_it_was():
    world = coverage_world(500)
    other = replace(world, metrics=(TrueMetric("chatter"), *reversed(world.metrics)))
    one, two = simulate(world, 3).panel, simulate(other, 3).panel
    assert one.metrics.equals(two.metrics[one.metrics.columns])
    assert np.mean(one.churned != two.churned) < 0.002  # the intercept is found on other points


def test_rows_are_customers_by_cutoff():
    panel = simulate(coverage_world(3, 2)).panel
    assert panel.customer.tolist() == ["c000001", "c000001", "c000002", "c000002", "c000003", "c000003"]
    assert panel.cutoff.astype(str).tolist() == ["2024-03-31", "2024-06-30"] * 3
    assert panel.cutoff.dtype == "datetime64[D]"
    assert simulate(quiet_world(5)).panel.cutoff is None


@pytest.mark.parametrize("world", [coverage_world(), VARIED, split_world(), hump_world(), quiet_world()])
def test_churn_rate_is_as_asked(world):
    drawn = simulate(replace(world, customers=100_000, cutoffs=1), 1)
    assert drawn.panel.churned.mean() == pytest.approx(world.churn, abs=4 * np.sqrt(0.25 / 100_000))
    assert expit(-drawn.log_odds).mean() == pytest.approx(world.churn, abs=0.002)


def test_healths_correlate_as_asked():
    world = coverage_world(50_000, 2)
    panel = simulate(world, 1).panel
    signs = [-1.0 if metric.direction == "negative" else 1.0 for metric in world.metrics]
    ranks = spearmanr(panel.metrics.to_numpy()[::2] * signs).statistic
    expected = 6 / np.pi * np.arcsin(0.4 / 2)  # Spearman's of a normal correlation of 0.4
    assert ranks[np.triu_indices(12, 1)] == pytest.approx(expected, abs=0.02)
    first, second = (panel.metrics["m1"].to_numpy()[at::2] for at in (0, 1))
    assert np.corrcoef(norm.ppf(first), norm.ppf(second))[0, 1] == pytest.approx(0.8, abs=0.02)


def test_marginals_are_as_asked():
    metrics = simulate(replace(VARIED, customers=100_000), 1).panel.metrics
    assert metrics["tenure"].median() == pytest.approx(12.0, rel=0.02)
    assert np.log(metrics["tenure"]).std() == pytest.approx(0.8, rel=0.02)
    assert (metrics["tickets"] == 0).mean() == pytest.approx(0.5, abs=0.01)
    assert metrics["tickets"][metrics["tickets"] > 0].mean() == pytest.approx(2.5, rel=0.02)
    assert metrics["trained"].mean() == pytest.approx(0.3, abs=0.01)
    assert metrics["plan"].value_counts(normalize=True)["free"] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("shown", [Uniform(-1, 3), Lognormal(5.0, 1.2), Count(0.4, 3.0), Flag(0.2), PLANS])
def test_positions_run_from_the_lowest_to_the_highest_value(shown):
    positions = shown.positions(shown.support)
    assert (np.diff(positions) > 0).all()
    assert positions[[0, -1]] == pytest.approx([0.0, 1.0], abs=1e-5)
    places = np.linspace(0.001, 0.999, 999)
    assert (np.diff(shown.positions(shown.values(places))) >= -1e-12).all()
    if isinstance(shown, Uniform | Lognormal):
        assert shown.positions(shown.values(places)) == pytest.approx(places)


def test_missing_as_asked_and_informative_where_asked():
    asked = plain(
        TrueMetric("nps", 2.0, missing=Missing(0.3, health=0.0)),
        TrueMetric("usage", 2.0, missing=Missing(0.2)),
        TrueMetric("seats", 1.0, missing=Missing(0.25, follows="logins")),
        TrueMetric("logins", 1.0),
        customers=50_000,
    )
    panel = simulate(asked, 1).panel
    gone = panel.metrics.isna()
    assert gone.mean().tolist() == pytest.approx([0.3, 0.2, 0.25, 0.0], abs=0.01)
    churn = {name: panel.churned[gone[name]].mean() - panel.churned[~gone[name]].mean() for name in ("nps", "usage")}
    assert churn["nps"] > 0.1
    assert abs(churn["usage"]) < 0.02
    low = panel.metrics["logins"] < 0.5
    assert gone["seats"][low].mean() == pytest.approx(3 * gone["seats"][~low].mean(), rel=0.1)
    truth = truth_of(asked)
    assert truth.missing["nps"] == pytest.approx(float(truth.curve("nps", [0.0])[0]), abs=0.02)
    assert truth.missing["usage"] == pytest.approx(0.0, abs=0.15)  # the average of a straight line: near its middle


def test_a_split_turns_the_curve_for_its_customers_only():
    panel = simulate(split_world(100_000), 1).panel
    many = (panel.metrics["service_calls"] > 3).to_numpy()
    assert many.mean() == pytest.approx(0.2, abs=0.01)
    busy = (panel.metrics["usage"] > 0.5).to_numpy()

    def gain(where):
        return logit(panel.churned[where & ~busy].mean()) - logit(panel.churned[where & busy].mean())

    assert gain(~many) > 0.7
    assert gain(many) < -0.5
    truth = truth_of(split_world())
    assert truth.contrast("usage | service_calls ≤ 3 or unknown", 0, 1) == pytest.approx(2.0, abs=1e-3)
    assert truth.contrast("usage | service_calls > 3", 0, 1) == pytest.approx(-2.0, abs=1e-3)
    assert truth.contrast("service_calls", 0, 3) == pytest.approx(-truth.extent("service_calls", [0, 3]))


def test_sides_of_a_split_may_have_shapes_and_weights_of_their_own():
    split = Split(Condition("plan", level="pro"), "positive", 0.5, "threshold")
    plan = TrueMetric("plan", 0.4, marginal=Category((("basic", 1.0), ("pro", 1.0))), missing=Missing(0.1, health=0.0))
    truth = truth_of(plain(TrueMetric("usage", 1.5, "saturating", split=split), plan))
    assert truth.extent("usage | plan ≠ pro") == pytest.approx(1.5, abs=1e-3)
    assert truth.extent("usage | plan = pro") == pytest.approx(0.5, abs=1e-3)
    assert truth.contrast("plan", "basic", "pro") == pytest.approx(0.4, abs=1e-3)
    assert truth.contrast("plan", None, "basic") == pytest.approx(0.0, abs=1e-3)


def test_drift_moves_the_outcomes_of_its_cutoffs():
    world = drifting_world(40_000, 4)
    panel = simulate(world, 1).panel
    churn = [panel.churned[at::4].mean() for at in range(4)]
    assert panel.churned.mean() == pytest.approx(0.17, abs=0.004)
    assert churn[0] == pytest.approx(churn[1], abs=0.01)
    assert churn[2] - churn[1] > 0.04
    before, after = truth_of(world, 1), truth_of(world, 2)
    assert after.extent("m1") / before.extent("m1") == pytest.approx(0.3, abs=0.02)
    assert after.extent("m2") / before.extent("m2") == pytest.approx(2.0, abs=0.05)
    assert before.extent("m1") > truth_of(world).extent("m1") > after.extent("m1")


# Truth


@pytest.mark.parametrize("world", [coverage_world(effect=0.0), VARIED, hump_world(), split_world()])
def test_without_customer_effects_the_truth_is_what_was_put_in(world):
    given = {side.key: side.metric.weight for side in world.sides}
    truth = truth_of(world)
    assert {key: truth.extent(key) for key in given} == pytest.approx(given, abs=1e-3)
    assert truth.weights == pytest.approx({key: part / sum(given.values()) for key, part in given.items()}, abs=1e-3)
    for side in world.sides:
        values = side.metric.marginal.support
        assert truth.curve(side.key, values) == pytest.approx(
            side.metric.weight * (side.health(values) - 0.5), abs=1e-3
        )


def test_truth_between_knots():
    truth = truth_of(coverage_world(effect=0.0))
    assert truth.contrast("m1", 0.25, 0.75) == pytest.approx(0.8, abs=1e-3)
    assert truth.contrast("m2", 0.0, 0.25) == pytest.approx(-0.6, abs=1e-3)
    weights = truth.weights_between({"m1": [0.25, 0.75], "m2": [0.0, 0.5, 1.0], "noise1": [0.0, 1.0]})
    assert weights == pytest.approx({"m1": 0.4, "m2": 0.6, "noise1": 0.0}, abs=1e-3)


@pytest.mark.parametrize("effect", [0.5, 0.7, 2.0])
def test_customer_effects_flatten_the_truth(effect):
    truth, given = truth_of(coverage_world(effect=effect)), truth_of(coverage_world(effect=0.0))
    share = sum(truth.extent(key) for key in truth.curves) / sum(given.extent(key) for key in given.curves)
    assert share == pytest.approx(1 / np.sqrt(1 + 0.346 * effect**2), rel=0.03 if effect < 1 else 0.09)
    assert truth.weights == pytest.approx(given.weights, abs=0.012)


def test_flattening_is_as_calculus_says():
    truth = truth_of(World((TrueMetric("m", 0.1),), churn=0.5, effect=0.7))
    effects = np.linspace(-12, 12, 100_001)
    stay = expit(0.7 * effects)
    slope = np.average(4 * stay * (1 - stay), weights=norm.pdf(effects))  # that of the average at log-odds 0
    assert truth.extent("m") == pytest.approx(0.1 * slope, rel=1e-3)


def test_averaging_over_customer_effects_is_exact():
    log_odds, effects = np.array([-6.0, -1.234, 0.0, 2.2, 9.0]), np.linspace(-12, 12, 200_001)
    by_hand = [np.average(expit(at + 1.3 * effects), weights=norm.pdf(effects)) for at in log_odds]
    assert marginal(1.3)(log_odds) == pytest.approx(by_hand, abs=1e-6)


@pytest.mark.parametrize("effect", [0.0, 0.7])
def test_a_logistic_fit_of_many_rows_finds_the_truth(effect):
    world = coverage_world(100_000, 2, effect=effect)
    truth, panel = truth_of(world), simulate(world, 11).panel
    # each true curve is a column, whose coefficient should then be 1
    columns = [truth.curve(key, panel.metrics[key]) for key in truth.curves if not key.startswith("noise")]
    fitted = sm.Logit(1.0 - panel.churned, sm.add_constant(np.column_stack(columns))).fit(
        disp=False, cov_type="cluster", cov_kwds={"groups": np.arange(panel.rows) // 2}
    )
    off = (fitted.params[1:] - 1.0) / fitted.bse[1:]
    assert np.abs(off).max() < 3.5
    assert np.sum(off**2) < 27  # chi-square on 8: 99.9 % below 26.1
    assert fitted.bse[1] < 0.02


def test_the_cache_does_not_mistake_one_world_for_another():
    one, two = (truth_of(coverage_world(customers)) for customers in (10, 20))
    assert one.curves is two.curves
    assert one.world.customers == 10
    assert truth_of(coverage_world(10, effect=0.1)).curves is not one.curves


# Into the fit


def test_the_fit_learns_from_a_simulated_panel():
    panel = simulate(replace(VARIED, customers=6000), 1).panel
    plans = [MetricPlan(metric.name, metric.direction) for metric in VARIED.metrics]
    groups = np.unique(panel.customer, return_inverse=True)[1]
    sample = Sample(read_table(panel.metrics, plans), 1.0 - panel.churned, np.ones(panel.rows), groups)
    formula = formula_of(learn(sample, plans, Settings(ramps=8, size=1.0)).fitted).formula
    assert {term.metric for term in formula.terms} == {metric.name for metric in VARIED.metrics}
    shown = formula.churn_probability(panel.metrics)
    assert np.corrcoef(shown, expit(-simulate(replace(VARIED, customers=6000), 1).log_odds))[0, 1] > 0.9


@pytest.mark.bench
def test_a_panel_takes_less_than_a_second():
    world = coverage_world(50_000, 2)
    start = time.perf_counter()
    simulate(world, 1)
    assert time.perf_counter() - start < 1.0


# What cannot be


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: TrueMetric("a", -1.0), "weight -1 is below 0; say direction: negative"),
        (lambda: TrueMetric("a", 1.0, "wavy"), "shape 'wavy' is none of"),
        (lambda: TrueMetric("a", 1.0, Levels((("x", 1.0),), 0.0, 0.0)), "levels need a Category"),
        (lambda: plain(TrueMetric("a"), TrueMetric("a")), "needs different metrics"),
        (lambda: plain(TrueMetric("a"), churn=1.0), "churn must lie between 0 and 1"),
        (lambda: plain(TrueMetric("a"), correlation=1.0), "correlation must lie in"),
        (lambda: plain(TrueMetric("a"), effect=-0.1), "standard deviation, not -0.1"),
        (lambda: plain(TrueMetric("a"), cutoffs=3, drift=(Shift(),)), "1 shifts for 3 cutoffs"),
        (lambda: plain(TrueMetric("a"), drift=(Shift(0.0, (("b", 2.0),)),)), r"speaks of \['b'\]"),
        (lambda: plain(TrueMetric("a", split=Split(Condition("b", above=0.0)))), r"speaks of \['b'\]"),
        (lambda: Missing(0.7, follows="b"), "a share between 0 and 0.5"),
        (lambda: Missing(0.2, health=2.0), "outside 0..1"),
        (lambda: Uniform(1.0, 1.0), "low 1 must be below high 1"),
        (lambda: Count(0.5, 1.0), "mean of those above zero must be above 1"),
        (lambda: simulate(quiet_world(5), -1), "seed -1 is below 0"),
        (lambda: truth_of(quiet_world(5)).curve("nps", [1.0]), "no true curve is called 'nps'"),
    ],
)
def test_what_cannot_be_is_refused(made, said):
    with pytest.raises(DataError, match=said):
        made()
