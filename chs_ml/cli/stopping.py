"""Ctrl-C and SIGTERM: one line that says what is saved, and the exit code of the signal; never a traceback."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

NOTHING = "stopped; nothing was written"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
MOMENT = 0.05
CODES = {128 + number for number in SIGNALS}


class _Moment:
    """What is true if the process is stopped now."""

    said = NOTHING


def if_stopped(said: str) -> None:
    """Say this, from now on, when the process is stopped."""
    _Moment.said = said


def either_way(output: Path) -> str:
    """Return what is true while a file or folder is put in its place."""
    return f"stopped; {output} is whole, or as it was before"


def saved_in(directory: Path) -> str:
    """Return what is true of a run that is written and not yet tracked."""
    return f"stopped; the run is saved in {directory}, and `chs-ml track {directory}` sends it to MLflow"


@contextmanager
def stoppable() -> Iterator[None]:
    """Answer SIGINT and SIGTERM for as long as the block runs."""
    before = {number: signal.signal(number, _stop) for number in SIGNALS}
    lost_before, sys.unraisablehook = sys.unraisablehook, _lost
    _Moment.said = NOTHING
    try:
        yield
    except SystemExit as ended:
        if ended.code in CODES:
            print(_line(), file=sys.stderr)
        raise
    finally:
        sys.unraisablehook = lost_before
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    """Unwind the stack; but not where a library is being loaded, which would print or swallow what we raise.

    There we leave at once as long as nothing is written or staged, and after that wait until it is loaded.
    """
    if not _is_importing(frame):
        raise SystemExit(128 + number)
    if _Moment.said != NOTHING and hasattr(signal, "setitimer"):
        _again(number)
        return
    sys.stdout.flush()
    os.write(2, f"{_line()}\n".encode())
    os._exit(128 + number)


def _again(number: int) -> None:
    """Stop a moment later."""
    signal.signal(signal.SIGALRM, lambda _, frame: _stop(number, frame))
    signal.setitimer(signal.ITIMER_REAL, MOMENT)


def _lost(found: sys.UnraisableHookArgs) -> None:
    """Stop once more where Python dropped what we raised, as it does in the callback of a weak reference."""
    if isinstance(found.exc_value, SystemExit) and found.exc_value.code in CODES and hasattr(signal, "setitimer"):
        _again(int(found.exc_value.code) - 128)
    else:
        sys.__unraisablehook__(found)


def _line() -> str:
    return f"chs-ml: {_Moment.said}"


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
