"""AUC by cutoff: what it is, how sure it is, and over which rows it is taken."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from chs_ml.history.leaks.ranking import Rank, Ranking


def _ranking(cutoff, soon):
    rows = np.arange(len(soon))
    return Ranking(rows, np.asarray(cutoff), np.asarray(soon, dtype=float), np.full(len(soon), np.nan))


def test_the_auc_is_taken_within_each_cutoff_and_weighted_by_who_churned():
    rng = np.random.default_rng(0)
    cutoff, soon = np.repeat([0, 1], 200), rng.random(400) < np.repeat([0.1, 0.4], 200)
    values = np.round(soon + rng.normal(size=400), 1) + 100 * cutoff
    each = [(roc_auc_score(soon[cutoff == at], values[cutoff == at]), soon[cutoff == at].sum()) for at in (0, 1)]
    found = _ranking(cutoff, soon).of(values, soon.astype(float))
    assert found.auc == pytest.approx(np.average([auc for auc, _ in each], weights=[many for _, many in each]))
    assert found.churned == soon.sum()


def test_its_standard_error_is_how_far_it_strays():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(400):
        soon = rng.random(300) < 0.2
        found.append(_ranking(np.zeros(300, int), soon).of(rng.normal(size=300), soon.astype(float)))
    assert np.mean([one.se for one in found]) == pytest.approx(np.std([one.auc for one in found]), rel=0.12)


def test_rows_without_value_or_outcome_are_left_aside():
    soon = np.array([1, 0, 1, 0, np.nan, 1])
    values = np.array([3.0, 1.0, np.nan, 2.0, 9.0, 4.0])
    assert _ranking(np.zeros(6, int), soon).of(values, soon) == Rank(1.0, pytest.approx(0.17, abs=0.2), 2)


def test_the_halves_are_of_the_cutoffs_with_churn_and_leave_out_the_middle():
    soon = np.array([1.0, 0, 1, 0, 0, 0, 1, np.nan])
    early, late = _ranking([0, 0, 1, 1, 2, 2, 3, 3], soon).halves()
    assert early.tolist() == [True, False, False, False]
    assert late.tolist() == [False, False, False, True]
