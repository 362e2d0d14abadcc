"""Conformance vectors: what they meet, and that a wrong answer is noticed."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from chs_ml.formula import check_vectors, formula_as_dict, vectors_of
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
