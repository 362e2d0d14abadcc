"""How far a figure may be from what many more customers would have shown: 95 % intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

from chs_ml.evaluate.plain import Plain

Z = 1.959963984540054  # the 97.5th percentile of the standard normal


@dataclass(frozen=True, slots=True)
class Uncertainty(Plain):
    """Standard error and 95 % interval of one figure; None where too few rows carry it."""

    standard_error: float | None
    low: float | None
    high: float | None


UNKNOWN = Uncertainty(None, None, None)


def symmetric(value: float, standard_error: float | None, least: float = -math.inf) -> Uncertainty:
    """Value ± 1.96 standard errors, not below ``least``, the smallest value that the figure can have."""
    if standard_error is None:
        return UNKNOWN
    half = Z * standard_error
    return Uncertainty(standard_error, max(least, value - half), value + half)


def wilson(rate: float, count: float) -> tuple[float, float]:
    """Interval of a proportion seen in ``count`` rows (Wilson 1927); ``count`` may be an effective, fractional number.

    Unlike rate ± 1.96 standard errors it keeps to 0..1 and is not empty at a rate of 0 or 1.
    """
    centre = (rate + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z / (1 + Z**2 / count) * math.sqrt(rate * (1 - rate) / count + Z**2 / (4 * count**2))
    return max(0.0, min(rate, centre - half)), min(1.0, max(rate, centre + half))


def rate_interval(rate: float, count: float) -> Uncertainty:
    """Wilson interval of a proportion, with the usual standard error beside it."""
    return Uncertainty(math.sqrt(rate * (1 - rate) / count), *wilson(rate, count)) if count > 0 else UNKNOWN
