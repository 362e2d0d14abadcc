"""A finished run directory in MLflow: what stands there, and that it stands there once."""

from __future__ import annotations

import hashlib

import pytest

from chs_ml.errors import DataError
from chs_ml.formula import WeightsFile
from chs_ml.tracking import track_run

from .conftest import CYRILLIC, seal, small_formula, write_run


@pytest.fixture(scope="module")
def client():
    def of(uri):
        import mlflow

        return mlflow.MlflowClient(uri)

    return of


def test_everything_is_read_back(store, run_directory, client):
    tracked = track_run(run_directory, "telco churn")
    run = client(store).get_run(tracked.run_id)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == f"telco 2026Q4 {small_formula().digest[:8]}"
    assert client(store).get_experiment(run.info.experiment_id).name == tracked.experiment == "telco churn"

    parameters = run.data.params
    assert parameters["calibration.seed"] == "7"
    assert parameters["calibration.ramps"] == "auto"
    assert parameters["validation.holdout.customers"] == "0.3"
    assert parameters["choices.ramps"] == "8"
    assert parameters["choices.strength.bend"] == "10.0"
    assert "choices.path" not in parameters, "a table"
    assert (parameters["formula.metrics"], parameters["formula.terms"]) == ("4", "5")

    metrics = run.data.metrics
    assert metrics["holdout.auc"] == 0.85
    assert metrics["holdout.uncertainty.auc.high"] == 0.87
    assert metrics["baseline.equal_weights.auc"] == 0.8
    assert "baseline.logistic_regression.log_loss" not in metrics, "infinite"
    assert metrics["cross_validation.auc"] == 0.846
    assert metrics["band.at risk.share"] == pytest.approx(50 / 300)
    assert metrics["band.healthy.churn_rate"] == 0.05
    assert metrics[f"weight.{CYRILLIC}"] == 0.4
    weights = [value for name, value in metrics.items() if name.startswith("weight.")]
    assert len(weights) == 5
    assert sum(weights) == pytest.approx(1.0)


def test_how_sure_the_weights_are_stands_beside_them(store, run_directory, client):
    data = client(store).get_run(track_run(run_directory, "telco").run_id).data
    assert (data.metrics[f"weight_low.{CYRILLIC}"], data.metrics[f"weight_high.{CYRILLIC}"]) == (0.31, 0.49)
    for end in ("low", "high"):  # each under the name of its weight, and none without an interval
        named = {name.removeprefix(f"weight_{end}.") for name in data.metrics if name.startswith(f"weight_{end}.")}
        assert named == {CYRILLIC, "calls", "charges _ calls _ 3"}
        assert all(f"weight.{name}" in data.metrics for name in named)
    verdicts = {name.removeprefix("verdict."): n for name, n in data.metrics.items() if name.startswith("verdict.")}
    assert verdicts == {"clear": 2, "weak": 1, "not enough evidence": 0, "contradicts its direction": 1}
    assert (data.params["formula.evidence"], data.params["formula.left_out"]) == ("usual", "2")


def test_a_file_that_says_nothing_of_it(store, run_directory, client):
    WeightsFile(small_formula(), "telco").save(run_directory / "weights.json")
    seal(run_directory)
    data = client(store).get_run(track_run(run_directory, "telco").run_id).data
    assert not [name for name in data.metrics if name.startswith(("weight_", "verdict."))]
    assert "formula.evidence" not in data.params and "formula.left_out" not in data.params


def test_tags_say_where_it_came_from(store, run_directory, client):
    tags = client(store).get_run(track_run(run_directory, "telco").run_id).data.tags
    assert tags["chs.spec_digest"] == "a" * 64
    assert tags["chs.data_digest"] == "b" * 64
    assert tags["chs.git_commit"] == tags["mlflow.source.git.commit"] == "c" * 40
    assert tags["chs.package_version"] == "0.1.0"
    assert tags["chs.formula_digest"] == small_formula().digest
    assert tags["chs.label"] == "2026Q4"


def test_the_data_is_named_not_sent(store, run_directory, client):
    (given,) = client(store).get_run(track_run(run_directory, "telco").run_id).inputs.dataset_inputs
    assert given.dataset.name == "customers.csv"
    assert given.dataset.digest == "b" * 36
    assert '"rows": 1000' in given.dataset.profile
    assert given.dataset.schema is None
    assert [(tag.key, tag.value) for tag in given.tags] == [("mlflow.data.context", "training")]


def test_every_file_is_there_unchanged(store, run_directory, client, tmp_path):
    tracked = track_run(run_directory, "telco")
    back = tmp_path / "back"
    back.mkdir()
    client(store).download_artifacts(tracked.run_id, "", str(back))
    names = {path.relative_to(back).as_posix() for path in back.rglob("*") if path.is_file()}
    assert names == {
        "manifest.json", "weights.json", "weights.csv", "evaluation.json", "spec.yaml", "figures/curve.svg",
    }  # fmt: skip
    for name in names:
        assert (back / name).read_bytes() == (run_directory / name).read_bytes()


def test_the_directory_is_only_read(store, run_directory):
    before = {path: path.read_bytes() for path in run_directory.rglob("*") if path.is_file()}
    track_run(run_directory, "telco")
    assert {path: path.read_bytes() for path in run_directory.rglob("*") if path.is_file()} == before


def test_sent_twice_it_is_found(store, run_directory, client):
    first = track_run(run_directory, "telco")
    second = track_run(run_directory, "telco")
    assert (second.run_id, second.model_version, second.alias) == (first.run_id, 1, "challenger")
    assert second.already
    assert not first.already
    assert len(client(store).search_runs([client(store).get_run(first.run_id).info.experiment_id])) == 1
    assert len(client(store).search_model_versions("name = 'telco'")) == 1


def test_another_formula_is_the_next_version_and_the_challenger(store, run_directory, tmp_path, client):
    first = track_run(run_directory, "telco")
    second = track_run(write_run(tmp_path / "next", small_formula(0.3)), "telco")
    assert (first.model_version, second.model_version) == (1, 2)
    assert client(store).get_model_version_by_alias("telco", "challenger").run_id == second.run_id
    again = track_run(run_directory, "telco")
    assert (again.model_version, again.alias) == (1, None)


def test_the_spec_names_the_experiment(store, run_directory, tmp_path):
    assert track_run(run_directory).experiment == "telco"
    text = (run_directory / "spec.yaml").read_text(encoding="utf-8")
    (run_directory / "spec.yaml").write_text(text + "tracking: {experiment: /Shared/churn}\n", encoding="utf-8")
    seal(run_directory)
    assert track_run(run_directory).experiment == "/Shared/churn"


def test_the_model_can_have_another_name(store, run_directory, client):
    tracked = track_run(run_directory, "telco", model_name="eu/churn: health")
    assert tracked.model_name == "eu-churn-health"
    assert client(store).get_model_version_by_alias("eu-churn-health", "challenger").run_id == tracked.run_id


def test_the_address_of_the_surroundings_is_honoured(empty_store, work, run_directory, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///elsewhere.db")
    (work / "elsewhere.db").write_bytes(empty_store.read_bytes())
    assert track_run(run_directory, "telco").uri_shown == f"sqlite:///{work}/elsewhere.db"
    assert not (work / "mlflow.db").exists()


def test_mlflow_is_left_as_it_was(store, run_directory, monkeypatch):
    import os
    import sys

    import mlflow

    before, path = dict(os.environ), list(sys.path)
    track_run(run_directory, "telco")
    assert dict(os.environ) == before
    assert sys.path == path
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert mlflow.get_tracking_uri() == "http://127.0.0.1:9"


def test_nothing_goes_to_stdout(store, run_directory, capfd, recwarn):
    track_run(run_directory, "telco")
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    assert [str(warning.message) for warning in recwarn if warning.category is UserWarning] == []


def test_an_unfinished_directory_is_refused(work, run_directory):
    (run_directory / "manifest.json").unlink()
    with pytest.raises(DataError, match=r"there is no manifest.json, so this is no finished run directory"):
        track_run(run_directory, "telco")
    with pytest.raises(DataError, match=r"there is no manifest.json"):
        track_run(run_directory / "nowhere", "telco")
    assert list(work.iterdir()) == []


def test_a_changed_directory_is_refused(work, run_directory):
    (run_directory / "weights.csv").write_text("term,weight\ncalls,0.9\n", encoding="utf-8")
    (run_directory / "figures" / "curve.svg").unlink()
    with pytest.raises(DataError, match=r"weights.csv has changed since the run finished") as caught:
        track_run(run_directory, "telco")
    assert any("figures/curve.svg is in manifest.json but cannot be read" in line for line in caught.value.problems)


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/hostname", "C:/x", "a/../../b", ""])
def test_a_manifest_that_leaves_its_directory_is_refused(work, run_directory, name):
    import json

    digest = hashlib.sha256(b"").hexdigest()
    (run_directory / "manifest.json").write_text(json.dumps({"files": {name: digest}}))
    with pytest.raises(DataError, match="no file of this directory"):
        track_run(run_directory, "telco")


@pytest.mark.parametrize("text", ["{", "[]", '{"files": 3}', '{"files": {"a": 1}}', "[" * 100_000])
def test_a_damaged_manifest_is_refused(work, run_directory, text):
    (run_directory / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=r"manifest.json is damaged"):
        track_run(run_directory, "telco")


def test_a_manifest_without_the_weights_is_refused(work, run_directory):
    (run_directory / "weights.json").unlink()
    seal(run_directory)
    with pytest.raises(DataError, match=r"does not list weights.json"):
        track_run(run_directory, "telco")


def test_a_damaged_evaluation_is_refused(work, run_directory):
    (run_directory / "evaluation.json").write_text("[1]")
    seal(run_directory)
    with pytest.raises(DataError, match=r"evaluation.json holds no sections"):
        track_run(run_directory, "telco")


def test_training_may_be_empty(store, run_directory, client):
    WeightsFile(small_formula(), "telco").save(run_directory / "weights.json")
    seal(run_directory)
    run = client(store).get_run(track_run(run_directory, "telco").run_id)
    assert "chs.git_commit" not in run.data.tags
    assert run.data.tags["chs.data_digest"] == "d" * 64, "of the evaluation"
