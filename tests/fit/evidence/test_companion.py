"""The companion against the algebra written down, and its shortcut against a fit from the beginning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chs_ml.fit.basis import Basis
from chs_ml.fit.evidence.companion import COMPANION, companion_of
from chs_ml.fit.fitting import Candidate, fit
from tests.fit.drawn import PLANS, frame, retained, sample


@pytest.fixture(scope="module")
def drawn():
    table = frame(900, 5)
    rows = sample(table, retained(table, 5), groups=np.repeat(np.arange(450), 2))
    return rows, fit(rows, PLANS, Candidate(8, 1.0))


def test_has_the_knots_of_the_fit_and_no_signs(drawn):
    rows, fitted = drawn
    companion = companion_of(rows, fitted.basis)
    assert companion.customers == 450
    assert companion.metrics == ("logins", "tickets", "nps", "plan")
    for mine, its in zip(companion.basis.metrics[:3], fitted.basis.metrics[:3], strict=True):
        assert mine.plan.direction == "free"
        np.testing.assert_array_equal(mine.knots, its.knots)


def test_is_the_minimum_without_signs(drawn):
    rows, fitted = drawn
    companion = companion_of(rows, fitted.basis, fitted.solution.beta)
    free = [plan.directed("free") for plan in PLANS]
    again = fit(rows, free, replace(COMPANION, ramps=8))
    np.testing.assert_allclose(companion.beta, again.solution.beta, atol=1e-4)


def test_covariance_is_the_sandwich_with_the_penalty_in_it(drawn):
    rows, fitted = drawn
    companion = companion_of(rows, fitted.basis)
    inverse = np.linalg.inv(companion.hessian)
    np.testing.assert_allclose(companion.covariance, inverse @ companion.middle @ inverse, rtol=1e-6, atol=1e-10)
    penalty = companion.basis.penalty(COMPANION.size, COMPANION.bend).matrix
    assert np.linalg.eigvalsh(companion.middle - penalty).min() > -1e-8


@pytest.mark.parametrize("at", range(4))
def test_without_a_metric_is_nearly_the_companion_of_the_others(drawn, at):
    rows, fitted = drawn
    shortcut = companion_of(rows, fitted.basis).without(at)
    others = Basis(fitted.basis.metrics[:at] + fitted.basis.metrics[at + 1 :])
    plans = [metric.plan for metric in others.metrics]
    anew = companion_of(rows.of(plans), others)
    assert shortcut.metrics == anew.metrics
    errors = np.sqrt(np.diag(anew.covariance))
    assert np.abs(shortcut.beta - anew.beta)[1:].max() < 0.35 * errors[1:].max()
    np.testing.assert_allclose(np.sqrt(np.diag(shortcut.covariance))[1:], errors[1:], rtol=0.2)


def test_customers_whose_rows_stand_apart_are_brought_together(drawn):
    rows, fitted = drawn
    order = np.random.default_rng(0).permutation(900)
    mixed, sorted_ = companion_of(rows.take(order), fitted.basis), companion_of(rows, fitted.basis)
    assert mixed.customers == 450
    np.testing.assert_allclose(mixed.covariance, sorted_.covariance, rtol=1e-4, atol=1e-9)


def test_every_row_twice_with_half_its_weight_is_the_same(drawn):
    rows, fitted = drawn
    twice = rows.take(np.repeat(np.arange(900), 2))
    halved = companion_of(replace(twice, weight=twice.weight / 2), fitted.basis)
    np.testing.assert_allclose(halved.covariance, companion_of(rows, fitted.basis).covariance, rtol=1e-5, atol=1e-10)


def test_a_missing_value_that_counts_as_worst_keeps_its_place(drawn):
    rows, _ = drawn
    plans = [replace(plan, missing="worst") for plan in PLANS]
    fitted = fit(rows, plans, Candidate(8, 1.0))
    companion = companion_of(rows, fitted.basis)
    for mine, its in zip(companion.basis.metrics, fitted.basis.metrics, strict=True):
        np.testing.assert_array_equal(mine.missing_design, its.missing_design)
