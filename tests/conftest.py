"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when mlflow is imported
os.environ.setdefault("MPLBACKEND", "Agg")

settings.register_profile("house", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("house")


@pytest.fixture(scope="session")
def chs_data() -> Path:
    """The folder of shared tables; a person may lack it, continuous integration may not."""
    folder = Path(os.environ.get("CHS_DATA") or ROOT / ".." / "shared" / "data").resolve()
    if not folder.is_dir():
        reason = f"no shared tables at {folder}; set CHS_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
