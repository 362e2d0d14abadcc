"""Contrasts: what a metric moves from one end to the other, and how sure the companion is of it.

A signed curve has one contrast, from its bottom to its top. A free curve, levels, and a range that a missing value sets
have as many as there are pairs of places; the largest is taken, and its interval is wide enough for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import chi2, norm

from chs_ml.fit.basis import CurveBasis, MetricBasis
from chs_ml.fit.evidence.companion import Companion
from chs_ml.fit.fitting import Fitted
from chs_ml.fit.solver import one_thread
from chs_ml.formula.columns import FloatArray

LEVEL = 0.95
TWO_SIDED = float(norm.ppf(0.5 + LEVEL / 2))
DRAWS, BATCH, SEED = 10_000, 500, 20_240_101
MOST_PLACES = 60
"""With more places than these the critical value is Bonferroni's, which is wider."""
NOTHING = 1e-10
SIGN = {"positive": 1, "negative": -1}

Signs = Mapping[str, int]
"""Which metrics have one contrast, and its sign: 1 or -1. Those that are not named have the largest of all pairs."""


@dataclass(frozen=True)
class Places:
    """The log-odds at all places of a metric, as estimated, and their covariance."""

    values: FloatArray
    covariance: FloatArray

    @cached_property
    def critical(self) -> float:
        """Return the 95 % point of the largest |t| over all pairs of places."""
        one, other = np.triu_indices(len(self.values), 1)
        if len(one) < 2:
            return TWO_SIDED
        if len(self.values) > MOST_PLACES:
            return float(norm.isf((1 - LEVEL) / 2 / len(one)))
        variance = np.diag(self.covariance)
        errors = np.sqrt(np.maximum(variance[one] + variance[other] - 2 * self.covariance[one, other], 0.0))
        there = errors > 0
        if not there.any():
            return TWO_SIDED
        one, other, errors = one[there], other[there], errors[there]
        largest = [np.abs((drawn[:, one] - drawn[:, other]) / errors).max(1) for drawn in self._drawn()]
        return float(np.quantile(np.concatenate(largest), LEVEL))

    @cached_property
    def luck(self) -> float:
        """Return how much wider a range is than the one that it is drawn around: what the largest owes to chance."""
        wider = [np.ptp(self.values + drawn, axis=1).mean() for drawn in self._drawn()]
        return float(np.mean(wider) - np.ptp(self.values))

    def _drawn(self) -> Iterator[FloatArray]:
        """Give deviations of the values, as chance would have them: draws × places."""
        root, draw = root_of(self.covariance), np.random.default_rng(SEED)
        for _ in range(DRAWS // BATCH):
            yield draw.standard_normal((BATCH, len(self.values))) @ root


@dataclass(frozen=True)
class Contrast:
    """A difference of log-odds of being retained: ``vector`` times the companion's coefficients.

    metric: the key of its plan. whole_p: of the joint Wald test that the metric moves nothing at all, between no two
    places. among: all places, where this is the largest of their differences; None for a signed curve, which has one.
    """

    metric: str
    vector: FloatArray
    estimate: float
    standard_error: float
    whole_p: float
    among: Places | None = None

    @property
    def signed(self) -> bool:
        """Whether it is the one contrast of a signed curve."""
        return self.among is None

    @cached_property
    def critical(self) -> float:
        """Half the 95 % interval in standard errors: simultaneous over all pairs of places, where it is the largest."""
        return TWO_SIDED if self.among is None else self.among.critical

    @property
    def without_luck(self) -> float:
        """The estimate less what the largest of many differences owes to chance (a parametric bootstrap)."""
        return self.estimate if self.among is None else max(self.estimate - self.among.luck, 0.0)

    @property
    def z(self) -> float:
        """The estimate in standard errors; 0 where there is no telling."""
        return self.estimate / self.standard_error if self.standard_error > 0 else 0.0

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.estimate - self.critical * self.standard_error

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.estimate + self.critical * self.standard_error


def signs_of(fitted: Fitted) -> dict[str, int]:
    """Return the sign of every directed curve whose range goes from end to end in this fit."""
    signs = {}
    for at, metric in enumerate(fitted.basis.metrics):
        sign = SIGN.get(metric.plan.direction, 0)
        if sign and isinstance(metric, CurveBasis) and not _missing_beyond(metric, fitted.coefficients(at)):
            signs[metric.plan.key] = sign
    return signs


def along(companion: Companion, at: int) -> float:
    """Return what a number moves from its lowest to its highest knot, in standard errors; 0 for levels."""
    metric = companion.basis.metrics[at]
    if not isinstance(metric, CurveBasis):
        return 0.0
    across = np.zeros(len(companion.beta))
    first = companion.basis.layout.columns_of(at).start
    across[first : first + metric.ramps] = 1.0
    error = float(np.sqrt(max(float(across @ companion.covariance @ across), 0.0)))
    return float(across @ companion.beta) / error if error > 0 else 0.0


def contrasts_of(companion: Companion, signs: Signs) -> tuple[Contrast, ...]:
    """Return the contrast of each metric."""
    with one_thread():
        return tuple(_contrast(companion, at, signs.get(name)) for at, name in enumerate(companion.metrics))


def places_of(metric: MetricBasis) -> FloatArray:
    """Return the design at each knot or level, and for missing where that is learned: places × columns."""
    if isinstance(metric, CurveBasis):
        places = np.tril(np.ones((metric.ramps + 1, metric.columns)), -1)
        places[:, metric.ramps :] = 0.0
    else:
        places = np.eye(len(metric.levels), metric.columns)
    return np.vstack([places, metric.missing_design]) if metric.missing_learned else places


def _missing_beyond(metric: CurveBasis, beta: FloatArray) -> bool:
    values = metric.contributions(beta)
    missing = float(metric.missing_design @ beta)
    return metric.missing_learned and not values.min() - NOTHING <= missing <= values.max() + NOTHING


def _contrast(companion: Companion, at: int, sign: int | None) -> Contrast:
    metric, columns = companion.basis.metrics[at], companion.basis.layout.columns_of(at)
    places, covariance = places_of(metric), companion.covariance[columns, columns]
    if len(places) == 0:
        return Contrast(metric.plan.key, np.zeros(len(companion.beta)), 0.0, 0.0, 1.0)
    values = places @ companion.beta[columns]
    among: Places | None = None
    if sign is not None and isinstance(metric, CurveBasis):
        best, worst = (metric.ramps, 0) if sign > 0 else (0, metric.ramps)
    else:
        best, worst, among = (
            int(np.argmax(values)),
            int(np.argmin(values)),
            Places(values, places @ covariance @ places.T),
        )
    vector = np.zeros(len(companion.beta))
    vector[columns] = places[best] - places[worst]
    variance = float(vector[columns] @ covariance @ vector[columns])
    error = float(np.sqrt(max(variance, 0.0)))
    whole = wald_p(places[1:] - places[:1], companion.beta[columns], covariance)
    return Contrast(metric.plan.key, vector, float(values[best] - values[worst]), error, whole, among)


def wald_p(differences: FloatArray, beta: FloatArray, covariance: FloatArray) -> float:
    """Return the p of the joint Wald test that all differences are zero, in the directions that have a variance."""
    if len(differences) == 0:
        return 1.0
    spread, directions = np.linalg.eigh(differences @ covariance @ differences.T)
    there = spread > NOTHING * max(float(spread[-1]), 1e-300)
    along: FloatArray = (directions.T @ (differences @ beta))[there]
    square, freedom = float(np.sum(along**2 / spread[there])), int(np.count_nonzero(there))
    return float(chi2.sf(square, freedom)) if freedom else 1.0


def root_of(covariance: FloatArray) -> FloatArray:
    """Return the symmetric square root, which is the same whatever the signs of the eigenvectors."""
    spread, directions = np.linalg.eigh(covariance)
    root: FloatArray = (directions * np.sqrt(np.maximum(spread, 0.0))) @ directions.T
    return root
