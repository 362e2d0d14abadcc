from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from chs_ml.fit.learnable import basis_of
from chs_ml.fit.scrutiny.separation import dense_rows, separation_among, separation_of
from tests.fit import drawn
from tests.test_golden import straight

CASES = json.loads((Path(__file__).parents[2] / "golden" / "reference.json").read_text(encoding="utf-8"))["separation"]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['verdict']}-{len(case['y'])}" for case in CASES])
@pytest.mark.parametrize("turned", [False, True])
def test_every_case_of_the_reference(case, turned):
    design, outcome = np.array(case["X"], dtype=float), np.array(case["y"], dtype=float)
    outcome = 1.0 - outcome if turned else outcome
    found = separation_of(design, outcome)
    assert found.kind == case["verdict"]
    check_direction(found, design, outcome)
    encoded = separation_among(straight(design[:, 1:]), outcome)
    assert (encoded.kind, encoded.rows) == (found.kind, found.rows)


def check_direction(found, design, outcome):
    towards = (2 * outcome - 1) * (design @ found.direction)
    assert towards.min() >= -1e-6
    assert (towards > 1e-6).sum() == found.rows
    assert found.kind == ("complete" if found.rows == len(outcome) else "quasi-complete" if found.rows else "none")


def by_the_book(design, outcome):
    """Konis: the largest Σ of signed log-odds under bounded coefficients; then the largest least of them."""
    signed = (2 * outcome - 1)[:, None] * design
    total = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1))
    if -total.fun < 1e-7:
        return "none"
    widened = np.column_stack([-signed, np.ones(len(signed))])
    bounds = [(-1, 1)] * design.shape[1] + [(0, 1)]
    least = linprog(np.append(np.zeros(design.shape[1]), -1.0), A_ub=widened, b_ub=np.zeros(len(signed)), bounds=bounds)
    return "complete" if -least.fun > 1e-7 else "quasi-complete"


def test_random_designs_are_judged_as_by_the_book():
    kinds = []
    for seed in range(150):
        draw = np.random.default_rng(seed)
        design = np.column_stack([np.ones(30), draw.integers(-2, 3, (30, 3))]).astype(float)
        towards = design @ draw.integers(-2, 3, 4)
        outcome = np.where(towards == 0, draw.random(30) < 0.5, towards > 0).astype(float)
        if seed % 3 == 0:
            outcome[draw.integers(30)] = 1.0 - outcome[draw.integers(30)]
        found = separation_of(design, outcome)
        kinds.append(found.kind)
        assert found.kind == by_the_book(design, outcome)
        check_direction(found, design, outcome)
    assert set(kinds) == {"none", "quasi-complete", "complete"}


def test_units_do_not_matter():
    years = np.array([2021.0, 2022, 2023, 2024, 2025, 2026])
    outcome = (years > 2023).astype(float)
    for column in (years, years / 1e9, years * 1e9, -years):
        found = separation_of(np.column_stack([np.ones(6), column]), outcome)
        assert found.kind == "complete"


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_few_rows_are_asked_but_all_decide(odd):
    """Two numbers that separate 60,000 rows, except for one: neither the first rows asked, nor their ends, show it."""
    draw = np.random.default_rng(0)
    columns = draw.random((60_000, 2))
    outcome = (columns[:, 0] > columns[:, 1]).astype(float)
    middle = np.flatnonzero(np.abs(columns - 0.5).max(axis=1) < 0.2)[:odd]
    outcome[middle] = 1.0 - outcome[middle]
    found = separation_among(straight(columns), outcome)
    assert found.kind == ("complete" if odd == 0 else "none")


def test_ties_on_the_border_make_it_quasi_complete_wherever_they_lie():
    draw = np.random.default_rng(1)
    columns = np.round(draw.random((50_000, 1)), 3)
    outcome = (columns[:, 0] > 0.5).astype(float)
    tied = np.flatnonzero(columns[:, 0] == 0.5)
    outcome[tied[::2]] = 1.0
    found = separation_among(straight(columns), outcome)
    assert (found.kind, found.rows) == ("quasi-complete", 50_000 - len(tied))


def test_dense_rows_are_the_design():
    table = drawn.frame(300)
    sample = drawn.sample(table, drawn.retained(table))
    basis = basis_of(sample.table, sample.retained, sample.weight, drawn.PLANS, 8)
    rows = np.arange(0, 300, 7)
    expected = drawn.dense(basis, sample.table)[rows]
    np.testing.assert_allclose(dense_rows(basis.encode(sample.table), rows), expected)
