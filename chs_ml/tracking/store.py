"""The store: mlflow set up for our calls and put back after them, and a sqlite store made whole, once."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import sys
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from chs_ml.tracking.address import SQLITE, sqlite_file
from chs_ml.tracking.lock import locked

if TYPE_CHECKING:
    from mlflow import MlflowClient

Note = Callable[[str], None]

# Unless the user says otherwise. A retried POST may create twice, and `chs-ml track` retries the whole.
GENTLE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
ALWAYS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # stdout is for results
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",  # or it copies a pyproject.toml of the working directory into the model
}
_LOGGERS = ("mlflow", "alembic")


@contextmanager
def mlflow_on(uri: str, note: Note) -> Iterator[MlflowClient]:
    """Give a client of the store, made if need be; what was set for it is put back, the address too."""
    with quiet():
        import mlflow

        try:
            mlflow.set_tracking_uri(uri)
            prepare(uri, note)  # before the client, which would make the store itself
            yield mlflow.MlflowClient(uri)
        finally:
            mlflow.set_tracking_uri(None)  # type: ignore[arg-type]  # None is how mlflow itself resets it


@contextmanager
def quiet() -> Iterator[None]:
    """Let mlflow be imported and called as we want it; environment, log levels and sys.path are put back."""
    names = [*GENTLE, *ALWAYS, "MLFLOW_TRACKING_URI"]
    before = {name: os.environ.get(name) for name in names}
    path, levels = list(sys.path), {name: logging.getLogger(name).level for name in _LOGGERS}
    os.environ.update({name: value for name, value in GENTLE.items() if name not in os.environ} | ALWAYS)
    import mlflow  # noqa: F401  # its import sets the levels

    try:
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(logging.WARNING)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*input example was not provided", UserWarning)  # rows never leave
            yield
    finally:
        sys.path[:] = path
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        _restore(before)


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def prepare(uri: str, note: Note) -> None:
    """Create a sqlite store if there is none: several processes at once make one, and the others wait for it.

    A killed process leaves no half-made store, which mlflow could not open: it is made beside and renamed.
    """
    file = sqlite_file(uri)
    if file is None or _is_store(file):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with locked(file):
        if not _is_store(file):
            note(f"making the MLflow store {file.name}: about 20 seconds, once")
            _make(file)


def alone(uri: str) -> contextlib.AbstractContextManager[None]:
    """Hold the store's lock where it is a sqlite file: mlflow numbers model versions by reading, then writing."""
    file = sqlite_file(uri)
    return nullcontext() if file is None else locked(file)


def _is_store(file: Path) -> bool:
    if not file.exists():
        return False
    with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return bool(connection.execute("select 1 from sqlite_master where name = 'alembic_version'").fetchone())


def _make(file: Path) -> None:
    from mlflow import MlflowClient

    def opened(path: Path) -> None:
        MlflowClient(SQLITE + path.as_posix()).search_experiments(max_results=1)

    if os.name == "nt" or (file.exists() and file.stat().st_size):  # somebody's database: mlflow adds its tables
        opened(file)
        return
    part = file.with_name(f".{file.name}.{uuid.uuid4().hex}.part")
    try:
        opened(part)
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)
