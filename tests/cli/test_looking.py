"""The command that the closing line names, as it is printed."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from chs_ml.cli import looking
from chs_ml.cli.looking import where_to_look


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    folder = tmp_path / "a folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return folder


def test_a_file_is_named_with_a_command_that_runs_without_an_activated_environment(here, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    store, command = where_to_look()
    assert store == "mlflow.db"
    words = shlex.split(command)
    assert words[-2:] == ["--backend-store-uri", f"sqlite:///{here / 'mlflow.db'}"]
    answer = subprocess.run(["sh", "-c", f"{command} --help"], capture_output=True, timeout=120, check=False)
    assert answer.returncode == 0 and b"--backend-store-uri" in answer.stdout


def test_the_bare_name_only_where_it_is_the_same_one(here, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    assert where_to_look()[1].startswith("mlflow ui ")
    other = here / "mlflow"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(here))
    assert shlex.split(where_to_look()[1])[0] == str(Path(sys.executable).with_name("mlflow"))
    monkeypatch.setattr(looking.sys, "executable", "/nowhere/python")
    assert where_to_look()[1].startswith("/nowhere/python -m mlflow ui ")


def test_a_server_is_its_own_address(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://somebody:secret@example.org/mlflow")
    assert where_to_look() == ("https://example.org/mlflow", None)
