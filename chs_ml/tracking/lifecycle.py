"""A run is always closed: finished, failed, or killed; what a dead process left open, the next one closes."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from chs_ml.tracking.address import check_reachable

if TYPE_CHECKING:
    from mlflow import MlflowClient

HOST_PID = "chs.host_pid"
SHORT_PATIENCE = 1.5
_open_runs: set[str] = set()


@contextmanager
def open_run(client: MlflowClient, experiment_id: str, name: str, tags: Mapping[str, str]) -> Iterator[str]:
    """Give the id of a new run, which ends FINISHED, FAILED, or KILLED when interrupted."""
    run_id = client.create_run(experiment_id, run_name=name, tags={**tags, HOST_PID: _this_process()}).info.run_id
    _open_runs.add(run_id)
    try:
        yield run_id
        client.set_terminated(run_id, "FINISHED")
    except BaseException as error:
        _close(client, run_id, "FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    finally:
        _open_runs.discard(run_id)


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Let SIGTERM unwind the stack as Ctrl-C does, unless the program has its own way with it."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if not ours:
        yield
        return
    signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def close_orphans(client: MlflowClient, experiment_id: str) -> int:
    """Mark as KILLED the open runs of processes of this host that are gone; return how many."""
    found = client.search_runs(
        [experiment_id], f"attributes.status = 'RUNNING' and tags.`{HOST_PID}` LIKE '{_host()}:%'"
    )
    orphans = [run.info.run_id for run in found if _is_orphan(run.info.run_id, run.data.tags[HOST_PID])]
    for run_id in orphans:
        client.set_terminated(run_id, "KILLED")
    return len(orphans)


def _close(client: MlflowClient, run_id: str, status: str) -> None:
    """Close the run if its store still answers; otherwise the next run does."""
    with contextlib.suppress(Exception):
        check_reachable(client.tracking_uri, SHORT_PATIENCE)
        client.set_terminated(run_id, status)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _is_orphan(run_id: str, host_pid: str) -> bool:
    if run_id in _open_runs:
        return False
    if host_pid == _this_process():
        return True
    _, pid, started = (*host_pid.split(":"), "", "")[:3]
    return not _is_alive(int(pid), started) if pid.isdigit() and os.name != "nt" else False


def _is_alive(pid: int, started: str) -> bool:
    """Whether that very process lives: its number may have been given to another since."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return not started or _start_of(pid) in {"", started}


def _this_process() -> str:
    return f"{_host()}:{os.getpid()}:{_start_of(os.getpid())}"


def _host() -> str:
    return re.sub(r"[^\w.\-]", "_", socket.gethostname())


def _start_of(pid: int) -> str:
    """When the process started, in the kernel's ticks; '' where the system does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
