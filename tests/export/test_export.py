"""Targets by name; JSON is the weights file itself."""

from __future__ import annotations

import re

import pytest

from chs_ml import export
from chs_ml.errors import FormulaError
from chs_ml.export import TARGETS, Options
from chs_ml.export.targets import ELSEWHERE
from chs_ml.formula import WeightsFile
from tests import tiny


def test_the_public_name_is_the_verb_whatever_was_loaded_before():
    import chs_ml
    import chs_ml.export as room

    weights = tiny.calibrated().weights
    assert chs_ml.export(weights, "csv") == export(weights, "csv") == room.export(weights, "csv")
    assert {"json", "csv", "markdown", "points"} <= set(room.TARGETS)


def test_json_is_the_weights_file():
    done = tiny.calibrated()
    text = export(done.weights, "json")
    assert text.encode() == (done.directory / "weights.json").read_bytes()
    assert WeightsFile.loads(text) == done.weights


def test_the_same_weights_give_the_same_text():
    weights = tiny.calibrated().weights
    assert all(export(weights, target) == export(weights, target) for target in TARGETS)


def test_every_target_says_what_it_is_and_is_there():
    for name, target in TARGETS.items():
        assert target.says and callable(target.write), name


def test_an_option_that_a_target_does_not_take_is_refused():
    with pytest.raises(FormulaError, match=r"^target 'csv' takes no --self-test; .* does\. Leave it out$"):
        export(tiny.calibrated().weights, "csv", Options(self_test=True))


@pytest.mark.parametrize(
    ("asked", "near"), [("jsn", "json"), ("mlflwo", "mlflow"), ("CSV", "csv"), ("fortran", None), ("", None)]
)
def test_an_unknown_target_lists_all_and_names_one_that_is_near(asked, near):
    hint = f" Did you mean '{near}'?" if near else ""
    message = f"unknown target {asked!r}; there are: {', '.join([*TARGETS, *ELSEWHERE])}.{hint}"
    with pytest.raises(FormulaError, match=f"^{re.escape(message)}$"):
        export(tiny.calibrated().weights, asked)


def test_the_model_of_mlflow_is_written_elsewhere():
    with pytest.raises(FormulaError) as refused:
        export(tiny.calibrated().weights, "mlflow")
    assert str(refused.value) == (
        "target 'mlflow' is a folder that MLflow itself writes: chs-ml export WEIGHTS mlflow -o FOLDER, or "
        "chs_ml.tracking.save_model(weights, folder)"
    )
