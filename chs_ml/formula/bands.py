"""Bands, rules, and when a customer is scored at all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chs_ml.errors import FormulaError
from chs_ml.formula.columns import FloatArray, Frame, IntArray, TextArray
from chs_ml.formula.conditions import Condition
from chs_ml.formula.frames import Columns
from chs_ml.formula.names import check_color, check_name, check_text

NOT_SCORED = "not scored"
CUT_TOLERANCE = 1e-9
"""A band holds where score ≥ cut − this: three orders of summation then agree on which side of a cut a score lies."""


@dataclass(frozen=True, slots=True)
class Band:
    """A name and a colour for scores from ``start`` (0..100) up to the next band."""

    name: str
    color: str
    start: float

    def __post_init__(self) -> None:
        """Refuse names and colours that no page or target can write."""
        check_name("band", self.name)
        check_color(self.color)


@dataclass(frozen=True, slots=True)
class Rule:
    """Sends a customer for whom the condition holds to a band; score and probability stay as they are."""

    when: Condition
    band: str
    because: str = ""

    def __post_init__(self) -> None:
        """Refuse a reason that is more than a line."""
        check_text(f"rule on {self.when.metric!r}: because", self.because)


@dataclass(frozen=True, slots=True)
class ScoreWhen:
    """What has to be known of a customer to be scored: a share of the weights, and floors on metrics."""

    coverage: float | None = None
    floors: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        """Refuse a share outside 0..1, floors that are no numbers, and a metric with two of them."""
        if self.coverage is not None and not 0.0 <= self.coverage <= 1.0:
            raise FormulaError(f"score_when: coverage {self.coverage!r} is outside 0..1")
        names = [name for name, _ in self.floors]
        if len(set(names)) < len(names) or "coverage" in names or "" in names:
            raise FormulaError(f"score_when: each metric has one floor, and none is called 'coverage'; got {names}")
        for name, floor in self.floors:
            check_name("score_when: metric", name)
            if not np.isfinite(floor):
                raise FormulaError(f"score_when: the floor of {name!r} must be a finite number, not {floor!r}")

    def reasons(self, frame: Frame, coverage: FloatArray) -> TextArray:
        """Return for each row why it is not scored, '' where it is."""
        columns = Columns.of(frame)
        reasons = np.full(len(coverage), "", dtype=object)
        for metric, floor in reversed(self.floors):
            reasons[~(columns.numbers(metric) >= floor)] = f"{metric} is below {floor:g} or unknown"
        if self.coverage is not None:
            reasons[coverage < self.coverage - CUT_TOLERANCE] = f"coverage is below {self.coverage:g}"
        return reasons


def check_bands(bands: tuple[Band, ...], rules: tuple[Rule, ...]) -> None:
    """Refuse bands that do not descend to 0, doubled names, and rules to a band that is not there."""
    names = [band.name for band in bands]
    starts = [band.start for band in bands]
    if len(set(names)) < len(names) or NOT_SCORED in names or "" in names:
        raise FormulaError(f"bands need different names, none of them empty or {NOT_SCORED!r}; got {names}")
    if not all(high > low for high, low in pairwise(starts)):
        raise FormulaError(f"bands must descend, the healthiest first, each 'from' a number; they were {starts}")
    if bands and not (starts[-1] == 0.0 and starts[0] <= 100.0):
        raise FormulaError(f"the last band must start from 0 and the first within 0..100; they were {starts}")
    for rule in rules:
        if rule.band not in names:
            raise FormulaError(f"rule on {rule.when.metric!r}: band {rule.band!r} is none of {names}")


def band_by_score(score: FloatArray, bands: tuple[Band, ...]) -> IntArray:
    """Return for each score the position of its band, -1 where the formula has none."""
    if not bands:
        return np.full(len(score), -1, dtype=np.intp)
    cuts = np.array([band.start for band in reversed(bands[:-1])]) - CUT_TOLERANCE
    return len(bands) - 1 - np.searchsorted(cuts, score, side="right")


def band_after_rules(codes: IntArray, bands: tuple[Band, ...], rules: tuple[Rule, ...], frame: Frame) -> IntArray:
    """Return band positions after the rules, in the file's order: a later rule has the last word."""
    names = [band.name for band in bands]
    for rule in rules:
        codes = np.where(rule.when.applies(frame), names.index(rule.band), codes)
    return codes


def names_of(codes: IntArray, bands: tuple[Band, ...]) -> TextArray:
    """Return band names by position; None for every row where the formula has no bands."""
    return np.array([*(band.name for band in bands), None], dtype=object)[codes]
