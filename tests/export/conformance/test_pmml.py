"""The PMML scorecard computes what the formula does, in pmml4s on Java: one machine for all that is asked here."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from chs_ml.errors import FormulaError
from chs_ml.explain.reasons import reasons_of
from chs_ml.export import export
from chs_ml.export.plan import WORTH_SAYING, plan_of
from chs_ml.export.pmml.characteristics import reason_codes
from chs_ml.formula import Band, WeightsFile
from chs_ml.formula.edges import frame_of
from chs_ml.formula.vectors import read_input
from tests.export.conformance import hostile
from tests.export.conformance.formulas import DRAWN, FIXED
from tests.export.conformance.pmml_engine import Pypmml
from tests.export.conformance.suite import check, with_many
from tests.export.pmml.test_document import two

pytestmark = pytest.mark.slow
REFUSED = r"^(metric|term) .*: target 'pmml' (calls an output so|takes level)"


@pytest.fixture(scope="module")
def engine():
    found = Pypmml()
    yield found
    found.close()
    assert found.process.returncode == 0


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_formula(engine, name):
    assert check(engine, with_many(FIXED[name]())) >= 15


@settings(max_examples=200)
@given(DRAWN)
def test_a_drawn_formula(engine, weights):
    assert check(engine, weights) >= 10


@settings(max_examples=60)  # each with 18 hostile names, labels, levels, bands and reasons: over a thousand
@given(hostile.FILES)
def test_hostile_names_are_data_and_score_equal_or_are_refused(engine, weights):
    try:
        export(weights, "pmml")
    except FormulaError as refused:
        assert re.match(REFUSED, str(refused)), refused
        return
    assert check(engine, weights) >= 10


@pytest.mark.parametrize("name", FIXED)
def test_coverage_bands_and_reasons(engine, name):
    weights = with_many(FIXED[name]())
    rows = [{key: read_input(value) for key, value in vector["inputs"].items()} for vector in weights.vectors]
    given, scored = engine.readings(export(weights, "pmml"), rows), weights.formula.read(frame_of(rows))
    assert [one["coverage"] for one in given] == pytest.approx(scored.coverage.tolist(), rel=0, abs=1e-12)
    assert [one.get("band_by_score") for one in given] == scored.band_by_score.tolist()
    told = [check_reasons(weights, one, scored.health, at) for at, one in enumerate(given)]
    assert sum(map(bool, told)) >= 5


def check_reasons(weights: WeightsFile, reading: dict[str, Any], health: Any, row: int) -> list[str]:
    """The terms that ``chs-ml score`` names, the last again where there are too few; equal ones in any order."""
    plan = plan_of(weights)
    codes, formula = reason_codes(plan), plan.formula
    average = {term.key: mean for term, mean in zip(formula.terms, plan.averages, strict=True)}
    lost = {
        code: 100 * term.weight * (average[term.key] - n[row])
        for term, code, n in zip(formula.terms, codes, health, strict=True)
    }
    if min(abs(points - WORTH_SAYING) for points in lost.values()) < 1e-9:
        return []
    told = (texts[row].rpartition(": -")[0] for texts in reasons_of(formula, health, average, codes))
    want = [lost[code] for code in told if code]
    given = [reading[f"reason_{rank}"] for rank in (1, 2, 3) if reading.get(f"reason_{rank}")]
    assert [lost[code] for code in given] == pytest.approx((want + want[-1:] * 3)[:3], rel=0, abs=1e-9)
    assert len(set(given)) == len(want)
    return given


def test_levels_are_compared_as_the_formula_does(engine):
    plans = ("1", "2.0", "True", "false", "100.5")
    texts = [*plans, "1.0", "1.00", "2", "01", "1e0", "-1", "TRUE", "true", "tRuE", "FALSE", "1.0 ", "1.0\n", "", None]
    weights = two(levels=plans)
    want = weights.formula.score({"usage": [1.0] * len(texts), "plan": texts})
    given = engine.readings(export(weights, "pmml"), [{"usage": 1.0, "plan": text} for text in texts])
    assert [one["score"] for one in given] == pytest.approx(want.tolist(), rel=0, abs=1e-12)


def test_a_weight_that_is_off_by_a_millionth_is_found(engine):
    weights = with_many(FIXED["by hand"]())
    first, second, third = weights.formula.terms
    terms = (first, replace(second, weight=0.400001), replace(third, weight=0.299999))
    wrong = replace(weights, formula=replace(weights.formula, terms=terms))
    with pytest.raises(AssertionError, match=r"^pypmml: \d+ of \d+ vectors differ"):
        check(engine, wrong)


def test_names_that_inner_fields_might_have_and_a_single_band(engine):
    only = (Band("]]> & < \U0001fffe all", "green", 0.0),)
    weights = two("_ coverage", "_ band", bands=only, levels=("]x", "a & b < c]]>", " \U0001fffe "))
    assert check(engine, weights) >= 10
