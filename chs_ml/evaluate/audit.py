"""Does the score treat groups alike: the figures within each level of an audit column, which has no weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chs_ml.evaluate.outcomes import Churned, FloatArray, Outcomes, column, probability
from chs_ml.evaluate.ranking import auc_uncertainty, ranking
from chs_ml.evaluate.tables import GroupRate, group_rate, label_text, levels
from chs_ml.evaluate.uncertainty import UNKNOWN


@dataclass(frozen=True, slots=True)
class AuditLevel(GroupRate):
    """One level: observed churn with its interval, what was predicted, how well it ranks, mean score, band shares.

    Calibration in the large is ``mean_predicted`` against ``churn_rate`` and its interval ``low`` to ``high``.
    """

    mean_predicted: float | None = None
    auc: float | None = None
    auc_low: float | None = None
    auc_high: float | None = None
    mean_score: float | None = None
    bands: Mapping[str, float] | None = None


def audit_table(
    values: npt.ArrayLike, churned: Churned, churn_probability: npt.ArrayLike, score: npt.ArrayLike, band: npt.ArrayLike
) -> tuple[AuditLevel, ...]:
    """One line per level of ``values`` (None as "missing"), alphabetically, levels under 5 customers merged at the end.

    All (rows,); ``score`` may be NaN (not scored) and leaves the mean then; ``band`` is the name of each row's band.
    """
    outcomes = Outcomes.of(churned)
    p = probability(churn_probability, len(outcomes))
    scores = column("score", score, len(outcomes))
    bands = label_text(band, len(outcomes))
    return tuple(
        _level(group_rate(name, part := outcomes.alone(rows)), part, p[rows], scores[rows], bands[rows])
        for name, rows in levels(label_text(values, len(outcomes)), outcomes)
    )


def _level(
    line: GroupRate, outcomes: Outcomes, p: FloatArray, score: FloatArray, band: npt.NDArray[np.object_]
) -> AuditLevel:
    rate = (line.name, line.customers, line.churned, line.churn_rate, line.low, line.high)
    if line.churn_rate is None:
        return AuditLevel(*rate)
    found = ranking(outcomes, p)
    auc, around = (found.auc, auc_uncertainty(outcomes, found)) if found else (None, UNKNOWN)
    shares = {each: outcomes.mean((band == each).astype(np.float64)) for each in sorted(set(band))}
    return AuditLevel(*rate, outcomes.mean(p), auc, around.low, around.high, _mean_score(outcomes, score), shares)


def _mean_score(outcomes: Outcomes, score: FloatArray) -> float | None:
    scored = np.isfinite(score)
    return outcomes.among(scored).mean(score[scored]) if scored.any() else None
