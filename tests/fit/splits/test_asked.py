from __future__ import annotations

import re

import numpy as np
import pytest

from chs_ml.errors import FitError
from chs_ml.fit.estimator import HealthScoreClassifier
from chs_ml.fit.splits.asked import asked
from chs_ml.formula import Condition
from tests.fit.splits import worlds

COLUMNS = ("usage", "calls", "plan")


def split(metric="usage", **when):
    return {"metric": metric, "when": {"metric": "calls", **when}}


@pytest.mark.parametrize("most", [0, 2, np.int64(2), 20])
def test_a_whole_number_of_any_kind_is_so_many(most):
    assert asked(most, COLUMNS) == (int(most), ())


@pytest.mark.parametrize("above", [3, 3.0, np.float64(3), np.int32(3)])
def test_a_list_is_fixed(above):
    assert asked([split(above=above)], COLUMNS) == (0, (("usage", Condition("calls", 3.0)),))
    level = {"metric": "usage", "when": {"metric": "plan", "level": "pro"}}
    assert asked((level,), COLUMNS) == (0, (("usage", Condition("plan", level="pro")),))
    assert asked([], COLUMNS) == (0, ())


@pytest.mark.parametrize("splits", [None, 2.0, True, "x", {"most": 3}, split(above=3)])
def test_what_is_neither_a_number_nor_a_list_is_refused(splits):
    with pytest.raises(ValueError, match=r"splits: found .*; it is a whole number from 0 to 20, or a list of splits"):
        asked(splits, COLUMNS)


@pytest.mark.parametrize(
    "one",
    [
        ("usage", "calls"), {"metric": "usage"}, {**split(above=3), "x": 1}, {"metric": "usage", "when": "x"},
        split(above="3"), split(above=True), split(above=float("nan")), split(above=10**400), split(level=3),
        split(above=3, level="a"), split(above=3, holds=False), split(abov=3), split(),
    ],
)  # fmt: skip
def test_what_is_no_split_is_refused(one):
    with pytest.raises(FitError, match=re.escape("splits[0]: found ")):
        asked([one], COLUMNS)


@pytest.mark.parametrize(
    ("splits", "problem"),
    [
        ([split("nope", above=3)], "splits[0]: no column is called 'nope'. Correct the name."),
        ([split(["usage"], above=3)], "splits[0]: no column is called ['usage']"),
        ([split("calls", above=3)], "splits[0]: 'calls' is split by itself"),
        ([split(above=3), split(above=4)], "splits[1]: 'usage' stands a second time; a metric is split once."),
        ([split(above=3)] * 21, "splits: found 21; there are at most 20."),
        (21, "splits: 21 is more than 20"),
    ],
)
def test_what_cannot_be_split_is_named(splits, problem):
    with pytest.raises(FitError, match=re.escape(problem)):
        asked(splits, COLUMNS)


def test_the_estimator_speaks_python():
    table = worlds.frame(500)
    for splits in ([split(level="a")], [{"metric": "usage", "when": {"metric": "plan", "level": "gold"}}], None):
        with pytest.raises(ValueError, match=r"^splits") as refused:
            HealthScoreClassifier(splits=splits).fit(table, 1 - worlds.retained(table))
        assert "role" not in str(refused.value) and "calibration" not in str(refused.value)
