"""Bands, rules and who is scored."""

from __future__ import annotations

import pytest

from chs_ml.errors import FormulaError
from chs_ml.formula import Band, Condition, Curve, Formula, Rule, ScoreWhen, Term
from chs_ml.formula.names import check_levels

STRAIGHT = Term("x", "", "positive", 1.0, Curve((0.0, 100.0), (0.0, 1.0), 0.5))
BANDS = (Band("high", "green", 80.0), Band("middle", "yellow", 50.0), Band("low", "red", 0.0))


def test_a_later_rule_has_the_last_word():
    rules = (
        Rule(Condition("overdue", above=30.0), "middle"),
        Rule(Condition("overdue", above=90.0), "low", "finance policy"),
    )
    scored = Formula((STRAIGHT,), bands=BANDS, rules=rules).read({"x": [90, 90, 90, 90], "overdue": [0, 31, 91, None]})
    assert scored.band.tolist() == ["high", "middle", "low", "high"]
    assert scored.band_by_score.tolist() == ["high"] * 4
    assert scored.score.tolist() == [90.0] * 4


def test_not_scored_says_why_and_the_first_reason_wins():
    formula = Formula((STRAIGHT,), bands=BANDS, score_when=ScoreWhen(0.6, (("tenure", 30.0), ("seats", 2.0))))
    scored = formula.read({"x": [90, None, 90, 90], "tenure": [30, 5, 29.5, None], "seats": [2, 1, 1, 2]})
    assert scored.band.tolist() == ["high", "not scored", "not scored", "not scored"]
    assert scored.band_by_score.tolist() == ["high", "middle", "high", "high"]
    assert scored.not_scored_because.tolist() == [
        "", "coverage is below 0.6", "tenure is below 30 or unknown", "tenure is below 30 or unknown"]  # fmt: skip


@pytest.mark.parametrize(
    ("build", "match"),
    [
        (lambda: Formula((STRAIGHT,), bands=BANDS[:2]), "last band must start from 0"),
        (lambda: Formula((STRAIGHT,), bands=BANDS[::-1]), "must descend"),
        (lambda: Formula((STRAIGHT,), bands=(Band("a", "", float("nan")), BANDS[2])), "must descend"),
        (lambda: Formula((STRAIGHT,), bands=(Band("a", "", 101.0), BANDS[2])), r"first within 0\.\.100"),
        (lambda: Formula((STRAIGHT,), bands=(Band("not scored", "", 1.0), BANDS[2])), "different names"),
        (lambda: Formula((STRAIGHT,), rules=(Rule(Condition("a", above=1.0), "low"),)), "band 'low' is none of"),
        (lambda: Band("a`b", "red", 0.0), "which no target can quote"),
        (lambda: Band("a", "url(http://x)", 0.0), "is neither a word nor a code"),
        (lambda: Rule(Condition("a", above=1.0), "low", "a\nb"), "control character"),
        (lambda: ScoreWhen(1.5), r"coverage 1\.5 is outside"),
        (lambda: ScoreWhen(None, (("a", 1.0), ("a", 2.0))), "each metric has one floor"),
        (lambda: ScoreWhen(None, (("coverage", 1.0),)), "none is called 'coverage'"),
        (lambda: ScoreWhen(None, (("a", float("inf")),)), "must be a finite number"),
        (lambda: Condition("a"), "either 'above' or 'level'"),
        (lambda: Condition("a", above=1.0, level="x"), "either 'above' or 'level'"),
        (lambda: Condition("a", above=float("nan")), "must be a finite number"),
        (lambda: Condition("a", level=""), "is blank"),
        (lambda: Condition("a\\", level="x"), "which no target can quote"),
        (lambda: check_levels("plan", ["\u00e9", "E\u0301"]), "differ only in case"),
        (lambda: check_levels("plan", ["Straße", "STRASSE"]), "differ only in case"),
        (lambda: check_levels("plan", ["a", "a\u00a0"]), "differ only in case"),
        (lambda: check_levels("plan", ["a\u2028"]), r"control character U\+2028"),
        (lambda: check_levels("plan", ["\ufffe"]), r"control character U\+FFFE"),
        (lambda: check_levels("plan", ["x" * 501]), "501 characters long"),
        (lambda: check_levels("plan", [1]), "1 is not text"),
    ],
)
def test_refusals(build, match):
    with pytest.raises(FormulaError, match=match):
        build()


def test_conditions_that_differ_never_read_alike():
    from chs_ml.formula import Condition

    said = [str(Condition("mrr", above=above)) for above in (58.0, 58.0000001, 1234567.0, 1234568.0)]
    assert said[0] == "mrr > 58"
    assert len(set(said)) == 4
