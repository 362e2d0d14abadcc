"""Where MLflow has the runs, and a command that shows them as it is printed, without an activated environment."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from chs_ml.tracking.address import resolve, shown, sqlite_file


def where_to_look(uri: str | None = None) -> tuple[str, str | None]:
    """Return where the store is, and the command that opens its pages; None for a server, whose address is enough."""
    address = resolve(uri)
    file = sqlite_file(address)
    if file is None:
        return shown(address), None
    return _short(file), f"{_mlflow()} ui --backend-store-uri {shlex.quote(address)}"


def _mlflow() -> str:
    """Return how to call this environment's mlflow: by its bare name only where that finds the same one."""
    beside = Path(sys.executable).with_name("mlflow.exe" if os.name == "nt" else "mlflow")
    if not beside.exists():
        return f"{shlex.quote(sys.executable)} -m mlflow"
    found = shutil.which("mlflow")
    return "mlflow" if found and Path(found).samefile(beside) else shlex.quote(_short(beside))


def _short(path: Path) -> str:
    """Return the path from the working directory where it is below, which is easier to read."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
