"""The run directory: written whole or not at all, its manifest last.

Everything is written to a folder beside the target and takes its place in one step. A directory without a manifest is an
unfinished run; one that is not a run at all is never replaced.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from chs_ml.errors import OutputError

MANIFEST = "manifest.json"
_EXCHANGE = 2
_HERE = -100


def write_run(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write ``files`` (relative path → content) and the manifest as ``directory``, replacing an earlier run.

    OutputError where it cannot be written, or where something stands there that is not a run; nothing is left half.
    """
    check_target(directory)
    staged = directory.parent / f".{directory.name}.{uuid.uuid4().hex}.part"
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            _write_through(staged / name, content)
        _write_through(staged / MANIFEST, manifest_of(files).encode())
        _take_place(staged, directory)
    except OSError as error:
        raise OutputError(f"{directory} cannot be written: {error.strerror or error}. Nothing was changed.") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def check_target(directory: Path) -> None:
    """Refuse a target that holds something other than a run, before an hour is spent on one."""
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        raise OutputError(f"{directory} is a file or a link; a run is a folder. Choose another -o.")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / MANIFEST).is_file():
        raise OutputError(
            f"{directory} exists and is not a finished run (it has no {MANIFEST}). Choose another -o, or remove it."
        )
    parent = directory.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"{directory} cannot be written: no permission in {parent}. Choose another -o.")


def manifest_of(files: Mapping[str, bytes]) -> str:
    """Return the manifest: the SHA-256 of every file."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    return json.dumps({"format": "chs-ml/run", "version": "1.0", "files": digests}, indent=2, ensure_ascii=False) + "\n"


def _write_through(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _take_place(staged: Path, directory: Path) -> None:
    """Put the staged folder in the target's place; the earlier one ends under the staged name."""
    if not directory.exists():
        os.rename(staged, directory)
    elif not _exchanged(staged, directory):
        aside = staged.with_suffix(".old")
        os.rename(directory, aside)
        os.rename(staged, directory)
        os.rename(aside, staged)


def _exchanged(one: Path, other: Path) -> bool:
    """Swap two folders in one step, where the system can (Linux); so a kill leaves the old or the new."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    return bool(renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)
