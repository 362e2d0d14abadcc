"""What is said of the splits of a formula: how far apart their sides are, and what they are worth on the holdout."""

from __future__ import annotations

from typing import Any

import numpy as np

from chs_ml.calibration.certainty import comes_to
from chs_ml.calibration.draft import Draft, without_bands
from chs_ml.calibration.rows import outcomes_of, plans_of, sample_of, settings_of
from chs_ml.evaluate import Difference, auc_difference, log_loss_difference
from chs_ml.fit.basis import CurveBasis
from chs_ml.fit.evidence.contrasts import SIGN
from chs_ml.fit.evidence.inference import ONE_SIDED, WEAK_WHOLE, Verdict
from chs_ml.fit.learning import refit, without_splits
from chs_ml.fit.splits.growing import CHANCE
from chs_ml.fit.splits.of_anchor import splits_of_anchor
from chs_ml.fit.splits.sides import Split
from chs_ml.formula.canonical import condition_as_dict
from chs_ml.formula.frames import Columns
from chs_ml.history.panel import Panel
from chs_ml.spec import CalibrationSpec

THERE = {True: "there", False: "elsewhere"}


def splits_paper(shipped: Draft, judged: dict[str, Any]) -> list[dict[str, Any]]:
    """Return for each split of a formula whom it is about, how far apart its sides are, and what it is worth.

    judged: of ``splits_judged``. p counts all pairs that were asked; None where there is nothing to compare. without:
    why a side has no weight, where that is known.
    """
    columns, found = Columns(shipped.panel.metrics), []
    worth = {line["metric"]: line for line in judged.get("kept", [])}
    for split in shipped.learned.choice.splits:
        holds, apart = split.when.applies(columns), shipped.learned.apart.get(split.metric)
        p = None if apart is None else min(apart.p * split.asked, 1.0)
        found.append(
            {
                **_named(split),
                "origin": split.origin,
                "rows": int(holds.sum()),
                "share": float(np.average(holds, weights=shipped.standing)),
                "apart": apart
                and {
                    "start": apart.start,
                    "end": apart.end,
                    "value": apart.value,
                    "low": apart.low,
                    "high": apart.high,
                },
                "against": _against(shipped, split),
                "without": _without(shipped, split),
                "p": p,
                "asked": split.asked,
                "verdict": None if p is None else _verdict(p),
                "holdout": worth.get(split.metric, {}).get("holdout"),
            }
        )
    return found


def _against(shipped: Draft, split: Split) -> list[str]:
    """Return the sides whose rows clearly go the other way than a person declared: their curve has no weight."""
    apart = shipped.learned.apart.get(split.metric)
    sign = SIGN.get(split.whole.direction, 0)
    if apart is None or split.metric not in shipped.learned.choice.declared:
        return []
    return [THERE[holds] for holds, z in apart.z.items() if sign * z < -ONE_SIDED]


def _without(shipped: Draft, split: Split) -> dict[str, str]:
    """Return why a side has no term: too few of its rows differ, or a wish leaves nothing for it."""
    there = {term.key for term in shipped.formula.terms}
    sides = [m for m in shipped.learned.fitted.basis.metrics if m.plan.name == split.metric and m.plan.when is not None]
    wishes = shipped.learned.choice.wishes
    wished = split.metric in wishes.metrics or wishes.pillar(split.metric) in wishes.pillars
    found = {}
    for side in sides:
        if side.plan.key not in there and side.plan.when is not None:
            learnable = side.learnable if isinstance(side, CurveBasis) else len(side.levels) > 1
            if wished or not learnable:
                found[THERE[side.plan.when.holds]] = "wish" if learnable else "alike"
    return found


def against_on_a_side(shipped: Draft) -> list[str]:
    """Return a sentence for each such side."""
    terms = {(term.metric, THERE[term.when.holds]): term for term in shipped.formula.terms if term.when}
    return [
        f"metric {split.metric!r} clearly goes the other way than declared where {split.when} "
        f"{'holds' if side == THERE[True] else 'does not hold'}, {so}; check its direction"
        for split in shipped.learned.choice.splits
        for side in _against(shipped, split)
        for so in [comes_to(terms.get((split.metric, side)), " there")]
    ]


def splits_let_go(training: Panel, spec: CalibrationSpec) -> list[str]:
    """Return a sentence for each split of the anchor that would be tried, and cannot be made of these rows."""
    settings = settings_of(spec)
    if spec.calibration.anchor.file is None or settings.splits == 0:
        return []
    plans = [plan for plan in plans_of(spec) if plan.name not in settings.never]
    by_hand = [metric for metric, _ in settings.by_hand]
    return [
        f"anchor {spec.calibration.anchor.file!r}: its split of {one.metric!r} by {one.when} is let go: {one.why}"
        for one in splits_of_anchor(sample_of(training, spec), plans)[1]
        if one.metric not in by_hand
    ]


def splits_judged(trial: Draft, holdout: Panel, spec: CalibrationSpec) -> dict[str, Any]:
    """Return the splits that were kept and refused, and what those kept are worth on the holdout, each and together.

    Against the same formula without the split, fitted to the same training rows; {} where nothing was tried.
    """
    choice = trial.learned.choice
    if not (choice.splits or choice.refused):
        return {}
    together = _worth(trial, holdout, spec, choice.splits) if choice.splits else None
    one = len(choice.splits) == 1
    return {
        "kept": [
            {**_tried(split), "holdout": together if one else _worth(trial, holdout, spec, [split])}
            for split in choice.splits
        ],
        "refused": [_tried(split) for split in choice.refused],
        **({"holdout": together} if together else {}),
    }


def _worth(trial: Draft, holdout: Panel, spec: CalibrationSpec, splits: Any) -> dict[str, Any]:
    """Return log-loss and AUC with these splits minus without, on the holdout."""
    whole = refit(sample_of(trial.panel, spec), without_splits(trial.learned.choice, splits))
    without = without_bands(whole, trial.panel, spec).formula
    outcomes = outcomes_of(holdout, spec)
    churn = [formula.churn_probability(holdout.metrics) for formula in (trial.formula, without)]
    return {
        "rows": len(outcomes),
        "log_loss": _plain(log_loss_difference(outcomes, *churn)),
        "auc": _plain(auc_difference(outcomes, *churn)),
    }


def _plain(difference: Difference) -> dict[str, Any]:
    return {"difference": difference.difference, "low": difference.low, "high": difference.high}


def _tried(split: Split) -> dict[str, Any]:
    """Return what the training rows said: of customers left out in cross-validation, and of both sides."""
    return {
        **_named(split),
        "origin": split.origin,
        "gain": split.gain,
        "standard_error": split.standard_error,
        "p": split.p,
        "asked": split.asked,
    }


def _named(split: Split) -> dict[str, Any]:
    when = condition_as_dict(split.when)
    return {"metric": split.metric, "when": {key: value for key, value in when.items() if key != "holds"}}


def _verdict(p: float) -> Verdict:
    return "clear" if p <= CHANCE else "weak" if p <= WEAK_WHOLE else "not enough evidence"
