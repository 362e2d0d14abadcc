from __future__ import annotations

import re

import numpy as np
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
    with pytest.raises(FitError, match=re.escape(f"mine.yaml: metric {metric!r} when {when}: {problem}")):
        check_splits(worlds.sample(500), [(metric, when)], "mine.yaml")


def test_a_side_with_too_few_churners_is_refused_with_the_counts():
    sample = worlds.sample(500)
    beyond = sample.table.columns[1].values > 6
    stayed = int(sample.retained[beyond].sum())
    counts = f"where it holds, {beyond.sum() - stayed} rows learned from churned and {stayed} stayed; a curve needs 10"
    with pytest.raises(FitError, match=counts):
        check_splits(sample, [("usage", Condition("calls", above=6.0))], "splits")


def test_everything_wrong_is_said_at_once():
    wrong = [("usage", Condition("calls", above=-1.0)), ("noise", Condition("plan", level="gold"))]
    with pytest.raises(FitError) as refused:
        check_splits(worlds.sample(500), wrong, "splits")
    assert len(refused.value.problems) == 2
    assert "where it does not, 0 rows learned from churned and 0 stayed" in refused.value.problems[0]


def test_the_estimator_takes_splits_by_hand_as_the_spec_does():
    table, churned = worlds.frame(1_000), 1 - worlds.retained(worlds.frame(1_000))
    split = {"metric": "usage", "when": {"metric": "calls", "above": 3}}
    model = HealthScoreClassifier(splits=[split], ramps=1, size=1.0).fit(table, churned)
    assert "usage | calls > 3" in [term.key for term in model.to_formula().terms]
    assert model.predict_proba(table).shape == (1_000, 2)
    with pytest.raises(FitError, match=r"splits\[0\]: found \{'metric': 'usage'\}; a split is"):
        HealthScoreClassifier(splits=[{"metric": "usage"}]).fit(table, churned)
    with pytest.raises(FitError, match="splits: -1 is not a whole number of 0 or more"):
        HealthScoreClassifier(splits=-1).fit(table, churned)


def lacking(metric, rows=1_000):
    """Return the rows, of which those with more than three calls have no value of a metric."""
    table = worlds.frame(rows)
    table.loc[table["calls"] > 3, metric] = np.nan if metric == "usage" else None
    return worlds.sample(rows, table=table)


@pytest.mark.parametrize("metric", ["usage", "plan"])
def test_rows_without_a_value_of_the_metric_teach_no_curve(metric):
    sample = lacking(metric)
    without = int((sample.table.columns[1].values > 3).sum())
    said = f"where it holds, 0 rows learned from churned and 0 stayed ({without} without a value of {metric!r} not"
    with pytest.raises(FitError, match=re.escape(said)):
        check_splits(sample, [(metric, Condition("calls", above=3.0))], "splits")


def test_a_side_of_which_every_level_is_rare_is_refused():
    table = worlds.frame(1_000)
    table["plan"] = np.where(table["calls"] > 3, [f"plan {at}" for at in range(1_000)], table["plan"])
    with pytest.raises(FitError, match="where it holds, no level of 'plan' has 10 rows of 5 customers or more"):
        check_splits(worlds.sample(1_000, table=table), [("plan", Condition("calls", above=3.0))], "splits")


@pytest.mark.parametrize(("level", "told"), [("Pro", "did you mean 'pro'?"), ("gold", "have: 'basic', 'pro', 'team'.")])
def test_the_level_that_was_meant_is_named(level, told):
    with pytest.raises(FitError, match=re.escape(told)):
        check_splits(worlds.sample(500), [("usage", Condition("plan", level=level))], "splits")


def test_a_twin_cannot_be_split_too():
    table = worlds.frame(1_000).assign(minutes=lambda rows: 60 * rows["usage"])
    both = [{"metric": name, "when": {"metric": "calls", "above": 3}} for name in ("usage", "minutes")]
    with pytest.raises(FitError, match="'minutes' says the same as 'usage', so that it has no curve of its own"):
        HealthScoreClassifier(splits=both, ramps=1, size=1.0).fit(table, 1 - worlds.retained(table))


@pytest.mark.parametrize("level", ["acme ag", "gold"])
def test_a_level_of_fewer_than_five_customers_is_not_named(level):
    table = worlds.frame(500)
    table.loc[:3, "plan"] = "Acme AG"
    with pytest.raises(FitError, match=re.escape("have: 'basic', 'pro', 'team'.")) as refused:
        check_splits(worlds.sample(500, table=table), [("usage", Condition("plan", level=level))], "splits")
    assert "Acme" not in str(refused.value)
