"""The store: made once, whole, whoever comes first; and a real server."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from chs_ml.errors import TrackingError
from chs_ml.formula import Formula
from chs_ml.tracking import track_run
from chs_ml.tracking.address import check_reachable
from chs_ml.tracking.store import mlflow_on, prepare

from .conftest import small_formula, write_run
from .programs import TRACK, start
from .test_address import free_port


@pytest.mark.slow
def test_several_processes_on_a_fresh_store(work, tmp_path):
    runs = [write_run(tmp_path / f"run{i}", small_formula(0.1 + i / 10)) for i in range(4)]
    processes = [start(TRACK, run) for run in runs]
    said = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, said
    assert sorted(out.split()[1] for out, _ in said) == ["1", "2", "3", "4"]
    notes = [err for _, err in said if "making the MLflow store mlflow.db: about 20 seconds, once" in err]
    assert len(notes) == 1
    assert sorted(path.name for path in work.iterdir()) == [".mlflow.db.lock", "mlflow.db", "mlruns"]


def test_a_store_that_is_there_is_not_made_again(store):
    said = []
    prepare(store, said.append)
    assert said == []


def test_somebodys_database_is_not_replaced(work, monkeypatch):
    from chs_ml.tracking import store as rooms

    opened = []
    monkeypatch.setattr(rooms.os, "replace", lambda *_: pytest.fail("replaced"))
    monkeypatch.setattr("mlflow.MlflowClient.__init__", lambda self, uri: opened.append(uri))
    monkeypatch.setattr("mlflow.MlflowClient.search_experiments", lambda self, max_results: None)
    with sqlite3.connect(work / "mine.db") as connection:
        connection.execute("create table mine (x)")
    prepare(f"sqlite:///{work}/mine.db", lambda _: None)
    assert opened == [f"sqlite:///{work}/mine.db"]


def test_a_store_that_could_not_be_made_leaves_nothing(work, monkeypatch):
    def interrupted(self, uri):
        raise KeyboardInterrupt

    monkeypatch.setattr("mlflow.MlflowClient.__init__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare(f"sqlite:///{work}/mlflow.db", lambda _: None)
    assert [path.name for path in work.iterdir()] == [".mlflow.db.lock"]


def test_settings_of_the_user_stay(store, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    with mlflow_on(store, lambda _: None):
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


@contextmanager
def serving(folder):
    port = free_port()
    command = ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        f"{folder}/artifacts",
    ]
    surroundings = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, *command], stdout=log, stderr=log, cwd=folder, env=surroundings, start_new_session=True
        )
    try:
        yield _answering(f"http://127.0.0.1:{port}", server)
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # its workers outlive it
        server.wait()


def _answering(address, server):
    for _ in range(300):
        try:
            check_reachable(address)
        except TrackingError:
            assert server.poll() is None
            time.sleep(0.2)
        else:
            return address
    return pytest.fail("the server does not answer")


@pytest.mark.slow
def test_a_real_server(store, run_directory, work, capfd):
    with serving(work) as address:
        given = address.replace("://", "://me:planted-secret@")
        tracked = track_run(run_directory, "telco", uri=given)
        assert (tracked.uri_shown, tracked.model_version, tracked.alias) == (address, 1, "challenger")
        assert track_run(run_directory, "telco", uri=given).already
        with mlflow_on(address, lambda _: None) as client:
            run = client.get_run(tracked.run_id)
            assert (run.info.status, run.data.metrics["holdout.auc"]) == ("FINISHED", 0.85)
            back = client.download_artifacts(tracked.run_id, "weights.json", str(work))
            assert Formula.load(back).digest == small_formula().digest
    files = [path for path in work.rglob("*") if path.is_file()]
    assert not [path for path in files if b"planted-secret" in path.read_bytes()]
    assert capfd.readouterr().out == ""
