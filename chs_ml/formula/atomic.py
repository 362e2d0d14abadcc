"""A file is written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from chs_ml.errors import OutputError


def write_whole(path: Path, content: bytes) -> None:
    """Write ``content`` so that, whatever happens, ``path`` holds the old file or the new one.

    Raises:
        OutputError: if it cannot be written; nothing half-written is left.
    """
    temporary = path.parent / f".{path.name[:40]}.{uuid.uuid4().hex}.part"
    try:
        write_through(temporary, content)
        os.replace(temporary, path)
        sync_folder(path.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError | ValueError):
            reason = getattr(error, "strerror", None) or error
            raise OutputError(f"{path.name!r} cannot be written: {reason}") from None
        raise


def write_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Write a new folder of texts, by path inside it: all of them, or no folder.

    Raises:
        OutputError: if the folder is there already and holds anything, or if it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{str(folder)!r} exists already and is not empty. Choose another -o, or remove it.")
    staged = folder.parent / f".{folder.name[:40]}.{uuid.uuid4().hex}.part"
    try:
        for path, text in files.items():
            place = staged / path
            place.parent.mkdir(parents=True, exist_ok=True)
            write_through(place, text.encode())
        if folder.exists():
            folder.rmdir()
        os.replace(staged, folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise OutputError(f"{folder.name!r} cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def write_through(path: Path, content: bytes) -> None:
    """Write a new file, down to the disk."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut, where the system allows it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
