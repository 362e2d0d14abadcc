"""Is one probability better than another on the same rows: the difference, with the noise they share taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from chs_ml.evaluate.figures import Figures, figures, row_log_loss
from chs_ml.evaluate.outcomes import Churned, Outcomes, probability
from chs_ml.evaluate.plain import Plain
from chs_ml.evaluate.ranking import ranking
from chs_ml.evaluate.uncertainty import symmetric


@dataclass(frozen=True, slots=True)
class Difference(Plain):
    """First minus second on the same rows, with a 95 % interval; None where the rows cannot carry it."""

    difference: float | None
    standard_error: float | None
    low: float | None
    high: float | None


NO_DIFFERENCE = Difference(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Comparison(Plain):
    """A baseline's own figures, and each figure of the baseline minus that of the formula. note: what to mind."""

    figures: Figures
    minus_formula: Mapping[str, Difference]
    note: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The figures' own keys, then ``minus_formula``, then ``note`` where there is one."""
        return {
            **self.figures.as_dict(),
            "minus_formula": {name: found.as_dict() for name, found in self.minus_formula.items()},
            **({} if self.note is None else {"note": self.note}),
        }


def log_loss_difference(churned: Churned, first: npt.ArrayLike, second: npt.ArrayLike) -> Difference:
    """Log-loss of the first churn probability minus that of the second; below 0 the first is better."""
    outcomes = Outcomes.of(churned)
    if outcomes.total <= 0:
        return NO_DIFFERENCE
    losses = [row_log_loss(outcomes.churned, probability(p, len(outcomes))) for p in (first, second)]
    gap = losses[0] - losses[1]
    return _difference(outcomes.mean(gap), outcomes.mean_error(gap))


def auc_difference(churned: Churned, first: npt.ArrayLike, second: npt.ArrayLike) -> Difference:
    """AUC of the first churn probability minus that of the second (DeLong et al. 1988); above 0 the first is better."""
    outcomes = Outcomes.of(churned)
    one, other = (ranking(outcomes, probability(p, len(outcomes))) for p in (first, second))
    if one is None or other is None:
        return NO_DIFFERENCE
    if one.influence is None or other.influence is None:
        return _difference(one.auc - other.auc, None)
    return _difference(one.auc - other.auc, outcomes.spread(one.influence - other.influence))


def compare(
    churned: Churned, churn_probability: npt.ArrayLike, others: Mapping[str, npt.ArrayLike]
) -> dict[str, Comparison]:
    """Each of the other churn probabilities beside the formula's, on the same rows."""
    outcomes = Outcomes.of(churned)
    found = {}
    for name, other in others.items():
        against = (outcomes, other, churn_probability)
        found[name] = Comparison(
            figures(outcomes, other),
            {
                "auc": auc_difference(*against),
                "log_loss": log_loss_difference(*against),
            },
        )
    return found


def _difference(value: float, standard_error: float | None) -> Difference:
    around = symmetric(value, standard_error)
    return Difference(value, around.standard_error, around.low, around.high)
