from __future__ import annotations

import pytest


def test_what_is_omitted(load):
    metric = load().metric("plan")
    assert (metric.pillar, metric.direction, metric.role, metric.missing) == ("engagement", "auto", "metric", "learned")
    assert load().metric("logins").kind is None


@pytest.mark.parametrize(("scale", "ends"), [("nps", (0, 10)), ("csat", (1, 5)), ("ces", (1, 7))])
def test_a_scale_brings_ends_and_direction(load, scale, ends):
    metric = load(f"  - {{name: answer, scale: {scale}}}\n").metric("answer")
    assert (metric.ends, metric.direction, metric.kind) == (ends, "positive", "number")


def test_a_said_direction_wins_over_the_scale(load):
    assert load("  - {name: answer, scale: ces, direction: free}\n").metric("answer").direction == "free"


def test_a_metric_has_a_past(load):
    anchor = "calibration: {anchor: {file: old.json}}\n"
    metric = load("  - {name: minutes, was: hours, unit_factor: 60}\n" + anchor).metric("minutes")
    assert (metric.was, metric.unit_factor) == ("hours", 60.0)
    assert (load().metric("logins").was, load().metric("logins").unit_factor) == (None, None)


def test_two_metrics_may_have_exchanged_their_names(load):
    spec = load("  - {name: a, was: b}\n  - {name: b, was: a}\ncalibration: {anchor: {file: old.json}}\n")
    assert [metric.was for metric in spec.metrics[2:]] == ["b", "a"]


def test_metrics_by_role(load):
    spec = load("  - {name: gender, role: audit}\n  - {name: notes, role: exclude}\n")
    assert [metric.name for metric in spec.with_role("metric")] == ["logins", "plan"]
    assert [metric.name for metric in spec.with_role("audit")] == ["gender"]
