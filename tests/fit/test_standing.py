"""Rows that stand for more customers than others move the neutral value, and nothing else of a basis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chs_ml.fit.fitting import Candidate, basis_for, fit
from chs_ml.fit.learnable import basis_of
from chs_ml.fit.table import MetricPlan
from tests.fit import drawn

PLANS = (*drawn.PLANS[:2], MetricPlan("nps", "free", "neutral"), drawn.PLANS[3])


def _sample(rows: int = 600):
    table = drawn.frame(rows, 3)
    return drawn.sample(table, drawn.retained(table, 3), PLANS)


def test_rows_that_stand_for_one_customer_each_change_nothing():
    sample = _sample()
    plain = basis_for(sample, PLANS, 8)
    even = basis_for(replace(sample, standing=np.full(600, 2.5)), PLANS, 8)
    for one, other in zip(plain.metrics, even.metrics, strict=True):
        assert other.mean == pytest.approx(one.mean, abs=1e-12)


def test_the_means_are_those_of_rows_written_out_so_often():
    sample = _sample()
    times = np.where(sample.retained > 0.5, 3, 1)
    standing = basis_for(replace(sample, standing=times.astype(float)), PLANS, 8)
    plain = basis_of(sample.table, sample.retained, sample.weight, PLANS, 8)
    repeated = np.repeat(np.arange(600), times)
    written_out = drawn.dense(plain, sample.table.take(repeated))
    for at, (metric, before) in enumerate(zip(standing.metrics, plain.metrics, strict=True)):
        known = sample.table.columns[at].known[repeated]
        if hasattr(metric, "levels"):
            known &= written_out[:, plain.layout.columns_of(at)].max(axis=1) == 1.0
        design = written_out[known][:, plain.layout.columns_of(at)]
        missing = slice(None, len(metric.mean) - metric.missing_learned)
        assert metric.mean[missing] == pytest.approx(design.mean(axis=0)[missing], abs=1e-12)
        assert np.abs(metric.mean - before.mean).max() > 1e-3
        assert np.array_equal(getattr(metric, "knots", 0), getattr(before, "knots", 0))


def test_a_missing_value_that_is_neutral_stands_at_the_true_mean():
    sample = _sample()
    fitted = fit(replace(sample, standing=1.0 + 9.0 * sample.retained), PLANS, Candidate(4, 1.0))
    nps = fitted.basis.metrics[2]
    assert np.array_equal(nps.missing_design, nps.mean)
    assert np.abs(nps.mean - fit(sample, PLANS, Candidate(4, 1.0)).basis.metrics[2].mean).max() > 1e-3


def test_they_are_taken_with_their_rows():
    sample = replace(_sample(), standing=np.arange(600.0))
    assert sample.take(np.array([5, 7])).standing.tolist() == [5.0, 7.0]
    assert _sample().take(np.array([5, 7])).standing is None
