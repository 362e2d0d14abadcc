from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chs_ml.fit.crowd import crowd_of
from chs_ml.fit.knots import knots_of, tally_of


def test_few_values_have_a_knot_each():
    x = np.repeat(np.arange(11.0), 7)
    assert knots_of(x, 8).tolist() == list(range(11))
    assert len(knots_of(x, 7)) <= 9  # one value more than ramps + 3


def test_plain_quantiles_from_the_1st_to_the_99th():
    x = np.random.default_rng(0).normal(size=5_000)
    expected = np.quantile(x, np.linspace(0.01, 0.99, 9), method="inverted_cdf")
    np.testing.assert_array_equal(knots_of(x, 8), expected)


def test_no_single_customer_is_published():
    x = np.append(np.random.default_rng(0).exponential(size=1_000), [1e9, -1e9])
    for ramps in (1, 8, 16):
        knots = knots_of(x, ramps)
        assert knots[-1] < 1e3
        assert knots[0] >= 0


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_heavy_value_has_its_knot_and_the_rest_its_quantiles(share):
    draw = np.random.default_rng(1)
    x = np.where(draw.random(4_000) < share, 0.0, draw.exponential(size=4_000))
    knots = knots_of(x, 8)
    assert knots[0] == 0.0
    assert len(knots) == 9
    rest = np.sort(x[x > 0])
    low = max(0.01, 4.5 / len(rest))
    np.testing.assert_array_equal(knots[1:], np.quantile(rest, np.linspace(low, 1 - low, 8), method="inverted_cdf"))


def test_a_heavy_value_in_the_middle():
    draw = np.random.default_rng(1)
    x = np.where(draw.random(4_000) < 0.5, 3.0, draw.normal(3.0, 2.0, size=4_000))
    knots = knots_of(x, 8)
    assert 3.0 in knots
    assert knots[0] < 3.0 < knots[-1]


def test_one_ramp_is_a_line_between_the_outer_percentiles():
    x = np.random.default_rng(0).normal(size=1_000)
    assert knots_of(x, 1).tolist() == np.quantile(x, [0.01, 0.99], method="inverted_cdf").tolist()
    assert knots_of(np.repeat([0.0, 1.0], [15, 5]), 1).tolist() == [0.0, 1.0]


def test_one_ramp_over_a_value_that_nearly_all_have():
    x = np.append(np.zeros(10_000), np.arange(1.0, 9.0))
    assert knots_of(x, 1).tolist() == [0.0, 4.0]  # the value that five of them reach


def test_rows_without_weight_have_no_knots():
    x = np.repeat(np.arange(20.0), 5)
    assert knots_of(x, 8, (x < 5).astype(float)).tolist() == [0, 1, 2, 3, 4]


values = st.lists(st.integers(-3, 40), min_size=2, max_size=200).filter(lambda x: len(set(x)) > 1)


@given(values, st.sampled_from([1, 2, 8, 16]), st.randoms())
def test_a_row_of_weight_three_is_three_rows(x, ramps, random):
    x = np.array(x, dtype=float)
    repeats = np.array([random.choice([1, 2, 3]) for _ in x])
    customers = crowd_of(np.repeat(np.arange(len(x)), repeats))
    once = knots_of(np.repeat(x, repeats), ramps, crowd=customers)
    weighted = knots_of(x, ramps, repeats.astype(float))
    np.testing.assert_array_equal(once, weighted)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=200).filter(lambda x: len(set(x)) > 1), st.integers(1, 20))
def test_knots_are_values_that_occur_and_rise(x, ramps):
    knots = knots_of(np.array(x), ramps)
    assert len(knots) >= 1 + (len(set(x)) == len(x) >= 10)
    assert (np.diff(knots) > 0).all()
    if len(knots) > 1:
        assert (np.array(x) <= knots[0]).sum() >= 5
        assert (np.array(x) >= knots[-1]).sum() >= 5
    assert set(knots.tolist()) <= set(x)
    assert len(knots) <= ramps + 4


@given(values, st.randoms())
def test_a_tally_is_the_rows_counted(x, random):
    x = np.array(x, dtype=float)
    weight = np.array([random.choice([0.0, 0.5, 2.0]) for _ in x])
    tally = tally_of(x, weight)
    assert {value: weight[x == value].sum() for value in x[weight > 0]} == dict(
        zip(tally.values, tally.mass, strict=True)
    )
    if weight.any():
        assert tally.mean(tally.values**2) == pytest.approx(np.average(x**2, weights=weight))
        assert tally.unlike == pytest.approx(weight.sum() - max(weight[x == value].sum() for value in x))


@pytest.mark.parametrize("weight", [None, np.zeros(0)])
def test_a_tally_of_nothing(weight):
    assert tally_of(np.zeros(0), weight).unlike == 0.0
    assert len(tally_of(np.ones(3), np.zeros(3)).values) == 0


@pytest.mark.parametrize("ramps", [8, 16])
@pytest.mark.parametrize("others", [40, 90, 600])
def test_a_lone_maximum_is_no_knot_however_few_rows_are_off_the_heavy_value(ramps, others):
    x = np.zeros(5_000)
    x[:others] = np.random.default_rng(2).exponential(size=others)
    x[0] = 987_654.0
    knots = knots_of(x, ramps)
    assert (x >= knots[-1]).sum() >= 5
    assert knots[-1] < 100.0


@pytest.mark.parametrize("ramps", [1, 8, 16])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("x", ["even", "few", "heavy"])
def test_five_customers_lie_at_or_beyond_each_end_however_many_rows_and_weight(ramps, weighted, x):
    draw = np.random.default_rng(0)
    values = {
        "even": draw.normal(size=2_400),
        "few": draw.integers(0, 5, 2_400).astype(float),
        "heavy": np.where(draw.random(2_400) < 0.9, 0.0, draw.exponential(size=2_400)),
    }[x]
    groups = np.repeat(np.arange(200), 12)
    values[groups < 3], values[groups > 197] = 7_123.456, -99.0  # three customers, 36 rows; two customers
    weight = np.where((groups < 3) | (groups > 197), 200.0, 1.0) if weighted else None
    knots = knots_of(values, ramps, weight, crowd_of(groups.astype(str)))
    assert len(knots) > 1
    assert len(set(groups[values <= knots[0]])) >= 5
    assert len(set(groups[values >= knots[-1]])) >= 5
    assert len(set(groups[values <= knots[0]])) < 200
