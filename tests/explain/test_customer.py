"""One customer's parts add up to the score."""

from __future__ import annotations

import pytest

from chs_ml.explain.customer import explain_row, training_line, weightless
from chs_ml.export.evidence import mean_health
from chs_ml.export.labels import label_of
from chs_ml.formula import Formula, WeightsFile
from tests import tiny

ROW = {"tenure": [12.0], "calls": [4.0], "plan": ["yearly"], "charge": [30.0]}


def test_parts_add_up_to_the_score(weights, formula):
    explained = explain_row(weights, ROW)
    assert explained.score == pytest.approx(formula.score(ROW)[0], abs=1e-12)
    assert sum(part.points for part in explained.parts) == pytest.approx(explained.score, abs=1e-9)
    assert sum(part.most for part in explained.parts) == pytest.approx(100.0)
    assert explained.churn_probability == pytest.approx(formula.churn_probability(ROW)[0])
    assert explained.band == formula.band(ROW)[0] == explained.band_by_score
    assert explained.pillars == pytest.approx({name: part[0] for name, part in formula.pillar_scores(ROW).items()})


def test_what_costs_most_comes_first(weights):
    parts = explain_row(weights, ROW).parts
    assert [part.against_average for part in parts] == sorted(part.against_average for part in parts)
    assert parts[0].metric == "calls" and parts[0].against_average == pytest.approx(20 * (0.2 - 0.5))
    assert parts[-1].metric == "plan"


def test_values_are_shown_as_people_write_them(weights):
    shown = {part.metric: part.value for part in explain_row(weights, {**ROW, "plan": [None], "tenure": ["12"]}).parts}
    assert shown == {"tenure": "12", "calls": "4", "plan": None, "charge": "30"}
    assert explain_row(weights, {**ROW, "calls": [float("inf")]}).coverage == pytest.approx(0.8)


def test_a_column_that_is_not_there_is_unknown(weights):
    explained = explain_row(weights, {name: column for name, column in ROW.items() if name != "plan"})
    assert explained.coverage == pytest.approx(0.8)
    assert next(part for part in explained.parts if part.metric == "plan").value is None


def test_without_a_recorded_average_a_part_is_measured_against_its_most(formula):
    explained = explain_row(WeightsFile(formula, "bare"), ROW)
    assert all(part.against_average is None for part in explained.parts)
    lost = [part.most - part.points for part in explained.parts]
    assert lost == sorted(lost, reverse=True)


@pytest.mark.parametrize(
    ("churned", "words"),
    [
        (265, "learned from 1,000 rows, 26.5% churned, counted as 5.0%"),
        (50, "learned from 1,000 rows, 5.0% churned"),
        ("many", "learned from 1,000 rows, 5.0% churned"),
    ],
)
def test_rows_that_do_not_stand_for_one_customer_each_are_told(formula, churned, words):
    training = {"rows": 1000, "churned": churned, "churn_rate": 0.05}
    assert training_line(WeightsFile(formula, "weighted", training=training)) == words


@pytest.mark.parametrize("value", ["x", None, True, [1.0], {}, 10**400])
def test_papers_of_the_wrong_type_count_as_not_recorded(formula, value):
    key = formula.terms[0].key
    papers = {"reference": {"mean_health": {key: value}}, "training": {"rows": value, "churn_rate": 0.2}}
    weights = WeightsFile(formula, "odd", **papers)
    assert mean_health(weights) == {} and training_line(weights) == ""
    assert all(part.against_average is None for part in explain_row(weights, ROW).parts)
    odd = WeightsFile(formula, "odd", reference={"mean_health": value}, training={"weightless": value})
    assert mean_health(odd) == {} and weightless(odd) == []


def test_a_formula_without_link_and_bands(formula):
    explained = explain_row(WeightsFile(Formula(formula.terms), "bare"), ROW)
    assert explained.churn_probability is None and explained.band is None and explained.band_by_score is None


def test_labels(weights, formula):
    assert label_of(weights, formula.terms[0]) == "Time with us"
    assert label_of(weights, formula.terms[3]) == "charge (calls > 3)"


def test_every_row_of_the_tiny_table(done):
    frame = tiny.customers().head(40)
    scores = done.formula.score(frame)
    for at in range(len(frame)):
        explained = explain_row(done.weights, frame.iloc[[at]])
        assert explained.score == scores[at]
        assert sum(part.points for part in explained.parts) == pytest.approx(scores[at], abs=1e-9)
