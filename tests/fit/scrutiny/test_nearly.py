"""Metrics that others say nearly are named, few to a set, and nothing else is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chs_ml.fit.scrutiny.collinear import carried_once, shared_levels
from chs_ml.fit.scrutiny.nearly import NearSet, near_sets
from chs_ml.fit.table import MetricPlan
from tests.fit import drawn
from tests.fit.scrutiny.test_collinear import internet


def found(table, groups=None, weight=None):
    plans = tuple(MetricPlan(name) for name in table.columns)
    sample = drawn.sample(table, np.arange(len(table)) % 2.0, plans, weight, groups)
    return near_sets(sample, carried_once(plans, shared_levels(sample, plans)))


def two(r, rows=4_000, seed=0):
    draw = np.random.default_rng(seed)
    one, other = draw.normal(size=(2, rows))
    return pd.DataFrame(
        {"logins": one, "hours": r * one + np.sqrt(1 - r**2) * other, "tickets": draw.normal(size=rows)}
    )


def test_two_that_are_nearly_one_are_named_with_their_correlation():
    (near,) = found(two(0.97))
    assert set(near.metrics) == {"logins", "hours"}
    assert near.r == pytest.approx(0.97, abs=0.01)
    assert str(NearSet(("TotalCharges", "tenure"), 0.96)) == (
        "TotalCharges and tenure say nearly the same (r = .96): how the weight is shared between them is uncertain."
    )
    assert found(two(0.92)) == ()


def test_what_others_say_only_together_is_named_with_those_it_takes():
    table = two(0.3)
    table["clicks"] = table.logins - table.tickets + 0.1 * np.random.default_rng(1).normal(size=4_000)
    table["age"] = np.random.default_rng(2).normal(size=4_000)
    (near,) = found(table)
    assert set(near.metrics) == {"clicks", "logins", "tickets"}
    assert str(near).startswith(
        f"{near.metrics[1]} and {near.metrics[2]} together say nearly what {near.metrics[0]} says"
    )


def test_a_bent_copy_is_found_by_its_ranks_and_a_placeholder_makes_no_twins():
    table = two(0.0)
    table["revenue"] = np.exp(4 * table.logins) * np.exp(0.3 * np.random.default_rng(1).normal(size=4_000))
    (near,) = found(table)
    assert set(near.metrics) == {"logins", "revenue"}
    placeholder = two(0.0)
    placeholder.loc[:9, ["logins", "hours"]] = 999_999.0
    assert found(placeholder) == ()


def test_a_category_that_a_number_tells_is_named_and_a_shared_level_is_not():
    table = two(0.0)
    table["size"] = np.where(table.logins > 0, "large", "small")
    table["large"] = np.where(np.random.default_rng(0).random(4_000) < 0.01, "yes", table["size"] == "large")
    assert [set(near.metrics) for near in found(table)] == [{"size", "large"}]
    assert found(internet()) == ()


def test_few_customers_are_no_proof():
    draw = np.random.default_rng(0)
    rows = pd.DataFrame(draw.normal(size=(30, 26)), columns=[f"m{k}" for k in range(26)])
    assert found(rows) == ()
    months = pd.concat([rows] * 12)
    assert found(months, groups=np.tile(np.arange(30), 12)) == ()


def test_rows_without_weight_do_not_count():
    table = pd.concat([two(0.97), two(-0.97)])
    assert found(table) == ()
    assert len(found(table, weight=np.repeat([1.0, 0.0], 4_000))) == 1
