"""Reference results, solved to 50 digits elsewhere: what the solver finds agrees to the last figures that are given."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression

from chs_ml.fit.encoded import Block, Encoded, Layout, rows_for
from chs_ml.fit.objective import Objective, Penalty, no_penalty
from chs_ml.fit.solver import Bounds, minimise

GOLDEN = json.loads((Path(__file__).parent / "golden" / "reference.json").read_text(encoding="utf-8"))
TIGHT = 1e-14


def straight(columns) -> Encoded:
    """Columns as they are: one slot each, and the value for a fraction."""
    encoded = rows_for(Layout((Block(np.array([[0.0]]), np.array([[1.0]])),) * columns.shape[1]), len(columns))
    encoded.fractions[:] = columns.T
    return encoded


def problem(columns, outcome, *, ridge=0.0, weight=None) -> Objective:
    p = columns.shape[1] + 1
    penalty = Penalty(np.diag(np.append(0.0, np.full(p - 1, ridge))), np.zeros(p)) if ridge else no_penalty(p)
    return Objective(straight(columns), outcome, np.ones(len(outcome)) if weight is None else weight, penalty)


def unbounded(p) -> Bounds:
    return Bounds(np.full(p, -np.inf), np.full(p, np.inf))


def spector():
    data = sm.datasets.spector.load_pandas()
    return data.exog[["GPA", "TUCE", "PSI"]].to_numpy(), data.endog.to_numpy(float)


def low_birth_weight():
    path = Path(sm.__file__).parent / "genmod" / "tests" / "results" / "stata_lbw_glm.csv"
    data = pd.read_csv(path)
    data["race_black"], data["race_other"] = data.race == "black", data.race == "other"
    names = ["age", "lwt", "race_black", "race_other", "smoke", "ptl", "ht", "ui"]
    return data[names].to_numpy(float), data.low.to_numpy(float)


def expected(case, kind="coef"):
    return np.array(list(GOLDEN[case][kind].values()))


@pytest.mark.parametrize(("case", "data"), [("spector_ml", spector), ("low_birth_weight_ml", low_birth_weight)])
def test_maximum_likelihood(case, data):
    columns, outcome = data()
    objective = problem(columns, outcome)
    solution = minimise(objective, unbounded(columns.shape[1] + 1), tolerance=TIGHT)
    assert len(outcome) == GOLDEN[case]["n"]
    np.testing.assert_allclose(solution.beta, expected(case), rtol=1e-8)
    np.testing.assert_allclose(-solution.objective, GOLDEN[case]["log_likelihood"], rtol=1e-8)
    errors = np.sqrt(np.diag(np.linalg.inv(objective.information(solution.beta))))
    there = [list(GOLDEN[case]["coef"]).index(name) for name in GOLDEN[case]["se"]]
    np.testing.assert_allclose(errors[there], expected(case, "se"), rtol=1e-8)


def test_ridge():
    columns, outcome = spector()
    solution = minimise(problem(columns, outcome, ridge=1.0), unbounded(4), tolerance=TIGHT)
    np.testing.assert_allclose(solution.beta, expected("spector_ridge_1"), rtol=1e-8)
    np.testing.assert_allclose(solution.objective, GOLDEN["spector_ridge_1"]["objective"], rtol=1e-8)


def test_a_sign_that_the_data_contradict():
    columns, outcome = spector()
    objective = problem(columns, outcome)
    bounds = Bounds(np.full(4, -np.inf), np.array([np.inf, np.inf, 0.0, np.inf]))
    case, solution = GOLDEN["spector_tuce_not_positive"], minimise(objective, bounds, tolerance=TIGHT)
    np.testing.assert_allclose(solution.beta, expected("spector_tuce_not_positive"), rtol=case["rtol"])
    np.testing.assert_allclose(-solution.objective, case["log_likelihood"], rtol=case["rtol"])
    pull = -objective.value_and_gradient(solution.beta)[1][2]
    np.testing.assert_allclose(pull, case["score_TUCE"], rtol=case["rtol"])
    assert solution.on_bound.tolist() == [False, False, True, False]


@pytest.mark.parametrize("rows", [300, 5_000])
def test_without_signs_it_is_scikit_learn_and_statsmodels(rows):
    draw = np.random.default_rng(rows)
    columns = draw.normal(size=(rows, 5)) * [1.0, 3.0, 0.1, 1.0, 10.0] + [0.0, 1.0, 5.0, 0.0, 2.0]
    outcome = (draw.random(rows) < 1 / (1 + np.exp(-0.5 - columns @ [0.5, -0.2, 1.0, 0.0, 0.03]))).astype(float)
    weight = draw.uniform(0.2, 3.0, rows)
    ours = minimise(problem(columns, outcome, weight=weight), unbounded(6), tolerance=TIGHT).beta
    theirs = sm.GLM(outcome, sm.add_constant(columns), family=sm.families.Binomial(), freq_weights=weight)
    np.testing.assert_allclose(ours, theirs.fit(tol=1e-14, tol_criterion="params").params, rtol=1e-8)
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(columns, outcome, weight)
    np.testing.assert_allclose(ours, np.append(model.intercept_, model.coef_), rtol=1e-8)


def test_with_a_ridge_it_is_scikit_learn():
    draw = np.random.default_rng(5)
    columns = draw.normal(size=(2_000, 4))
    outcome = (draw.random(2_000) < 1 / (1 + np.exp(-columns @ [1.0, -1.0, 0.2, 0.0]))).astype(float)
    weight = draw.integers(1, 4, 2_000).astype(float)
    ours = minimise(problem(columns, outcome, ridge=4.0, weight=weight), unbounded(5), tolerance=TIGHT).beta
    model = LogisticRegression(C=0.25, solver="newton-cholesky", tol=1e-12).fit(columns, outcome, weight)
    np.testing.assert_allclose(ours, np.append(model.intercept_, model.coef_), rtol=1e-8)
