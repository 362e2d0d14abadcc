"""The graph as a file: what its makers say is valid, its names, what it says of itself, what it refuses."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from chs_ml.errors import FormulaError
from chs_ml.export import export
from chs_ml.export.onnx.model import OUTPUTS
from chs_ml.formula import Condition, Curve, Formula, Levels, Link, Rule, ScoreWhen, Term, WeightsFile
from chs_ml.formula.canonical import digest_of
from tests.export.conformance.formulas import BANDS, FIXED, drawn_file
from tests.export.conformance.onnx_engine import OnnxRuntime, answered, session
from tests.history.asof.engines import imported

onnx = imported("onnx")
HALF = Curve((0.0, 10.0), (0.0, 1.0), 0.5)


def two(name="usage", other="plan", levels=("pro", "free"), **more):
    table = Levels(tuple((level, at / len(levels)) for at, level in enumerate(levels, 1)), 0.0, 0.25)
    terms = Term(name, "a", "positive", 0.5, HALF), Term(other, "a", "free", 0.5, table)
    return WeightsFile(Formula(terms, **more), "two")


@pytest.mark.parametrize("weights", [*(make() for make in FIXED.values()), *map(drawn_file, range(5))])
def test_the_makers_of_onnx_call_it_valid(weights):
    model = onnx.load_from_string(export(weights, "onnx"))
    onnx.checker.check_model(model, full_check=True)
    used = {name for node in model.graph.node for name in node.input}
    assert {one.name for one in model.graph.initializer} <= used
    assert not [one for one in model.graph.initializer if one.data_type == onnx.TensorProto.FLOAT]


def test_inputs_are_the_metrics_and_outputs_what_the_formula_has():
    model = onnx.load_from_string(export(FIXED["everything"](), "onnx"))
    kinds = {one.name: one.type.tensor_type.elem_type for one in model.graph.input}
    assert list(kinds) == list(FIXED["everything"]().formula.metrics)
    assert kinds["logins"] == onnx.TensorProto.DOUBLE
    assert kinds["plan"] == kinds["vip"] == onnx.TensorProto.STRING
    assert [one.name for one in model.graph.output] == list(OUTPUTS)
    by_hand = onnx.load_from_string(export(FIXED["by hand"](), "onnx"))
    assert [one.name for one in by_hand.graph.output] == ["score", "coverage", "health"]


def test_what_the_file_says_of_itself():
    weights = FIXED["everything"]()
    model = onnx.load_from_string(export(weights, "onnx"))
    said = {one.key: one.value for one in model.metadata_props}
    assert said["label"] == "2026Q4"
    assert said["digest"] == weights.digest
    assert said["vectors_digest"] == digest_of(weights.vectors)
    assert [one["metric"] for one in json.loads(said["metrics"])] == list(weights.formula.metrics)
    assert [one["weight"] for one in json.loads(said["terms"])] == [term.weight for term in weights.formula.terms]


def test_the_same_weights_give_the_same_bytes():
    assert export(drawn_file(3), "onnx") == export(WeightsFile.loads(drawn_file(3).dumps()), "onnx")


def test_whole_numbers_alone_ask_for_a_newer_opset():
    opsets = {}
    for levels in (("pro", "free"), ("pro", "3")):
        model = onnx.load_from_string(export(two(levels=levels), "onnx"))
        opsets[levels[1]] = {one.domain: one.version for one in model.opset_import}, model.ir_version
    assert opsets == {"free": ({"": 17, "ai.onnx.ml": 2}, 8), "3": ({"": 20, "ai.onnx.ml": 2}, 9)}


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_metric_that_is_called_as_an_output_is_refused(name):
    with pytest.raises(
        FormulaError, match=rf"^metric '{name}': target 'onnx' calls an output so, .* Rename the metric$"
    ):
        export(two(name), "onnx")


@pytest.mark.parametrize("name", ["_0", "__1", "_", "/", ":0", "Scores"])
def test_a_metric_that_is_called_as_an_inner_tensor_might_be_is_held(name):
    OnnxRuntime()
    out = answered(export(two(name, "_2"), "onnx"), [{name: 5.0, "_2": "free"}])
    assert out["score"] == pytest.approx([75.0])


def test_without_bands_those_who_are_scored_have_an_empty_one():
    OnnxRuntime()
    weights = two(score_when=ScoreWhen(0.6, ()))
    rows = [{"usage": 5.0, "plan": "pro"}, {"usage": None, "plan": "pro"}]
    assert answered(export(weights, "onnx"), rows)["band"] == ["", "not scored"]


def test_a_single_band():
    OnnxRuntime()
    only = replace(BANDS[2], name="all")
    out = answered(export(two(bands=(only,), link=Link(0.0, 1.0)), "onnx"), [{"usage": None, "plan": None}] * 3)
    assert out["band"] == out["band_by_score"] == ["all"] * 3


def test_no_customers_give_no_scores():
    OnnxRuntime()
    content = export(FIXED["everything"](), "onnx")
    feed = {
        one.name: np.empty((0, 1), dtype=np.float64 if "double" in one.type else object)
        for one in session(content).get_inputs()
    }
    assert {len(values) for values in session(content).run(None, feed)} == {0}


def test_levels_are_compared_as_the_formula_does():
    OnnxRuntime()
    plans = ("1", "2.0", "True", "fALSE", "1.000")
    texts = [*plans, "1.0", "1.00", "2", "01", "1e0", "-1", "TRUE", "true", "tRuE", "false", "FALSE", "1.0 ", "", None]
    when = Condition("plan", level="1")
    weights = two(levels=plans, bands=BANDS, rules=(Rule(when, "unhealthy"),))
    rows = [{"usage": 1.0, "plan": text} for text in texts]
    want = weights.formula.read({"usage": [1.0] * len(texts), "plan": texts})
    out = answered(export(weights, "onnx"), rows)
    assert out["score"] == pytest.approx(want.score.tolist(), rel=0, abs=1e-12)
    assert out["band"] == want.band.tolist()


def test_without_the_library_one_sentence_says_which_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(FormulaError) as refused:
        export(two(), "onnx")
    assert str(refused.value) == ("target 'onnx' needs onnx, which is not installed: pip install 'chs-ml[onnx]'")
