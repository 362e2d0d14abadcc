"""Learn, explain and export transparent customer health scores.

The public names load their module when they are first used, so that ``import chs_ml`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chs_ml.calibration import Calibration, calibrate
    from chs_ml.errors import ChsError
    from chs_ml.export import export
    from chs_ml.fit.estimator import HealthScoreClassifier
    from chs_ml.formula import Formula, WeightsFile, write_formula
    from chs_ml.spec import CalibrationSpec, load_spec

_HOME = {
    "Calibration": "chs_ml.calibration",
    "CalibrationSpec": "chs_ml.spec",
    "ChsError": "chs_ml.errors",
    "Formula": "chs_ml.formula",
    "HealthScoreClassifier": "chs_ml.fit.estimator",
    "WeightsFile": "chs_ml.formula",
    "calibrate": "chs_ml.calibration",
    "export": "chs_ml.export",
    "load_spec": "chs_ml.spec",
    "write_formula": "chs_ml.formula",
}

__all__ = [
    "Calibration",
    "CalibrationSpec",
    "ChsError",
    "Formula",
    "HealthScoreClassifier",
    "WeightsFile",
    "calibrate",
    "export",
    "load_spec",
    "write_formula",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'chs_ml' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
