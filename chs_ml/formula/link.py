"""From the score to a probability of churn, and back."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from chs_ml.errors import FormulaError
from chs_ml.formula.columns import FloatArray

LARGEST_LOG_ODDS = 700.0
"""Beyond this exp overflows, and some engines raise where others answer 0."""


@dataclass(frozen=True, slots=True)
class Link:
    """From score to probability: P(retained) = σ(a + b · score/100)."""

    a: float
    b: float

    def __post_init__(self) -> None:
        """Refuse a link whose exponential could overflow, or that runs the wrong way."""
        if not (abs(self.a) < LARGEST_LOG_ODDS and abs(self.a + self.b) < LARGEST_LOG_ODDS and self.b > 0):
            raise FormulaError(f"link a={self.a!r}, b={self.b!r}: b must be positive, |a| and |a + b| below 700")

    def churn_probability(self, score: FloatArray) -> FloatArray:
        """Return 1 − σ(a + b · score/100) for scores in 0..100."""
        return _sigmoid(-(self.a + self.b * (score / 100.0)))

    def score_at(self, churn_probability: float) -> float:
        """Return the score at which churn has this probability (may lie outside 0..100).

        Raises:
            FormulaError: for a probability that is not between 0 and 1.
        """
        if not 0.0 < churn_probability < 1.0:
            raise FormulaError(f"churn probability {churn_probability!r} must lie between 0 and 1")
        return 100.0 * (log((1.0 - churn_probability) / churn_probability) - self.a) / self.b


def _sigmoid(x: FloatArray) -> FloatArray:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)
