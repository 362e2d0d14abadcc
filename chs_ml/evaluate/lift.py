"""How many of the churned are found by looking at the riskiest first."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chs_ml.evaluate.outcomes import Churned, FloatArray, Outcomes, probability, ties
from chs_ml.evaluate.plain import Plain
from chs_ml.evaluate.uncertainty import UNKNOWN, Uncertainty, Z, wilson


@dataclass(frozen=True, slots=True)
class LiftDecile(Plain):
    """One tenth of the customers; decile 1 is the riskiest, ``captured`` the share of all churned found so far."""

    decile: int
    customers: float
    churned: float
    churn_rate: float | None
    lift: float | None
    captured: float | None


@dataclass(frozen=True, slots=True)
class Captured:
    """The curve of churned found over customers looked at, riskiest first, both in sums of weights.

    Customers of equal probability are looked at in random order: between the ends of a tie the curve is the straight
    line of the expected value.
    """

    looked_at: FloatArray
    found: FloatArray

    @classmethod
    def of(cls, outcomes: Outcomes, churn_probability: FloatArray) -> Captured:
        """The curve of some rows."""
        group = ties(-churn_probability)
        mass = np.bincount(group, outcomes.weights)
        churned = np.bincount(group, outcomes.weights * outcomes.churned)
        return cls(np.concatenate([[0.0], np.cumsum(mass)]), np.concatenate([[0.0], np.cumsum(churned)]))

    def after(self, share: float) -> float:
        """Expected churned among this share of the customers."""
        return float(np.interp(share * self.looked_at[-1], self.looked_at, self.found))


def lift_table(churned: Churned, churn_probability: npt.ArrayLike) -> tuple[LiftDecile, ...]:
    """Churn rate and lift over the overall rate by tenths of the customers, riskiest first.

    A tenth of 15 customers is 1.5 of them; counts are expected values over random order within ties, hence fractions.
    """
    outcomes = Outcomes.of(churned)
    curve = Captured.of(outcomes, probability(churn_probability, len(outcomes)))
    return tuple(_decile(curve, decile) for decile in range(1, 11)) if outcomes.total > 0 else ()


def _decile(curve: Captured, decile: int) -> LiftDecile:
    everybody, everyone_churned = float(curve.looked_at[-1]), float(curve.found[-1])
    upto = curve.after(decile / 10)
    found = upto - curve.after((decile - 1) / 10)
    rate = found / (everybody / 10)
    lift, captured = (
        (rate * everybody / everyone_churned, upto / everyone_churned) if everyone_churned else (None, None)
    )
    return LiftDecile(decile, everybody / 10, found, rate, lift, captured)


def top_decile(outcomes: Outcomes, churn_probability: FloatArray) -> tuple[float | None, Uncertainty]:
    """Lift of the riskiest tenth and its interval; None where nobody churned.

    The interval is that of log lift by the delta method: the overall rate and the place of the cut are estimated from
    the same customers. The rate at the cut is read from the tenth of the customers around it.
    """
    curve = Captured.of(outcomes, churn_probability)
    if outcomes.total <= 0 or curve.found[-1] <= 0:
        return None, UNKNOWN
    rate, top = outcomes.rate, curve.after(0.1) / (0.1 * outcomes.total)
    widening = outcomes.widening()
    if widening is None or outcomes.one_class:
        return top / rate, UNKNOWN
    if top <= 0:
        return 0.0, Uncertainty(None, 0.0, min(10.0, wilson(0.0, outcomes.effective / 10)[1] / rate))
    at_cut = (curve.after(0.15) - curve.after(0.05)) / (0.1 * outcomes.total)
    inside = _share_inside(outcomes, churn_probability)
    of_top = (inside * (outcomes.churned - at_cut) - 0.1 * (top - at_cut)) / (0.1 * top)
    influence = outcomes.weights / outcomes.total * (of_top - (outcomes.churned - rate) / rate)
    error = widening * outcomes.spread(influence)
    lift = top / rate
    return lift, Uncertainty(lift * error, lift * math.exp(-Z * error), min(10.0, lift * math.exp(Z * error)))


def _share_inside(outcomes: Outcomes, churn_probability: FloatArray) -> FloatArray:
    """How likely each row is to be in the riskiest tenth: 1, 0, or the tied share at the cut."""
    group = ties(-churn_probability)
    mass = np.bincount(group, outcomes.weights)
    before = np.cumsum(mass) - mass
    share = np.divide(0.1 * outcomes.total - before, mass, out=np.zeros(len(mass)), where=mass > 0)
    return np.asarray(np.clip(share, 0.0, 1.0)[group], dtype=np.float64)
