"""A whole calibration with segments, stages, row weights and a base rate: what it leaves, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from chs_ml import calibrate
from chs_ml.cli.endings import answer_calibration
from chs_ml.errors import DataError
from tests import tiny

DATA = {**tiny.SPEC["data"], "segment": "size", "stage": "phase", "revenue": "mrr", "cutoff": "quarter"}
WEIGHTS = {"row_weights": {"recency": "90d", "revenue": True}}


def _customers(rows: int = 2000) -> pd.DataFrame:
    """Customers of size L churn against their metrics; half of them are of the older of two cutoffs."""
    frame, draw = tiny.customers(rows), np.random.default_rng(5)
    frame["size"] = draw.choice(["S", "M", "L"], rows, p=[0.6, 0.2, 0.2])
    turned = np.where(frame["left"] == "yes", "no", "yes")
    frame["left"] = np.where(frame["size"] == "L", turned, frame["left"])
    frame["phase"] = np.where(frame["tenure"] < 12, "new", "grown")
    frame["mrr"] = draw.integers(1, 100, rows)
    frame["quarter"] = np.where(np.arange(rows) % 2, "2025-06-30", "2025-04-01")
    return frame


def _calibrated(folder, frame, **calibration):
    asked = {**tiny.SPEC["calibration"], **calibration}
    return calibrate(tiny.write(folder, frame, data=DATA, calibration=asked), folder / "out", track=False)


@pytest.fixture
def done(tmp_path, quick):
    return _calibrated(tmp_path, _customers())


def test_segments_and_stages_are_in_the_evaluation(done):
    told = json.loads((done.directory / "evaluation.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in told["segments"]] == ["L", "M", "S"]
    assert [one["name"] for one in told["stages"]] == ["grown", "new"]
    assert sum(one["rows"] for one in told["segments"]) == told["holdout"]["rows"]
    assert [band["name"] for band in told["segments"][0]["bands"]] == ["healthy", "at risk", "unhealthy"]
    assert "weighting" not in told


def test_the_segment_that_is_not_served_is_told_in_the_terminal(done, capsys):
    words = {one.name: one.words for one in done.evaluation.segments}
    assert "ranks these customers less well" in words["L"]
    assert "AUC" in words["L"] and "could be expected of this formula on such customers" in words["L"]
    answer_calibration(done, quiet=True)
    text = " ".join(capsys.readouterr().out.split())
    assert "Segment L: " in text
    assert "Segments: 2 of 3 served alike, as far as can be told (M, S); figures in evaluation.json." in text
    assert "Stages: 2 of 2 served alike, as far as can be told; figures in evaluation.json." in text


def test_row_weights_move_the_fit_and_their_worth_is_told(done, tmp_path, quick):
    weighted = _calibrated(tmp_path / "weighted", _customers(), **WEIGHTS)
    assert weighted.weights.digest != done.weights.digest
    told = weighted.evaluation.as_dict()["weighting"]
    assert (told["recency_days"], told["revenue"]) == (90, True)
    assert told["training"]["n_eff"] < 0.85 * told["training"]["rows"]
    assert told["holdout"]["n_eff"] == told["holdout"]["rows"]


def test_a_base_rate_is_the_rate_of_every_figure(done, tmp_path, quick):
    rare = _calibrated(tmp_path / "rare", _customers(), base_rate="5%")
    told = rare.evaluation.as_dict()
    assert told["holdout"]["churn_rate"] == pytest.approx(0.05)
    assert told["baselines"]["logistic_regression"]["churn_rate"] == pytest.approx(0.05)
    assert rare.weights.training["churn_rate"] == pytest.approx(0.05)
    assert told["weighting"]["holdout"]["n_eff"] < told["weighting"]["holdout"]["rows"]
    before = {term.metric: term.weight for term in done.formula.terms}
    assert {term.metric: term.weight for term in rare.formula.terms} == pytest.approx(before, abs=0.02)
    assert rare.formula.link.a > done.formula.link.a + 1.0


def test_revenue_that_is_all_nothing_is_refused(tmp_path, quick):
    with pytest.raises(DataError, match="row weights: every weight is 0, so that no row counts"):
        _calibrated(tmp_path, _customers().assign(mrr=0), **WEIGHTS)
