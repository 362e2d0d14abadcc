"""A run is always closed, by whoever can."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from chs_ml.errors import TrackingError
from chs_ml.tracking import lifecycle, track, track_run
from chs_ml.tracking.store import mlflow_on

from .programs import STOPPED, start


def statuses(store):
    with mlflow_on(store, lambda _: None) as client:
        experiment = client.get_experiment_by_name("telco").experiment_id
        return {run.info.run_id: run.info.status for run in client.search_runs([experiment])}


def test_interrupted_runs_are_killed_and_orphans_found(store, run_directory):
    signals = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
    processes = [start(STOPPED, run_directory) for _ in signals]
    runs = []
    for process, number in zip(processes, signals, strict=True):
        runs.append(process.stdout.readline().strip())
        process.send_signal(number)
    codes = []
    for process in processes:
        process.communicate(timeout=60)
        codes.append(process.returncode)
    assert codes[1:] == [143, -signal.SIGKILL]
    assert codes[0] != 0
    assert [statuses(store)[run] for run in runs] == ["KILLED", "KILLED", "RUNNING"]

    tracked = track_run(run_directory, "telco")
    after = statuses(store)
    assert [after[run] for run in runs] == ["KILLED"] * 3
    assert after[tracked.run_id] == "FINISHED"
    assert not tracked.already


def test_only_runs_whose_process_is_gone_are_orphans(store):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host, parent = lifecycle._host(), os.getppid()
    made_by = {
        f"{host}:{gone.pid}:1": "KILLED",
        f"{host}:{parent}:{lifecycle._start_of(parent)}": "RUNNING",
        f"{host}:{parent}:1": "KILLED",  # the number was given to another process
        lifecycle._this_process(): "KILLED",  # ours, and not open any more
        f"another-{host}:{gone.pid}:1": "RUNNING",
        f"{host}:": "RUNNING",
    }
    with mlflow_on(store, lambda _: None) as client:
        experiment = client.create_experiment("telco")
        runs = [client.create_run(experiment, tags={"chs.host_pid": made_by_}).info.run_id for made_by_ in made_by]
        foreign = client.create_run(experiment).info.run_id
        assert lifecycle.close_orphans(client, experiment) == 3
    found = statuses(store)
    assert [found[run] for run in runs] == list(made_by.values())
    assert found[foreign] == "RUNNING"


def test_a_run_that_is_open_here_is_no_orphan(store):
    with mlflow_on(store, lambda _: None) as client:
        experiment = client.create_experiment("telco")
        with lifecycle.open_run(client, experiment, "one", {}):
            assert lifecycle.close_orphans(client, experiment) == 0


def test_a_failed_run_says_so_and_is_sent_again(store, run_directory, monkeypatch):
    def refuse(*_):
        raise RuntimeError("no space left for me:secret@disk at http://me:secret@host")

    monkeypatch.setattr(track, "log_records", refuse)
    with pytest.raises(TrackingError, match=r"did not take the run: RuntimeError: no space left") as caught:
        track_run(run_directory, "telco")
    assert "http://host" in str(caught.value)
    assert str(caught.value).endswith(
        f"The results are safe in {run_directory}; `chs-ml track {run_directory}` sends them later"
    )
    assert list(statuses(store).values()) == ["FAILED"]
    monkeypatch.undo()
    assert not track_run(run_directory, "telco", uri=store).already
    assert sorted(statuses(store).values()) == ["FAILED", "FINISHED"]


def test_a_deleted_experiment_is_named(store, run_directory):
    with mlflow_on(store, lambda _: None) as client:
        client.delete_experiment(client.create_experiment("telco"))
    with pytest.raises(TrackingError, match=r"experiment 'telco' is deleted in MLflow; restore it there"):
        track_run(run_directory, "telco")


def test_a_program_with_its_own_way_keeps_it():
    own = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with lifecycle.sigterm_raises():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, own)


def test_the_host_is_a_plain_word(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "a'b:c d")
    assert lifecycle._host() == "a_b_c_d"
