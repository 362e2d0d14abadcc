"""The evaluation as it is written down."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chs_ml.evaluate import Evaluation, churn_by, compare, cross_validated, figures, lift_table, reliability

RANDOM = np.random.default_rng(13)
P = RANDOM.random(200)
CHURNED = (RANDOM.random(200) < P).astype(float)
DATA = {"rows": np.int64(200), "customers": 200, "churned": int(CHURNED.sum()), "digest": "sha256:0", "sources": []}


def evaluation(**more) -> Evaluation:
    return Evaluation(
        holdout=figures(CHURNED, P),
        baselines=compare(CHURNED, P, {"equal_weights": RANDOM.random(200)}),
        bands=churn_by(np.where(P < 0.5, "healthy", "unhealthy"), CHURNED, names=["healthy", "unhealthy"]),
        data=DATA,
        **more,
    )


def test_keys_that_scripts_rely_on():
    found = json.loads(json.dumps(evaluation().as_dict(), allow_nan=False))
    figure_names = ["rows", "churn_rate", "auc", "log_loss", "brier", "calibration_slope", "calibration_intercept"]
    figure_names.append("lift_top_decile")
    assert list(found) == ["holdout", "baselines", "bands", "data"]
    assert list(found["holdout"])[:8] == figure_names
    assert list(found["baselines"]["equal_weights"])[:8] == figure_names
    assert set(found["bands"][0]) >= {"name", "customers", "churn_rate", "low", "high"}
    assert found["data"] == {**DATA, "rows": 200}


def test_parts_appear_when_measured():
    fold = np.arange(200) % 5
    whole = evaluation(
        cross_validation=cross_validated(CHURNED, P, fold),
        reliability=reliability(CHURNED, P),
        lift=lift_table(CHURNED, P),
        choices={"ramps": 8},
    )
    found = json.loads(json.dumps(whole.as_dict(), allow_nan=False))
    assert set(found) - {"holdout", "baselines", "bands", "data"} == {
        "cross_validation",
        "reliability",
        "lift",
        "choices",
    }
    assert len(found["cross_validation"]["folds"]) == 5


def test_cross_validation_means_its_folds():
    fold = np.arange(200) % 4
    found = cross_validated(CHURNED, P, fold)
    assert found.mean["auc"] == pytest.approx(
        np.mean([figures(CHURNED[fold == k], P[fold == k]).auc for k in range(4)])
    )
    assert found.pooled.auc == figures(CHURNED, P).auc
    assert cross_validated([0, 1, 0], [0.1, 0.9, 0.2], [0, 0, 1]).mean["auc"] is None
