"""The card of whole points as CSV: it adds up to the card's own score, and hostile papers are refused."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from chs_ml import export
from chs_ml.errors import FormulaError
from chs_ml.export.points import card_of
from chs_ml.formula import Curve, Formula, Levels, Link, Term, WeightsFile

FORMULA = Formula(
    (
        Term("=tenure", "", "positive", 0.6, Curve((0.0, 2.5, 7.0), (0.0, 0.5, 1.0), 0.5)),
        Term("plan", "", "free", 0.4, Levels((("@home", 0.0), ("yearly", 1.0)), 0.25, 0.75)),
    ),
    Link(-1.0, 4.0),
)
ROWS = {"=tenure": [0.0, 2.5, 7.0, None], "plan": ["@home", "yearly", "else", None]}
PAPERS = {"whole_points": FORMULA.to_points(10, ROWS).as_dict()}
WEIGHTS = WeightsFile(FORMULA, "two", reference=PAPERS)


def test_a_line_for_each_step_level_and_special_case():
    lines = list(csv.DictReader(io.StringIO(export(WEIGHTS, "points"))))
    assert [(line["metric"], line["from"], line["level"], line["case"], line["points"]) for line in lines] == [
        ("'=tenure", "", "", "lowest", "0"),
        ("'=tenure", "2", "", "", "3"),
        ("'=tenure", "5", "", "", "6"),
        ("'=tenure", "", "", "missing", "3"),
        ("plan", "", "'@home", "", "0"),
        ("plan", "", "yearly", "", "4"),
        ("plan", "", "", "other", "1"),
        ("plan", "", "", "missing", "3"),
    ]


def test_a_card_read_from_a_file_is_the_card():
    assert card_of(WeightsFile.loads(WEIGHTS.dumps())) == FORMULA.to_points(10, ROWS)


@pytest.mark.parametrize(
    ("papers", "message"),
    [
        ({}, "holds no card of whole points: it was written by hand"),
        ({"whole_points": {"note": "too large"}}, "holds no card of whole points: too large"),
        ({"whole_points": [1]}, "points card"),
        ({"whole_points": {**PAPERS["whole_points"], "total": 11}}, "must add up to 11"),
    ],
)
def test_a_file_without_a_good_card_is_refused(papers, message):
    with pytest.raises(FormulaError, match=message):
        export(replace(WEIGHTS, reference=papers), "points")


def test_a_card_of_another_formula_is_refused():
    other = Formula((Term("other", "", "positive", 1.0, FORMULA.terms[0].shape),))
    with pytest.raises(FormulaError, match="has a term '=tenure' that the formula has not"):
        export(WeightsFile(other, "other", reference=PAPERS), "points")
