"""``export … mlflow``: the one target that MLflow writes, joined to the others by the command line."""

from __future__ import annotations

import json

from chs_ml.formula import WeightsFile


def test_it_is_on_the_list(run):
    assert "the model as MLflow loads and serves it, a folder" in run("export", "--list").out
    assert "mlflow" in json.loads(run("export", "--list", "--json").out)


def test_a_folder_with_the_weights_file_inside(run, done, tmp_path):
    answer = run("export", done.directory, "mlflow", "-o", tmp_path / "model")
    assert answer.code == 0, answer.err
    assert answer.out == ""
    assert WeightsFile.load(tmp_path / "model" / "artifacts" / "weights.json") == done.weights
    assert (tmp_path / "model" / "MLmodel").is_file()
    again = run("export", done.directory, "mlflow", "-o", tmp_path / "model")
    assert again.code == 2 and "exists already and is not empty" in " ".join(again.err.split())


def test_it_is_no_text(run, done):
    answer = run("export", done.directory, "mlflow")
    assert answer.code == 2
    assert "export: mlflow is no text. Give -o, where to write it." in " ".join(answer.err.split())


def test_options_of_sql_are_refused(run, done, tmp_path):
    answer = run("export", done.directory, "mlflow", "--self-test", "-o", tmp_path / "model")
    assert answer.code == 2
    assert "target 'mlflow' takes no --self-test; sql does. Leave it out" in " ".join(answer.err.split())
    assert not (tmp_path / "model").exists()
