"""The specs that the project ships are specs that it reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from chs_ml.spec import load_spec

SPECS = sorted((Path(__file__).parents[2] / "experiments").glob("*/calibration.yaml"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.parent.name)
def test_every_shipped_spec_loads(path):
    spec = load_spec(path)
    assert spec.name == path.parent.name
    assert all(metric.pillar and metric.label for metric in spec.metrics if metric.role == "metric")


def test_survival_time_is_not_a_metric():
    (saas,) = [load_spec(path) for path in SPECS if path.parent.name == "saas_csat"]
    assert {metric.name: metric.role for metric in saas.metrics}["months_active"] == "exclude"
