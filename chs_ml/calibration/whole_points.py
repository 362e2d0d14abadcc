"""The formula in whole points: made from the training rows, measured on the holdout; and the shipped one's card."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from chs_ml.calibration.draft import Draft
from chs_ml.calibration.rows import outcomes_of
from chs_ml.calibration.weighting import population_of
from chs_ml.errors import FormulaError
from chs_ml.evaluate import Outcomes
from chs_ml.evaluate.figures import figures
from chs_ml.evaluate.paired import auc_difference, log_loss_difference
from chs_ml.formula import Formula, Link
from chs_ml.formula.card_losses import Read, losses_of
from chs_ml.formula.columns import FloatArray
from chs_ml.formula.frames import Columns
from chs_ml.formula.points_card import PointsCard
from chs_ml.history.panel import Panel
from chs_ml.spec import CalibrationSpec

TOTALS = (100, 10)
LARGEST_CARD = 100_000
"""Bytes of a card that a weights file carries."""


def points_judged(trial: Draft, holdout: Panel, spec: CalibrationSpec) -> tuple[dict[str, Any], ...]:
    """Return for totals of 100 and 10 what a card of the training rows loses on the holdout, beside plain rounding."""
    try:
        return tuple(_judged(trial, holdout, spec, total) for total in TOTALS)
    except FormulaError:  # no card can be made of these rows, so none was measured
        return ()


def points_paper(shipped: Draft, spec: CalibrationSpec) -> dict[str, Any]:
    """Return the card of 100 points as the weights file keeps it, or a note why it has none."""
    try:
        card = _card(shipped, spec, TOTALS[0]).as_dict()
    except FormulaError as error:
        return {"note": str(error)}
    size = len(json.dumps(card))
    return card if size <= LARGEST_CARD else {"note": f"the card takes {size:,} bytes, over {LARGEST_CARD:,}: left out"}


def _card(made: Draft, spec: CalibrationSpec, total: int) -> PointsCard:
    """Return the card of a formula from its own rows; where they do not count alike, from what it expects of them."""
    alike = population_of(made.panel, spec) is None
    return made.formula.to_points(total, made.panel.metrics, made.panel.churned if alike else None)


def _judged(trial: Draft, holdout: Panel, spec: CalibrationSpec, total: int) -> dict[str, Any]:
    formula, outcomes, columns = trial.formula, outcomes_of(holdout, spec), Columns(holdout.metrics)
    card = _card(trial, spec, total)
    before = Read.by_formula(formula, columns)
    return {
        "total": total,
        "lines": len(card.rows()),
        **_lost(before, Read.by_card(card, columns), outcomes),
        "plain_rounding": _lost(before, _plainly(formula, before, columns, total), outcomes),
    }


def _plainly(formula: Formula, before: Read, columns: Columns, total: int) -> Read:
    """Return the rows as round(total · w · n) scores them, curves as fine as they are, link and cuts as they were."""
    points = [np.rint(total * term.weight * term.health(columns)) for term in formula.terms]
    share: FloatArray = np.sum(points, axis=0) / total
    cuts = np.array([100.0 * share >= band.start - 1e-9 for band in formula.bands])
    names = np.array([band.name for band in formula.bands], dtype=object)
    return Read(share, before.link, names[np.argmax(cuts, axis=0)] if len(cuts) else before.band)


def _lost(before: Read, after: Read, outcomes: Outcomes) -> dict[str, Any]:
    exact, whole = (_churn(read) for read in (before, after))
    found, lost = figures(outcomes, whole), losses_of(before, after)
    return {
        "auc": found.auc,
        "log_loss": found.log_loss,
        "auc_lost": _interval(auc_difference(outcomes, exact, whole)),
        "log_loss_lost": _interval(log_loss_difference(outcomes, whole, exact)),
        "largest_change": lost.largest_change,
        "customers": lost.rows,
        "change_band": lost.change_band,
    }


def _churn(read: Read) -> FloatArray:
    link = read.link or Link(0.0, 1.0)
    return link.churn_probability(100.0 * read.share)


def _interval(difference: Any) -> dict[str, Any]:
    return {"difference": difference.difference, "low": difference.low, "high": difference.high}
