"""Conformance vectors: what they meet, and that a wrong answer is noticed."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from chs_ml.formula import Condition, Curve, Formula, Link, Term, check_vectors, formula_as_dict, vectors_of
from chs_ml.formula.frames import Columns
from chs_ml.formula.vectors import read_input
from tests.formula import drawn, reference
from tests.formula.papers import first_file, first_formula

VECTORS = vectors_of(first_formula())
MANY = vectors_of(first_formula(), 200)


def inputs(vectors, metric):
    return [vector["inputs"][metric] for vector in vectors]


def test_they_are_about_thirty_and_the_same_each_time():
    assert len(VECTORS) == 30
    assert vectors_of(first_formula()) == VECTORS
    assert len(vectors_of(first_formula(), 5)) == 5


def test_they_meet_every_tag():
    tags = {tag for vector in VECTORS for tag in vector["tags"]}
    assert tags == {"all_missing", "case_variant", "digits_17", "empty_string", "extreme", "missing", "needs_nan",
                    "on_cut", "plain", "rule", "ulp_edge", "unseen", "worst", "best", "split"}  # fmt: skip


@pytest.mark.parametrize("tag", ["nan", "inf", "-inf"])
def test_every_number_meets_every_form_of_missing(tag):
    for metric in ("nps", "day_charge", "service_calls", "logins_30d", "tenure"):
        assert {"$f": tag} in inputs(VECTORS, metric)
        assert None in inputs(VECTORS, metric)
        assert "" in inputs(VECTORS, metric)


def test_many_vectors_meet_every_knot_its_neighbours_and_every_level():
    for term in first_formula().terms:
        seen = inputs(MANY, term.metric)
        if term.kind == "levels":
            assert {*term.shape.names, None, "", "mONTH-TO-MONTH", "Рік "} <= set(map(str, seen)) | {None, ""}
            continue
        for knot in term.shape.knots:
            assert {knot, float(np.nextafter(knot, -np.inf)), float(np.nextafter(knot, np.inf))} <= {
                value for value in seen if isinstance(value, float)
            }
    assert {1e308, -1e308, 5e-324} <= {value for value in inputs(VECTORS, "nps") if isinstance(value, float)}


def test_conditions_are_met_on_both_sides_of_their_edge():
    calls = inputs(VECTORS, "service_calls")
    assert {3.0, float(np.nextafter(3.0, 4.0)), float(np.nextafter(3.0, 2.0))} <= {
        value for value in calls if isinstance(value, float)
    }


def test_a_score_lies_on_each_cut():
    on_cut = sorted(vector["score"] for vector in VECTORS if "on_cut" in vector["tags"])
    assert on_cut == pytest.approx([42.5, 70.0], abs=1e-11)


def test_every_rule_and_every_band_is_met():
    assert {vector["band"] for vector in MANY} == {"healthy", "at risk", "unhealthy", "not scored"}
    assert sum("rule" in vector["tags"] for vector in VECTORS) == 2


def test_they_equal_the_reference():
    written = formula_as_dict(first_formula())
    for vector in MANY:
        row = {name: read_input(value) for name, value in vector["inputs"].items()}
        want = reference.answer(written, row)
        assert vector["score"] == pytest.approx(want["score"], abs=1e-12)
        assert vector["churn_probability"] == pytest.approx(1.0 - want["retained"], abs=1e-12)
        assert vector["band"] == want["band"]


def test_spreadsheets_are_told_where_digits_are_too_many():
    for vector in MANY:
        if "digits_17" not in vector["tags"]:
            numbers = [value for value in vector["inputs"].values() if isinstance(value, float)]
            assert all(float(f"{value:.15g}") == value for value in numbers)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda v: v.update(score=v["score"] + 1e-6), "vector 0: score is"),
        (lambda v: v.update(churn_probability=None), "vector 0: churn_probability is"),
        (lambda v: v.update(band="healthy"), "vector 0: band is not scored, written healthy"),
        (lambda v: v["n"].update(nps=0.75), r"vector 0: n['nps'] is 0.5, written 0.75"),
        (lambda v: v["n"].pop("nps"), r"vector 0: n['nps'] is 0.5, written None"),
        (lambda v: v["inputs"].pop("nps"), "vector 0: metric 'nps' has no input"),
    ],
)
def test_a_mismatch_is_told(change, told):
    vectors = copy.deepcopy(VECTORS)
    change(vectors[0])
    found = check_vectors(replace(first_file(), vectors=vectors))
    assert any(told in line for line in found), found


def test_drawn_formulas_have_vectors_that_hold():
    for seed in range(30):
        formula = drawn.with_rules(drawn.formula(seed), seed)
        written = formula_as_dict(formula)
        for vector in vectors_of(formula):
            row = {name: read_input(value) for name, value in vector["inputs"].items()}
            assert vector["score"] == pytest.approx(reference.answer(written, row)["score"], abs=1e-12)


def splits(count, sides=(True, False)):
    """Return a formula of so many splits, each by a condition of its own, numbers and levels in turn."""
    curve = {True: Curve((0.0, 10.0), (1.0, 0.0), 0.3), False: Curve((0.0, 5.0, 10.0), (0.0, 0.7, 1.0), 0.6)}
    terms = []
    for at in range(count):
        on = Condition(f"on{at}", above=3.0) if at % 2 == 0 else Condition(f"on{at}", level="EU")
        terms += [
            Term(f"m{at}", "", "free", 1.0, curve[holds], when=replace(on, holds=holds), otherwise=0.4)
            for holds in sides
        ]
    return Formula(tuple(replace(term, weight=1 / len(terms)) for term in terms), Link(1.0, 2.0))


class Unknown(Condition):
    """A scorer's mistake where the condition's metric is missing."""

    def applies(self, frame):
        found = Condition.applies(self, frame)
        missing = pd.isna(np.asarray(Columns.of(frame)[self.metric], dtype=object))
        return np.where(missing, self.mistaken, found)


class Holds(Unknown):
    @property
    def mistaken(self):
        return self.holds


class Neither(Unknown):
    mistaken = False


MISTAKES = {
    "NULL > t is true": lambda on: Holds(on.metric, on.above, on.level, on.holds),
    "NULL is on neither side": lambda on: Neither(on.metric, on.above, on.level, on.holds),
    "the other way round": lambda on: replace(on, holds=not on.holds),
    "at the edge it holds": lambda on: (
        on if on.above is None else replace(on, above=float(np.nextafter(on.above, 0.0)))
    ),
    "not just above it": lambda on: on if on.above is None else replace(on, above=float(np.nextafter(on.above, 9.0))),
}


@pytest.mark.parametrize("count", [1, 2, 8, 20])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_scorer_that_mistakes_any_condition_is_caught(count, mistake):
    formula = splits(count)
    vectors = vectors_of(formula)
    for at in range(count):
        if at % 2 and mistake in ("at the edge it holds", "not just above it"):
            continue  # levels have no edge
        wrong = [
            replace(term, when=MISTAKES[mistake](term.when)) if term.metric == f"m{at}" else term
            for term in formula.terms
        ]
        told = check_vectors(replace(first_file(), formula=replace(formula, terms=tuple(wrong)), vectors=vectors))
        assert any("score is" in line for line in told), (at, mistake)


@pytest.mark.parametrize("side", [True, False])
def test_a_split_of_which_one_side_is_left_is_asked_for_too(side):
    formula = splits(2, (side,))
    for vectors in (vectors_of(formula), vectors_of(formula, 12)):
        asked = [vector["inputs"] for vector in vectors if "split" in vector["tags"]]
        for at in range(2):
            assert any(row[f"on{at}"] is None and row[f"m{at}"] is not None for row in asked)


def test_worst_and_best_are_the_least_and_the_greatest_score_that_can_be_reached():
    for formula in (splits(3), splits(2, (False,)), first_formula(), *map(drawn.formula, range(20))):
        scores = {tag: v["score"] for v in vectors_of(formula) for tag in v["tags"] if tag in ("worst", "best")}
        assert scores["worst"] <= min(vector["score"] for vector in vectors_of(formula, 200)) + 1e-9
        assert scores["best"] >= max(vector["score"] for vector in vectors_of(formula, 200)) - 1e-9
