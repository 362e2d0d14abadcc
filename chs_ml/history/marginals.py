"""How the values of a simulated metric are spread: from a place among all customers (0..1) to a value, and back.

A marginal answers two questions. ``values(places)``: what does a customer at this quantile show? ``positions(values)``:
where does a value stand between the lowest (0) and the highest (1)? True curves are drawn over positions, so that one
shape means the same for months, euros and tickets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from chs_ml.errors import DataError
from chs_ml.formula.columns import FloatArray, level_codes, numbers

TOP = 0.999
"""A count stops at this quantile, so that every true range is one that the data can show."""
_PLACES = np.linspace(0.0, 1.0, 1001)


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every value between ``low`` and ``high`` alike."""

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        """Refuse an empty range."""
        _require(self.low < self.high, f"uniform: low {self.low:g} must be below high {self.high:g}")

    def values(self, places: FloatArray) -> FloatArray:
        """Return the value at each quantile."""
        return self.low + (self.high - self.low) * places

    def positions(self, values: Any) -> FloatArray:
        """Return the quantile of each value, NaN where it is missing."""
        return np.clip((numbers(values) - self.low) / (self.high - self.low), 0.0, 1.0)

    @property
    def support(self) -> FloatArray:
        """Values that span the metric, ascending."""
        return self.values(_PLACES)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Amounts and durations: half of them below ``median``, with a long tail; spread: sd of the logarithm."""

    median: float = 1.0
    spread: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a median or spread that is not above 0."""
        _require(min(self.median, self.spread) > 0, "lognormal: median and spread must be above 0")

    def values(self, places: FloatArray) -> FloatArray:
        """Return the value at each quantile."""
        return self.median * np.exp(self.spread * ndtri(places))

    def positions(self, values: Any) -> FloatArray:
        """Return the quantile of each value, NaN where it is missing."""
        with np.errstate(divide="ignore"):
            logs = np.log(np.maximum(numbers(values), 0.0) / self.median)
        return np.asarray(ndtr(logs / self.spread))

    @property
    def support(self) -> FloatArray:
        """Values that span the metric, ascending: all but a millionth at either end."""
        return self.values(np.clip(_PLACES, 1e-6, 1 - 1e-6))


@dataclass(frozen=True, slots=True)
class Count:
    """Tickets, calls, late invoices: a share of ``zeros``, and a falling tail of mean ``mean`` for the rest.

    A position is the middle of the quantiles that share the count, stretched to 0 for none and 1 for the highest.
    """

    zeros: float = 0.5
    mean: float = 2.5

    def __post_init__(self) -> None:
        """Refuse shares outside 0..1 and a tail that cannot fall."""
        _require(0.0 < self.zeros < 1.0, f"count: the share of zeros must lie between 0 and 1, not be {self.zeros:g}")
        _require(self.mean > 1.0, f"count: the mean of those above zero must be above 1, not {self.mean:g}")

    def values(self, places: FloatArray) -> FloatArray:
        """Return the count at each quantile, as float64."""
        beyond = np.clip((places - self.zeros) / (1.0 - self.zeros), 0.0, TOP)
        return np.asarray(np.ceil(np.log1p(-beyond) / np.log1p(-1.0 / self.mean)) + 0.0)

    def positions(self, values: Any) -> FloatArray:
        """Return where each count stands, NaN where it is missing; between two counts linearly."""
        counts = self.support
        below = self.zeros + (1.0 - self.zeros) * (1.0 - (1.0 - 1.0 / self.mean) ** counts)
        below[-1] = 1.0
        middles = (np.concatenate([[0.0], below[:-1]]) + below) / 2.0
        middles = (middles - middles[0]) / (middles[-1] - middles[0])
        return np.asarray(np.interp(numbers(values), counts, middles))

    @property
    def support(self) -> FloatArray:
        """Every count that occurs, ascending."""
        return np.arange(self.values(np.array([1.0])).item() + 1.0, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Flag:
    """1 for a share of the customers, else 0."""

    share: float = 0.5

    def __post_init__(self) -> None:
        """Refuse a flag that is always the same."""
        _require(0.0 < self.share < 1.0, f"flag: the share must lie between 0 and 1, not be {self.share:g}")

    def values(self, places: FloatArray) -> FloatArray:
        """Return 1 above the quantile 1 - share, else 0, as float64."""
        return (places > 1.0 - self.share).astype(np.float64)

    def positions(self, values: Any) -> FloatArray:
        """Return the flag itself, NaN where it is missing."""
        return np.clip(numbers(values), 0.0, 1.0)

    @property
    def support(self) -> FloatArray:
        """Both values."""
        return np.array([0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Category:
    """Levels as text with their shares (any positive numbers), the lowest first; positions are equal steps."""

    levels: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        """Refuse fewer than two levels, doubled ones, and shares that are not above 0."""
        names = [name for name, _ in self.levels]
        _require(len(names) > 1 and len(set(names)) == len(names), f"category: needs different levels; got {names}")
        _require(all(share > 0 for _, share in self.levels), "category: every share must be above 0")

    def values(self, places: FloatArray) -> Any:
        """Return the level at each quantile, an object array of text."""
        shares = np.array([share for _, share in self.levels])
        return self.support[np.searchsorted(np.cumsum(shares / shares.sum())[:-1], places, side="left")]

    def positions(self, values: Any) -> FloatArray:
        """Return level 0, 1, … over the number of steps; NaN where missing or not among the levels."""
        steps = len(self.levels) - 1
        return np.array([*(np.arange(steps + 1) / steps), np.nan, np.nan])[level_codes(values, self.support.tolist())]

    @property
    def support(self) -> Any:
        """Every level, the lowest first, an object array of text."""
        return np.array([name for name, _ in self.levels], dtype=object)


Marginal = Uniform | Lognormal | Count | Flag | Category


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DataError(otherwise)
