"""Contrasts: which ends, how wide, how surely different from nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, studentized_range

from chs_ml.fit.basis import Basis
from chs_ml.fit.evidence.companion import Companion, companion_of
from chs_ml.fit.evidence.contrasts import TWO_SIDED, Contrast, Places, contrasts_of, places_of, signs_of, wald_p
from chs_ml.fit.fitting import Candidate, fit
from tests.fit.drawn import PLANS, frame, retained, sample


@pytest.fixture(scope="module")
def known():
    table = frame(1200, 7)
    rows = sample(table, retained(table, 7))
    fitted = fit(rows, PLANS, Candidate(8, 1.0))
    return fitted, companion_of(rows, fitted.basis)


def test_a_signed_curve_goes_from_its_bottom_to_its_top(known):
    fitted, companion = known
    assert signs_of(fitted) == {"logins": 1, "tickets": -1}
    logins, tickets, *_ = contrasts_of(companion, signs_of(fitted))
    columns = companion.basis.layout.columns_of
    assert logins.signed
    assert logins.estimate == pytest.approx(companion.beta[columns(0)].sum())
    assert tickets.estimate == pytest.approx(-companion.beta[columns(1)].sum())
    assert logins.critical == TWO_SIDED
    ones = np.ones(fitted.basis.metrics[0].columns)
    spread = float(ones @ companion.covariance[columns(0), columns(0)] @ ones)
    assert logins.standard_error == pytest.approx(np.sqrt(spread))
    assert logins.high - logins.low == pytest.approx(2 * TWO_SIDED * np.sqrt(spread))


def test_free_curves_and_levels_take_their_largest_difference(known):
    _, companion = known
    for at, contrast in enumerate(contrasts_of(companion, {})):
        values = places_of(companion.basis.metrics[at]) @ companion.beta[companion.basis.layout.columns_of(at)]
        assert not contrast.signed
        assert contrast.estimate == pytest.approx(np.ptp(values))
        assert contrast.critical > TWO_SIDED


def test_a_missing_value_beyond_the_ends_makes_it_the_largest():
    table = frame(1500, 3, gaps=False)
    gone = np.random.default_rng(0).random(1500) < 0.2
    outcome = retained(table, 3)
    outcome[gone] = np.random.default_rng(1).random(gone.sum()) < 0.02
    outcome[np.flatnonzero(gone)[:12]] = 1.0
    table.loc[gone, "logins"] = np.nan
    fitted = fit(sample(table, outcome), PLANS, Candidate(8, 1.0))
    assert fitted.basis.metrics[0].missing_learned
    assert "logins" not in signs_of(fitted)


def test_the_critical_value_is_tukeys_where_places_are_alike():
    for places in (3, 6, 12):
        exact = studentized_range.ppf(0.95, places, np.inf) / np.sqrt(2)
        assert Places(np.zeros(places), np.eye(places)).critical == pytest.approx(exact, abs=0.06)


def test_many_places_take_bonferronis_which_is_wider():
    pairs = 61 * 60 / 2
    assert Places(np.zeros(61), np.eye(61)).critical == pytest.approx(norm.isf(0.025 / pairs))
    assert Places(np.zeros(61), np.eye(61)).critical > Places(np.zeros(60), np.eye(60)).critical


def test_one_pair_or_no_spread_has_the_usual_critical_value():
    assert Places(np.zeros(2), np.eye(2)).critical == TWO_SIDED
    assert Places(np.zeros(4), np.zeros((4, 4))).critical == TWO_SIDED


def test_the_whole_curve_is_tested_in_the_directions_that_vary():
    covariance = np.diag([1.0, 1.0, 0.0])
    p = wald_p(np.eye(3), np.array([2.0, 1.0, 0.0]), covariance)
    assert p == pytest.approx(np.exp(-0.5 * 5.0))  # chi-squared of two degrees


def test_a_line_is_tested_alike_as_a_whole_and_from_end_to_end():
    table = frame(600, 9, gaps=False)[["logins"]]
    rows = sample(table, retained(frame(600, 9, gaps=False), 9), PLANS[:1])
    fitted = fit(rows, PLANS[:1], Candidate(1, 1.0))
    (one,) = contrasts_of(companion_of(rows, fitted.basis), signs_of(fitted))
    assert one.whole_p == pytest.approx(2 * norm.sf(abs(one.z)), rel=1e-9)


def test_a_metric_without_places_says_nothing():
    basis = Basis(())
    nothing = Contrast("x", np.zeros(1), 0.0, 0.0, 1.0)
    assert (nothing.z, nothing.low, nothing.high) == (0.0, 0.0, 0.0)
    assert contrasts_of(Companion(basis, np.zeros(1), np.eye(1), np.eye(1), 2), {}) == ()


def test_what_the_largest_owes_to_chance():
    nothing = Places(np.zeros(8), 0.25 * np.eye(8))
    assert nothing.luck == pytest.approx(0.5 * 2.847, abs=0.02)  # the mean range of eight normal draws
    apart = Places(np.array([0.0, 0.0, 10.0]), 0.01 * np.eye(3))
    assert apart.luck == pytest.approx(0.1 * 0.564, abs=0.01)  # of two at the bottom the lower one
    assert Contrast("x", np.ones(1), 1.0, 0.5, 0.5, nothing).without_luck == 0.0
    assert Contrast("x", np.ones(1), 1.0, 0.5, 0.5).without_luck == 1.0
