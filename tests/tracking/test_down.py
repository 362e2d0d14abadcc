"""The tracking server is off, or silent: known within ten seconds, and nothing is lost."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from chs_ml.errors import TrackingError
from chs_ml.tracking import track_run

from .programs import REFUSED, start
from .test_address import free_port, listening

CANNED = {
    "/health": "OK",
    "/api/2.0/mlflow/experiments/get-by-name": json.dumps(
        {"experiment": {"experiment_id": "1", "name": "telco", "lifecycle_stage": "active"}}
    ),
    "/api/2.0/mlflow/runs/search": "{}",
    "/api/2.0/mlflow/runs/create": json.dumps(
        {"run": {"info": {"run_id": "a" * 32, "experiment_id": "1", "status": "RUNNING"}, "data": {}}}
    ),
}


class FallsSilent(BaseHTTPRequestHandler):
    """Answers until a run is made, and then nothing and nobody any more."""

    silent = threading.Event()
    asked: ClassVar[list[str]] = []
    over = threading.Event()

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.asked.append(path)
        if self.silent.is_set() or path not in CANNED:
            self.silent.set()
            self.over.wait(60)
            return
        if path.endswith("runs/create"):
            self.silent.set()
        body = CANNED[path].encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("silent", [False, True])
def test_a_server_that_is_off_or_silent(work, run_directory, monkeypatch, silent):
    with listening(None) as taken:
        port = taken if silent else free_port()
        address = f"http://me:secret@127.0.0.1:{port}"
        program = start(REFUSED, run_directory, MLFLOW_TRACKING_URI=address)
        begun = time.monotonic()
        out, err = program.communicate(timeout=60)
        assert time.monotonic() - begun < 10, "with the start of Python"
    assert (program.returncode, err) == (3, "")
    seconds, message = out.split("\n", 1)
    assert float(seconds.split()[0]) < 6
    assert seconds.split()[1] == "False", "mlflow was imported for nothing"
    reason = "no answer within 4 s" if silent else "Connection refused"
    assert message.strip() == (
        f"MLflow at 127.0.0.1:{port} could not be reached: {reason}. "
        f"The results are safe in {run_directory}; `chs-ml track {run_directory}` sends them later"
    )
    assert list(work.iterdir()) == []


def test_a_server_that_falls_silent_in_the_middle(work, run_directory, capfd):
    import mlflow  # noqa: F401 - its import is not what is measured

    server = ThreadingHTTPServer(("127.0.0.1", 0), FallsSilent)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    begun = time.monotonic()
    try:
        with pytest.raises(TrackingError, match=r"did not take the run: .*\. The results are safe in") as caught:
            track_run(run_directory, "telco", uri=f"http://me:secret@127.0.0.1:{server.server_address[1]}")
        assert 5 < time.monotonic() - begun < 9
    finally:
        FallsSilent.over.set()
        server.shutdown()
    assert "/api/2.0/mlflow/runs/create" in FallsSilent.asked
    said = "".join(capfd.readouterr()) + str(caught.value)
    assert "secret" not in said


def test_what_could_not_be_sent_is_sent_later(store, run_directory):
    with pytest.raises(TrackingError, match="Connection refused"):
        track_run(run_directory, "telco", uri=f"http://127.0.0.1:{free_port()}")
    assert track_run(run_directory, "telco").alias == "challenger"


def test_a_file_store_is_refused_with_the_reason(work, run_directory):
    with pytest.raises(TrackingError, match=r"did not take the run: MlflowException: .*The results are safe"):
        track_run(run_directory, "telco", uri="file:mlruns")


def test_a_file_that_is_no_database_is_refused_and_kept(work, run_directory):
    (work / "mlflow.db").write_text("my notes" * 1000)
    with pytest.raises(TrackingError, match=r"file is not a database.*The results are safe"):
        track_run(run_directory, "telco")
    assert (work / "mlflow.db").read_text() == "my notes" * 1000
