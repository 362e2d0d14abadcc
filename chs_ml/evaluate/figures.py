"""The figures that say how good churn probabilities are on rows the fit has not seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chs_ml.evaluate.lift import top_decile
from chs_ml.evaluate.link import CLIP, fit_link, fit_shift, link_errors, logit, separated
from chs_ml.evaluate.outcomes import Churned, FloatArray, Outcomes, probability
from chs_ml.evaluate.plain import Plain
from chs_ml.evaluate.ranking import auc_uncertainty, ranking
from chs_ml.evaluate.uncertainty import UNKNOWN, Uncertainty, rate_interval, symmetric

Figure = tuple[float | None, Uncertainty]
NOT_KNOWN: Figure = (None, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Figures(Plain):
    """Figures of one probability; None where the rows cannot carry it (one class, no rows, a constant).

    calibration_slope: of the logistic regression of churned on the log-odds (Cox 1958); 1 is right, below 1 the
    probabilities are too extreme. calibration_intercept: of the same with the slope held at 1, "in the large" (Van
    Calster et al. 2016); 0 is right, above 0 more churn than predicted. lift_top_decile: churn rate of the riskiest
    tenth (of 15 rows: 1.5) over the overall rate. top_decile_rows: that tenth, rounded up to a whole row.
    uncertainty: a 95 % interval per figure, by its name.
    """

    rows: int
    churn_rate: float | None
    auc: float | None
    log_loss: float | None
    brier: float | None
    calibration_slope: float | None
    calibration_intercept: float | None
    lift_top_decile: float | None
    top_decile_rows: int
    churned: int
    uncertainty: Mapping[str, Uncertainty]


def figures(churned: Churned, churn_probability: npt.ArrayLike) -> Figures:
    """Figures of ``churn_probability`` against ``churned`` (1 churned, 0 retained), both (rows,).

    Probabilities are kept 1e-12 away from 0 and 1 before their logarithm is taken: a certain and wrong prediction
    costs 27.6. Weights, and whose row it is where customers have several, come with
    ``Outcomes.read(churned, weights, customers)`` in place of ``churned``.
    Raises DataError for lengths that differ, outcomes other than 0 and 1, and probabilities outside 0..1.
    """
    outcomes = Outcomes.of(churned)
    p = probability(churn_probability, len(outcomes))
    found = _all_figures(outcomes, p) if outcomes.total > 0 else dict.fromkeys(_NAMES, NOT_KNOWN)
    return Figures(
        rows=len(outcomes),
        **{name: value for name, (value, _) in found.items()},
        top_decile_rows=math.ceil(len(outcomes) / 10),
        churned=int(outcomes.churned.sum()),
        uncertainty={name: uncertainty for name, (_, uncertainty) in found.items()},
    )


_NAMES = (
    "churn_rate",
    "auc",
    "log_loss",
    "brier",
    "calibration_slope",
    "calibration_intercept",
    "lift_top_decile",
)


def _all_figures(outcomes: Outcomes, p: FloatArray) -> dict[str, Figure]:
    return {
        "churn_rate": (outcomes.rate, rate_interval(outcomes.rate, outcomes.effective)),
        "auc": auc_of(outcomes, p),
        "log_loss": _mean(outcomes, row_log_loss(outcomes.churned, p)),
        "brier": _mean(outcomes, (p - outcomes.churned) ** 2),
        "calibration_slope": slope_of(outcomes, p),
        "calibration_intercept": intercept_of(outcomes, p),
        "lift_top_decile": top_decile(outcomes, p),
    }


def row_log_loss(churned: FloatArray, p: FloatArray) -> FloatArray:
    """Minus the log of the probability given to what happened, (rows,)."""
    clipped = np.clip(p, CLIP, 1 - CLIP)
    return np.asarray(-np.where(churned == 1, np.log(clipped), np.log1p(-clipped)), dtype=np.float64)


def _mean(outcomes: Outcomes, values: FloatArray) -> Figure:
    mean = outcomes.mean(values)
    return mean, symmetric(mean, outcomes.mean_error(values), least=0.0)


def auc_of(outcomes: Outcomes, p: FloatArray) -> Figure:
    """Area under the ROC curve, DeLong's interval."""
    found = ranking(outcomes, p)
    return (found.auc, auc_uncertainty(outcomes, found)) if found else NOT_KNOWN


def slope_of(outcomes: Outcomes, p: FloatArray) -> Figure:
    """Calibration slope; not known where a threshold parts churned from retained."""
    log_odds = logit(p)
    if outcomes.one_class or separated(log_odds, outcomes):
        return NOT_KNOWN
    link = fit_link(log_odds, outcomes)
    errors = link_errors(link, log_odds, outcomes)
    return link.slope, UNKNOWN if errors is None else symmetric(link.slope, float(errors[1]))


def intercept_of(outcomes: Outcomes, p: FloatArray) -> Figure:
    """Calibration in the large: log-odds observed minus predicted."""
    if outcomes.one_class:
        return NOT_KNOWN
    shift, error = fit_shift(logit(p), outcomes)
    return shift, symmetric(shift, error)
