from __future__ import annotations

import json
import re

import pytest

from tests import tiny

ALL = {**tiny.SPEC["calibration"], "evidence": "all"}


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    return tiny.write(tmp_path_factory.mktemp("price"), calibration=ALL)


def test_the_price_is_told_within_80_columns(run, spec, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    answer = run("price", spec, "--set", "nps=0.4", "--set", "pillar:usage>=0.3")
    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= 80
    for words in ("Wished: nps 0.4, pillar usage at least 0.3", "log-loss", "customers held out change band", "40.0%"):
        assert words in " ".join(answer.out.split())
    assert "with the wish: looking at the evidence" in answer.err
    assert sorted(path.name for path in spec.parent.iterdir()) == ["calibration.yaml", "customers.csv"]


def test_the_price_as_json(run, spec):
    answer = run("price", spec, "--set", "nps=0.4", "--json", "-q")
    found = json.loads(answer.out)
    assert answer.err == ""
    assert {
        "wished",
        "verdict",
        "rows",
        "customers",
        "churned",
        "auc",
        "log_loss",
        "bands",
        "weights",
        "no_bands",
    } == set(found)
    assert set(found["log_loss"]) == {"without", "with_wish", "difference"}
    assert found["weights"][0]["with_wish"] == pytest.approx(0.4, abs=1e-9)


def test_who_makes_room_is_told_by_label(run, spec):
    text = " ".join(run("price", spec, "--set", "nps=0.8", "-q").out.split())
    assert re.search(r"Room is made by: .*Time with us \d+\.\d% → (\d\.\d%|none)", text)
    assert "Room is made" not in run("price", spec, "--set", "nps>=0.001", "-q").out


def test_where_the_bands_cannot_be_cut_the_page_says_so(run, spec):
    answer = run("price", spec, "--set", "plan=1", "-q")
    assert answer.code == 0
    assert "with the wish the bands cannot be cut" in " ".join(answer.out.split())
    assert json.loads(run("price", spec, "--set", "plan=1", "--json", "-q").out)["bands"] is None


@pytest.mark.parametrize(
    ("wishes", "problem"),
    [
        ([], "nothing is asked for"),
        (["npz=0.3"], "Did you mean 'nps'?"),
        (["nps=much"], "found 'much'; a weight is a number from 0 to 1"),
        (["nps=1.3"], "a weight lies between 0 and 1"),
        (["nps=0.6", "plan=0.5"], "minima that add up to 1.1"),
    ],
)
def test_a_wish_that_cannot_be_is_bad_input(run, spec, wishes, problem):
    answer = run("price", spec, *(word for wish in wishes for word in ("--set", wish)))
    assert answer.code == 2
    assert not answer.out
    assert answer.err.startswith("chs-ml: ") and problem in answer.err
