"""The command as a process: interrupted, without a tracking server, and what it says of customers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests import tiny

NOWHERE = "http://127.0.0.1:9"


@pytest.mark.slow
def test_without_the_tracking_server_nothing_is_lost_and_track_completes_it(spawn, tmp_path):
    spec, run = tiny.write(tmp_path), tmp_path / "run"
    answer = spawn("calibrate", spec, "-o", run, MLFLOW_TRACKING_URI=NOWHERE)
    took = time.time() - (run / "manifest.json").stat().st_mtime
    said = answer.stderr.decode()
    assert answer.returncode == 3 and took < 10, (said, took)
    assert "chs-ml track" in said and "Traceback" not in said and "Files in" in answer.stdout.decode()
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    tracked = spawn("track", run, "--json", MLFLOW_TRACKING_URI=store)
    assert tracked.returncode == 0, tracked.stderr.decode()
    found = json.loads(tracked.stdout)
    assert found["run_id"] and found["experiment"] == "tiny" and not found["already"]
    again = json.loads(spawn("track", run, "--json", MLFLOW_TRACKING_URI=store).stdout)
    assert again["already"] and again["run_id"] == found["run_id"]
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "code", "step"),
    [(signal.SIGINT, 130, "reading"), (signal.SIGTERM, 143, "fitting baselines"), (signal.SIGINT, 130, "fitting all")],
)
def test_interrupted_it_ends_cleanly_and_leaves_nothing(tmp_path, number, code, step):
    spec = tiny.write(tmp_path)
    command = [
        sys.executable,
        "-m",
        "chs_ml.cli",
        "calibrate",
        str(spec),
        "-o",
        str(tmp_path / "runs" / "tiny"),
        "--no-track",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    said = ""
    for line in process.stderr:
        said += line
        if step in line:
            process.send_signal(number)
            break
    out, rest = process.communicate(timeout=60)
    assert "Traceback" not in said + rest
    if process.returncode != 0:  # it may have been done by then
        assert process.returncode == code and out == ""
        assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())
    else:
        assert (tmp_path / "runs" / "tiny" / "manifest.json").is_file()
    assert not list(tmp_path.rglob("*.part"))


def test_planted_ids_are_in_no_talk_and_no_error(spawn, tmp_path):
    frame = tiny.customers(1000)
    ids = set(frame["id"])
    bad = frame.assign(logins=["many"] * 1000, tenure=[-1] * 1000)
    answers = [
        spawn("calibrate", tiny.write(tmp_path / "good", frame), "-o", tmp_path / "run", "--no-track"),
        spawn("calibrate", tiny.write(tmp_path / "bad", bad), "-o", tmp_path / "no", "--no-track"),
        spawn("score", tmp_path / "run", tmp_path / "bad" / "customers.csv", "-o", tmp_path / "o.csv"),
        spawn("check", tmp_path / "good" / "calibration.yaml"),
    ]
    assert [answer.returncode for answer in answers] == [0, 2, 2, 0]
    texts = [answer.stdout.decode() + answer.stderr.decode() for answer in answers]
    texts += [path.read_text(encoding="utf-8") for path in (tmp_path / "run").rglob("*") if path.is_file()]
    for text in texts:
        assert not [one for one in ids if one in text]


@pytest.mark.skipif(os.name == "nt", reason="a pipe of POSIX")
def test_a_reader_that_has_seen_enough_is_no_error(done):
    command = f"{sys.executable} -m chs_ml.cli show {done.directory} --json | head -c 10"
    answer = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60, check=False)
    assert len(answer.stdout) == 10 and b"Traceback" not in answer.stderr
