"""The clustered sandwich against sums written down row by row, and against statsmodels' formula for G/(G-1)."""

from __future__ import annotations

import numpy as np
import pytest

from chs_ml.fit.evidence import sandwich
from chs_ml.fit.evidence.sandwich import clustered, customers_of
from tests.fit.drawn import PLANS, dense, frame, problem, retained, sample


def slow(basis, objective, beta, groups, table):
    design = dense(basis, table)
    means = 1 / (1 + np.exp(-design @ beta))
    rows = design * (objective.weight * (means - objective.retained))[:, None]
    sums = np.array([rows[groups == group].sum(0) for group in np.unique(groups)])
    away = sums - sums.mean(0)
    return away.T @ away * len(sums) / (len(sums) - 1)


@pytest.mark.parametrize("tile", [7, 64, 10_000])
@pytest.mark.parametrize("customers", [400, 90, 2])
def test_equals_the_sums_written_down(monkeypatch, tile, customers):
    monkeypatch.setattr(sandwich, "GRAM_TILE", tile)
    monkeypatch.setattr(sandwich, "STRETCH", 3 * tile)
    weight = np.random.default_rng(2).uniform(0.2, 2.0, 400)
    basis, objective, _ = problem(400, 3, weight=weight)
    groups = np.sort(np.random.default_rng(1).integers(0, customers, 400)) if customers < 400 else np.arange(400)
    beta = np.random.default_rng(4).normal(0, 0.3, basis.layout.columns)
    table = sample(frame(400, 3), retained(frame(400, 3), 3), PLANS).table
    found = clustered(objective, beta, customers_of(groups))
    np.testing.assert_allclose(found, slow(basis, objective, beta, groups, table), rtol=1e-9, atol=1e-9)


def test_one_customer_says_nothing_of_how_customers_vary():
    basis, objective, _ = problem(50, 3)
    assert not clustered(objective, np.zeros(basis.layout.columns), np.array([0, 50])).any()


def test_bounds_of_customers():
    assert customers_of(np.array(["a", "a", "b", "c", "c"])).tolist() == [0, 2, 3, 5]
