"""Formulas written by hand."""

from __future__ import annotations

import json

import pytest

from chs_ml.errors import FormulaError
from chs_ml.formula import Choices, Link, Range, WeightsFile, write_formula


def test_the_worked_example_is_exact(chs_data):
    golden = json.loads((chs_data.parent / "GOLDEN.json").read_text("utf-8"))["worked_example"]
    metrics = {name: Range(weight, worst=0, best=1) for name, weight in golden["weights"].items()}
    formula = write_formula(metrics, bands="0.8/0.5")
    frame = {name: [value] for name, value in golden["values"].items()}
    assert formula.score(frame)[0] == 100.0 * golden["score_0_to_1"] == 69.0
    assert formula.band(frame)[0] == golden["band"]


def test_directions_middles_missing_and_choices():
    formula = write_formula(
        {
            "nps": Range(0.25, worst=0, best=10, middle=((7, 0.4),), pillar="satisfaction"),
            "overdue": Range(0.25, worst=5, best=0, missing=1.0),
            "logins": Range(0.25, worst=0, best=20, middle=((100, 0.5),)),
            "plan": Choices(0.25, {"pro": 1.0, "free": 0.2}, other=0.1),
        },
        bands="70/80",
        link=Link(-1.0, 4.0),
    )
    assert [term.direction for term in formula.terms] == ["positive", "negative", "free", "free"]
    assert {term.origin.kind for term in formula.terms} == {"written"}
    frame = {"nps": [10, 7, None], "overdue": [0, 9, None], "logins": [20, 500, None], "plan": ["pro", "new", None]}
    assert formula.score(frame).tolist() == [100.0, 25 * (0.4 + 0.5 + 0.1), 25 * (0.5 + 1 + 0.5 + 0.5)]
    assert formula.band(frame).tolist() == ["healthy", "unhealthy", "unhealthy"]
    assert WeightsFile.loads(WeightsFile(formula, "by hand").dumps()).formula == formula


@pytest.mark.parametrize(
    ("metrics", "bands", "match"),
    [
        ({"nps": Range(0.5, 0, 10)}, (), r"weights sum to 0\.5"),
        ({"nps": Range(1.0, 3, 3)}, (), "metric 'nps': knots must be"),
        ({"nps": Range(1.0, 0, 10, middle=((5, 2.0),))}, (), r"metric 'nps': values: 2\.0 is outside"),
        ({"plan": Choices(1.0, {})}, (), "metric 'plan': a table of levels needs"),
        ({"nps": Range(1.0, 0, 10)}, "quartiles", "'quartiles' are no preset"),
        ({}, (), "one term or more"),
    ],
)
def test_refusals(metrics, bands, match):
    with pytest.raises(FormulaError, match=match):
        write_formula(metrics, bands=bands)


def test_every_metric_that_cannot_be_is_told():
    with pytest.raises(FormulaError, match="metric 'a': knots") as error:
        write_formula({"a": Range(0.5, 1, 1), "b": Choices(0.5, {"x": 3.0})})
    assert len(error.value.problems) == 2
