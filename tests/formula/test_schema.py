"""The shipped JSON Schema and the reader agree: on what loads, and on what is broken in form."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from chs_ml.errors import FormulaError
from chs_ml.formula import WeightsFile
from tests.formula import drawn
from tests.formula.papers import first_file
from tests.formula.test_weights_file import BROKEN, load, parsed

SCHEMA = json.loads(files("chs_ml.formula").joinpath("weights.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

BEYOND_A_SCHEMA = {
    "weights that do not sum", "values too few", "knots that fall", "knots beyond doubles", "knots a denormal apart",
    "a level twice", "levels that differ in case", "a blank level", "when without otherwise", "bands that rise",
    "no band from 0", "a rule to no band", "created",
}  # fmt: skip


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_what_is_written_is_valid():
    VALIDATOR.validate(json.loads(first_file().dumps()))
    for seed in range(20):
        formula = drawn.with_rules(drawn.formula(seed), seed)
        VALIDATOR.validate(json.loads(WeightsFile(formula, "drawn").dumps()))


@pytest.mark.parametrize("name", sorted(BROKEN.keys() - BEYOND_A_SCHEMA))
def test_what_is_broken_in_form_fails_both(name):
    change, match = BROKEN[name]
    data = parsed()
    change(data)
    with pytest.raises(FormulaError, match=match):
        load(data)
    with pytest.raises(ValidationError, match=r"."):
        VALIDATOR.validate(data)


@pytest.mark.parametrize("name", sorted(BEYOND_A_SCHEMA))
def test_what_a_schema_cannot_say(name):
    data = parsed()
    BROKEN[name][0](data)
    assert VALIDATOR.is_valid(data), "move it to those that fail both"
