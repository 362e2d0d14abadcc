"""Differences on the same rows."""

from __future__ import annotations

import numpy as np
import pytest

from chs_ml.evaluate import Outcomes, auc_difference, compare, figures, log_loss_difference

RANDOM = np.random.default_rng(3)
LOG_ODDS = RANDOM.normal(size=500) - 1
GOOD = 1 / (1 + np.exp(-LOG_ODDS))
WORSE = 1 / (1 + np.exp(-LOG_ODDS - RANDOM.normal(size=500)))
CHURNED = (RANDOM.random(500) < GOOD).astype(float)


def test_difference_is_of_the_figures_and_changes_sign():
    one, other = figures(CHURNED, WORSE), figures(CHURNED, GOOD)
    for function, name in ((log_loss_difference, "log_loss"), (auc_difference, "auc")):
        found, back = function(CHURNED, WORSE, GOOD), function(CHURNED, GOOD, WORSE)
        assert found.difference == pytest.approx(getattr(one, name) - getattr(other, name), abs=1e-12)
        assert (found.low, found.high) == pytest.approx((-back.high, -back.low))


def test_standard_errors_equal_the_bootstrap():
    draws = [
        (
            log_loss_difference(CHURNED[rows], WORSE[rows], GOOD[rows]),
            auc_difference(CHURNED[rows], WORSE[rows], GOOD[rows]),
        )
        for rows in RANDOM.integers(0, 500, (300, 500))
    ]
    for at, function in enumerate((log_loss_difference, auc_difference)):
        spread = np.std([draw[at].difference for draw in draws])
        assert function(CHURNED, WORSE, GOOD).standard_error == pytest.approx(spread, rel=0.15)


def test_pairing_takes_out_shared_noise():
    alone = figures(CHURNED, GOOD).uncertainty["auc"].standard_error
    assert auc_difference(CHURNED, GOOD * 0.9 + WORSE * 0.1, GOOD).standard_error < alone / 4


def test_equal_probabilities_do_not_differ():
    for function in (log_loss_difference, auc_difference):
        found = function(CHURNED, GOOD, GOOD)
        assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0)


def test_clusters_widen():
    rows = np.repeat(np.arange(500), 3)
    for function in (log_loss_difference, auc_difference):
        by_customer = function(Outcomes.read(CHURNED[rows], None, rows), WORSE[rows], GOOD[rows])
        assert by_customer.standard_error == pytest.approx(function(CHURNED, WORSE, GOOD).standard_error)


def test_one_class_has_no_auc_difference():
    assert auc_difference([0, 0], [0.1, 0.2], [0.2, 0.1]).difference is None
    assert auc_difference([0, 1], [0.1, 0.2], [0.2, 0.1]).standard_error is None
    assert log_loss_difference([], [], []).difference is None


def test_compare_is_baseline_minus_formula():
    found = compare(CHURNED, GOOD, {"worse": WORSE})["worse"]
    assert found.minus_formula["log_loss"].low > 0 > found.minus_formula["auc"].high
    assert list(found.as_dict())[-1] == "minus_formula"
    assert found.as_dict()["auc"] == figures(CHURNED, WORSE).auc
