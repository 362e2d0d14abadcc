"""Churners over-sampled to one half: fitted as they are, brought to the true rate, judged on fresh customers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chs_ml.calibration.draft import draft
from chs_ml.calibration.rows import outcomes_of, plans_of, sample_of
from chs_ml.evaluate import figures
from chs_ml.fit.fitting import Candidate
from chs_ml.fit.learning import refit
from chs_ml.fit.selection import Choice
from chs_ml.history.known_worlds import coverage_world
from chs_ml.history.simulate import simulate
from chs_ml.history.worlds import Missing
from chs_ml.spec import CalibrationSpec

TRUE = 0.08


def _spec(metrics: list[str], base_rate: float | None) -> CalibrationSpec:
    bands = [{"name": "healthy", "color": "green", "top": "25%"}, {"name": "rest", "color": "yellow"}]
    return CalibrationSpec.model_validate(
        {
            "name": "half",
            "data": {"table": "none.csv", "outcome": {"column": "left", "churned": ["1"]}},
            "metrics": [{"name": name, "missing": "neutral"} for name in metrics],
            "bands": [*bands, {"name": "unhealthy", "color": "red", "bottom": "10%"}],
            "calibration": {} if base_rate is None else {"base_rate": base_rate},
        }
    )


@pytest.fixture(scope="module")
def world():
    """8 % churn; the strongest metric is missing for a fifth, whatever its value."""
    plain = coverage_world(customers=60_000, cutoffs=1, effect=0.0)
    first = replace(plain.metrics[0], missing=Missing(0.2))
    return replace(plain, churn=TRUE, metrics=(first, *plain.metrics[1:]))


@pytest.fixture(scope="module")
def halved(world):
    """All churned customers, and as many of the retained."""
    panel = simulate(world, seed=1).panel
    retained = np.flatnonzero(panel.churned == 0)
    drawn = np.random.default_rng(0).choice(retained, int(panel.churned.sum()), replace=False)
    return panel.take(np.sort(np.append(np.flatnonzero(panel.churned == 1), drawn)))


@pytest.fixture(scope="module")
def fresh(world):
    return simulate(world, seed=2).panel


def _learned(halved, spec):
    plans = tuple(replace(plan, direction="free") for plan in plans_of(spec))
    return draft(refit(sample_of(halved, spec), Choice(plans, Candidate(4, 1.0))), halved, spec)


@pytest.fixture(scope="module")
def shipped(halved):
    return _learned(halved, _spec(list(halved.metrics), TRUE))


def test_half_of_the_rows_churned(halved):
    assert halved.churned.mean() == 0.5


def test_fresh_customers_churn_as_often_as_predicted(shipped, fresh):
    churn = shipped.formula.churn_probability(fresh.metrics)
    told = figures(fresh.churned, churn)
    assert churn.mean() == pytest.approx(fresh.churned.mean(), abs=0.006)
    assert abs(told.calibration_intercept) < 0.08
    assert told.calibration_slope == pytest.approx(1.0, abs=0.08)


def test_without_it_they_would_be_far_off(halved, fresh):
    churn = _learned(halved, _spec(list(halved.metrics), None)).formula.churn_probability(fresh.metrics)
    assert figures(fresh.churned, churn).calibration_intercept < -2.0
    assert churn.mean() > 0.35


def test_bands_hold_their_share_of_the_true_population(shipped, halved, fresh):
    band = shipped.formula.band(fresh.metrics)
    assert np.mean(band == "healthy") == pytest.approx(0.25, abs=0.02)
    assert np.mean(band == "unhealthy") == pytest.approx(0.10, abs=0.02)
    plain = _learned(halved, _spec(list(halved.metrics), None)).formula
    assert np.mean(plain.band(fresh.metrics) == "healthy") > 0.35


def test_a_missing_value_counts_as_the_average_customer_not_the_average_row(shipped, halved, fresh):
    term = next(term for term in shipped.formula.terms if term.metric == "m1")
    known = fresh.metrics["m1"].dropna().to_numpy()
    assert term.shape.missing == pytest.approx(term.shape.health(known).mean(), abs=0.01)
    rows = halved.metrics["m1"].dropna().to_numpy()
    assert term.shape.missing - term.shape.health(rows).mean() > 0.03


def test_figures_are_of_the_true_population(shipped, halved, fresh):
    spec = _spec(list(halved.metrics), TRUE)
    churn = shipped.formula.churn_probability(halved.metrics)
    told = figures(outcomes_of(halved, spec), churn)
    assert told.churn_rate == pytest.approx(TRUE)
    assert told.calibration_intercept == pytest.approx(0.0, abs=0.03)
    natural = figures(fresh.churned, shipped.formula.churn_probability(fresh.metrics))
    assert told.brier == pytest.approx(natural.brier, abs=0.003)
    assert told.log_loss == pytest.approx(natural.log_loss, abs=0.01)
    assert told.lift_top_decile == pytest.approx(natural.lift_top_decile, abs=0.25)
