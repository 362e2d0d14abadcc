"""The run directory: written whole or not at all, its manifest last.

Everything is written to a folder beside the target and takes its place in one step. A directory without a manifest is
an unfinished run; one that is not a run, or holds somebody's own files, is never replaced.
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
from chs_ml.formula.atomic import sync_folder, write_through

MANIFEST = "manifest.json"
OF_THE_DESKTOP = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""Files that nobody wrote and nobody misses."""
_EXCHANGE = 2
_HERE = -100


def write_run(directory: Path, files: Mapping[str, bytes]) -> None:
    """Write ``files`` (relative path → content) and the manifest as ``directory``, replacing an earlier run.

    OutputError where it cannot be written, or where something stands there that is not a run; nothing is left half.
    """
    check_target(directory)
    directory = Path(os.path.abspath(directory))
    staged = directory.parent / f".{directory.name[:40]}.{uuid.uuid4().hex}.part"
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            write_through(staged / name, content)
        write_through(staged / MANIFEST, manifest_of(files).encode())
        _take_place(staged, directory)
    except OSError as error:
        raise OutputError(f"{directory} cannot be written: {error.strerror or error}. Nothing was changed.") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def check_target(directory: Path) -> None:
    """Refuse a target that holds something other than a run, before an hour is spent on one."""
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        raise OutputError(f"{directory} is a file or a link; a run is a folder. Choose another -o.")
    if directory.exists() and Path.cwd().is_relative_to(directory.resolve()):
        raise OutputError(f"{directory} is the working directory or one around it. Choose a folder inside it as -o.")
    if directory.is_dir():
        _check_replaceable(directory)
    parent = directory.absolute().parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"{directory} cannot be written: no permission in {parent}. Choose another -o.")


def manifest_of(files: Mapping[str, bytes]) -> str:
    """Return the manifest: the SHA-256 of every file."""
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    return json.dumps({"format": "chs-ml/run", "version": "1.0", "files": digests}, indent=2, ensure_ascii=False) + "\n"


def _check_replaceable(directory: Path) -> None:
    there = [path for path in directory.rglob("*") if not path.is_dir() and path.name not in OF_THE_DESKTOP]
    found = sorted(path.relative_to(directory).as_posix() for path in there)
    if not found:
        return
    if MANIFEST not in found:
        raise OutputError(
            f"{directory} exists and is not a finished run (it has no {MANIFEST}). Choose another -o, or remove it."
        )
    foreign = [name for name in found if name not in _listed(directory)]
    if foreign:
        raise OutputError(
            f"{directory} holds {foreign[0]!r}, which is not of the run ({len(foreign)} such files) and would be lost. "
            "Choose another -o, or move it away."
        )


def _listed(directory: Path) -> set[str]:
    """Return the files that the manifest names, and itself; OutputError for a manifest that is none."""
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
        if manifest["format"] == "chs-ml/run":
            return {*manifest["files"], MANIFEST}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    raise OutputError(f"{directory} holds a {MANIFEST} that is not of a run. Choose another -o, or remove it.")


def _take_place(staged: Path, directory: Path) -> None:
    """Put the staged folder in the target's place; the earlier one ends under the staged name."""
    if not directory.exists():
        os.rename(staged, directory)
    elif not _exchanged(staged, directory):
        aside = staged.with_suffix(".old")
        os.rename(directory, aside)
        try:
            os.rename(staged, directory)
        except OSError:
            os.rename(aside, directory)
            raise
        os.rename(aside, staged)
    sync_folder(directory.parent)


def _exchanged(one: Path, other: Path) -> bool:
    """Swap two folders in one step, where the system can (Linux); so a kill leaves the old or the new."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):  # TypeError: Windows has no CDLL(None)
        return False
    return bool(renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)
