from __future__ import annotations

import pytest

from chs_ml.spec.settings import Strength


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("auto", "auto"),
        ("2", Strength(size=2, bend=0)),
        ("{size: 1}", Strength(size=1, bend=0)),
        ("{size: 0.1, bend: 3}", Strength(size=0.1, bend=3)),
    ],
)
def test_strength(load, said, meant):
    assert load(f"calibration: {{strength: {said}}}\n").calibration.strength == meant


@pytest.mark.parametrize(("said", "meant"), [("auto", "auto"), ("1", 1), ("16", 16)])
def test_ramps(load, said, meant):
    assert load(f"calibration: {{ramps: {said}}}\n").calibration.ramps == meant


def test_an_anchor_without_a_file_is_none(load):
    assert load("calibration: {anchor: {file: null, strength: auto}}\n").calibration.anchor.file is None


@pytest.mark.parametrize("said", ["30%", "0.3", '"30%"'])
def test_shares(load, said):
    assert load(f"validation: {{holdout: {{customers: {said}}}}}\n").validation.holdout.customers == pytest.approx(0.3)


def test_score_when_names_metrics_beside_coverage(load):
    score_when = load("score_when: {coverage: 0.6, logins: {from: 30}}\n").score_when
    assert (score_when.coverage, score_when.at_least) == (0.6, {"logins": 30.0})
