"""The Python module and the ES module compute what the formula does, in processes that have no library of ours."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from chs_ml.export import export
from tests.export.conformance import hostile
from tests.export.conformance.formulas import DRAWN, FIXED
from tests.export.conformance.javascript_process import javascript
from tests.export.conformance.python_process import Exported, python
from tests.export.conformance.suite import check, with_many

PROCESSES = {"python": python, "javascript": javascript}
WEIGHT = {"python": "'weight': 0.4", "javascript": "weight: 0.4"}


@pytest.fixture(scope="module", params=PROCESSES)
def engine(request, tmp_path_factory):
    process = PROCESSES[request.param](tmp_path_factory.mktemp(request.param))
    yield Exported(request.param, process)
    process.close()


def test_nothing_of_ours_is_there(tmp_path):
    process = python(tmp_path)
    assert process.greeting["there"] == []
    process.close()


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_formula(engine, name):
    assert check(engine, with_many(FIXED[name]())) >= 15


@settings(max_examples=200)
@given(DRAWN)
def test_a_drawn_formula(engine, weights):
    assert check(engine, weights) >= 10


@settings(max_examples=60)  # each with 18 hostile names, labels, levels, bands and reasons: over a thousand
@given(hostile.FILES)
def test_hostile_names_are_data_and_score_equal(engine, weights):
    assert check(engine, weights) >= 10


def test_a_weight_that_is_off_by_a_millionth_is_found(engine):
    weights, weight = FIXED["by hand"](), WEIGHT[engine.name]
    text = export(weights, engine.name).replace(f"{weight},", f"{weight}00001,")
    rows = [vector["inputs"] for vector in weights.vectors if vector["tags"] == ["best"]]
    (reading,) = engine.process.readings(text, rows)
    assert 1e-5 < reading["score"] - weights.formula.score({name: [value] for name, value in rows[0].items()})[0] < 1e-3
