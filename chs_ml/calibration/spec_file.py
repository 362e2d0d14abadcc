"""The spec as a run directory keeps it: every default filled in, its paths read from where it lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from chs_ml.spec import CalibrationSpec
from chs_ml.spec.expansion import expand

HEAD = "# As it was calibrated, defaults filled in; paths are relative to this folder.\n"
PATHS = (("calibration", "anchor", "file"), ("baseline", "formula"))
"""Where a spec names files, its tables aside."""


def spec_text(spec: CalibrationSpec, directory: Path) -> str:
    """Return YAML that loads to the same calibration from ``directory``; ``${…}`` stays as it was written."""
    said = spec.resolved()
    for keys in [*PATHS, *((*where.split("."), "file") for where in spec.tables)]:
        _rebase(said, keys, spec, directory)
    return HEAD + yaml.safe_dump(said, allow_unicode=True, sort_keys=False)


def _rebase(said: Any, keys: tuple[str, ...], spec: CalibrationSpec, directory: Path) -> None:
    """Put the way from the run to the spec before the relative path at ``keys``, where there is one."""
    *above, last = keys
    for key in above:
        said = said.get(key, {})
    if last in said and not Path(expand(said[last])).is_absolute():
        said[last] = f"{_way(directory.resolve(), spec.locate('.').resolve())}/{said[last]}"


def _way(start: Path, end: Path) -> str:
    try:
        return Path(os.path.relpath(end, start)).as_posix()
    except ValueError:  # on another drive
        return end.as_posix()
