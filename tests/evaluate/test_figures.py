"""The figures against scikit-learn, statsmodels and the bootstrap, and where rows cannot carry them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from chs_ml.errors import DataError
from chs_ml.evaluate import Outcomes, figures

KEYS = ["rows", "churn_rate", "auc", "log_loss", "brier", "calibration_slope", "calibration_intercept"]


def simulated(rows: int, seed: int = 0):
    """Churn that happens exactly as often as the probability says."""
    random = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(1 - random.normal(size=rows)))
    return (random.random(rows) < p).astype(float), p


def test_equal_scikit_learn():
    churned, p = simulated(500)
    p = p.round(2)  # ties
    found = figures(churned, p)
    assert found.auc == pytest.approx(roc_auc_score(churned, p), abs=1e-13)
    assert found.log_loss == pytest.approx(log_loss(churned, p), abs=1e-13)
    assert found.brier == pytest.approx(brier_score_loss(churned, p), abs=1e-13)


def test_calibration_equals_statsmodels():
    churned, p = simulated(400)
    log_odds = np.log(p / (1 - p))
    widening = np.sqrt(400 / 399)
    slope = sm.Logit(churned, sm.add_constant(log_odds)).fit(disp=0, cov_type="HC0")
    shift = sm.GLM(churned, np.ones(400), family=sm.families.Binomial(), offset=log_odds).fit(cov_type="HC0")
    found = figures(churned, p)
    assert found.calibration_slope == pytest.approx(slope.params[1], abs=1e-9)
    assert found.uncertainty["calibration_slope"].standard_error == pytest.approx(slope.bse[1] * widening, rel=1e-7)
    assert found.calibration_intercept == pytest.approx(shift.params[0], abs=1e-9)
    assert found.uncertainty["calibration_intercept"].standard_error == pytest.approx(shift.bse[0] * widening, rel=1e-7)


def test_standard_errors_equal_the_bootstrap():
    churned, p = simulated(600)
    found, random = figures(churned, p), np.random.default_rng(1)
    again = [figures(churned[rows], p[rows]) for rows in random.integers(0, 600, (300, 600))]
    for name in ("auc", "log_loss", "brier", "lift_top_decile"):
        spread = np.std([getattr(one, name) for one in again])
        assert found.uncertainty[name].standard_error == pytest.approx(spread, rel=0.15), name


def test_delong_by_hand():
    """Placements 1, .75, .75 and 1, 1, 1, 1/3: variance = S10/3 + S01/4."""
    found = figures([1, 1, 1, 0, 0, 0, 0], [0.9, 0.6, 0.5, 0.1, 0.2, 0.3, 0.7])
    assert found.auc == pytest.approx(10 / 12)
    variance = np.var([1, 0.75, 0.75], ddof=1) / 3 + np.var([1, 1, 1, 1 / 3], ddof=1) / 4
    assert found.uncertainty["auc"].standard_error == pytest.approx(np.sqrt(variance))


def test_calibrated_simulation_is_called_calibrated():
    """95 % intervals hold the truth: slope 1 and intercept 0 in about 95 of 100 panels, and the known AUC."""
    truth = figures(*simulated(200_000, seed=99))
    held = dict.fromkeys(("calibration_slope", "calibration_intercept", "auc", "lift_top_decile"), 0)
    for seed in range(200):
        found = figures(*simulated(500, seed)).uncertainty
        for name in held:
            target = {"calibration_slope": 1.0, "calibration_intercept": 0.0}.get(name, getattr(truth, name))
            held[name] += found[name].low <= target <= found[name].high
    assert all(180 <= count <= 199 for count in held.values()), held


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 99)), min_size=1, max_size=40))
def test_auc_and_lift_know_only_the_order(rows):
    churned, p = np.array(rows, dtype=float).T
    found, mapped = figures(churned, p / 100), figures(churned, (p / 100) ** 3)
    assert found.auc == mapped.auc
    assert found.lift_top_decile == pytest.approx(mapped.lift_top_decile)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.integers(0, 3)), min_size=1, max_size=30))
def test_weights_are_repeated_rows(rows):
    churned, p, weights = np.array(rows, dtype=float).T
    p, times = p / 20, weights.astype(int)
    weighted = figures(Outcomes.read(churned, weights), p)
    repeated = figures(np.repeat(churned, times), np.repeat(p, times))
    for name in (*KEYS[1:], "lift_top_decile"):
        one, other = getattr(weighted, name), getattr(repeated, name)
        assert one == other or one == pytest.approx(other, rel=1e-7, abs=1e-7), name


def test_rows_of_one_customer_are_not_independent():
    """Every customer four times over: the standard errors of the customers, not of the rows."""
    churned, p = simulated(300)
    once = figures(churned, p)
    rows = np.repeat(np.arange(300), 4)
    fourfold = figures(Outcomes.read(churned[rows], None, [f"c{row}" for row in rows]), p[rows])
    for name in ("auc", "log_loss", "brier", "calibration_slope", "calibration_intercept", "lift_top_decile"):
        assert getattr(fourfold, name) == pytest.approx(getattr(once, name), abs=1e-9)
        assert fourfold.uncertainty[name].standard_error == pytest.approx(once.uncertainty[name].standard_error)


def test_lift_in_ties_is_the_expected_value():
    """Ten of 100 customers are looked at, out of 40 tied on top with 20 churned, of 25 churned in all."""
    churned = np.r_[np.ones(20), np.zeros(20), np.ones(5), np.zeros(55)]
    p = np.r_[np.full(40, 0.8), np.full(60, 0.1)]
    found = figures(churned, p)
    assert found.lift_top_decile == pytest.approx(0.5 / 0.25)
    assert figures(churned[::-1], p[::-1]).lift_top_decile == pytest.approx(2.0)


def test_perfect_ranking_still_has_an_interval():
    found = figures([0] * 8 + [1] * 4, np.linspace(0.1, 0.9, 12))
    assert (found.auc, found.calibration_slope) == (1.0, None)
    assert found.uncertainty["auc"].low == pytest.approx(0.5101, abs=1e-4)  # Wilson, 4 of 4


@pytest.mark.parametrize(
    ("churned", "p", "unknown"),
    [
        ([], [], {*KEYS[1:], "lift_top_decile"}),
        ([1], [0.5], {"auc", "calibration_slope", "calibration_intercept"}),
        ([0, 0], [0.2, 0.4], {"auc", "calibration_slope", "calibration_intercept", "lift_top_decile"}),
        ([0, 1, 1], [0.3, 0.3, 0.3], {"calibration_slope"}),
        ([0, 1], [1, 0], {"calibration_slope"}),
        ([0, 1, 0, 1], [0, 1, 1, 0], set()),
    ],
)
def test_what_rows_cannot_carry_is_null(churned, p, unknown):
    found = json.loads(json.dumps(figures(churned, p).as_dict(), allow_nan=False))
    assert {name for name in found if found[name] is None} == unknown
    assert list(found)[:7] == KEYS


def test_certain_and_wrong_is_finite():
    assert figures([1, 0], [0, 1]).log_loss == pytest.approx(-np.log(1e-12), rel=1e-5)


@pytest.mark.parametrize(
    ("churned", "p", "message"),
    [
        ([0, 1, np.nan], [0.1] * 3, "leave out rows not known yet"),
        ([0, 1], [0.1] * 3, "3 values for 2 rows of churned"),
        ([0, 1], [0.1, 1.5], "row 1 is 1.5; a probability is a number from 0 to 1"),
        ([0, 1], [np.nan, 0.5], "row 0 is nan"),
        ([[0, 1]], [0.1, 0.5], "one value per row"),
    ],
)
def test_bad_columns_are_refused(churned, p, message):
    with pytest.raises(DataError, match=message):
        figures(churned, p)


def test_bad_weights_are_refused():
    with pytest.raises(DataError, match="at least 0"):
        Outcomes.read([0, 1], [1, -1])
    with pytest.raises(DataError, match="customers: 1 values for 2 rows"):
        Outcomes.read([0, 1], None, ["a"])
