"""How sure each weight is stands beside it, on every page that shows one."""

from __future__ import annotations

import json
import re

import pytest

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


def test_interval_and_verdict_stand_beside_the_weight(page):
    text = page()
    assert re.search(r"\nTime with us +40\.0% +30\.0 to 50\.0 +✓ clear +4\.2", text)
    assert re.search(r"\ncalls +20\.0% +5\.0 to 15\.0† +~ weak", text)
    assert re.search(r"\nplan +20\.0% +– +\? not enough evidence, pinned", text)
    assert re.search(r"\ncharge \(calls > 3\) +20\.0% +-5\.0 to 20\.0 +✗ contradicts its direction", text)


def test_footnotes_say_rule_marks_pins_and_what_was_left_out(page):
    text = " ".join(page().split())
    for said in (
        "✓ clear: what the metric moves",
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
