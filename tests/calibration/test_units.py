"""A metric in another unit is caught on real tables, a quarter that is like the last one never is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chs_ml.calibration.units import complaint, earlier_range, observed, range_of, times_as_large
from chs_ml.fit.knots import knots_of
from chs_ml.formula import Curve, Term
from chs_ml.spec.metrics import Metric
from tests.fit.test_real_tables import saas, telco

FACTORS = (100.0, 0.01, 60.0, 1 / 60, 7.0, 1 / 7, 12.0)


def term_of(knots=(0.0, 10.0), metric="m"):
    return Term(metric, "usage", "positive", 1.0, Curve(knots, tuple(np.linspace(0.0, 1.0, len(knots))), 0.5))


def said(values, about=None, knots=(0.0, 10.0), **spec):
    return complaint(Metric(name="m", **spec), term_of(knots), about or {}, np.asarray(values, dtype=float))


def halves(table, seed):
    """A curve and papers of one half of the customers, and the numbers of the other half, for each numeric metric."""
    first = np.random.default_rng(seed).random(len(table)) < 0.5
    for name in table.select_dtypes("number").columns:
        values = table[name].to_numpy(float)
        known = values[first & np.isfinite(values)]
        for ramps in (1, 8, 16):
            yield term_of(tuple(knots_of(known, ramps)), name), {"observed": list(observed(known))}, values[~first]


@pytest.mark.parametrize("read", [telco, saas])
@pytest.mark.parametrize("seed", range(10))
def test_every_numeric_metric_of_a_real_table_in_another_unit_is_caught_and_none_in_the_same(chs_data, read, seed):
    table, _ = read(chs_data)
    looked = set()
    for term, about, values in halves(table, seed):
        spec = Metric(name=term.metric)
        assert complaint(spec, term, about, values) is None, term.metric
        for factor in FACTORS:
            assert complaint(spec, term, about, factor * values), (term.metric, factor)
        looked.add(term.metric)
    assert looked == set(table.select_dtypes("number").columns) and len(looked) >= 4


@pytest.mark.parametrize("rare", [0.002, 0.008, 0.012, 0.05])
def test_a_rare_flag_that_becomes_a_little_more_or_less_rare_is_the_same(rare):
    draw = np.random.default_rng(0)
    before = (draw.random(5_000) < 0.01) * 1.0
    now = (draw.random(5_000) < rare) * 1.0
    about = {"observed": list(observed(before))}
    assert said(now, about, knots=(0.0, 1.0)) is None
    assert said(100 * now, about, knots=(0.0, 1.0))


@pytest.mark.parametrize("ramps", [1, 8])
def test_a_skewed_rare_amount_is_the_same_in_the_next_quarter(ramps):
    """One row in a hundred has any, so that the 99th percentile is zero in some quarters and not in others."""
    draw = np.random.default_rng(0)
    amounts = [np.where(draw.random(4_000) < 0.01, draw.lognormal(3.0, 1.0, 4_000), 0.0) for _ in range(40)]
    about, knots = {"observed": list(observed(amounts[0]))}, tuple(knots_of(amounts[0], ramps))
    assert [said(now, about, knots) for now in amounts[1:]] == [None] * 39
    if ramps > 1:
        assert all(said(100 * now, about, knots) for now in amounts[1:])


def test_what_does_not_overlap_at_all_is_asked_about():
    assert said([25.0, 30.0, 40.0], {"observed": [10.0, 20.0]}, (10.0, 20.0))
    assert said([15.0, 30.0, 40.0], {"observed": [10.0, 20.0]}, (10.0, 20.0)) is None


def test_the_complaint_names_metric_ranges_and_remedies():
    text = said(np.linspace(60.0, 600.0, 200), {"observed": [1.0, 10.0]})
    assert text.startswith("metric 'm': the anchor saw 1 … 10, this table holds 62.7136 … 594.573: that looks like ano")
    assert "unit_factor (about 59?)" in text and "unit_factor: 1 if the unit is the same" in text


def test_the_right_factor_settles_it_and_a_wrong_one_does_not():
    minutes = np.linspace(60.0, 600.0, 200)
    about = {"observed": [1.0, 10.0]}
    rescaled = term_of((0.0, 600.0))  # as the anchor gives it: in the new unit
    assert complaint(Metric(name="m", unit_factor=60), rescaled, about, minutes) is None
    far = complaint(Metric(name="m", unit_factor=3600), term_of((0.0, 36_000.0)), about, minutes)
    assert "(times unit_factor 3600)" in far
    assert said(minutes, about, unit_factor=1) is None


@pytest.mark.parametrize(
    ("unit", "spec", "problem"),
    [
        ("hours", {"unit": "minutes"}, "the anchor has it in 'hours', the spec in 'minutes'"),
        ("x" * 5_000, {"unit": "minutes"}, f"the anchor has it in '{'x' * 39}…', the spec"),
        ("hours", {"unit": "hours", "unit_factor": 60}, "unit_factor is 60, yet the anchor and the spec both have"),
        ("hours", {"unit": " Hours "}, None),
        ("hours", {"unit": "h", "unit_factor": 1}, None),
        ("hours", {}, None),
        (None, {"unit": "hours"}, None),
        (7, {"unit": "hours"}, None),
    ],
)
def test_units_that_are_said_are_compared(unit, spec, problem):
    found = said(np.linspace(0.0, 10.0, 50), {"unit": unit, "observed": [0.0, 10.0]}, **spec)
    assert (found is None) if problem is None else (problem in found)


@pytest.mark.parametrize("ends", [None, [1.0], ["a", "b"], [True, False], {"low": 1}, [float("nan"), 1.0]])
def test_papers_that_say_nothing_useful_leave_the_knots(ends):
    found = earlier_range(term_of((2.0, 8.0)).shape, {"observed": ends}, 1.0)
    assert (found.low, found.high) == (2.0, 8.0)


def test_a_column_without_values_is_not_judged():
    assert range_of(np.array([np.nan, np.nan]), 8) is None
    assert said([np.nan]) is None
    assert times_as_large(range_of(np.zeros(5), 1), range_of(np.zeros(5), 1)) is None


def test_observed_leaves_the_extremes_out():
    values = pd.Series([*range(1_000), 1e9]).to_numpy(float)
    assert observed(values) == (10.0, 990.0)
