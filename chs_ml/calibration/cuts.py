"""Bands: what the spec asks for, fixed as cuts on the score of the rows that the formula was learned from."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import floor

import numpy as np

from chs_ml.errors import SpecError
from chs_ml.formula import Band, Condition, Formula, Rule, ScoreWhen
from chs_ml.formula.columns import FloatArray
from chs_ml.spec import CalibrationSpec, Cut

CENT = 100
"""Learned cuts are rounded down to hundredths of a point: people read them, and nobody on the cut falls below it."""


def banded(formula: Formula, score: FloatArray, spec: CalibrationSpec) -> Formula:
    """Return the formula with the spec's bands, rules and conditions for scoring.

    score: 0..100, of the rows that the formula was learned from; a band by share of customers gets its cut from them.
    SpecError for a churn probability that no score has.
    """
    starts = [*(_start(cut, formula, score) for cut in spec.cuts), 0.0]
    rounded = [s if cut.kind == "score" else floor(s * CENT) / CENT for s, cut in zip(starts, spec.cuts, strict=False)]
    starts = [*rounded, 0.0] if len({*rounded, 0.0}) == len(starts) else starts
    if any(high <= low for high, low in pairwise(starts)):
        raise SpecError(
            f"bands: the cuts come out as {starts[:-1]} and must descend. Scores pile up there; use fewer bands, or "
            "cuts by score."
        )
    bands = tuple(Band(band.name, band.color, start) for band, start in zip(spec.bands, starts, strict=True))
    return replace(formula, bands=bands, rules=_rules(spec), score_when=_score_when(spec))


def _start(cut: Cut, formula: Formula, score: FloatArray) -> float:
    if cut.kind == "score":
        return cut.value
    if cut.kind == "share":
        return float(np.quantile(score, 1.0 - cut.value, method="higher"))
    link = formula.link
    at = -1.0 if link is None else link.score_at(cut.value)
    if link is None or not 0.0 < at < 100.0:
        low, high = (float(p) for p in churn_at_the_ends(formula))
        raise SpecError(
            f"bands: churn_below {cut.value:g} is a probability that no score has; this formula's go from {low:.3f} to "
            f"{high:.3f}. Choose one between, or a band by share of customers."
        )
    return at


def churn_at_the_ends(formula: Formula) -> FloatArray:
    """Return the churn probabilities of the best and of the worst score."""
    ends = np.array([100.0, 0.0])
    return ends * 0.0 if formula.link is None else formula.link.churn_probability(ends)


def _rules(spec: CalibrationSpec) -> tuple[Rule, ...]:
    return tuple(
        Rule(Condition(rule.when.metric, rule.when.above, rule.when.level), rule.band, rule.because)
        for rule in spec.rules
    )


def _score_when(spec: CalibrationSpec) -> ScoreWhen | None:
    if spec.score_when is None:
        return None
    return ScoreWhen(spec.score_when.coverage, tuple(spec.score_when.at_least.items()))
