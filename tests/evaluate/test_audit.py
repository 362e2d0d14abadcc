"""Figures within the levels of an audit column."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chs_ml.evaluate import audit_table, figures

RANDOM = np.random.default_rng(7)
P = RANDOM.random(400)
CHURNED = (RANDOM.random(400) < P).astype(float)
SCORE = 100 * (1 - P)
BAND = np.where(P < 0.5, "healthy", "unhealthy")
GENDER = np.array(["жінка", "чоловік"] * 198 + ["x"] * 4, dtype=object)


def test_each_level_has_its_own_figures():
    table = audit_table(GENDER, CHURNED, P, SCORE, BAND)
    assert [one.name for one in table] == ["жінка", "чоловік", "fewer than 5 customers"]
    rows = GENDER == "жінка"
    expected = figures(CHURNED[rows], P[rows])
    first = table[0]
    assert (first.customers, first.auc) == (198, expected.auc)
    assert (first.auc_low, first.auc_high) == (expected.uncertainty["auc"].low, expected.uncertainty["auc"].high)
    assert first.mean_predicted == pytest.approx(P[rows].mean())
    assert first.mean_score == pytest.approx(SCORE[rows].mean())
    assert first.bands == pytest.approx({"healthy": (P[rows] < 0.5).mean(), "unhealthy": (P[rows] >= 0.5).mean()})


def test_the_few_are_not_described():
    last = audit_table(GENDER, CHURNED, P, SCORE, BAND)[-1].as_dict()
    assert (last.pop("name"), last.pop("customers")) == ("fewer than 5 customers", 4)
    assert set(last.values()) == {None}


def test_not_scored_and_one_class():
    table = audit_table(["a"] * 10, [0] * 10, [0.2] * 10, [np.nan] * 10, [None] * 10)
    assert (table[0].auc, table[0].mean_score, table[0].bands) == (None, None, {"missing": 1.0})
    json.dumps(table[0].as_dict(), allow_nan=False)
