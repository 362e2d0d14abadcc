"""The model as a folder: whole or not at all, nothing pickled, no store made, and loaded back before it is given."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chs_ml.errors import OutputError, TrackingError
from chs_ml.formula import WeightsFile
from chs_ml.tracking import folder, save_model

from .conftest import small_formula

WEIGHTS = WeightsFile(small_formula(), "telco")


@pytest.fixture(scope="module")
def files():
    return folder.model_files(WEIGHTS)


def test_all_of_it_is_text_and_nothing_is_pickled(files):
    assert {name.rpartition(".")[2] for name in files} == {"MLmodel", "py", "json", "yaml", "txt"}
    assert "loader_module: mlflow.pyfunc.loaders.code_model" in files["MLmodel"]
    assert not [name for name in files if "pkl" in name or "pickle" in name or "__pycache__" in name]
    assert {name.split("/")[2] for name in files if name.startswith("code/chs_ml/")} == {
        "__init__.py", "errors.py", "formula"
    }  # fmt: skip


def test_the_weights_file_is_its_only_artifact(files):
    assert [name for name in files if name.startswith("artifacts/")] == ["artifacts/weights.json"]
    assert WeightsFile.loads(files["artifacts/weights.json"]) == WEIGHTS
    assert f"digest: {WEIGHTS.digest}" in files["MLmodel"]


def test_no_store_is_made(work):
    save_model(WEIGHTS, work / "model")
    assert [path.name for path in work.iterdir()] == ["model"]


def test_a_folder_that_holds_something_is_left_as_it_was(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists already and is not empty"):
        save_model(WEIGHTS, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_another_answer_is_no_model(work):
    vectors = json.loads(json.dumps(WEIGHTS.vectors))
    vectors[0]["score"] += 0.001
    with pytest.raises(TrackingError, match=r"answers otherwise than the formula \(1 differences, the first: vector 0"):
        save_model(replace(WEIGHTS, vectors=vectors), work / "model")
    assert list(work.iterdir()) == []


def test_what_mlflow_raises_is_told_in_a_sentence(work, monkeypatch):
    def broken(*args, **more):
        raise RuntimeError("the disk\nis full")

    monkeypatch.setattr("mlflow.pyfunc.save_model", broken)
    with pytest.raises(TrackingError, match=r"^MLflow did not take the model: RuntimeError: the disk is full$"):
        save_model(WEIGHTS, work / "model")
    assert list(work.iterdir()) == []
