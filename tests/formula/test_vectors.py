"""Conformance vectors: what they meet, and that a wrong answer is noticed."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from chs_ml.formula import (
    Band,
    Condition,
    Curve,
    Formula,
    Levels,
    Link,
    ScoreWhen,
    Term,
    WeightsFile,
    check_vectors,
    formula_as_dict,
    vectors_of,
)
from chs_ml.formula.edges import frame_of
from chs_ml.formula.frames import Columns
from chs_ml.formula.reach import UNSEEN
from chs_ml.formula.vectors import read_input
from tests.formula import drawn, reference
from tests.formula.papers import first_file, first_formula

VECTORS = vectors_of(first_formula())
MANY = vectors_of(first_formula(), 200)


def inputs(vectors, metric):
    return [vector["inputs"][metric] for vector in vectors]


def test_they_are_about_thirty_and_the_same_each_time():
    assert len(VECTORS) == 36
    assert vectors_of(first_formula()) == VECTORS
    assert len(vectors_of(first_formula(), 5)) == 5


TAGS = {
    "all_missing", "blank_text", "case_variant", "coverage", "digits_17", "empty_string", "extreme", "floor",
    "leading_blank", "missing", "needs_nan", "on_cut", "plain", "rule", "spelling", "ulp_edge", "unicode_form",
    "unseen", "worst", "best", "split",
}  # fmt: skip


def test_they_meet_every_tag():
    """Names that the suites of the exports skip by."""
    assert {tag for vector in MANY for tag in vector["tags"]} == TAGS
    assert {tag for vector in VECTORS for tag in vector["tags"]} >= TAGS - {"unicode_form", "blank_text"}


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


def test_look_alikes_of_levels_are_asked_for_with_what_the_formula_says_of_them():
    terms = [
        Term("flag", "", "free", 0.5, Levels((("true", 1.0), ("false", 0.25)), 0.5, 0.75)),
        Term("size", "", "free", 0.5, Levels((("1", 1.0), ("2.5", 0.25), ("Café", 0.0)), 0.5, 0.75)),
    ]
    n = {metric: {} for metric in ("flag", "size")}
    for vector in vectors_of(Formula(tuple(terms)), 300):
        for metric, answers in n.items():
            answers[vector["inputs"][metric]] = vector["n"][metric]
    assert n["flag"] == {
        "true": 1.0, "True": 1.0, "TRUE": 1.0, "tRUE": 1.0, "false": 0.25, "False": 0.25, "FALSE": 0.25, "fALSE": 0.25,
        "true ": 0.5, " true": 0.5, "false ": 0.5, " false": 0.5, " ": 0.5, UNSEEN: 0.5, None: 0.75, "": 0.75,
    }  # fmt: skip
    assert n["size"] == {
        "1": 1.0, "1.0": 1.0, "1.00": 1.0, "01": 0.5, "1e0": 0.5, "1 ": 0.5, " 1": 0.5,
        "2.5": 0.25, "2.50": 0.5, "2.5e0": 0.5, "2.5 ": 0.5, " 2.5": 0.5,
        "Café": 0.0, "Cafe\u0301": 0.5, "cAFÉ": 0.5, "Café ": 0.5, " Café": 0.5,
        " ": 0.5, UNSEEN: 0.5, None: 0.75, "": 0.75,
    }  # fmt: skip


def test_a_metric_is_asked_for_about_its_floor_where_nothing_else_is_wanting():
    about = {v["inputs"]["tenure"]: v["band"] == "not scored" for v in MANY if "floor" in v["tags"]}
    assert about == {
        float(np.nextafter(30.0, 0.0)): True,
        30.0: False,
        None: True,
        float(np.nextafter(30.0, 99)): False,
    }
    assert [v["inputs"]["tenure"] for v in VECTORS if "floor" in v["tags"]] == [float(np.nextafter(30.0, 0.0)), 30.0]


def widely_covered(count, limit):
    draw = np.random.default_rng(count)
    weights = draw.random(count) + 0.01
    curve = Curve((0.0, 1.0), (0.0, 1.0), 0.5)
    terms = tuple(Term(f"m{at}", "", "free", float(weight), curve) for at, weight in enumerate(weights / weights.sum()))
    return Formula(terms, None, (Band("all", "green", 0.0),), (), ScoreWhen(limit))


@pytest.mark.parametrize("count", [2, 3, 12, 30, 60])
def test_a_coverage_just_above_and_just_below_its_limit_is_asked_for(count):
    formula = widely_covered(count, 0.6)
    found = [v for v in vectors_of(formula) if "coverage" in v["tags"]]
    assert [v["band"] for v in found] == ["all", "not scored"]
    above, below = formula.coverage(
        frame_of([{name: read_input(value) for name, value in v["inputs"].items()} for v in found])
    )
    assert below < 0.6 - 1e-9 <= above
    assert above - below < {2: 1.0, 3: 0.7}.get(count, 0.01)


def test_a_coverage_exactly_at_its_limit_suffices():
    curve = Curve((0.0, 1.0), (0.0, 1.0), 0.5)
    terms = (Term("a", "", "free", 0.75, curve), Term("b", "", "free", 0.25, curve))
    formula = Formula(terms, None, (Band("all", "green", 0.0),), (), ScoreWhen(0.75))
    found = [v for v in vectors_of(formula) if "coverage" in v["tags"]]
    assert [(v["inputs"]["b"], v["band"]) for v in found] == [(None, "all"), (found[1]["inputs"]["b"], "not scored")]


def test_nothing_is_asked_about_a_coverage_that_is_always_reached():
    assert not [v for v in vectors_of(widely_covered(5, None)) if "coverage" in v["tags"]]
    assert {v["band"] for v in vectors_of(widely_covered(5, 0.0)) if "coverage" in v["tags"]} == {"all"}


@pytest.mark.parametrize("limit", [3, 5, 12, 36, 100, 1000])
def test_a_limit_is_kept(limit):
    assert len(vectors_of(first_formula(), limit)) <= limit


def test_the_file_of_a_wide_formula_stays_under_a_mebibyte():
    weights = WeightsFile(widely_covered(400, 0.5), "wide")
    assert len(weights.dumps().encode()) < 2**20
    assert len(weights.vectors) >= 3


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
