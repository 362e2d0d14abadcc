"""The experiments on real raw history: CDNOW, where nobody says goodbye, and RavenStack, which holds no signal."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chs_ml.calibration import judging, story
from chs_ml.calibration.checks import examine
from chs_ml.calibration.rows import split
from chs_ml.calibration.story import calibrate
from chs_ml.explain.sureness import nothing_is_evident
from chs_ml.history.panel import load_panel
from chs_ml.spec import load_spec

ROOT = Path(__file__).parents[2] / "experiments"
pytestmark = pytest.mark.slow


@pytest.fixture
def prepared(tmp_path, chs_data, monkeypatch):
    """Make an experiment's tables in a folder of the test's own, and return its spec."""
    monkeypatch.setenv("CHS_DATA", str(chs_data))
    monkeypatch.setattr(judging, "BASELINES", {"equal_weights": judging.BASELINES["equal_weights"]})
    monkeypatch.setattr(story, "pictures_of", lambda weights, evaluation: {})

    def ready(name):
        shutil.copy(ROOT / name / "calibration.yaml", tmp_path)
        runpy.run_path(str(ROOT / name / "prepare.py"))["main"](tmp_path)
        return load_spec(tmp_path / "calibration.yaml")

    return ready


def test_cdnow_is_told_at_least_as_well_as_by_recency_frequency_and_money(prepared, tmp_path):
    spec = prepared("cdnow")
    panel = load_panel(spec).known()
    assert (panel.rows, len(np.unique(panel.cutoff))) == (43_230, 4)
    parts = split(panel, spec)
    names = ["days_since_purchase", "purchases", "dollars_mean"]
    known, asked = (part.metrics[names].to_numpy() for part in (parts.training, parts.holdout))
    rfm = make_pipeline(StandardScaler(), LogisticRegression(C=np.inf, max_iter=1000))
    rivals = []
    for columns in (lambda frame: frame, lambda frame: np.hstack([frame, np.log1p(frame)])):
        p = rfm.fit(columns(known), parts.training.churned).predict_proba(columns(asked))[:, 1]
        rivals.append(roc_auc_score(parts.holdout.churned, p))
    run = calibrate(spec, tmp_path / "run", track=False)
    assert run.evaluation.holdout.auc >= max(rivals), (run.evaluation.holdout.auc, rivals)


def test_of_cdnow_every_warning_is_one_that_is_meant(prepared):
    found = examine(prepared("cdnow")).findings
    assert not [one for one in found if one.severity == "error"]
    assert {one.code for one in found} == {
        "already-gone", "duplicate-rows", "odd-amounts", "customers-on-both-sides", "mostly-missing"
    }  # fmt: skip
    [duplicates] = [one for one in found if one.code == "duplicate-rows"]
    [amounts] = [one for one in found if one.code == "odd-amounts"]
    assert "255 of 69,659" in duplicates.evidence and "80 of 69,659" in amounts.evidence


def test_of_ravenstack_the_defects_are_named_and_nothing_is_evident(prepared, tmp_path):
    spec = prepared("ravenstack")
    found = {one.code: one for one in examine(spec).findings}
    assert {"before-start", "active-after-churn", "flag-against-dates", "overlapping-validity"} <= set(found)
    run = calibrate(spec, tmp_path / "run", track=False)
    assert nothing_is_evident(run.weights)
    around = run.evaluation.holdout.uncertainty["auc"]
    assert around.low < 0.5 < around.high
