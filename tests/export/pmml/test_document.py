"""The document: one tree, what it is made of, what it refuses."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from chs_ml.errors import FormulaError
from chs_ml.export import export
from chs_ml.export.pmml.outputs import OUTPUTS
from chs_ml.formula import Condition, Curve, Formula, Levels, Rule, ScoreWhen, Term, WeightsFile
from tests.export.conformance.formulas import BANDS, FIXED, drawn_file
from tests.history.asof.engines import imported

etree = imported("lxml.etree")
NAMESPACE = {"p": "http://www.dmg.org/PMML-4_4"}
ORDER = {
    "PMML": ("Header", "DataDictionary", "Scorecard"),
    "Header": ("Extension", "Application"),
    "Scorecard": ("MiningSchema", "Output", "LocalTransformations", "Characteristics"),
    "Attribute": ("SimplePredicate", "CompoundPredicate", "True", "ComplexPartialScore"),
}
"""Children in the order in which the schema of PMML 4.4 has them."""


def two(name="usage", other="plan", levels=("pro", "free"), **more):
    table = Levels(tuple((level, at / len(levels)) for at, level in enumerate(levels, 1)), 0.0, 0.25)
    curve = Curve((0.0, 10.0), (0.0, 1.0), 0.5)
    terms = Term(name, "a", "positive", 0.5, curve), Term(other, "a", "free", 0.5, table)
    return WeightsFile(Formula(terms, **more), "two")


def parsed(weights):
    return etree.fromstring(export(weights, "pmml").encode())


@pytest.mark.parametrize("weights", [*(make() for make in FIXED.values()), *map(drawn_file, range(5))])
def test_children_stand_in_the_order_of_the_schema(weights):
    for element in parsed(weights).iter():
        tag = etree.QName(element).localname
        if tag in ORDER:
            places = [ORDER[tag].index(etree.QName(child).localname) for child in element]
            assert places == sorted(places), tag


@pytest.mark.parametrize("weights", [*(make() for make in FIXED.values()), *map(drawn_file, range(5))])
def test_every_field_that_is_referred_to_is_there_once(weights):
    root = parsed(weights)
    names = [element.get("name") for tag in ("DataField", "DerivedField", "OutputField")
             for element in root.iterfind(f".//p:{tag}", NAMESPACE)]  # fmt: skip
    assert len(set(names)) == len(names)
    assert {element.get("field") for element in root.iter() if element.get("field") is not None} <= set(names)


def test_the_predicates_of_a_term_read_one_field():
    for term in parsed(FIXED["everything"]()).iterfind(".//p:Characteristic", NAMESPACE):
        fields = {one.get("field") for one in term.iterfind(".//p:SimplePredicate", NAMESPACE)}
        assert len(fields) == 1, term.get("name")
        first = next(term.iterfind("p:Attribute", NAMESPACE)).find(".//p:SimplePredicate", NAMESPACE)
        assert first.get("operator") == "isMissing"


def test_nothing_that_people_named_stands_between_tags():
    name = "=cmd|' ]]> </PMML> &amp; ${x} {{y}} 😀 \u202e"
    root = parsed(two(name, levels=(name, "1"), bands=BANDS, rules=(Rule(Condition("plan", level=name), "healthy"),)))
    texts = {element.text.strip() for element in root.iter() if element.text and element.text.strip()}
    assert not [text for text in texts if "cmd" in text or "healthy" in text]
    assert root.find(".//p:DataField", NAMESPACE).get("name") == name


def test_a_label_may_hold_what_xml_cannot():
    weights = WeightsFile(two().formula, "two", metrics={"usage": {"label": "a\x00b\x1bc\ud800"}})
    assert parsed(weights).find(".//p:Characteristic", NAMESPACE).get("reasonCode") == "a\ufffdb\ufffdc\ufffd"


def test_numbers_of_numpy_are_written_as_numbers():
    sixty, half = np.float64(60.0), np.float64(0.5)
    when, bands = Condition("calls", above=np.float64(3.0)), (replace(BANDS[0], start=sixty), BANDS[-1])
    first, second = two().formula.terms
    terms = (replace(first, weight=half, when=when, otherwise=half), second)
    asked = ScoreWhen(half, (("calls", np.float64(1.0)),))
    weights = WeightsFile(Formula(terms, bands=bands, score_when=asked), "two")
    assert "np." not in export(weights, "pmml")
    margins = [one.get("leftMargin") for one in parsed(weights).iterfind(".//p:Interval", NAMESPACE)]
    assert repr(60.0 - 1e-9) in margins


def test_two_terms_that_are_called_alike_have_reasons_of_their_own():
    metrics = {"usage": {"label": "Same"}, "plan": {"label": "Same"}}
    root = parsed(WeightsFile(two().formula, "two", metrics=metrics))
    assert [one.get("reasonCode") for one in root.iterfind(".//p:Characteristic", NAMESPACE)] == ["usage", "plan"]


def test_the_same_weights_give_the_same_text():
    assert export(drawn_file(3), "pmml") == export(WeightsFile.loads(drawn_file(3).dumps()), "pmml")


def test_without_bands_and_link_there_are_no_outputs_for_them():
    assert outputs(FIXED["by hand"]()) == ["score", "coverage", "reason_1", "reason_2", "reason_3"]
    assert outputs(FIXED["one term"]()) == [*OUTPUTS[:2], "band_by_score", "band", *OUTPUTS[4:]]
    assert outputs(two(score_when=ScoreWhen(0.5)))[1] == "band"


def outputs(weights):
    shown = parsed(weights).iterfind(".//p:OutputField", NAMESPACE)
    return [one.get("name") for one in shown if one.get("isFinalResult") != "false"]


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_metric_that_is_called_as_an_output_is_refused(name):
    with pytest.raises(
        FormulaError, match=rf"^metric '{name}': target 'pmml' calls an output so, .* Rename the metric$"
    ):
        export(two(name), "pmml")


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (("1", "1.0"), "term 'plan': target 'pmml' takes levels '1' and '1.0' for one number. Merge them"),
        (("tRUE", "x"), "metric 'plan': target 'pmml' takes level 'tRUE' for 'true'. Write it 'true'"),
    ],
)
def test_levels_that_only_their_spelling_tells_apart_are_refused(levels, message):
    with pytest.raises(FormulaError) as refused:
        export(two(levels=levels), "pmml")
    assert str(refused.value) == message


def test_without_the_library_one_sentence_says_which_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "lxml.etree", None)
    with pytest.raises(FormulaError) as refused:
        export(two(), "pmml")
    assert str(refused.value) == "target 'pmml' needs lxml, which is not installed: pip install 'chs-ml[pmml]'"
