"""One process at a time: a lock file beside what it guards, freed by the system when its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock beside ``path``, waiting for it; on systems without fcntl there is none."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (path.parent / f".{path.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
