"""An earlier weights file as a new calibration may use it, so that its figures stay those of strangers.

Customers are held out by a hash of seed and customer, so the same ones every quarter, and what is shipped is refitted
on all rows: a trial held against the shipped formula would be judged by customers whom that formula has seen. So the
file keeps the formula that was judged as well, which has not (decision 012).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from chs_ml.errors import FormulaError
from chs_ml.formula import Formula, WeightsFile, formula_as_dict, formula_from_dict
from chs_ml.formula.strict_json import LARGEST_FILE
from chs_ml.spec import CalibrationSpec

KEY = "judged"
"""Where the judged formula stands among the file's ``reference``."""
TOO_LARGE = (
    "the judged formula was left out, as the file would be larger than 1 MiB; the figures of a later calibration that "
    "is anchored to this one will flatter"
)


@dataclass(frozen=True)
class Earlier:
    """A weights file, and the formula in it that a trial is held against.

    seen: what it has seen of the rows held out now, and why it is taken all the same; None where it has seen nothing.
    """

    weights: WeightsFile
    trial: Formula
    seen: str | None = None


def weights_named(spec: CalibrationSpec, key: str, written: str) -> WeightsFile:
    """Read a weights file that the spec names under this key, or a run's; messages have its path as it was written."""
    where = spec.locate(written)
    if where.is_dir() and not (where / "weights.json").exists():
        raise FormulaError(f"{key} {written!r}: there is no weights.json in this folder. Name a weights file, or a run")
    return WeightsFile.load(where / "weights.json" if where.is_dir() else where, f"{key} {written!r}")


def earlier_named(spec: CalibrationSpec, key: str, written: str) -> Earlier:
    """Read a weights file that the spec names, and find the formula in it that has not seen the rows held out."""
    weights = weights_named(spec, key, written)
    if not _learned(weights.formula) or _is_older(weights, spec):
        return Earlier(weights, weights.formula)
    try:
        return Earlier(weights, _judged(weights, spec))
    except FormulaError as error:
        return Earlier(weights, weights.formula, f"{_seen(spec)} ({error.problems[0]})")


def judged_paper(trial: Formula, shipped: Formula, spec: CalibrationSpec) -> dict[str, Any]:
    """Return what the file keeps of the formula that was judged: itself, whose trial it was, and who was held out."""
    return {"formula": formula_as_dict(trial), "shipped": shipped.digest, "holdout": _held_out(spec)}


def within_limit(weights: WeightsFile) -> WeightsFile:
    """Return the file as it is; without the judged formula, and with a doubt, where it could not be read again."""
    if len(weights.dumps().encode()) <= LARGEST_FILE:
        return weights
    reference = {key: value for key, value in weights.reference.items() if key != KEY}
    training = {**weights.training, "doubts": [*weights.training.get("doubts", []), TOO_LARGE]}
    return replace(weights, reference=reference, training=training)


def _judged(weights: WeightsFile, spec: CalibrationSpec) -> Formula:
    """Return the judged formula; FormulaError where it does not serve. The papers are nobody's promise."""
    kept = weights.reference.get(KEY)
    if not isinstance(kept, dict):
        raise FormulaError("the file keeps no formula that has not seen them")
    if kept.get("shipped") != weights.digest:
        raise FormulaError("its formula is no longer the one that was judged")
    if not _covers(kept.get("holdout"), spec):
        raise FormulaError("it was judged on another holdout")
    formula = formula_from_dict(kept.get("formula"))
    if formula.link is None:
        raise FormulaError("the judged formula has no link to churn")
    return formula


def _seen(spec: CalibrationSpec) -> str:
    if spec.validation.holdout.from_ is not None:
        return "it may have been learned from rows that are held out here"
    return "it was learned from customers who are held out here"


def _learned(formula: Formula) -> bool:
    return formula.link is not None or any(term.origin.kind != "written" for term in formula.terms)


def _is_older(weights: WeightsFile, spec: CalibrationSpec) -> bool:
    """Whether a holdout by time begins after the newest row that the file has learned from, or after its making."""
    since = spec.validation.holdout.from_
    newest = _date(weights.training.get("newest_cutoff")) or _date(weights.created)
    return since is not None and newest is not None and newest < since


def _held_out(spec: CalibrationSpec) -> dict[str, Any]:
    holdout = spec.validation.holdout
    if holdout.from_ is not None:
        return {"from": holdout.from_.isoformat()}
    return {"seed": spec.calibration.seed, "customers": holdout.customers}


def _covers(before: object, spec: CalibrationSpec) -> bool:
    """Whether all who are held out now were held out then: one hash and no smaller a share, or no later a date."""
    if not isinstance(before, dict):
        return False
    now = spec.validation.holdout
    if now.from_ is not None:
        since = _date(before.get("from"))
        return since is not None and since <= now.from_
    seed, share = before.get("seed"), before.get("customers")
    same = type(seed) is int and seed == spec.calibration.seed
    return same and isinstance(share, float | int) and share >= (now.customers or 0.0)


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None
