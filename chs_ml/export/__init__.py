"""What leaves: one pure function per target, from a weights file to text, bytes, or a folder of texts."""

from __future__ import annotations

import sys
from types import ModuleType

from chs_ml.export.options import Options, Written
from chs_ml.export.targets import TARGETS, export
from chs_ml.formula import WeightsFile


class _Verb(ModuleType):
    """Lets ``chs_ml.export(weights, target)`` work: once this room is loaded, Python puts it under the verb's name."""

    def __call__(self, weights: WeightsFile, target: str, options: Options | None = None) -> Written:
        return export(weights, target, options)


sys.modules[__name__].__class__ = _Verb

__all__ = ["TARGETS", "Options", "Written", "export"]
