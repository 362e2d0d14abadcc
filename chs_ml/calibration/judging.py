"""The evaluation of a formula that has seen only the training rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from chs_ml.calibration.anchoring import report_of
from chs_ml.calibration.certainty import left_out
from chs_ml.calibration.draft import Draft
from chs_ml.calibration.rows import baseline_note, in_use_today, outcomes_of
from chs_ml.calibration.splitting import splits_judged
from chs_ml.calibration.weighting import weighting_of
from chs_ml.calibration.whole_points import points_judged
from chs_ml.evaluate import (
    BASELINES,
    Comparison,
    Evaluation,
    Outcomes,
    Segment,
    Training,
    audit_table,
    churn_by,
    churn_where,
    compare,
    figures,
    lift_table,
    reliability,
    segment_table,
)
from chs_ml.fit.selection import Choice
from chs_ml.formula import NOT_SCORED
from chs_ml.formula.columns import FloatArray, TextArray
from chs_ml.history.panel import Panel
from chs_ml.spec import CalibrationSpec

TOUCHED, UNTOUCHED = "touched", "not touched"
Progress = Callable[[str, int, int], None]


def judge(trial: Draft, holdout: Panel, panel: Panel, spec: CalibrationSpec, progress: Progress) -> Evaluation:
    """Return figures on the holdout, baselines learned from the same training rows, bands, rules and audits.

    panel: everything that was read, for the record of the data.
    """
    formula, frame, outcomes = trial.formula, holdout.metrics, outcomes_of(holdout, spec)
    scored, churn = formula.read(frame), formula.churn_probability(frame)
    names = [*(band.name for band in formula.bands), *([NOT_SCORED] if formula.score_when else [])]
    return Evaluation(
        holdout=figures(outcomes, churn),
        baselines=_noted(compare(outcomes, churn, _others(trial, holdout, spec, progress)), spec),
        bands=churn_by(scored.band, outcomes, names=names),
        data=data_of(panel),
        rules=churn_where({str(rule.when): rule.when.applies(frame) for rule in formula.rules}, outcomes),
        reliability=reliability(outcomes, churn),
        lift=lift_table(outcomes, churn),
        audit={
            str(name): audit_table(column.to_numpy(), outcomes, churn, scored.score, scored.band)
            for name, column in holdout.audit.items()
        },
        choices={**choices_of(trial, spec), **anchored(trial, spec)},
        weighting=weighting_of(trial.panel, holdout, spec),
        whole_points=points_judged(trial, holdout, spec),
        splits=splits_judged(trial, holdout, spec),
        segments=_within(holdout.segment, outcomes, churn, scored.band, names),
        stages=_within(holdout.stage, outcomes, churn, scored.band, names),
        interventions=_within(_touched(holdout), outcomes, churn, scored.band, names),
    )


def _within(
    groups: TextArray | None, outcomes: Outcomes, churn: FloatArray, band: TextArray, names: list[str]
) -> tuple[Segment, ...]:
    """Return the figures in each segment or stage, () where the spec names no column of them."""
    return () if groups is None else segment_table(groups, outcomes, churn, band, names)


def _touched(panel: Panel) -> TextArray | None:
    """Return who was touched by an intervention after the cutoff, and who was not; None where none is recorded."""
    return None if panel.touched is None else np.where(panel.touched > 0.0, TOUCHED, UNTOUCHED).astype(object)


def _others(trial: Draft, holdout: Panel, spec: CalibrationSpec, progress: Progress) -> dict[str, FloatArray]:
    """Return churn probabilities of the holdout by what the formula is measured against."""
    found = in_use_today(trial.panel, holdout, spec)
    known = Training(trial.panel.metrics, outcomes_of(trial.panel, spec), directions_of(trial.learned.choice))
    for at, (name, baseline) in enumerate(BASELINES.items()):
        progress("fitting baselines", at, len(BASELINES))
        found[name] = baseline(known, holdout.metrics)
    progress("fitting baselines", len(BASELINES), len(BASELINES))
    return found


def _noted(found: dict[str, Comparison], spec: CalibrationSpec) -> dict[str, Comparison]:
    """Return the baselines, with a warning at the score in use today where it has seen who is held out."""
    note = baseline_note(spec)
    return found if note is None else {**found, "current": replace(found["current"], note=note)}


def directions_of(choice: Choice) -> dict[str, str]:
    """Return the direction of each metric as learned or declared; free where the sides of a split differ in it."""
    found: dict[str, str] = {}
    for plan in choice.plans:
        found[plan.name] = plan.direction if found.get(plan.name, plan.direction) == plan.direction else "free"
    return found


def data_of(panel: Panel) -> dict[str, Any]:
    """Return what the figures rest on: counts, the digest of the panel, and where it came from."""
    known = panel.known()
    return {
        "rows": known.rows,
        "customers": known.customers,
        "churned": int(known.churned.sum()),
        "not_known_yet": panel.rows - known.rows,
        "digest": panel.digest,
        "sources": [
            {"name": s.name, "rows": s.rows, "newest": s.newest, "read_at": s.read_at, "sha256": s.sha256}
            for s in panel.sources
        ],
        "notes": list(panel.notes),
    }


def choices_of(trial: Draft, spec: CalibrationSpec) -> dict[str, Any]:
    """Return what was chosen among the training rows, and from what."""
    choice = trial.learned.choice
    candidate = choice.candidate
    return {
        "training_rows": trial.panel.rows,
        "evaluated_formula": trial.formula.digest,
        "ramps": candidate.ramps,
        "size": candidate.size,
        "bend": candidate.bend,
        "rule": "best" if spec.calibration.strength == "best" else "simplest within one standard error of the best",
        "directions": directions_of(choice),
        "tried": [
            {
                "ramps": tried.candidate.ramps,
                "size": tried.candidate.size,
                "bend": tried.candidate.bend,
                "log_loss": tried.log_loss,
                "behind_best": tried.behind,
                "standard_error": tried.standard_error,
                "chosen": replace(tried.candidate, anchor=candidate.anchor) == candidate,
            }
            for tried in choice.tried
        ],
        "freed": [asdict(freed) for freed in choice.freed],
        "left_out": left_out(choice),
        "missed": list(choice.missed),
    }


def anchored(trial: Draft, spec: CalibrationSpec) -> dict[str, Any]:
    """Return what the anchor did, and the strengths that were tried; {} without one."""
    report = report_of(trial.learned.choice, trial.panel, spec)
    return {} if report is None else {"anchor": report.as_dict()}
