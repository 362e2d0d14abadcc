from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from chs_ml.errors import FitError
from chs_ml.fit.estimator import HealthScoreClassifier
from tests.fit import drawn

QUICK = {"ramps": 8, "size": 1.0}
SIGNS = {"logins": "positive", "tickets": "negative", "nps": "free"}


@pytest.fixture(scope="module")
def customers():
    table = drawn.frame(1_200, seed=8)
    return table, (1 - drawn.retained(table, 8)).astype(int)


def test_every_check_of_scikit_learn():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(HealthScoreClassifier(), on_fail=None, on_skip=None)
    assert [one["check_name"] for one in results if one["status"] not in ("passed", "skipped")] == []
    skipped = {one["check_name"]: str(one["exception"]) for one in results if one["status"] == "skipped"}
    for name, reason in skipped.items():
        assert "array_api" in name
        assert "SCIPY_ARRAY_API" in reason or "array_api" in reason
    assert len(results) > 45


def test_text_categories_gaps_and_cyrillic_names(customers):
    table, churned = customers
    table = table.rename(columns={"plan": "тариф"})
    model = HealthScoreClassifier(**QUICK).fit(table, churned)
    probability = model.predict_proba(table)
    assert probability.shape == (1_200, 2)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, atol=1e-15)
    formula = model.to_formula()
    np.testing.assert_allclose(formula.churn_probability(table), probability[:, 1], atol=1e-12)
    assert "тариф" in formula.metrics
    assert model.classes_.tolist() == [0, 1]
    assert set(model.predict(table)) == {0, 1}


@pytest.mark.parametrize("kind", ["nullable", "categorical", "arrow strings"])
def test_every_kind_of_column_gives_the_same_formula(customers, kind):
    table, churned = customers
    plain = HealthScoreClassifier(**QUICK).fit(table, churned)
    if kind == "nullable":
        other = table.convert_dtypes(dtype_backend="numpy_nullable")
    else:
        other = table.astype({"plan": "category" if kind == "categorical" else "string[pyarrow]"})
    again = HealthScoreClassifier(**QUICK).fit(other, churned)
    assert again.to_formula().digest == plain.to_formula().digest
    np.testing.assert_array_equal(again.predict_proba(other), plain.predict_proba(table))


def test_truths_are_numbers_and_labels_may_be_words(customers):
    table, churned = customers
    flags = pd.DataFrame({"active": table.logins > 7, "quiet": table.tickets == 0, "plan": table.plan})
    words = np.where(churned == 1, "left", "here")
    model = HealthScoreClassifier(**QUICK).fit(flags, words)
    assert model.classes_.tolist() == ["here", "left"]
    assert set(model.predict(flags)) <= {"here", "left"}
    np.testing.assert_array_equal(
        model.predict_proba(flags), HealthScoreClassifier(**QUICK).fit(flags, churned == 1).predict_proba(flags)
    )


def test_rows_in_another_order_give_the_same_formula(customers):
    table, churned = customers
    order = np.random.default_rng(1).permutation(len(table))
    one = HealthScoreClassifier().fit(table, churned).to_formula().digest
    assert HealthScoreClassifier().fit(table.iloc[order], churned[order]).to_formula().digest == one


def test_customers_with_several_rows_in_another_order(customers):
    table, churned = customers
    groups = np.repeat([f"c{k}" for k in range(400)], 3)
    order = np.random.default_rng(1).permutation(len(table))
    one = HealthScoreClassifier().fit(table, churned, groups=groups).to_formula().digest
    again = HealthScoreClassifier().fit(table.iloc[order], churned[order], groups=groups[order])
    assert again.to_formula().digest == one


def test_weight_two_is_the_row_twice(customers):
    table, churned = customers
    weight = np.random.default_rng(0).integers(0, 3, len(table))
    rows = np.repeat(np.arange(len(table)), weight)
    weighted = HealthScoreClassifier(**QUICK).fit(table, churned, sample_weight=weight)
    repeated = HealthScoreClassifier(**QUICK).fit(table.iloc[rows], churned[rows])
    np.testing.assert_allclose(weighted.decision_function(table), repeated.decision_function(table), atol=1e-5)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ramps", [1, 8, "auto"])
def test_no_sign_is_ever_wrong(seed, ramps):
    """Declared directions hold, also where the data say otherwise (seeds 3 to 5 turn them round)."""
    table = drawn.frame(300, seed)
    churned = 1 - drawn.retained(table, seed)
    turn = {"positive": "negative", "negative": "positive", "free": "free"}
    signs = SIGNS if seed < 3 else {name: turn[sign] for name, sign in SIGNS.items()}
    terms = HealthScoreClassifier(directions=signs, ramps=ramps).fit(table, churned).to_formula().terms
    for term in terms:
        if signs.get(term.metric) in ("positive", "negative"):
            rises = np.diff(term.shape.values) * (1 if signs[term.metric] == "positive" else -1)
            assert (rises >= 0).all()


def test_in_a_pipeline_and_a_search_over_ramps(customers):
    table, churned = customers
    numbers = ["logins", "tickets", "nps"]
    fill = ColumnTransformer([("n", SimpleImputer(strategy="median"), numbers)], verbose_feature_names_out=False)
    line = make_pipeline(fill.set_output(transform="pandas"), HealthScoreClassifier(size=1.0))
    search = GridSearchCV(line, {"healthscoreclassifier__ramps": [1, 4, 8]}, cv=3, scoring="neg_log_loss")
    search.fit(table, churned)
    assert search.best_params_["healthscoreclassifier__ramps"] in (1, 4, 8)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_[-1].to_formula().metrics == tuple(numbers)


def test_with_its_own_calibration_on_top(customers):
    table, churned = customers
    model = CalibratedClassifierCV(HealthScoreClassifier(**QUICK), cv=3).fit(table, churned)
    assert model.predict_proba(table).shape == (1_200, 2)


def test_it_learns_something(customers):
    table, churned = customers
    assert cross_val_score(HealthScoreClassifier(**QUICK), table, churned, cv=4, scoring="roc_auc").mean() > 0.65


@pytest.mark.parametrize("kind", ["constant", "all missing", "one value and gaps"])
@pytest.mark.parametrize("ramps", [1, "auto"])
def test_a_metric_that_says_nothing_gets_no_weight(customers, kind, ramps):
    table, churned = customers
    nothing = {
        "constant": 7.0,
        "all missing": np.nan,
        "one value and gaps": np.where(np.arange(1_200) < 5, np.nan, 1.0),
    }
    model = HealthScoreClassifier(ramps=ramps, size=1.0).fit(table.assign(nothing=nothing[kind]), churned)
    without = HealthScoreClassifier(ramps=ramps, size=1.0).fit(table, churned)
    assert "nothing" not in model.to_formula().metrics
    np.testing.assert_allclose(model.predict_proba(table.assign(nothing=1.0)), without.predict_proba(table), atol=1e-6)


def test_one_metric_is_enough(customers):
    table, churned = customers
    model = HealthScoreClassifier(directions="negative").fit(table[["tickets"]], churned)
    assert [term.weight for term in model.to_formula().terms] == [1.0]


def test_a_frame_of_noise_without_any_weight():
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"x": draw.normal(size=400)})
    churned = (table.x + draw.normal(size=400) > 0).astype(int)
    model = HealthScoreClassifier(directions="positive", **QUICK).fit(table, churned)
    assert np.ptp(model.predict_proba(table)[:, 1]) == 0.0
    with pytest.raises(FitError, match="every weight is zero"):
        model.to_formula()


def test_what_is_refused(customers):
    table, churned = customers
    model = HealthScoreClassifier(**QUICK)
    with pytest.raises(ValueError, match="one class only"):
        model.fit(table, np.zeros(1_200))
    with pytest.raises(ValueError, match="Only binary classification"):
        model.fit(table, np.arange(1_200) % 3)
    with pytest.raises(ValueError, match="infinity"):
        model.fit(table[["logins"]].replace(table.logins[0], np.inf), churned)
    with pytest.raises(ValueError, match="metric 'logins' holds infinity"):
        model.fit(table.replace({"logins": {table.logins[0]: -np.inf}}), churned)
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        model.fit(table, churned, sample_weight=np.full(1_200, -1.0))
    with pytest.raises(ValueError, match="NaN"):
        model.fit(table, churned, sample_weight=np.full(1_200, np.nan))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(table, churned[:-1])
    with pytest.raises(ValueError, match=r"now missing:\n- plan"):
        model.fit(table, churned).predict(
            pd.DataFrame({"logins": table.logins, "tickets": table.tickets, "nps": table.nps})
        )


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"ramps": 0}, "ramps: 0 is not a whole number of 1 or more"),
        ({"ramps": 2.5}, "ramps: 2.5 is not"),
        ({"ramps": "many"}, "ramps: 'many' is not"),
        ({"size": -1.0}, "size: -1.0 is not a number of 0 or more"),
        ({"bend": np.nan, "size": np.inf}, r"size: inf is not .*\nbend: nan is not"),
        ({"folds": 1}, "folds: 1 is not"),
        ({"directions": "up"}, "direction 'up' is none of"),
        ({"directions": {"logins": "up"}}, "metric 'logins': direction 'up'"),
        ({"directions": {"logons": "positive"}}, "metric 'logons' has settings but is not"),
        ({"missing": "mean"}, "missing 'mean' is none of"),
    ],
)
def test_settings_that_cannot_be(customers, settings, match):
    with pytest.raises(ValueError, match=match):
        HealthScoreClassifier(**settings).fit(*customers)
