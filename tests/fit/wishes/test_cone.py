"""Quadratic steps under bounds and linear constraints, against scipy's general solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from chs_ml.fit.solver import Bounds
from chs_ml.fit.wishes.cone import Cone


def drawn(seed, columns=8, constraints=5):
    """A cone, a point within it, and a quadratic there."""
    draw = np.random.default_rng(seed)
    root = draw.normal(size=(columns, columns))
    rows = draw.normal(size=(constraints, columns))
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    lower, upper = np.full(columns, -np.inf), np.full(columns, np.inf)
    lower[[1, 2]], upper[[3, 4]], lower[5], upper[5] = 0.0, 0.0, 0.0, 0.0
    beta = np.zeros(columns)
    return Cone(lower, upper, rows), root @ root.T + 0.1 * np.eye(columns), draw.normal(size=columns) * 3, beta


def by_slsqp(cone, hessian, gradient, beta):
    found = minimize(
        lambda d: (gradient @ d + 0.5 * d @ hessian @ d, gradient + hessian @ d), np.zeros_like(beta), jac=True,
        method="SLSQP", bounds=list(zip(cone.lower - beta, cone.upper - beta, strict=True)),
        constraints={"type": "ineq", "fun": lambda d: cone.rows @ (beta + d), "jac": lambda d: cone.rows},
        options={"ftol": 1e-14, "maxiter": 500},
    )  # fmt: skip
    return found.x


@pytest.mark.parametrize("seed", range(30))
def test_the_step_is_the_minimum_within_the_cone(seed):
    cone, hessian, gradient, beta = drawn(seed)
    step, active = cone.step(hessian, beta, gradient, None)
    np.testing.assert_allclose(step, by_slsqp(cone, hessian, gradient, beta), atol=1e-5)
    there = cone.clip(beta + step)
    assert (cone.rows @ there).min() >= -1e-12
    assert cone.violation(there, gradient + hessian @ step) <= 1e-9
    again, same = cone.step(hessian, beta, gradient, active)
    np.testing.assert_allclose(again, step, atol=1e-12)
    np.testing.assert_array_equal(same, active)


def test_a_wrong_guess_does_no_harm():
    cone, hessian, gradient, beta = drawn(3)
    right, active = cone.step(hessian, beta, gradient, None)
    step, found = cone.step(hessian, beta, gradient, (1 - active).astype(np.int8))
    np.testing.assert_allclose(step, right, atol=1e-10)
    np.testing.assert_array_equal(found, active)


def test_without_rows_it_is_the_step_under_bounds():
    cone, hessian, gradient, beta = drawn(4, constraints=0)
    bounds = Bounds(cone.lower, cone.upper)
    np.testing.assert_allclose(
        cone.step(hessian, beta, gradient, None)[0], bounds.step(hessian, beta, gradient, None)[0], atol=1e-10
    )
    assert cone.violation(beta, gradient) == pytest.approx(bounds.violation(beta, gradient))


def test_two_sides_of_one_equation_hold_it():
    cone, hessian, gradient, beta = drawn(5, constraints=1)
    both = Cone(cone.lower, cone.upper, np.vstack([cone.rows, -cone.rows]))
    step, _ = both.step(hessian, beta, gradient, None)
    assert abs(float(cone.rows[0] @ step)) <= 1e-13
    assert both.violation(beta + step, gradient + hessian @ step) <= 1e-9


def test_what_is_not_the_minimum_has_no_certificate():
    cone, hessian, gradient, beta = drawn(6)
    step, _ = cone.step(hessian, beta, gradient, None)
    half = 0.5 * step
    assert cone.violation(beta + half, gradient + hessian @ half) > 1e-3
