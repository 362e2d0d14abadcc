"""How sure each weight is stands beside it, on every page that shows one."""

from __future__ import annotations

import json
import re

import pytest

from chs_ml.formula import Curve, Formula, Link, Term, WeightsFile
from tests.explain.sure import sure_file


@pytest.fixture
def page(run, tmp_path, monkeypatch):
    def shown(columns="100", **changes):
        monkeypatch.setenv("COLUMNS", columns)
        content = json.loads(sure_file().dumps())
        content["training"] |= changes
        (tmp_path / "weights.json").write_text(json.dumps(content), encoding="utf-8")
        return run("show", tmp_path).out

    return shown


@pytest.fixture
def shown(run, tmp_path):
    """Show the file with the first line of evidence changed."""

    def page(**changes):
        content = json.loads(sure_file().dumps())
        content["evidence"][0] |= changes
        (tmp_path / "weights.json").write_text(json.dumps(content), encoding="utf-8")
        return run("show", tmp_path).out

    return page


def test_interval_and_verdict_stand_beside_the_weight(page):
    text = page()
    assert re.search(r"\nTime with us +40\.0% +30\.0 to 50\.0 +✓ clear +4\.2", text)
    assert re.search(r"\ncalls +20\.0% +5\.0 to 15\.0† +~ weak", text)
    assert re.search(r"\nplan +20\.0% +– +\? not enough evidence, pinned", text)
    assert re.search(r"\ncharge \(calls > 3\) +20\.0% +0 to 20\.0 +✗ contradicts its direction", text)


def test_footnotes_say_rule_marks_pins_and_what_was_left_out(page):
    text = " ".join(page().split())
    for said in (
        "✓ clear: from one end of the metric",
        "† The weight lies outside its interval",
        "Pinned: plan, by Oksana: agreed in the review",
        "Left out, as the others leave no evidence for it: Region; partner.",
        "Left out, same information as another: Age (as Time with us).",
        "No weight: shoe_size.",
        "Note: metric 'plan': level 'daily' (4 rows) is read as other",
    ):
        assert said in text


def test_the_metric_by_itself_stands_beside_the_joint_one(page):
    text = page()
    assert re.search(
        r"\nTime with us +\+ rises, 0 → 60 months|\+ 0 → 60 months +40% → +9% +-27 +× 0\.15 +× 2\.80", text
    )
    assert "alone, churn odds × 2.8 (2.4 to 3.3); beside the others × 0.15, the other way round" in " ".join(
        text.split()
    )


@pytest.mark.parametrize("columns", ["80", "60"])
def test_nothing_is_cut(page, columns):
    text = page(columns)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= int(columns) and "…" not in text
    for word in ("contradicts", "direction", "Region", "months"):
        assert word in text


def test_where_no_weight_has_an_interval_the_page_says_why(page):
    assert "No weight has an interval: the sum is uncertain." in page(intervals="no weight has an interval: the sum is "
                                                                       "uncertain.")  # fmt: skip


def test_where_no_weight_has_an_interval_its_log_odds_have(run, tmp_path):
    content = json.loads(sure_file().dumps())
    for line in content["evidence"]:
        line |= {"low": None, "high": None, "contrast": {"value": 2.31, "low": 1.14, "high": 3.5}}
    content["evidence"][1]["contrast"] = {"value": 2.31, "low": "x", "high": 3.5}
    (tmp_path / "weights.json").write_text(json.dumps(content))
    text = run("show", tmp_path).out
    assert "95 % interval" not in text and "Log-odds, 95 %" in text
    assert re.search(r"\nTime with us +40\.0% +2\.3 \(1\.1 to 3\.5\) +✓ clear", text)
    assert re.search(r"\ncalls +20\.0% +– +~ weak", text)


def test_as_json_everything_is_there(run, tmp_path):
    sure_file().save(tmp_path / "weights.json")
    found = json.loads(run("show", tmp_path, "--json").out)
    assert found["training"]["left_out"][0]["contrast"] == {"value": 0.01, "low": -0.1, "high": 0.2}
    assert found["evidence"][0]["alone"] == {"odds_ratio": 2.8, "low": 2.4, "high": 3.3}


@pytest.mark.parametrize(
    ("ends", "said"), [((-0.09, 0.136), "0 to 13.6"), ((0.95, 1.09), "95.0 to 100"), ((-0.2, -0.1), "below 0")]
)
def test_intervals_are_cut_to_what_a_weight_can_be(shown, ends, said):
    text = shown(low=ends[0], high=ends[1])
    assert re.search(rf"\nTime with us +40\.0% +{said} ", text)


def test_a_metric_that_separates_is_marked(shown):
    text = shown(low=None, high=None, separates="quasi-complete")
    assert re.search(r"\nTime with us +40\.0% +– +✓ clear ‡", text)
    assert "‡ Separates churned from retained customers: its weight is finite only because it is held" in " ".join(
        text.split()
    )
    assert "‡" not in shown(separates=None)


EVALUATION = {
    "choices": {"evaluated_formula": "abc"},
    "holdout": {"rows": 90, "auc": 0.5312, "uncertainty": {"auc": {"low": 0.471, "high": 0.594}}},
    "baselines": {},
    "bands": [],
}


@pytest.mark.parametrize(
    ("verdict", "judged", "said"),
    [
        (
            "not enough evidence",
            True,
            "who stays. On customers held out the formula's AUC is 0.53 (95 % interval 0.47 to 0.59",
        ),
        ("not enough evidence", False, "has evidence that it tells who leaves from who stays."),
        ("weak", True, None),
    ],
)
def test_where_nothing_is_evident_the_page_begins_with_it(run, tmp_path, verdict, judged, said):
    content = json.loads(sure_file().dumps())
    for line in content["evidence"]:
        line |= {"verdict": "not enough evidence"}
    content["evidence"][0] |= {"verdict": verdict}
    content["training"] |= {"evaluated_formula": "abc"}
    (tmp_path / "weights.json").write_text(json.dumps(content))
    if judged:
        (tmp_path / "evaluation.json").write_text(json.dumps(EVALUATION))
    text = " ".join(run("show", tmp_path).out.split())
    assert ("No metric here has evidence" in text) is (said is not None) and (said or "") in text
    assert said is None or text.index(said) < text.index("Weight")


def test_one_metric_alone_has_a_whole_page(run, tmp_path):
    curve = Curve((0.0, 60.0), (0.0, 1.0), 0.5)
    line = {"metric": "tenure", "when": None, "low": None, "high": None, "verdict": "clear"}
    contrast = {"value": 2.31, "low": 1.14, "high": 3.5}
    formula = Formula((Term("tenure", "relationship", "positive", 1.0, curve),), Link(-1.0, 5.0))
    WeightsFile(formula, "one", evidence=[{**line, "contrast": contrast}]).save(tmp_path / "weights.json")
    assert re.search(r"\ntenure +100\.0% +2\.3 \(1\.1 to 3\.5\) +✓ clear", run("show", tmp_path).out)
