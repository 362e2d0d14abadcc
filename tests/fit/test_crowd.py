"""Customers are counted, whatever they are called and however many rows they have."""

from __future__ import annotations

import numpy as np
import pytest

from chs_ml.fit.crowd import Crowd, crowd_of, each_alone, unknown
from chs_ml.fit.fitting import with_crowd
from chs_ml.fit.scrutiny.support import events_of
from tests.fit import drawn


@pytest.mark.parametrize("names", [["a", "b", "a"], [7, -1, 7], [1e9, 2.5, 1e9], [None, "b", None]])
def test_names_of_any_kind_are_customers(names):
    crowd = crowd_of(np.array(names, dtype=object) if None in names else np.array(names))
    assert (crowd.count(), crowd.most) == (2, 2)
    assert crowd_of(np.zeros(0)).most == 1


def test_several_in_is_several_of_each_group():
    draw = np.random.default_rng(0)
    crowd = crowd_of(draw.integers(0, 40, 600))
    groups = np.minimum(draw.integers(-1, 60, 600), draw.integers(-1, 60, 600))
    expected = [len(set(crowd.codes[groups == group])) >= 5 for group in range(60)]
    assert crowd.several_in(groups, 60).tolist() == expected
    assert [crowd.several(groups == group) for group in range(60)] == expected
    assert len(set(expected)) == 2


def test_rows_that_are_a_customer_each():
    assert each_alone(9).several(np.arange(9) < 5)
    assert not each_alone(9).several(np.arange(9) < 4)


def test_a_sample_counts_its_customers_once_and_its_parts_know_them():
    table = drawn.frame(60)
    sample = drawn.sample(table, drawn.retained(table), groups=np.arange(60) // 12)
    part = sample.take(np.arange(24)).of(drawn.PLANS[:1])
    assert isinstance(vars(part)["crowd"], Crowd)
    assert (part.crowd.count(), part.crowd.most) == (2, 12)


def test_where_nobody_said_whose_rows_they_are_weights_are_customers():
    table = drawn.frame(60)
    nobody = with_crowd(drawn.sample(table, drawn.retained(table), weight=np.full(60, 2.0)), unknown(60))
    assert nobody.crowd.several(np.arange(60) < 1)
    assert events_of(nobody) == 2 * min(nobody.retained.sum(), 60 - nobody.retained.sum())
