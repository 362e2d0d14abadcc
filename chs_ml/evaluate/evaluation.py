"""Everything that was measured about one calibration, as one value: the run directory's ``evaluation.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chs_ml.evaluate.audit import AuditLevel
from chs_ml.evaluate.figures import Figures, figures
from chs_ml.evaluate.lift import LiftDecile
from chs_ml.evaluate.outcomes import Churned, Outcomes, probability
from chs_ml.evaluate.paired import Comparison
from chs_ml.evaluate.plain import Plain, plain
from chs_ml.evaluate.segments import Segment
from chs_ml.evaluate.tables import GroupRate, ReliabilityBin


@dataclass(frozen=True, slots=True)
class CrossValidation(Plain):
    """Figures over all out-of-fold predictions together, their plain mean over folds, and each fold's own."""

    pooled: Figures
    mean: Mapping[str, float | None]
    folds: tuple[Figures, ...]


def cross_validated(churned: Churned, churn_probability: npt.ArrayLike, fold: npt.ArrayLike) -> CrossValidation:
    """Figures of out-of-fold churn probabilities; ``fold`` (rows,) says which fold predicted the row."""
    outcomes = Outcomes.of(churned)
    p, number = probability(churn_probability, len(outcomes)), np.asarray(fold)
    each = tuple(figures(outcomes.among(number == one), p[number == one]) for one in sorted(set(number.tolist())))
    return CrossValidation(
        figures(outcomes, p), {name: _mean(name, each) for name in ("auc", "log_loss", "brier")}, each
    )


def _mean(name: str, each: tuple[Figures, ...]) -> float | None:
    values = [getattr(one, name) for one in each]
    return None if None in values or not values else float(np.mean(values))


@dataclass(frozen=True, slots=True)
class Evaluation(Plain):
    """A calibration's figures; what was not measured is absent from ``as_dict``, not empty.

    holdout: of the formula on rows the fit has not seen. baselines: of others on the same rows. data: {rows,
    customers, churned, digest, sources}. audit: per audit column. choices: what was chosen among the training rows.
    weighting: row weights and base rate, where rows do not count alike. segments, stages: the formula in each.
    interventions: the formula for customers whom an intervention touched after the cutoff, and for the others.
    whole_points: what the formula loses in whole numbers, by their total, plain rounding beside it. splits: those that
    were tried, and what those kept are worth.
    """

    holdout: Figures
    baselines: Mapping[str, Comparison]
    bands: tuple[GroupRate, ...]
    data: Mapping[str, Any]
    cross_validation: CrossValidation | None = None
    rules: tuple[GroupRate, ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()
    lift: tuple[LiftDecile, ...] = ()
    audit: Mapping[str, tuple[AuditLevel, ...]] = field(default_factory=dict)
    choices: Mapping[str, Any] = field(default_factory=dict)
    weighting: Mapping[str, Any] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    stages: tuple[Segment, ...] = ()
    interventions: tuple[Segment, ...] = ()
    whole_points: tuple[Mapping[str, Any], ...] = ()
    splits: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The plain form, in the order of the fields; holdout, baselines, bands and data are always there."""
        always = ("holdout", "baselines", "bands", "data")
        parts = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: plain(part) for name, part in parts.items() if name in always or part}
