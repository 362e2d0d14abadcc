"""Splits of an anchor whose rows or kinds have changed since."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chs_ml.fit.anchor.anchor import Anchor
from chs_ml.fit.fitting import Sample
from chs_ml.fit.learning import learn
from chs_ml.fit.selection import Settings
from chs_ml.fit.splits.of_anchor import splits_of_anchor
from chs_ml.fit.table import read_table
from chs_ml.formula import Condition, Curve, Formula, Link, Term
from tests.fit.splits import worlds

CALLS = Condition("calls", above=3.0)
QUICK = Settings(ramps=1, size=1.0, anchor=10.0)


def earlier(when=CALLS):
    curve = {True: Curve((0.0, 1.0), (1.0, 0.0), 0.5), False: Curve((0.0, 1.0), (0.0, 1.0), 0.5)}
    sides = [
        Term("usage", "", "free", 0.4, curve[holds], when=replace(when, holds=holds), otherwise=0.5)
        for holds in (False, True)
    ]
    return Anchor(Formula((*sides, Term("gone", "", "negative", 0.2, Curve((0.0, 5.0), (1.0, 0.0), 0.5))), Link(-2, 6)))


def asked(table, anchor=None, outcome=None):
    """Return the rows with their anchor, the splits of it that may be tried, and those that are let go."""
    outcome = worlds.retained(table) if outcome is None else outcome
    rows = np.arange(len(table))
    sample = Sample(read_table(table, worlds.AUTO), outcome, np.ones(len(table)), rows, anchor or earlier())
    return sample, *splits_of_anchor(sample, worlds.AUTO)


@pytest.mark.parametrize("beyond", [0, 1, 3, 8])
def test_a_side_with_too_few_rows_lets_the_split_go(beyond):
    table = worlds.frame(1_000)
    many = np.flatnonzero(table["calls"] > 3)
    sample, kept, [gone] = asked(table.drop(index=many[beyond:]).reset_index(drop=True))
    assert (kept, gone.metric, gone.when) == ((), "usage", CALLS)
    assert gone.why.startswith("where it holds, ") and "a curve needs 10 of either" in gone.why
    assert all(one.origin != "anchor" for one in learn(sample, worlds.AUTO, QUICK).choice.splits)


@pytest.mark.parametrize(
    ("metric", "when", "why"),
    [
        ("calls", CALLS, "'calls' is of another kind now"),
        ("plan", Condition("plan", above=1.0), "'plan' is of another kind now"),
        ("noise", Condition("noise", level="loud"), "'noise' is of another kind now"),
        ("usage", CALLS, "'usage' is of another kind now, so new"),
        ("plan", Condition("plan", level="gold"), "where it holds, 0 rows learned from churned and 0 stayed"),
    ],
)
def test_a_metric_of_another_kind_lets_the_split_go(metric, when, why):
    table = worlds.frame(1_000)
    outcome = worlds.retained(table)
    if metric in ("calls", "usage"):
        table[metric] = np.where(table[metric] > table[metric].median(), "many", "few")
    sample, kept, [gone] = asked(table, earlier(when), outcome)
    assert kept == () and gone.why.startswith(why)
    assert all(one.origin != "anchor" for one in learn(sample, worlds.AUTO, QUICK).choice.splits)


def test_what_can_be_made_is_tried():
    sample, kept, gone = asked(worlds.frame(3_000))
    assert (kept, gone) == ((("usage", CALLS),), ())
    assert [one.origin for one in learn(sample, worlds.AUTO, QUICK).choice.splits] == ["anchor"]


def test_without_an_anchor_there_is_nothing_to_let_go():
    assert splits_of_anchor(worlds.sample(100), worlds.AUTO) == ((), ())


def test_sides_are_found_again_in_a_unit_that_does_not_come_out_even():
    """0.1 × 3 divided by 0.1 is not 3 in floating point."""
    anchor = Anchor(earlier().earlier, factors={"calls": 0.1})
    [(metric, when)] = anchor.splits(worlds.AUTO)
    assert when.above / 0.1 != 3.0
    assert {anchor.term(metric, replace(when, holds=holds)).when.holds for holds in (True, False)} == {True, False}
