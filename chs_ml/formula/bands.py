"""Bands, rules, and when a customer is scored at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chs_ml.errors import FormulaError
from chs_ml.formula.columns import BoolArray, FloatArray, Frame, IntArray, TextArray, numbers
from chs_ml.formula.conditions import Condition

NOT_SCORED = "not scored"
CUT_TOLERANCE = 1e-9
"""A band holds where score ≥ cut − this: three orders of summation then agree on which side of a cut a score lies."""


@dataclass(frozen=True, slots=True)
class Band:
    """A name and a colour for scores from ``start`` (0..100) up to the next band."""

    name: str
    color: str
    start: float


@dataclass(frozen=True, slots=True)
class Rule:
    """Sends a customer for whom the condition holds to a band; score and probability stay as they are."""

    when: Condition
    band: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class ScoreWhen:
    """What has to be known of a customer to be scored: a share of the weights, and floors on metrics."""

    coverage: float | None = None
    floors: tuple[tuple[str, float], ...] = ()

    def reasons(self, frame: Frame, coverage: FloatArray) -> TextArray:
        """Return for each row why it is not scored, '' where it is."""
        reasons = np.full(len(coverage), "", dtype=object)
        for metric, floor in reversed(self.floors):
            reasons[~(numbers(frame[metric], metric) >= floor)] = f"{metric} is below {floor:g} or unknown"
        if self.coverage is not None:
            reasons[coverage < self.coverage - CUT_TOLERANCE] = f"coverage is below {self.coverage:g}"
        return reasons


def check_bands(bands: tuple[Band, ...], rules: tuple[Rule, ...]) -> None:
    """Refuse bands that do not descend to 0, doubled names, and rules to a band that is not there."""
    names = [band.name for band in bands]
    starts = [band.start for band in bands]
    if len(set(names)) < len(names) or NOT_SCORED in names or "" in names:
        raise FormulaError(f"bands need different names, none of them empty or {NOT_SCORED!r}; got {names}")
    if any(high <= low for high, low in zip(starts, starts[1:], strict=False)):
        raise FormulaError(f"bands must descend, the healthiest first; 'from' was {starts}")
    if bands and not (starts[-1] == 0.0 and starts[0] <= 100.0):
        raise FormulaError(f"the last band must start from 0 and the first within 0..100; 'from' was {starts}")
    for rule in rules:
        if rule.band not in names:
            raise FormulaError(f"rule on {rule.when.metric!r}: band {rule.band!r} is none of {names}")


def band_by_score(score: FloatArray, bands: tuple[Band, ...]) -> IntArray:
    """Return for each score the position of its band."""
    cuts = np.array([band.start for band in reversed(bands[:-1])]) - CUT_TOLERANCE
    return len(bands) - 1 - np.searchsorted(cuts, score, side="right")


def band_after_rules(codes: IntArray, bands: tuple[Band, ...], rules: tuple[Rule, ...], frame: Frame) -> IntArray:
    """Return band positions after the rules, in the file's order: a later rule has the last word."""
    names = [band.name for band in bands]
    for rule in rules:
        codes = np.where(rule.when.applies(frame), names.index(rule.band), codes)
    return codes


def names_of(codes: IntArray, bands: tuple[Band, ...], scored: BoolArray) -> TextArray:
    """Return band names, ``not scored`` where a customer is not."""
    names = np.array([band.name for band in bands] + [NOT_SCORED], dtype=object)
    return names[np.where(scored, codes, len(bands))]
