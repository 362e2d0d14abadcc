from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from chs_ml.errors import FitError
from chs_ml.fit import solver
from chs_ml.fit.fitting import Candidate
from chs_ml.fit.solver import Bounds, minimise
from chs_ml.fit.table import read_table
from tests.fit import drawn
from tests.test_golden import problem, unbounded

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "reference.json").read_text(encoding="utf-8"))


def violation(objective, bounds, beta):
    """The KKT residual, written down a second time: how far a feasible step along the gradient can still go."""
    gradient = objective.value_and_gradient(beta)[1]
    reached = np.clip(beta - gradient, bounds.lower, bounds.upper)
    return float(np.abs(beta - reached).max() / objective.weight.sum())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("candidate", [Candidate(1, 0.1), Candidate(8, 1.0), Candidate(16, 0.1, 10.0)], ids=str)
def test_the_certificate_holds(seed, candidate):
    weight = np.random.default_rng(seed).uniform(0.1, 4.0, 800) if seed % 2 else None
    _, objective, bounds = drawn.problem(800, seed, candidate, weight)
    solution = minimise(objective, bounds)
    assert solution.kkt <= 1e-8
    assert violation(objective, bounds, solution.beta) <= 1e-8
    assert (solution.beta >= bounds.lower).all()
    assert (solution.beta <= bounds.upper).all()
    assert solution.objective == objective.value_and_gradient(solution.beta)[0]


@pytest.mark.parametrize("seed", range(3))
def test_as_scipy_finds_it_on_the_dense_design(seed):
    basis, objective, bounds = drawn.problem(600, seed)
    design = drawn.dense(basis, read_table(drawn.frame(600, seed), drawn.PLANS))

    def dense(beta):
        mean = 1 / (1 + np.exp(-design @ beta))
        slope = design.T @ (objective.weight * (mean - objective.retained)) + objective.penalty.at(beta)[1]
        return drawn.dense_objective(design, objective, beta), slope

    pairs = list(zip(bounds.lower, bounds.upper, strict=True))
    exact = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 5_000, "maxfun": 20_000}
    found = minimize(dense, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B", bounds=pairs, options=exact)
    solution = minimise(objective, bounds)
    assert solution.objective <= found.fun + 1e-10 * abs(found.fun)
    np.testing.assert_allclose(solution.beta, found.x, atol=2e-4)


def test_a_sample_first_or_all_rows_at_once_the_minimum_is_the_same(monkeypatch):
    _, objective, bounds = drawn.problem(60_000, seed=3)
    sampled = minimise(objective, bounds)
    monkeypatch.setattr(solver, "SAMPLE_FROM", 10**9)
    at_once = minimise(objective, bounds)
    assert sampled.hessians < at_once.hessians
    assert sampled.objective == pytest.approx(at_once.objective, rel=1e-13)
    np.testing.assert_allclose(sampled.beta, at_once.beta, atol=1e-4)
    assert max(sampled.kkt, at_once.kkt) <= 1e-9


def test_a_sample_that_misleads_costs_time_and_nothing_else(monkeypatch):
    """Rows sorted so that the sample sees one class only."""
    _, objective, bounds = drawn.problem(60_000, seed=3)
    rows = np.argsort(~((np.arange(60_000) // solver.SAMPLE_SHARE) % 2).astype(bool), kind="stable")
    order = np.argsort(-objective.retained, kind="stable")[rows]
    turned = replace(
        objective,
        encoded=objective.encoded.take(order),
        retained=objective.retained[order],
        weight=objective.weight[order],
    )
    assert minimise(turned, bounds).objective == pytest.approx(minimise(objective, bounds).objective, rel=1e-12)


def test_a_start_saves_passes_and_changes_nothing():
    _, objective, bounds = drawn.problem(3_000, seed=1)
    first = minimise(objective, bounds)
    again = minimise(objective, bounds, start=first.beta)
    assert again.gradients < first.gradients
    assert again.objective == pytest.approx(first.objective, rel=1e-13)


@pytest.mark.parametrize("case", [case for case in GOLDEN["separation"] if case["verdict"] != "none"])
def test_separation_is_refused_without_a_penalty_and_finite_with_one(case):
    columns, outcome = np.array(case["X"], dtype=float)[:, 1:], np.array(case["y"], dtype=float)
    bounds = unbounded(columns.shape[1] + 1)
    with pytest.raises(FitError, match=r"did not settle .* Set calibration.strength \(its size\) above 0"):
        minimise(problem(columns, outcome), bounds)
    held = minimise(problem(columns, outcome, ridge=0.1), bounds)
    assert held.kkt <= 1e-9
    assert np.abs(held.beta).max() < 20


def test_no_separation_no_refusal():
    case = next(case for case in GOLDEN["separation"] if case["verdict"] == "none")
    columns, outcome = np.array(case["X"], dtype=float)[:, 1:], np.array(case["y"], dtype=float)
    assert minimise(problem(columns, outcome), unbounded(2)).kkt <= 1e-9


def test_separation_against_the_declared_sign_is_no_separation():
    columns, outcome = np.arange(10.0)[:, None], np.repeat([0.0, 1.0], 5)
    solution = minimise(problem(columns, outcome), Bounds(np.full(2, -np.inf), np.array([np.inf, 0.0])))
    assert solution.beta[1] == 0.0


@pytest.mark.parametrize("ridge", [0.0, 1e-6, 1.0])
def test_two_equal_columns(ridge):
    draw = np.random.default_rng(0)
    x = draw.normal(size=2_000)
    outcome = (draw.random(2_000) < 1 / (1 + np.exp(-x))).astype(float)
    alone = minimise(problem(x[:, None], outcome, ridge=ridge / 2), unbounded(2))
    twice = minimise(problem(np.column_stack([x, x]), outcome, ridge=ridge), unbounded(3))
    assert twice.kkt <= 1e-8
    assert twice.beta[1:].sum() == pytest.approx(alone.beta[1], rel=1e-5)
    assert twice.objective == pytest.approx(alone.objective, rel=1e-9)
