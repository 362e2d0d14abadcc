from __future__ import annotations

import pytest

from chs_ml.spec.settings import Strength


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("auto", "auto"),
        ("best", "best"),
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


@pytest.mark.parametrize("said", ["{}", "{recency: null, revenue: false}"])
def test_row_weights_are_off(load, said):
    weights = load(f"calibration: {{row_weights: {said}}}\n").calibration.row_weights
    assert (weights.recency, weights.revenue) == (None, False)


def test_row_weights_and_base_rate_survive_the_way_to_the_run(load):
    said = "calibration: {row_weights: {recency: 180d, revenue: true}, base_rate: 5%}\n"
    spec = load(said, cutoff="  cutoff: quarter\n  revenue: mrr")
    asked = spec.calibration
    assert (asked.row_weights.recency, asked.row_weights.revenue, asked.base_rate) == (180, True, 0.05)
    resolved = spec.resolved()["calibration"]
    assert resolved["row_weights"] == {"recency": "180d", "revenue": True}
    assert type(spec).model_validate(spec.resolved()).digest == spec.digest


def test_a_segment_may_be_a_metric_as_well(load):
    spec = load(cutoff="  segment: plan\n  stage: phase\n  revenue: logins")
    assert (spec.data.segment, spec.data.stage, spec.data.revenue) == ("plan", "phase", "logins")


def test_an_anchor_without_a_file_is_none(load):
    assert load("calibration: {anchor: {file: null, strength: auto}}\n").calibration.anchor.file is None


@pytest.mark.parametrize(("said", "meant"), [("auto", "auto"), ("2", 2.0), ("0.5", 0.5)])
def test_the_pull_towards_an_anchor(load, said, meant):
    spec = load(f"calibration: {{anchor: {{file: old.json, strength: {said}}}}}\n")
    assert spec.calibration.anchor.strength == meant
    assert type(spec).model_validate(spec.resolved()).digest == spec.digest


@pytest.mark.parametrize("said", ["30%", "0.3", '"30%"'])
def test_shares(load, said):
    assert load(f"validation: {{holdout: {{customers: {said}}}}}\n").validation.holdout.customers == pytest.approx(0.3)


def test_score_when_names_metrics_beside_coverage(load):
    score_when = load("score_when: {coverage: 0.6, logins: {from: 30}}\n").score_when
    assert (score_when.coverage, score_when.at_least) == (0.6, {"logins": 30.0})
