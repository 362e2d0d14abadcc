"""The ONNX graph computes what the formula does, in onnxruntime."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from chs_ml.errors import FormulaError
from chs_ml.export import export
from chs_ml.formula import Curve, Formula, Levels, Link, Term, WeightsFile
from chs_ml.formula.edges import frame_of
from chs_ml.formula.vectors import read_input
from tests.export.conformance import hostile
from tests.export.conformance.formulas import DRAWN, FIXED
from tests.export.conformance.onnx_engine import OnnxRuntime, answered
from tests.export.conformance.suite import check, with_many


@pytest.fixture(scope="module")
def engine():
    return OnnxRuntime()


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_formula(engine, name):
    assert check(engine, with_many(FIXED[name]())) >= 15


@pytest.mark.slow
@settings(max_examples=200)
@given(DRAWN)
def test_a_drawn_formula(engine, weights):
    assert check(engine, weights) >= 10
    check_the_rest(weights)


@settings(max_examples=60)  # each with 18 hostile names, labels, levels, bands and reasons: over a thousand
@given(hostile.FILES)
def test_hostile_names_are_data_and_score_equal_or_are_refused(engine, weights):
    try:
        export(weights, "onnx")
    except FormulaError as refused:
        assert re.match(r"^metric '(\w+)': target 'onnx' calls an output so", str(refused)), refused
        return
    assert check(engine, weights) >= 10


@pytest.mark.parametrize("name", FIXED)
def test_the_other_outputs_are_the_formulas(engine, name):
    assert check_the_rest(FIXED[name]()) >= 15


@pytest.mark.parametrize("off", [1e-5, 1e-6, 1e-7, 5e-8, 1e-8, 3e-9])
def test_constants_nearly_1_or_0_are_not_optimised_away(off):
    table, curve = Levels((("a", 1.0),), 0.4, 0.5), Curve((0.0, 1.0), (0.0, 1.0), 0.5)
    heavy = Formula((Term("x", "p", "free", 1.0 - off, table), Term("y", "p", "free", off, table)))
    [score] = answered(export(WeightsFile(heavy, "heavy"), "onnx"), [{"x": "a", "y": "z"}])["score"]
    assert score == pytest.approx(heavy.score({"x": ["a"], "y": ["z"]})[0], rel=0, abs=1e-12)
    linked = Formula((Term("x", "p", "free", 1.0, curve),), Link(off, 1.0 + off))
    [chance] = answered(export(WeightsFile(linked, "linked"), "onnx"), [{"x": 1.0}])["churn_probability"]
    assert chance == pytest.approx(linked.churn_probability({"x": [1.0]})[0], rel=0, abs=1e-13)


def test_a_weight_that_is_off_by_a_millionth_is_found(engine):
    weights = with_many(FIXED["by hand"]())
    first, second, third = weights.formula.terms
    terms = (first, replace(second, weight=0.400001), replace(third, weight=0.299999))
    wrong = replace(weights, formula=replace(weights.formula, terms=terms))
    with pytest.raises(AssertionError, match=r"^onnxruntime: \d+ of \d+ vectors differ"):
        check(engine, wrong)


def check_the_rest(weights: WeightsFile) -> int:
    """``health``, ``coverage`` and ``band_by_score``, which the suite does not ask for."""
    rows = [{name: read_input(value) for name, value in vector["inputs"].items()} for vector in weights.vectors]
    out, scored = answered(export(weights, "onnx"), rows), weights.formula.read(frame_of(rows))
    assert out["coverage"] == pytest.approx(scored.coverage.tolist(), rel=0, abs=1e-12)
    for term, n in zip(zip(*out["health"], strict=True), scored.health, strict=True):
        assert list(term) == pytest.approx(n.tolist(), rel=0, abs=1e-12)
    by_score = out.get("band_by_score", [None] * len(rows))
    assert by_score == scored.band_by_score.tolist()
    return len(rows)
