"""How sure the weights are: intervals, ranks and verdicts, all from the companion's contrasts.

w_j = d_j/Σd, so a small change of the contrasts moves the weights by J = (I - w 1ᵀ)/Σd (the delta method).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import norm

from chs_ml.fit.companion import Companion
from chs_ml.fit.contrasts import LEVEL, SEED, TWO_SIDED, Contrast, root_of
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
    ``Evidence``.
    """

    declared: bool = False
    alike: tuple[str, ...] = ()
    separates: str | None = None


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
        moves, spread = vectors @ companion.beta, vectors @ companion.covariance @ vectors.T
        certain = moves.sum() >= ENOUGH * (error := float(np.sqrt(max(spread.sum(), 0.0)))) and error > 0
        halves = _halves(moves, spread, contrasts) if certain else [None] * len(contrasts)
        ranks = _ranks(moves, spread) if certain else [(None, None)] * len(contrasts)
    terms = []
    for at, (contrast, half, rank) in enumerate(zip(contrasts, halves, ranks, strict=True)):
        name, middle = contrast.metric, moves[at] / moves.sum()
        low, high = (None, None) if half is None else (float(middle - half), float(middle + half))
        of = (known or {}).get(name, Known())
        verdict = verdict_of(contrast, declared=of.declared)
        terms.append(
            Evidence(
                metric=name,
                verdict="weak" if of.alike and verdict == "clear" else verdict,
                low=low,
                high=high,
                contrast=contrast.estimate,
                contrast_low=contrast.low,
                contrast_high=contrast.high,
                z=contrast.z,
                whole_p=contrast.whole_p,
                rank_low=rank[0],
                rank_high=rank[1],
                outside=low is not None and high is not None and not low <= weights.get(name, 0.0) <= high,
                together_with=of.alike,
                separates=of.separates,
            )
        )
    return Inference(tuple(terms), None if certain else TOO_LITTLE.format(moves.sum() / error if error > 0 else 0.0))


def _halves(moves: FloatArray, spread: FloatArray, contrasts: Sequence[Contrast]) -> list[float | None]:
    """Return half the width of each weight's interval."""
    shares = moves / moves.sum()
    change = (np.eye(len(moves)) - shares[:, None]) / moves.sum()
    errors = np.sqrt(np.maximum(np.diag(change @ spread @ change.T), 0.0))
    return [contrast.critical * float(error) for contrast, error in zip(contrasts, errors, strict=True)]


def _ranks(moves: FloatArray, spread: FloatArray) -> list[tuple[int | None, int | None]]:
    """Return the places that each takes in 95 % of the draws from the contrasts' joint distribution."""
    draws = moves + np.random.default_rng(SEED).standard_normal((DRAWS, len(moves))) @ root_of(spread)
    places = 1 + np.argsort(np.argsort(-draws, axis=1), axis=1)
    low, high = np.quantile(places, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="inverted_cdf")
    return [(int(one), int(other)) for one, other in zip(low, high, strict=True)]
