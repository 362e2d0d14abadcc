"""weights.csv opens in a spreadsheet and runs nothing there."""

from __future__ import annotations

import csv
import io

import pytest

from chs_ml.export import export
from chs_ml.export.csv import COLUMNS, harmless
from chs_ml.formula import Curve, Formula, Term, WeightsFile
from tests import tiny
from tests.explain.sure import sure_file

CURVE = Curve((0.0, 1.0), (0.0, 1.0), 0.5)


def read(weights):
    return list(csv.DictReader(io.StringIO(export(weights, "csv"))))


def test_a_line_for_each_term_the_heaviest_first():
    weights = tiny.calibrated().weights
    lines = read(weights)
    assert tuple(lines[0]) == COLUMNS
    assert [float(line["weight"]) for line in lines] == sorted(
        (term.weight for term in weights.formula.terms), reverse=True
    )
    assert sum(float(line["weight"]) for line in lines) == pytest.approx(1.0, abs=1e-12)
    tenure = next(line for line in lines if line["metric"] == "tenure")
    assert tenure["impact"].startswith("1 → 5") and "months: churn odds ×" in tenure["impact"]
    assert float(tenure["moves"]) > 0


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@sum", "=cmd|' /C calc'!A0"])
def test_text_that_a_spreadsheet_would_run_is_made_harmless(start):
    weights = WeightsFile(Formula((Term(start, start, "positive", 1.0, CURVE),)), "w", evidence=[
        {"metric": start, "when": None, "impact": {"words": start}, "moves": -1.5}
    ])  # fmt: skip
    (line,) = read(weights)
    assert [line[name] for name in ("term", "metric", "pillar", "impact")] == ["'" + start] * 4
    assert (line["weight"], line["moves"]) == ("1.0", "-1.5")


@pytest.mark.parametrize("start", ["\t=1", "\r=1", "\n=1"])
def test_white_space_before_a_formula_is_harmless_too(start):
    assert harmless(start) == "'" + start


@pytest.mark.parametrize("moves", ["=cmd|' /C calc'!A0", True, [1], {"=1": 2}, None])
def test_moves_are_a_number_or_left_out(moves):
    weights = WeightsFile(Formula((Term("a", "p", "positive", 1.0, CURVE),)), "w", evidence=[
        {"metric": "a", "when": None, "impact": {"words": "much\n=cmd"}, "moves": moves}
    ])  # fmt: skip
    (line,) = read(weights)
    assert (line["moves"], line["impact"]) == ("", "much =cmd")


def test_usual_text_stays():
    assert [harmless(text) for text in ("logins", "1 → 2", "", "a-b", "Б")] == ["logins", "1 → 2", "", "a-b", "Б"]


def test_how_sure_each_weight_is():
    lines = {line["term"]: line for line in read(sure_file())}
    found = {key: (line["low"], line["high"], line["verdict"]) for key, line in lines.items()}
    assert found == {
        "tenure": ("0.3", "0.5", "clear"),
        "calls": ("0.05", "0.15", "weak"),
        "plan": ("", "", "not enough evidence"),
        "charge | calls > 3": ("-0.05", "0.2", "contradicts its direction"),
    }


def test_the_columns_are_those_of_the_contract():
    assert ",".join(COLUMNS) == "term,metric,when,pillar,direction,weight,low,high,verdict,impact,moves"


@pytest.mark.parametrize("value", ["=cmd|' /C calc'!A0", True, [1], {"=1": 2}, None, 10**400])
def test_what_is_no_interval_or_verdict_is_left_out(value):
    line = {"metric": "a", "when": None, "low": value, "high": 0.5, "verdict": value}
    (line,) = read(WeightsFile(Formula((Term("a", "p", "positive", 1.0, CURVE),)), "w", evidence=[line]))
    assert (line["low"], line["high"], line["verdict"]) == ("", "", "")


@pytest.mark.parametrize(("kind", "said"), [("quasi-complete", "clear, separates"), (None, "clear"), (["x"], "clear")])
def test_a_metric_that_separates_says_so_beside_its_verdict(kind, said):
    line = {"metric": "a", "when": None, "low": None, "high": None, "verdict": "clear", "separates": kind}
    (line,) = read(WeightsFile(Formula((Term("a", "p", "positive", 1.0, CURVE),)), "w", evidence=[line]))
    assert (line["low"], line["high"], line["verdict"]) == ("", "", said)
