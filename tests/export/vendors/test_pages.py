"""What is typed from a page adds up to what the page promises, and no score moves farther than it says."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings

from chs_ml import export
from chs_ml.errors import FormulaError
from chs_ml.export.vendors.bounds import farthest_from_card, farthest_from_formula
from chs_ml.export.vendors.gainsight import gainsight_typed
from chs_ml.export.vendors.measures import typed_of
from chs_ml.export.vendors.planhat import planhat_typed
from chs_ml.export.vendors.totango import totango_typed
from chs_ml.formula import Band, Curve, Formula, Levels, Rule, ScoreWhen, Term, WeightsFile
from chs_ml.formula.conditions import Condition
from chs_ml.formula.frames import Columns
from chs_ml.formula.vectors import read_input
from tests.export.conformance.formulas import DRAWN, FIXED
from tests.export.conformance.suite import with_many
from tests.export.vendors import builders

PLATFORMS = {
    "churnzero": (builders.churnzero, typed_of),
    "hubspot": (builders.hubspot, typed_of),
    "gainsight": (builders.gainsight, gainsight_typed),
    "planhat": (builders.planhat, planhat_typed),
    "totango": (builders.totango, totango_typed),
}
CANNOT = "target 'totango' cannot hold"


def frame_of(weights):
    """Every vector's inputs as columns, those of a metric apart."""
    rows = [{name: read_input(v["inputs"][name]) for name in weights.formula.metrics} for v in weights.vectors]
    return rows, {name: np.array([row[name] for row in rows], dtype=object) for name in weights.formula.metrics}


def asked(weights, platform):
    """Type the page, score the vectors, and hold it to its promises; return how many were asked, 0 where refused."""
    builder, typed_of_platform = PLATFORMS[platform]
    rows, frame = frame_of(weights)
    try:
        page = export(weights, platform)
    except FormulaError as error:
        assert (platform == "totango" and CANNOT in str(error)) or "no points to give" in str(error)
        return 0
    typed, columns = typed_of_platform(weights), Columns.of(frame)
    got = np.array([builder(page, typed, row) for row in rows])
    promised = 100.0 * typed.read(columns).share
    if platform == "planhat":
        shift = re.search(r"a tenth of the score, ([+-][\d.]+)\.$", page, re.M)
        got = np.clip(10.0 * (np.clip(got, 0.0, 10.0) - (float(shift[1]) if shift else 0.0)), *typed.ends)
    assert np.abs(got - promised).max() < 1e-9, (platform, np.abs(got - promised).max())
    card, exact = typed.card.score(columns), weights.formula.score(columns)
    assert np.abs(promised - card).max() <= farthest_from_card(typed) + 1e-9
    assert np.abs(promised - exact).max() <= farthest_from_formula(typed) + 1e-9
    said = float(re.search(r"by more than ([\d.]+) points of 100", page)[1])
    assert abs(said - farthest_from_formula(typed)) <= 0.05 + 1e-9
    return len(rows)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", FIXED)
def test_a_page_adds_up_to_what_it_promises(name, platform):
    weights = with_many(FIXED[name]())
    assert asked(weights, platform) == len(weights.vectors) > 15


@pytest.mark.parametrize("platform", PLATFORMS)
@given(weights=DRAWN)
@settings(max_examples=40, deadline=None)
def test_drawn_formulas_add_up(platform, weights):
    asked(weights, platform)


RISES = Curve((0.0, 10.0), (0.0, 1.0), 0.5)


def test_hostile_names_stand_in_one_cell_and_score_alike():
    names = ["a|b", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "Вхід 😀", "\u202eabc", "*x* [y](z) #1 &lt;"]
    levels = Levels((("no value", 1.0), ("any other value", 0.0), ("a | b", 0.7), ("=1+1", 0.4)), 0.2, 0.3)
    terms = [Term(name, "p|i", "positive", 0.1, RISES) for name in names]
    weights = WeightsFile(
        Formula((*terms, Term("${x}", "", "free", 0.4, levels))), "h|o|s|t", metrics={"a|b": {"label": "x\ny"}}
    )
    for platform in PLATFORMS:
        assert asked(weights, platform) == len(weights.vectors)
        page = export(weights, platform)
        assert ("<script>" not in page and "\n### p\\|i" in page) or platform in {"churnzero", "planhat"}
        assert "\n| x y |" in page or "\n|  | x y |" in page


def test_what_a_sum_cannot_hold_is_said_in_words():
    bands = (Band("good", "green", 50.0), Band("bad", "red", 0.0))
    rule, when = Rule(Condition("late", above=90.0), "bad", "policy"), ScoreWhen(0.4, (("tenure", 30.0),))
    terms = (Term("logins", "", "positive", 0.999, RISES), Term("light", "", "positive", 0.001, RISES))
    weights = WeightsFile(Formula(terms, None, bands, (rule,), when), "w", metrics={"late": {"label": "Days late"}})
    for platform in PLATFORMS:
        page = export(weights, platform)
        assert "The rule 'Days late \\> 90: bad' (policy) changes the band and not the score" in page
        assert "unscored where less than 40% of the weight is known" in page
        assert "unscored where tenure is below 30 or unknown" in page
        assert "Too light for a whole point, and left out: light." in page
    assert "three statuses" in export(weights, "hubspot") and "three ranks" in export(weights, "totango")


def test_totango_refuses_a_term_that_is_never_poor_by_name():
    never = Term("nps", "", "positive", 0.5, Curve((0.0, 10.0), (0.4, 1.0), 0.0))
    weights = WeightsFile(Formula((never, Term("logins", "", "positive", 0.5, RISES))), "w")
    with pytest.raises(FormulaError, match=r"'totango' cannot hold 'nps': none of its known values is Poor \(0\)"):
        export(weights, "totango")
    assert export(weights, "churnzero")


def test_a_card_of_another_formula_is_refused():
    card = Formula((Term("x", "", "positive", 1.0, RISES),)).to_points(100).as_dict()
    plan = Formula((Term("x", "", "free", 1.0, Levels((("a", 0.0), ("b", 1.0)), 0.5, 0.5)),))
    with pytest.raises(FormulaError, match="has other lines for 'x' than the formula has"):
        export(WeightsFile(plan, "w", reference={"whole_points": card}), "gainsight")


def test_a_card_of_another_total_is_made_anew():
    formula = Formula((Term("x", "", "positive", 1.0, RISES),))
    weights = WeightsFile(formula, "w", reference={"whole_points": formula.to_points(10).as_dict()})
    assert "| x | 100 |" in export(weights, "churnzero")
    note = WeightsFile(formula, "w", reference={"whole_points": {"note": "too large"}})
    assert export(note, "churnzero") == export(weights, "churnzero")


def with_bands():
    bands = (Band("good", "green", 70.0), Band("middling", "yellow", 40.0), Band("bad", "red", 0.0))
    falls = Curve((0.0, 10.0), (1.0, 0.0), 0.9)
    return WeightsFile(
        Formula((Term("x", "", "positive", 0.6, RISES), Term("y", "", "negative", 0.4, falls)), None, bands), "w"
    )


def card_bands():
    bands = typed_of(with_bands()).card.bands
    return [next(band.name for band in bands if score >= band.start) for score in range(101)]


def test_a_range_of_gainsight_leaves_out_its_from_but_0():
    page = export(with_bands(), "gainsight")
    ranges = [(name, int(low), int(high)) for name, low, high in re.findall(r"- (\w+): the range (\d+) - (\d+),", page)]
    there = [[name for name, low, high in ranges if low < score <= high or score == low == 0] for score in range(101)]
    assert there == [[name] for name in card_bands()]


def test_cuts_of_planhat_lie_on_its_own_scale():
    page = export(with_bands(), "planhat")
    [shift] = re.findall(r"a tenth of the score, ([+-][\d.]+)\.", page)
    cuts = [(name, float(start)) for name, start in re.findall(r"- (\w+): from ([\d.]+) of 10\.", page)]
    last = re.search(r"- (\w+): below that\.", page)[1]
    shown = [round(score / 10 + float(shift), 6) for score in range(101)]
    assert [next((name for name, start in cuts if x >= start), last) for x in shown] == card_bands()
    [end] = re.findall(r"Scores (?:above|below) (\d+) of 100 all show as (?:10|0)\.", page)
    assert abs(float(shift)) * 10 == pytest.approx(min(float(end), 100 - float(end)))


@pytest.mark.parametrize("platform", ["churnzero", "hubspot", "totango"])
def test_cuts_of_the_others_are_the_cards(platform):
    found = re.findall(r"- (\w+): from (\d+) points\.", export(with_bands(), platform))
    bands = typed_of(with_bands()).card.bands
    assert found == [(band.name, str(int(band.start))) for band in bands]
