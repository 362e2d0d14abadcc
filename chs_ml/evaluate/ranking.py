"""How well a probability ranks: the area under the ROC curve and what each row adds to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chs_ml.evaluate.outcomes import FloatArray, Outcomes
from chs_ml.evaluate.uncertainty import UNKNOWN, Uncertainty, Z, wilson


@dataclass(frozen=True, slots=True)
class Ranking:
    """Area under the ROC curve; ``influence`` (rows,) sums to 0, its spread is the standard error (None: too few)."""

    auc: float
    influence: FloatArray | None


def ranking(outcomes: Outcomes, churn_probability: FloatArray) -> Ranking | None:
    """Chance that a churned customer ranks above a retained one, ties half; None with one class only.

    Standard error of DeLong, DeLong and Clarke-Pearson (1988) from each row's placement among the other class; with
    several rows per customer, that of Obuchowski (1997).
    """
    if outcomes.one_class:
        return None
    churned = outcomes.churned == 1
    place = np.empty(len(outcomes))
    place[churned] = _share_below(outcomes.among(~churned), churn_probability[~churned], churn_probability[churned])
    place[~churned] = 1 - _share_below(outcomes.among(churned), churn_probability[churned], churn_probability[~churned])
    auc = outcomes.among(churned).mean(place[churned])
    influence = np.zeros(len(outcomes))
    for side in (churned, ~churned):
        part = outcomes.among(side)
        widening = part.widening()
        if widening is None:
            return Ranking(auc, None)
        influence[side] = widening * part.weights * (place[side] - auc) / part.total
    return Ranking(auc, influence)


def auc_uncertainty(outcomes: Outcomes, found: Ranking) -> Uncertainty:
    """DeLong's standard error, the interval taken on the log-odds of the area so that it keeps to 0..1.

    At an area of 0 or 1 the standard error is 0 and says nothing; the interval is then Wilson's on the smaller class,
    whose variance is the largest that an area can have (Birnbaum and Klotz 1957).
    """
    if found.influence is None:
        return UNKNOWN
    error, auc = outcomes.spread(found.influence), found.auc
    if min(auc, 1 - auc) < 1e-12:
        smaller = min(outcomes.among(outcomes.churned == side).effective for side in (0, 1))
        return Uncertainty(error, *wilson(auc, smaller))
    logit, half = math.log(auc / (1 - auc)), Z * error / (auc * (1 - auc))
    return Uncertainty(error, _expit(logit - half), _expit(logit + half))


def _share_below(others: Outcomes, theirs: FloatArray, mine: FloatArray) -> FloatArray:
    order = np.argsort(theirs, kind="stable")
    mass = np.concatenate([[0.0], np.cumsum(others.weights[order])])
    below = mass[np.searchsorted(theirs[order], mine, "left")]
    upto = mass[np.searchsorted(theirs[order], mine, "right")]
    return np.asarray((below + upto) / (2 * mass[-1]), dtype=np.float64)


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0
