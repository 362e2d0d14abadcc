from __future__ import annotations

import json

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
    for words in ("Wished: nps 0.4, pillar usage at least 0.3", "log-loss", "customers change band", "40.0%"):
        assert words in answer.out
    assert "fitting with the wish" in answer.err
    assert sorted(path.name for path in spec.parent.iterdir()) == ["calibration.yaml", "customers.csv"]


def test_the_price_as_json(run, spec):
    answer = run("price", spec, "--set", "nps=0.4", "--json", "-q")
    found = json.loads(answer.out)
    assert answer.err == ""
    assert {"wished", "verdict", "rows", "customers", "churned", "auc", "log_loss", "bands", "weights"} == set(found)
    assert set(found["log_loss"]) == {"without", "with_wish", "difference"}
    assert found["weights"][0]["with_wish"] == pytest.approx(0.4, abs=1e-9)


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
