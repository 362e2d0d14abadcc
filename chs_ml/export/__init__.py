"""What leaves: one pure function per target, from a weights file to text."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType

from chs_ml.errors import FormulaError
from chs_ml.export.csv import to_csv
from chs_ml.export.json import to_json
from chs_ml.export.markdown import to_markdown
from chs_ml.export.points import to_points
from chs_ml.formula import WeightsFile

TARGETS: Mapping[str, Callable[[WeightsFile], str]] = {
    "json": to_json,
    "csv": to_csv,
    "markdown": to_markdown,
    "points": to_points,
}


def export(weights: WeightsFile, target: str) -> str:
    """Return the formula in the form that ``target`` reads; FormulaError lists the targets for an unknown one."""
    if target not in TARGETS:
        near = difflib.get_close_matches(target.lower(), TARGETS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise FormulaError(f"unknown target {target!r}; there are: {', '.join(TARGETS)}.{hint}")
    return TARGETS[target](weights)


class _Verb(ModuleType):
    """Lets ``chs_ml.export(weights, target)`` work: once this room is loaded, Python puts it under the verb's name."""

    def __call__(self, weights: WeightsFile, target: str) -> str:
        return export(weights, target)


sys.modules[__name__].__class__ = _Verb

__all__ = ["TARGETS", "export"]
