"""How sure the weights are: intervals, ranks and verdicts, all from the companion's contrasts.

w_j = d_j/Σd, so a small change of the contrasts moves the weights by J = (I - w 1ᵀ)/Σd (the delta method).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.stats import norm

from chs_ml.fit.evidence.companion import Companion
from chs_ml.fit.evidence.contrasts import LEVEL, SEED, TWO_SIDED, Contrast, root_of
from chs_ml.fit.solver import one_thread
from chs_ml.formula.columns import FloatArray

Verdict = Literal["clear", "weak", "not enough evidence", "contradicts its direction"]
ONE_SIDED = float(norm.ppf(LEVEL))
WEAK, WEAK_WHOLE = 1.28, 0.1
"""A contrast of so many standard errors, or a whole curve with so small a p, is weak evidence."""
ENOUGH = 4.0
"""The sum of all contrasts has to be so many standard errors: below, shares of it have no interval."""
DRAWS = 10_000
TOO_LITTLE = (
    "no weight has an interval: all contrasts together are {:.1f} standard errors, and shares of a sum that uncertain "
    "(under 4) could be anything. Their log-odds have intervals."
)
ONLY_ONE = "no weight has an interval: there is one metric, and its weight is the whole score."


@dataclass(frozen=True, slots=True)
class Evidence:
    """How sure one weight is. low, high: its 95 % interval, None where the sum of all contrasts is too uncertain.

    contrast, contrast_low, contrast_high: log-odds of being retained from one end to the other. z: that in standard
    errors. whole_p: of the test that nothing of the curve moves. rank_low, rank_high: 95 % of the places that the
    weight takes among all, 1 the heaviest. outside: the weight lies outside its interval. together_with: metrics that
    say the same and were set aside for this one, so that it is not clear alone. separates: churned from retained rows,
    complete or quasi-complete: the weight is finite because it is held, and no interval holds.
    """

    metric: str
    verdict: Verdict
    low: float | None
    high: float | None
    contrast: float
    contrast_low: float
    contrast_high: float
    z: float
    whole_p: float
    rank_low: int | None
    rank_high: int | None
    outside: bool
    together_with: tuple[str, ...] = ()
    separates: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a metric beside its contrast.

    declared: its direction was not the data's to choose. alike: metrics that were set aside for it. separates: see
    ``Evidence``. along: what a curve with a direction moves from its unhealthy end to the other, in standard errors,
    where another of its differences is the largest (a missing value's): such a curve may be against its direction too.
    """

    declared: bool = False
    alike: tuple[str, ...] = ()
    separates: str | None = None
    along: float = 0.0

    @property
    def against(self) -> bool:
        """Whether the curve clearly goes the other way, whatever its missing value says."""
        return self.along < -(ONE_SIDED if self.declared else TWO_SIDED)


@dataclass(frozen=True)
class Inference:
    """The evidence of every term, and why no weight has an interval (None where they have)."""

    terms: tuple[Evidence, ...]
    no_intervals: str | None = None


def verdict_of(contrast: Contrast, *, declared: bool) -> Verdict:
    """Return the verdict on a contrast. declared: its direction was known beforehand, so that one side counts."""
    clear = (ONE_SIDED if declared else TWO_SIDED) if contrast.signed else contrast.critical
    if contrast.z > clear:
        return "clear"
    if contrast.signed and contrast.z < -clear:
        return "contradicts its direction"
    if (contrast.signed and contrast.z >= WEAK) or contrast.whole_p <= WEAK_WHOLE:
        return "weak"
    return "not enough evidence"


def inference_of(
    companion: Companion,
    contrasts: Sequence[Contrast],
    weights: Mapping[str, float],
    known: Mapping[str, Known] | None = None,
) -> Inference:
    """Return the evidence of every contrast's weight. weights, known: by metric; the weights are the final ones."""
    if not contrasts:
        return Inference(())
    with one_thread():
        vectors = np.array([contrast.vector for contrast in contrasts])
        moves = np.array([contrast.without_luck for contrast in contrasts])
        shares = _Shares(moves, vectors @ companion.covariance @ vectors.T)
        reason = shares.no_intervals
        halves = [None] * len(moves) if reason else [float(error) for error in shares.errors]
        ranks = [(None, None)] * len(moves) if reason else shares.ranks()
    terms = []
    for contrast, share, error, rank in zip(contrasts, shares.middle, halves, ranks, strict=True):
        of = (known or {}).get(contrast.metric, Known())
        term = _evidence(contrast, of, rank)
        if error is not None and of.separates is None:
            low, high = float(share - contrast.critical * error), float(share + contrast.critical * error)
            outside = not low <= weights.get(contrast.metric, 0.0) <= high
            term = replace(term, low=low, high=high, outside=outside)
        terms.append(term)
    return Inference(tuple(terms), reason)


def _evidence(contrast: Contrast, of: Known, rank: tuple[int | None, int | None]) -> Evidence:
    """Return what is known of one weight but its interval."""
    verdict = "contradicts its direction" if of.against else verdict_of(contrast, declared=of.declared)
    return Evidence(
        metric=contrast.metric,
        verdict="weak" if of.alike and verdict == "clear" else verdict,
        low=None,
        high=None,
        contrast=contrast.estimate,
        contrast_low=contrast.low,
        contrast_high=contrast.high,
        z=contrast.z,
        whole_p=contrast.whole_p,
        rank_low=rank[0],
        rank_high=rank[1],
        outside=False,
        together_with=of.alike,
        separates=of.separates,
    )


@dataclass(frozen=True)
class _Shares:
    """Contrasts as shares of their sum. moves: the contrasts, without luck; spread: their covariance."""

    moves: FloatArray
    spread: FloatArray

    @cached_property
    def middle(self) -> FloatArray:
        """The shares themselves."""
        return self.moves / max(float(self.moves.sum()), 1e-300)

    @property
    def no_intervals(self) -> str | None:
        """Why shares have no interval, None where they have."""
        if len(self.moves) == 1:
            return ONLY_ONE
        error = float(np.sqrt(max(self.spread.sum(), 0.0)))
        certain = float(self.moves.sum()) / error if error > 0 else 0.0
        return TOO_LITTLE.format(certain) if certain < ENOUGH else None

    @property
    def errors(self) -> FloatArray:
        """The standard error of each share."""
        change = (np.eye(len(self.moves)) - self.middle[:, None]) / self.moves.sum()
        return np.sqrt(np.maximum(np.diag(change @ self.spread @ change.T), 0.0))

    def ranks(self) -> list[tuple[int | None, int | None]]:
        """Return the places that each takes in 95 % of the draws from the contrasts' joint distribution."""
        normal = np.random.default_rng(SEED).standard_normal((DRAWS, len(self.moves)))
        places = 1 + np.argsort(np.argsort(-(self.moves + normal @ root_of(self.spread)), axis=1), axis=1)
        low, high = np.quantile(places, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="inverted_cdf")
        return [(int(one), int(other)) for one, other in zip(low, high, strict=True)]
