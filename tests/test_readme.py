"""Every command and the Python example of the README, run as printed, on the Telco table."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENTRY = [sys.executable, "-m", "chs_ml.cli"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, chs_data: Path) -> Path:
    """A folder with the table where the README has it, and MLflow's store of the session's own."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "experiments" / "telco").mkdir(parents=True)
    table = chs_data / "telco_ibm" / "Telco-Customer-Churn.csv"
    shutil.copy(table, folder / "experiments" / "telco" / "customers.csv")
    shutil.copy(ROOT / "experiments" / "telco" / "calibration.yaml", folder / "experiments" / "telco")
    first = table.read_text(encoding="utf-8").splitlines()[1].split(",")[0]
    (folder / "customers.csv").write_text(table.read_text(encoding="utf-8").replace(first, "42"), encoding="utf-8")
    return folder


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def _commands() -> list[list[str]]:
    lines = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines]


@pytest.mark.slow
def test_the_commands_for_one_s_own_table_work_in_their_order(folder: Path) -> None:
    commands = [command for command in _commands() if command[0] == "chs-ml"]
    assert len(commands) >= 7
    for command in commands:
        done = _run([*ENTRY, *command[1:]], folder)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    for file in ("calibration.yaml", "scores.csv", "weights.csv", "runs/mine/manifest.json", "mlflow.db"):
        assert (folder / file).is_file()


@pytest.mark.slow
def test_the_python_example_works(folder: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = _run([sys.executable, "-c", example], folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0.8")


def test_make_has_every_target_that_is_named() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target} is not in the Makefile"


def test_every_link_leads_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_the_spec_that_is_shown_is_one(tmp_path: Path) -> None:
    from chs_ml import load_spec

    (example,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "calibration.yaml").write_text(example, encoding="utf-8")
    spec = load_spec(tmp_path / "calibration.yaml")
    assert spec.metric("nps").direction == "positive"
    assert [band.name for band in spec.bands] == ["healthy", "at risk", "unhealthy"]
