from __future__ import annotations

import numpy as np
import pytest

from chs_ml.fit import encoded as encoded_module
from chs_ml.fit import objective as objective_module
from chs_ml.fit.objective import STRETCH, Penalty, no_penalty
from chs_ml.fit.table import read_table
from tests.fit import drawn


@pytest.fixture(params=[False, True], ids=["equal weights", "row weights"])
def drawn_problem(request):
    weight = np.random.default_rng(5).uniform(0.1, 3.0, 500) if request.param else None
    basis, objective, _ = drawn.problem(500, seed=2, weight=weight)
    beta = np.random.default_rng(0).normal(size=basis.layout.columns) * 0.5
    return drawn.dense(basis, read_table(drawn.frame(500, 2), drawn.PLANS)), objective, beta


def test_the_value_is_the_dense_sum(drawn_problem):
    design, objective, beta = drawn_problem
    value, _ = objective.value_and_gradient(beta)
    assert value == pytest.approx(drawn.dense_objective(design, objective, beta), rel=1e-13)


def test_the_gradient_is_the_slope_of_the_value(drawn_problem):
    design, objective, beta = drawn_problem
    _, gradient = objective.value_and_gradient(beta)
    for at in range(len(beta)):
        step = np.eye(len(beta))[at] * 1e-5
        rise = drawn.dense_objective(design, objective, beta + step)
        fall = drawn.dense_objective(design, objective, beta - step)
        assert gradient[at] == pytest.approx((rise - fall) / 2e-5, abs=1e-4)


def test_the_gradient_and_the_hessian_are_the_dense_ones(drawn_problem):
    design, objective, beta = drawn_problem
    mean = 1 / (1 + np.exp(-design @ beta))
    _, gradient = objective.value_and_gradient(beta)
    expected = design.T @ (objective.weight * (mean - objective.retained)) + objective.penalty.at(beta)[1]
    np.testing.assert_allclose(gradient, expected, atol=1e-10)
    information = (design.T * (objective.weight * mean * (1 - mean))) @ design
    np.testing.assert_allclose(objective.information(beta), information, atol=1e-10)
    np.testing.assert_allclose(objective.hessian(beta), information + objective.penalty.matrix, atol=1e-10)


def test_log_odds_so_large_that_a_naive_exponential_overflows(drawn_problem):
    _, objective, beta = drawn_problem
    for sign in (-1.0, 1.0):
        extreme = np.append(sign * 5_000.0, 0.0 * beta[1:])
        value, gradient = objective.value_and_gradient(extreme)
        wrong = objective.retained == (sign < 0)
        assert value == pytest.approx(5_000.0 * objective.weight[wrong].sum(), rel=1e-12)
        assert np.isfinite(gradient).all()


def test_the_same_bits_with_one_thread_and_with_many(monkeypatch):
    rows = 2 * STRETCH + 1_000
    basis, objective, _ = drawn.problem(rows, seed=4)
    beta = np.random.default_rng(0).normal(size=basis.layout.columns)
    seen = []
    for cores in (1, 2, 7):
        monkeypatch.setattr(objective_module.os, "cpu_count", lambda cores=cores: cores)
        value, gradient = objective.value_and_gradient(beta)
        seen.append((value, gradient.tobytes(), objective.hessian(beta).tobytes()))
    assert seen[0] == seen[1] == seen[2]


def test_many_stretches_add_up():
    rows = STRETCH + 777
    basis, objective, _ = drawn.problem(rows, seed=4)
    beta = np.random.default_rng(0).normal(size=basis.layout.columns)
    eta = objective.log_odds(beta)
    loss = np.logaddexp(0, eta) - objective.retained * eta
    value = objective.value_and_gradient(beta)[0] - objective.penalty.at(beta)[0]
    assert value == pytest.approx(float(loss.sum()), rel=1e-13)


def test_single_precision_for_many_cells(monkeypatch):
    basis, objective, _ = drawn.problem(3_000, seed=6)
    monkeypatch.setattr(encoded_module, "MANY_CELLS", 0)
    _, single, _ = drawn.problem(3_000, seed=6)
    assert single.encoded.fractions.dtype == np.float32
    beta = np.random.default_rng(0).normal(size=basis.layout.columns)
    np.testing.assert_allclose(single.value_and_gradient(beta)[1], objective.value_and_gradient(beta)[1], atol=1e-3)
    np.testing.assert_allclose(single.hessian(beta), objective.hessian(beta), rtol=1e-4, atol=1e-2)


def test_more_than_256_slots():
    """A category of 300 levels needs wider slot numbers."""
    import pandas as pd

    from chs_ml.fit.learnable import basis_of
    from chs_ml.fit.objective import log_odds
    from chs_ml.fit.table import MetricPlan

    table = pd.DataFrame({"city": np.repeat([f"c{k:03}" for k in range(300)], 20)})
    plans = (MetricPlan("city"),)
    read = read_table(table, plans)
    basis = basis_of(read, np.tile([0.0, 1.0], 3_000), np.ones(6_000), plans, 8)
    cells = basis.encode(read)
    assert cells.slots.dtype == np.uint16
    np.testing.assert_array_equal(log_odds(cells, np.arange(-1.0, 300)), np.repeat(np.arange(300), 20) - 1.0)


def test_a_sample_is_a_small_likeness():
    basis, objective, _ = drawn.problem(20_000, seed=1, weight=np.random.default_rng(1).uniform(0.5, 1.5, 20_000))
    part, share = objective.sampled(10)
    beta = np.random.default_rng(0).normal(size=basis.layout.columns) * 0.2
    assert share == pytest.approx(0.1, abs=0.01)
    assert part.encoded.rows == len(part.weight) == len(part.retained)
    whole = objective.value_and_gradient(beta)[0]
    assert part.value_and_gradient(beta)[0] / share == pytest.approx(whole, rel=0.05)
    np.testing.assert_array_equal(part.penalty.matrix, objective.penalty.matrix * share)


def test_penalties_add_and_scale():
    one = Penalty(np.eye(2), np.array([1.0, 0.0]), 3.0)
    beta = np.array([2.0, 5.0])
    assert one.at(beta)[0] == pytest.approx(0.5 * 29 - 2 + 3)
    assert (one + one).at(beta)[0] == pytest.approx(2 * one.at(beta)[0])
    assert one.scaled(0.25).at(beta)[0] == pytest.approx(one.at(beta)[0] / 4)
    assert no_penalty(2).at(beta)[0] == 0.0
