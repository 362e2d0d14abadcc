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
        and all(_are_groups(evaluation.get(which, [])) for which in ("segments", "stages", "interventions"))
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


def _are_groups(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_group, value))


def _is_group(value: Any) -> bool:
    """Return whether a segment, or those who were touched, have figures that can be told, or none."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or "churn_rate" not in value:
        return False
    auc = [value.get(name, "") for name in ("auc", "auc_low", "auc_high")]
    return value["churn_rate"] is None or (
        all(is_number(value.get(name)) for name in ("churn_rate", "low", "high", "rows", "mean_predicted"))
        and all(each is None or is_number(each) for each in auc)
        and (auc[1] is None) == (auc[2] is None)
        and isinstance(value.get("words", 0), str | None)
    )
