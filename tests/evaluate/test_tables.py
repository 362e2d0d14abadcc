"""Reliability, lift and churn per group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chs_ml.errors import DataError
from chs_ml.evaluate import Outcomes, churn_by, churn_where, figures, lift_table, reliability, wilson

RANDOM = np.random.default_rng(5)
P = RANDOM.random(1000)
CHURNED = (RANDOM.random(1000) < P).astype(float)


def test_reliability_is_ten_bins_of_equal_size():
    found = reliability(CHURNED, P)
    assert [one.bin for one in found] == list(range(1, 11))
    assert {one.customers for one in found} == {100}
    for one, rows in zip(found, np.array_split(np.argsort(P), 10), strict=True):
        assert one.mean_predicted == pytest.approx(P[rows].mean())
        assert one.observed == pytest.approx(CHURNED[rows].mean())
        assert (one.low, one.high) == pytest.approx(wilson(one.observed, 100))


def test_reliability_keeps_ties_together():
    found = reliability(CHURNED, P.round(0))
    assert [one.mean_predicted for one in found] == [0, 1]
    assert len(reliability(CHURNED, np.full(1000, 0.4))) == 1
    assert reliability([], []) == ()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=50))
def test_lift_adds_up(rows):
    churned, p = np.array(rows, dtype=float).T
    table = lift_table(churned, p / 5)
    assert sum(one.customers for one in table) == pytest.approx(len(rows))
    assert sum(one.churned for one in table) == pytest.approx(churned.sum())
    assert table[0].lift == pytest.approx(figures(churned, p / 5).lift_top_decile)
    if churned.any():
        assert table[-1].captured == pytest.approx(1)
        assert np.all(np.diff([one.captured for one in table]) >= -1e-12)
    else:
        assert {one.lift for one in table} == {None}


def test_lift_by_hand():
    churned = np.r_[np.ones(10), np.zeros(90)]
    table = lift_table(churned, np.linspace(0.9, 0.1, 100))
    assert [one.lift for one in table] == [10] + [0] * 9
    assert table[0].captured == 1


def test_churn_by_named_groups_in_their_order():
    band = np.repeat(["healthy", "unhealthy"], 50)
    churned = np.r_[np.ones(5), np.zeros(45), np.ones(30), np.zeros(20)]
    found = churn_by(band, churned, names=["unhealthy", "at risk", "healthy"])
    assert [one.name for one in found] == ["unhealthy", "at risk", "healthy"]
    assert (found[0].customers, found[0].churned, found[0].churn_rate) == (50, 30, 0.6)
    assert (found[0].low, found[0].high) == pytest.approx(wilson(0.6, 50))
    assert (found[1].customers, found[1].churn_rate, found[1].low) == (0, None, None)


def test_small_groups_are_not_told_apart():
    labels = ["Київ"] * 6 + [None] * 5 + ["one"] * 4 + ["two"] * 4
    found = churn_by(labels, [1, 0] * 9 + [1])
    assert [(one.name, one.customers) for one in found] == [("missing", 5), ("Київ", 6), ("fewer than 5 customers", 8)]
    assert found[2].churned is None
    assert found[2].churn_rate is None


def test_customers_are_counted_once_before_they_are_told():
    """Twenty rows of one customer are one person."""
    outcomes = Outcomes.read([0] * 20, None, ["a"] * 20)
    assert churn_by(["x"] * 20, outcomes)[0].name == "fewer than 5 customers"


def test_rules_may_overlap():
    found = churn_where({"all": np.full(1000, True), "half": P > 0.5, "none": P > 2}, CHURNED)
    assert [one.customers for one in found] == [1000, int((P > 0.5).sum()), 0]
    assert found[0].churn_rate == pytest.approx(CHURNED.mean())


def test_labels_of_another_length_are_refused():
    with pytest.raises(DataError, match="labels: 2 values for 3 rows"):
        churn_by(["a", "b"], [0, 1, 0])
