"""The command line in this process, and in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from chs_ml.cli import main
from tests import tiny


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


@pytest.fixture
def run(capfd, monkeypatch) -> Callable[..., Answer]:
    """Run a command through ``main`` in this process."""

    def ran(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["chs-ml", *map(str, words)])
        with pytest.raises(SystemExit, match=r"^(\d+|None|)$") as ended:
            main()
        out, err = capfd.readouterr()
        code = ended.value.code or 0
        assert "Traceback" not in err, err
        return Answer(int(code), out, err)

    return ran


@pytest.fixture
def spawn() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run a command as a process, with these variables of the environment changed (None: taken out)."""

    def spawned(*words: object, **changes: str | None) -> subprocess.CompletedProcess[bytes]:
        environment = {name: value for name, value in {**os.environ, **changes}.items() if value is not None}
        command = [sys.executable, "-m", "chs_ml.cli", *map(str, words)]
        return subprocess.run(command, capture_output=True, env=environment, timeout=120, check=False)

    return spawned


@pytest.fixture(scope="session")
def done():
    return tiny.calibrated()


@pytest.fixture(scope="session")
def table(done):
    """The CSV that the tiny calibration was learned from."""
    return done.directory.parents[1] / "customers.csv"


@pytest.fixture
def quick(monkeypatch):
    """Leave out what takes longest and matters least here."""
    from chs_ml.calibration import judging, story

    monkeypatch.setattr(judging, "BASELINES", {"equal_weights": judging.BASELINES["equal_weights"]})
    monkeypatch.setattr(story, "pictures_of", lambda weights, evaluation: {})
