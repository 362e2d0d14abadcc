"""The exported MLflow model: loaded where chs_ml is not installed, and served over HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from chs_ml.formula import WeightsFile
from tests.export.conformance.suite import Answer

Row = dict[str, Any]
PATIENCE = 120
ALONE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "NO_PROXY": "127.0.0.1",
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),  # where uvicorn is
}
DRIVER = """
import json, sys
import mlflow, pandas as pd
for line in sys.stdin:
    folder, columns = json.loads(line)  # Python's JSON has NaN and Infinity
    model = mlflow.pyfunc.load_model(folder)
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    answer = model.predict(frame).astype(object).to_dict("records")
    import chs_ml.formula
    rooms = sorted({name.split(".")[1] for name in sys.modules if name.startswith("chs_ml.")})
    print(json.dumps({"answer": answer, "rooms": rooms, "home": chs_ml.formula.__path__[0]}), flush=True)
"""


class Loaded:
    """``mlflow.pyfunc.load_model``, all in one Python that sees neither this checkout nor its working directory.

    folder: of the model that is asked next. said: its last answer.
    """

    name = "mlflow.pyfunc"
    skips: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, place: Path) -> None:
        self.folder = place
        self.said: dict[str, Any] = {}
        self.log = (place / "loaded.log").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", DRIVER],
            cwd=place, env=ALONE, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
        )  # fmt: skip

    def answers(self, weights: WeightsFile, rows: Sequence[Row]) -> list[Answer]:
        columns = {name: [row[name] for row in rows] for name in weights.formula.metrics}
        self.process.stdin.write(json.dumps([str(self.folder), columns]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, _end_of(self.log)
        self.said = json.loads(line)
        return [_answer(one) for one in self.said["answer"]]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.log.close()


class Served:
    """``mlflow models serve`` on this machine's own address, asked with ``dataframe_split``."""

    name = "mlflow models serve"
    skips = {"needs_nan": "JSON has neither NaN nor infinity"}  # noqa: RUF012

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        words = ["models", "serve", "-m", folder, "--env-manager", "local", "-h", "127.0.0.1", "-p", self.port, "-w", 1]
        self.log = (folder.parent / "server.log").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *map(str, words)],
            cwd=folder.parent, env=ALONE, stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def answers(self, weights: WeightsFile, rows: Sequence[Row]) -> list[Answer]:
        names = weights.formula.metrics
        asked = {"columns": names, "data": [[row[name] for name in names] for row in rows]}
        said = self._get("invocations", json.dumps({"dataframe_split": asked}, allow_nan=False).encode())
        return [_answer(one) for one in json.loads(said)["predictions"]]

    def close(self) -> None:
        """End the server and its workers, which are a group of their own."""
        for way in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                os.killpg(self.process.pid, way)
                try:
                    self.process.wait(15)
                except subprocess.TimeoutExpired:
                    continue
        self.log.close()

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self._get("ping")
            except (URLError, ConnectionError):
                if self.process.poll() is not None or time.monotonic() > until:
                    pytest.fail(f"no server: {_end_of(self.log)}")
                time.sleep(0.2)
            else:
                return

    def _get(self, path: str, body: bytes | None = None) -> bytes:
        request = Request(f"http://127.0.0.1:{self.port}/{path}", body, {"Content-Type": "application/json"})
        with build_opener(ProxyHandler({})).open(request, timeout=PATIENCE) as answer:
            return answer.read()


def _end_of(log: Any) -> str:
    log.seek(0)
    return log.read().decode()[-2000:]


def _answer(one: dict[str, Any]) -> Answer:
    return Answer(one["score"], one["churn_probability"], one["band"])
