from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from chs_ml.fit.quadratic import bounded_step

seeds = st.integers(0, 2**32 - 1)


def quadratic(seed, size, two_sided):
    draw = np.random.default_rng(seed)
    root = draw.normal(size=(size + 2, size)) * draw.choice([0.1, 1.0, 10.0], size)
    lower = np.where(draw.random(size) < 0.5, -draw.choice([0.0, 0.5, 2.0], size), -np.inf)
    upper = np.where(draw.random(size) < 0.5, draw.choice([0.0, 0.5, 2.0], size), np.inf)
    if not two_sided:
        upper = np.where(np.isfinite(lower), np.inf, upper)
    return root.T @ root + 0.01 * np.eye(size), draw.normal(size=size) * 3, lower, upper


def value(hessian, gradient, step):
    return float(gradient @ step + 0.5 * step @ hessian @ step)


def enumerated(hessian, gradient, lower, upper):
    """Try every way of putting coordinates on their bounds."""
    best = np.inf
    choices = [
        [0, *[-1] * (a > -np.inf), *[1] * (b < np.inf)] for a, b in zip(lower.tolist(), upper.tolist(), strict=True)
    ]
    for choice in product(*choices):
        sides = np.array(choice)
        step = np.where(sides < 0, lower, np.where(sides > 0, upper, 0.0))
        free = sides == 0
        held = hessian[np.ix_(free, ~free)] @ step[~free]
        step[free] = np.linalg.solve(hessian[np.ix_(free, free)], -gradient[free] - held)
        if (step >= lower - 1e-9).all() and (step <= upper + 1e-9).all():
            best = min(best, value(hessian, gradient, step))
    return best


@settings(max_examples=150)
@given(seeds, st.integers(1, 5), st.booleans())
def test_no_choice_of_bounds_is_better(seed, size, two_sided):
    problem = quadratic(seed, size, two_sided)
    step, sides = bounded_step(*problem)
    hessian, gradient, lower, upper = problem
    assert (step >= lower).all()
    assert (step <= upper).all()
    assert (step[sides < 0] == lower[sides < 0]).all()
    assert (step[sides > 0] == upper[sides > 0]).all()
    best = enumerated(*problem)
    assert value(hessian, gradient, step) == pytest.approx(best, rel=1e-9, abs=1e-9)


@settings(max_examples=50)
@given(seeds, st.booleans())
def test_any_guess_leads_to_the_same_step(seed, two_sided):
    hessian, gradient, lower, upper = quadratic(seed, 12, two_sided)
    step, sides = bounded_step(hessian, gradient, lower, upper)
    draw = np.random.default_rng(seed)
    guess = np.where(np.isfinite(lower) & (draw.random(12) < 0.5), -1, 0)
    guess = np.where((guess == 0) & np.isfinite(upper) & (draw.random(12) < 0.5), 1, guess).astype(np.int8)
    again, _ = bounded_step(hessian, gradient, lower, upper, guess)
    assert value(hessian, gradient, again) == pytest.approx(value(hessian, gradient, step), rel=1e-9, abs=1e-9)
    assert bounded_step(hessian, gradient, lower, upper, sides)[1].tolist() == sides.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_as_scipy_finds_it_with_two_hundred_coordinates(seed):
    draw = np.random.default_rng(seed)
    root, target = draw.normal(size=(250, 200)), draw.normal(size=250)
    lower, upper = np.where(np.arange(200) % 3 == 0, 0.0, -np.inf), np.where(np.arange(200) % 3 == 1, 0.0, np.inf)
    step, _ = bounded_step(root.T @ root, -root.T @ target, lower, upper)
    np.testing.assert_allclose(step, lsq_linear(root, target, (lower - 1e-300, upper + 1e-300), tol=1e-14).x, atol=1e-6)


def test_a_singular_hessian_is_solved_with_a_little_jitter():
    hessian, gradient = np.ones((2, 2)), np.array([-1.0, -1.0])
    step, _ = bounded_step(hessian, gradient, np.zeros(2), np.full(2, np.inf))
    assert step.sum() == pytest.approx(1.0, rel=1e-6)


def test_everything_held():
    step, sides = bounded_step(np.eye(2), np.array([1.0, -1.0]), np.array([0.0, -np.inf]), np.array([np.inf, 0.0]))
    assert step.tolist() == [0.0, 0.0]
    assert sides.tolist() == [-1, 1]
