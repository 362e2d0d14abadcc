"""A finished run directory, read whole and checked against its manifest: all that tracking ever sees."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import yaml

from chs_ml.errors import DataError, TrackingError
from chs_ml.formula.weights_file import WeightsFile

MANIFEST = "manifest.json"
NEEDED = ("weights.json", "evaluation.json", "spec.yaml")
_TEXT = {".json", ".yaml", ".csv"}
_PASSWORD = re.compile(rb"://[^/\s:@'\"]+:(?!\$\{)[^\s:@'\"]+@")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """What calibration left: every file of the manifest is there and unchanged.

    files: relative path → SHA-256. digest: SHA-256 of the manifest, so the same digest is the same files.
    """

    path: Path
    files: Mapping[str, str]
    digest: str
    weights: WeightsFile
    evaluation: Mapping[str, Any]
    spec: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> RunDirectory:
        """Read and check a run directory.

        Raises:
            DataError: for a directory without a manifest (an unfinished run), and for a file that is missing or has
                changed since; every such file is named.
            FormulaError: for a weights file that breaks its format.
        """
        manifest = _content(path, MANIFEST)
        files = _listed(path, manifest)
        problems = [problem for name, digest in files.items() for problem in _changes(path, name, digest)]
        problems += [
            f"{path}: {MANIFEST} does not list {name}; calibrate again" for name in NEEDED if name not in files
        ]
        if problems:
            raise DataError(*problems)
        return cls(
            path,
            files,
            hashlib.sha256(manifest).hexdigest(),
            WeightsFile.load(path / "weights.json"),
            _mapping(path, "evaluation.json", json.loads),
            _mapping(path, "spec.yaml", yaml.safe_load),
        )

    @property
    def experiment(self) -> str:
        """The experiment that the spec names; omitted there, the calibration's name."""
        tracking = self.spec.get("tracking")
        named = tracking.get("experiment") if isinstance(tracking, dict) else None
        return str(named or self.spec.get("name") or self.weights.name)

    def refuse_passwords(self) -> None:
        """Raise TrackingError where a file holds an address with a password in it: MLflow is read by many."""
        texts = [name for name in self.files if PurePosixPath(name).suffix in _TEXT]
        found = [name for name in texts if _PASSWORD.search(_content(self.path, name))]
        if found:
            raise TrackingError(
                f"{found[0]} holds an address with a password, so nothing was sent; write ${{NAME}} in its place"
            )


def _content(path: Path, name: str) -> bytes:
    try:
        return (path / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(
            f"{path}: there is no {name}, so this is no finished run directory. Calibrate into it again"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: {name} cannot be read: {error.strerror}") from None


def _listed(path: Path, manifest: bytes) -> dict[str, str]:
    try:
        files = json.loads(manifest)["files"]
        wrong = [name for name, digest in files.items() if not (_inside(name) and _SHA256.fullmatch(digest))]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DataError(f"{path}: {MANIFEST} is damaged: it needs files: {{path: sha256}}. Calibrate again") from None
    if wrong:
        raise DataError(f"{path}: {MANIFEST} lists {wrong[0]!r}, no file of this directory with its SHA-256")
    return dict(files)


def _inside(name: str) -> bool:
    """A relative path that never leaves the directory, written with forward slashes."""
    parts = PurePosixPath(name).parts
    return bool(parts) and ".." not in parts and not name.startswith("/") and not PureWindowsPath(name).drive


def _changes(path: Path, name: str, digest: str) -> list[str]:
    try:
        with (path / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return [f"{path}: {name} is in {MANIFEST} but cannot be read; restore it, or calibrate again"]
    if found != digest:
        return [f"{path}: {name} has changed since the run finished ({MANIFEST} has another SHA-256); restore it"]
    return []


def _mapping(path: Path, name: str, parse: Any) -> Mapping[str, Any]:
    try:
        value = parse(_content(path, name).decode("utf-8-sig"))
    except (ValueError, RecursionError, yaml.YAMLError):
        raise DataError(f"{path}: {name} cannot be read; calibrate again") from None
    if not isinstance(value, dict):
        raise DataError(f"{path}: {name} holds no sections; calibrate again")
    return value
