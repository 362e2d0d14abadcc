from __future__ import annotations

import re

import pytest

from chs_ml.errors import FitError
from chs_ml.fit.estimator import HealthScoreClassifier
from chs_ml.fit.splits.by_hand import check_splits
from chs_ml.formula import Condition
from tests.fit.splits import worlds


@pytest.mark.parametrize(
    ("metric", "when", "problem"),
    [
        ("usage", Condition("call", above=3.0), "no metric of the formula is called 'call'. Correct the name"),
        ("use", Condition("calls", above=3.0), "no metric of the formula is called 'use'"),
        ("usage", Condition("plan", level="gold"), "no row learned from has the level 'gold'"),
        ("usage", Condition("plan", above=1.0), "'plan' has levels. Write level instead of above."),
        ("usage", Condition("calls", level="many"), "'calls' is a number. Write above instead of level."),
    ],
)
def test_what_is_not_there_is_refused(metric, when, problem):
    with pytest.raises(FitError, match=re.escape(f"calibration.splits: {metric!r} when {when}: {problem}")):
        check_splits(worlds.sample(500), [(metric, when)])


def test_a_side_with_too_few_churners_is_refused_with_the_counts():
    sample = worlds.sample(500)
    beyond = sample.table.columns[1].values > 6
    stayed = int(sample.retained[beyond].sum())
    counts = f"where it holds, {beyond.sum() - stayed} rows learned from churned and {stayed} stayed; a curve needs 10"
    with pytest.raises(FitError, match=counts):
        check_splits(sample, [("usage", Condition("calls", above=6.0))])


def test_everything_wrong_is_said_at_once():
    wrong = [("usage", Condition("calls", above=-1.0)), ("noise", Condition("plan", level="gold"))]
    with pytest.raises(FitError) as refused:
        check_splits(worlds.sample(500), wrong)
    assert len(refused.value.problems) == 2
    assert "where it does not, 0 rows learned from churned and 0 stayed" in refused.value.problems[0]


def test_the_estimator_takes_splits_by_hand_as_the_spec_does():
    table, churned = worlds.frame(1_000), 1 - worlds.retained(worlds.frame(1_000))
    split = {"metric": "usage", "when": {"metric": "calls", "above": 3}}
    model = HealthScoreClassifier(splits=[split], ramps=1, size=1.0).fit(table, churned)
    assert "usage | calls > 3" in [term.key for term in model.to_formula().terms]
    assert model.predict_proba(table).shape == (1_000, 2)
    with pytest.raises(FitError, match=r"splits: found \{'metric': 'usage'\}; a split is"):
        HealthScoreClassifier(splits=[{"metric": "usage"}]).fit(table, churned)
    with pytest.raises(FitError, match="splits: -1 is not a whole number of 0 or more"):
        HealthScoreClassifier(splits=-1).fit(table, churned)
