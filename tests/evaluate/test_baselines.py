"""Baselines: what each one is, and that nothing in a table breaks them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from chs_ml.errors import DataError
from chs_ml.evaluate import (
    BASELINES,
    Outcomes,
    Training,
    current_score,
    equal_weights,
    figures,
    gradient_boosting,
    logistic_regression,
)

RANDOM = np.random.default_rng(11)
ROWS = 300


def odd_table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "число": RANDOM.normal(size=ROWS),
            "слово": pd.Series(RANDOM.choice(["так", "ні", None], ROWS)),
            "all missing": np.nan,
            "no text": pd.Series([None] * ROWS, dtype="str"),
            "constant": 1.0,
            "rare flag": [1.0] + [0.0] * (ROWS - 1),
            "infinite": np.where(RANDOM.random(ROWS) < 0.2, np.inf, RANDOM.normal(size=ROWS)),
            "flag": RANDOM.random(ROWS) < 0.5,
            "one value or missing": [5.0] * 150 + [np.nan] * 150,
            "id": [f"id{row}" for row in range(ROWS)],
        }
    )


TABLE = odd_table()
CHURNED = (RANDOM.random(ROWS) < 1 / (1 + np.exp(1 - 3 * TABLE["число"]))).astype(float)


def unlike_training() -> pd.DataFrame:
    test = TABLE.iloc[:7].copy()
    test["слово"], test["число"], test["flag"], test["all missing"] = "новий", np.nan, None, 3.0
    return test


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
@pytest.mark.parametrize(
    "columns", [list(TABLE), ["число"], ["слово"], ["no text"]], ids=["all", "one", "text", "none"]
)
@pytest.mark.parametrize("rows", [1, 2, 12, ROWS])
@pytest.mark.filterwarnings("error")
def test_nothing_in_a_table_breaks_a_baseline(baseline, columns, rows):
    weights = np.where(np.arange(rows) == 1, 0.0, 1.0)
    outcomes = Outcomes.read(CHURNED[:rows], weights)
    p = baseline(Training(TABLE[columns].iloc[:rows], outcomes), unlike_training()[columns])
    assert p.shape == (7,)
    assert np.all((p >= 0) & (p <= 1))


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_signal_is_found_and_found_again(baseline):
    table = TABLE[["число", "infinite"]]
    known = Training(table.iloc[:200], Outcomes.of(CHURNED[:200]), {"число": "negative"})
    p = baseline(known, table.iloc[200:])
    assert figures(CHURNED[200:], p).auc > 0.6
    assert np.array_equal(p, baseline(known, table.iloc[200:]))


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_missing_columns_and_rows_are_refused(baseline):
    with pytest.raises(DataError, match="'число': the test rows have no such column"):
        baseline(Training(TABLE, Outcomes.of(CHURNED)), TABLE.drop(columns="число"))
    with pytest.raises(DataError, match="there are none that count"):
        baseline(Training(TABLE.iloc[:0], Outcomes.of([])), TABLE)
    with pytest.raises(DataError, match="2 values for 300 training rows"):
        baseline(Training(TABLE, Outcomes.of([0, 1])), TABLE)


def test_equal_weights_by_hand():
    """Two metrics, one falling, one of levels: on the log-odds a straight line in the sum of their healths."""
    train = pd.DataFrame({"late": [0.0, 1, 2] * 20, "plan": ["a"] * 30 + ["b"] * 25 + ["rare"] * 5})
    churned = np.r_[np.ones(9), np.zeros(21), np.ones(20), np.zeros(10)]
    test = pd.DataFrame({"late": [0.5, 1.0, np.nan, 9.0, 1.0], "plan": ["a", "b", "new", None, "rare"]})
    late = np.array([0.75, 0.5, 0.5, 0, 0.5])  # missing: the training mean, 1
    neutral = 30 / 55  # a is 1 with 30 rows, b is 0 with 25
    health = late + np.array([1, 0, neutral, neutral, neutral])
    p = equal_weights(train, churned, test, {"late": "negative"})
    log_odds = np.log(p / (1 - p))
    line = np.polyfit(health, log_odds, 1)
    assert np.polyval(line, health) == pytest.approx(log_odds, abs=1e-9)
    assert line[0] < 0


def test_equal_weights_direction_is_declared_or_univariate():
    x = pd.DataFrame({"x": np.linspace(0, 1, 200)})
    churned = (RANDOM.random(200) < x["x"]).astype(float)
    assert np.all(np.diff(equal_weights(x, churned, x, {})) >= 0)
    assert np.all(np.diff(equal_weights(x, churned, x, {"x": "free"})) >= 0)
    assert np.ptp(equal_weights(x, churned, x, {"x": "positive"})) == 0  # the wrong way round says nothing


def test_equal_weights_does_not_learn_identifiers_by_heart():
    """A level of one row would tell its own outcome, and the link would believe it."""
    p = equal_weights(TABLE[["id"]].iloc[:200], CHURNED[:200], TABLE[["id"]].iloc[200:], {})
    assert p == pytest.approx([CHURNED[:200].mean()] * 100)


def test_current_score_is_healthy_high():
    score = np.linspace(0, 100, 400)
    churned = (RANDOM.random(400) < 0.6 - 0.5 * score / 100).astype(float)
    p = current_score(score, churned, [10, 90, np.nan])
    assert p[0] > p[2] > p[1]
    assert p[2] == pytest.approx(churned.mean())
    assert current_score(-score, churned, [10, 90]) == pytest.approx([churned.mean()] * 2)
    assert current_score([np.nan] * 400, churned, [10]) == pytest.approx([churned.mean()])


def test_separated_classes_stay_finite():
    x = pd.DataFrame({"x": np.r_[np.zeros(20), np.ones(20)]})
    p = equal_weights(x, np.r_[np.ones(20), np.zeros(20)], x, {})
    assert p[0] > 0.99
    assert p[-1] < 0.01
    assert np.isfinite(figures(np.r_[np.ones(20), np.zeros(20)], p).log_loss)


def test_boosting_takes_thousands_of_levels():
    frame = pd.DataFrame({"code": [f"level {row % 2000}" for row in range(4000)]})
    p = gradient_boosting(frame, (np.arange(4000) % 3 == 0).astype(float), frame.iloc[:5])
    assert np.all((p > 0) & (p < 1))


def test_importing_evaluate_leaves_scikit_learn_alone():
    code = "import sys, chs_ml.evaluate; sys.exit('sklearn' in sys.modules or 'mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_telco_as_the_peers_measured_it(chs_data):
    """70/30, stratified, seed 0: AUC .8458, log-loss .4153 for the scaled and one-hot logistic regression."""
    table = pd.read_csv(chs_data / "telco_ibm" / "Telco-Customer-Churn.csv").drop(columns="customerID")
    table["TotalCharges"] = pd.to_numeric(table["TotalCharges"], errors="coerce")
    churned = (table.pop("Churn") == "Yes").to_numpy(float)
    train, test = train_test_split(np.arange(len(churned)), test_size=0.3, random_state=0, stratify=churned)
    found = figures(churned[test], logistic_regression(table.iloc[train], churned[train], table.iloc[test]))
    assert found.auc == pytest.approx(0.8458, abs=0.001)
    assert found.log_loss == pytest.approx(0.4153, abs=0.001)
    equal = figures(churned[test], equal_weights(table.iloc[train], churned[train], table.iloc[test], {}))
    assert 0.78 < equal.auc < found.auc
    boosted = figures(churned[test], gradient_boosting(table.iloc[train], churned[train], table.iloc[test]))
    assert boosted.log_loss == pytest.approx(0.4126, abs=0.003)


def test_boosting_takes_a_metric_that_hardly_anybody_has():
    random = np.random.default_rng(0)
    x = random.normal(size=600)
    churned = (random.random(600) < 1 / (1 + np.exp(-x))).astype(float)
    frame = pd.DataFrame({"x": x, "rare": np.where(np.arange(600) < 3, x, np.nan)})
    p = gradient_boosting(frame[:400], churned[:400], frame[400:])
    assert ((p > 0) & (p < 1)).all()
