"""The evaluation that lies beside a weights file: written by a calibration, and by anybody since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chs_ml.cli.tables import FIGURES
from chs_ml.cli.talk import say
from chs_ml.export.evidence import is_number
from chs_ml.formula import WeightsFile


def evaluation_beside(path: Path, weights: WeightsFile, *, quiet: bool = False) -> Mapping[str, Any] | None:
    """Return the evaluation beside a weights file of the same calibration, None where there is none.

    One that is damaged is left out too, and stderr says so.
    """
    beside = (path if path.is_dir() else path.parent) / "evaluation.json"
    try:
        found = json.loads(beside.read_bytes())
        judged = found["choices"]["evaluated_formula"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        found = judged = None
    if found is not None and ("evaluated_formula", judged) not in weights.training.items():
        return None
    if found is None or not _is_whole(found):
        say("note: evaluation.json beside it cannot be read; figures are left out", quiet=quiet)
        return None
    return found  # type: ignore[no-any-return]


def _is_whole(evaluation: Any) -> bool:
    """Return whether everything that is shown is there, each of its type."""
    holdout, baselines, bands = (evaluation.get(name) for name in ("holdout", "baselines", "bands"))
    return (
        _are_figures(holdout)
        and is_number(holdout.get("rows"))
        and isinstance(baselines, dict)
        and all(map(_are_figures, baselines.values()))
        and isinstance(bands, list)
        and all(map(_is_band, bands))
    )


def _are_figures(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("uncertainty"), dict | None):
        return False
    around = [(value.get("uncertainty") or {}).get(name) for name in FIGURES]
    if not all(isinstance(each, dict | None) for each in around):
        return False
    ends = [each.get(end) for each in around if each for end in ("low", "high")]
    return all(each is None or is_number(each) for each in [*ends, *map(value.get, FIGURES)])


def _is_band(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not is_number(value.get("customers")):
        return False
    return value.get("churn_rate") is None or all(is_number(value.get(name)) for name in ("churn_rate", "low", "high"))
