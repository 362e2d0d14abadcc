"""What a user may ask of a target beside the formula, and what is missing where a target needs a library."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chs_ml.errors import FormulaError

if TYPE_CHECKING:
    from chs_ml.spec import CalibrationSpec

Written = str | bytes | dict[str, str]
"""Text, bytes, or a folder: its files' text by path."""


@dataclass(frozen=True, slots=True)
class Options:
    """dialect: of SQL. table: that is scored. key: its id column (default: as in training). self_test: only mismatches.

    spec: how the metrics are measured, where the run directory tells.
    """

    dialect: str | None = None
    table: str | None = None
    key: str | None = None
    self_test: bool = False
    spec: CalibrationSpec | None = None


def library(module: str, extra: str, target: str) -> Any:
    """Return a library of an extra; FormulaError names the extra that brings it."""
    try:
        return import_module(module)
    except ImportError:
        raise FormulaError(
            f"target {target!r} needs {module.partition('.')[0]}, which is not installed: pip install 'chs-ml[{extra}]'"
        ) from None
