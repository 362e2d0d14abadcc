"""The line of evidence of each term is found by metric and condition."""

from __future__ import annotations

from chs_ml.export.evidence import evidence_by_term, evidence_keys, impact_in_words
from chs_ml.formula import Condition, Curve, Formula, Term, WeightsFile

CURVE = Curve((0.0, 1.0), (0.0, 1.0), 0.5)
MANY = Condition("calls", above=3.0)
FORMULA = Formula(
    (
        Term("a", "p", "positive", 0.5, CURVE, when=MANY, otherwise=0.5),
        Term("a", "p", "positive", 0.3, CURVE, when=Condition("calls", above=3.0, holds=False), otherwise=0.5),
        Term("b", "p", "positive", 0.2, CURVE),
    )
)


def test_lines_are_found_whatever_their_order():
    lines = [{**key, "moves": at} for at, key in enumerate(evidence_keys(FORMULA))]
    weights = WeightsFile(FORMULA, "w", evidence=lines[::-1])
    found = WeightsFile.loads(weights.dumps())
    assert [evidence_by_term(found)[term.key]["moves"] for term in FORMULA.terms] == [0, 1, 2]


def test_a_term_of_which_nothing_is_said():
    weights = WeightsFile(FORMULA, "w", evidence=[{"metric": "b"}, {"metric": 7}, {"when": None}])
    assert evidence_by_term(weights) == {FORMULA.terms[0].key: {}, FORMULA.terms[1].key: {}, "b": {"metric": "b"}}


def test_an_impact_that_another_program_wrote_otherwise_has_no_words():
    assert impact_in_words({"impact": {"words": "much"}}) == "much"
    for impact in (0.8, None, {}, {"words": 5}):
        assert impact_in_words({"impact": impact}) == ""
