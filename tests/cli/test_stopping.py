"""Stopped by Ctrl-C at any moment: one line that is true, exit code 130, no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from chs_ml.cli import stopping
from chs_ml.errors import TrackingError
from chs_ml.export import TARGETS
from tests import tiny

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


def started(*words: object, **changes: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "chs_ml.cli", *map(str, words)]
    environment = {**os.environ, **changes}
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


@pytest.mark.parametrize("after", [0.2, 0.3, 0.6, 1.0, 2.0])
def test_while_libraries_are_loaded(tmp_path, after):
    process = started("calibrate", tiny.write(tmp_path), "-o", tmp_path / "run", "--no-track")
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    if "Traceback" in said and "chs_ml" not in said:
        pytest.skip("Python itself was not up yet")
    assert (process.returncode, out) == (130, "")
    assert said.splitlines()[-1] == "chs-ml: stopped; nothing was written" and "Traceback" not in said
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_while_tracking_the_answer_is_out_and_the_run_is_saved(tmp_path):
    spec, run = tiny.write(tmp_path), tmp_path / "run"
    process = started("calibrate", spec, "-o", run, MLFLOW_TRACKING_URI=f"sqlite:///{tmp_path / 'mlflow.db'}")
    said = ""
    for line in process.stderr:
        said += line
        if "tracking" in line:
            time.sleep(1.0)
            process.send_signal(signal.SIGINT)
            break
    out, rest = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in said + rest, rest
    assert "Weight" in out and "Files in" in out and "MLflow" not in out
    assert rest.splitlines()[-1] == f"chs-ml: {stopping.saved_in(run)}"
    assert (run / "manifest.json").is_file()


def test_an_interrupt_while_tracking_says_where_the_run_is(run, tmp_path, monkeypatch, quick):
    monkeypatch.setattr("chs_ml.tracking.track_run", lambda *words, **named: os.kill(os.getpid(), signal.SIGINT))
    answer = run("calibrate", tiny.write(tmp_path), "-o", tmp_path / "run")
    assert answer.code == 130 and "Files in" in answer.out
    assert f"the run is saved in {tmp_path / 'run'}, and `chs-ml track {tmp_path / 'run'}` sends it" in answer.err
    answer = run("calibrate", tmp_path / "calibration.yaml", "-o", tmp_path / "run", "--json")
    assert answer.code == 130 and answer.out == "" and "the run is saved" in answer.err
    assert run("track", tmp_path / "run").err.count("the run is saved") == 1


def test_a_stop_that_python_drops_comes_again(run, monkeypatch, done):
    class Gone:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    def slow(weights):
        Gone()
        time.sleep(5)

    monkeypatch.setitem(TARGETS, "json", SimpleNamespace(write=slow, takes=frozenset()))
    answer = run("export", done.directory, "json")
    assert (answer.code, answer.err) == (130, "chs-ml: stopped; nothing was written\n")


def test_with_json_everything_comes_as_one_object_after_tracking(run, tmp_path, monkeypatch, quick):
    def refused(*words, **named):
        raise TrackingError("MLflow is not there")

    monkeypatch.setattr("chs_ml.tracking.track_run", refused)
    answer = run("calibrate", tiny.write(tmp_path), "-o", tmp_path / "run", "--json", "-q")
    assert answer.code == 3 and json.loads(answer.out)["run_id"] is None
    assert answer.err == "chs-ml: MLflow is not there\n"


def test_the_handlers_are_put_back(run):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    run("export", "--list")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
