"""Bands: what the spec asks for, fixed as cuts on the score of the rows that the formula was learned from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import floor

import numpy as np

from chs_ml.errors import SpecError
from chs_ml.formula import Band, Condition, Formula, Rule, ScoreWhen
from chs_ml.formula.columns import FloatArray
from chs_ml.spec import CalibrationSpec, Cut

CENT = 100
"""Learned cuts are rounded down to hundredths of a point: people read them, and nobody on the cut falls below it."""

NOBODY = 1e-12
"""A share of customers that is rounding."""


def banded(formula: Formula, score: FloatArray, spec: CalibrationSpec, standing: FloatArray | None = None) -> Formula:
    """Return the formula with the spec's bands, rules and conditions for scoring.

    score: 0..100, of the rows that the formula was learned from; a band by share of customers gets its cut from them.
    standing: how many customers each row stands for; None: one each.
    Of the bands that nobody chose, one is left out where scores pile up so that no customer could be in it.
    SpecError for a churn probability that no score has, and for chosen bands that cannot be cut.
    """
    ranked = Ranked.of(score, standing)
    starts = [*(_start(cut, formula, ranked) for cut in spec.cuts), 0.0]
    rounded = [s if cut.kind == "score" else floor(s * CENT) / CENT for s, cut in zip(starts, spec.cuts, strict=False)]
    starts = [*rounded, 0.0] if len({*rounded, 0.0}) == len(starts) else starts
    named = list(zip(spec.bands, starts, strict=True))
    if not spec.bands_said:
        named = [one for at, one in enumerate(named) if one[1] < min([101.0, *starts[:at]])]
    if any(high <= low for (_, high), (_, low) in pairwise(named)):
        raise SpecError(
            f"bands: the cuts come out as {starts[:-1]} and must descend. Scores pile up there; use fewer bands, or "
            "cuts by score."
        )
    bands = tuple(Band(band.name, band.color, start) for band, start in named)
    return replace(formula, bands=bands, rules=_rules(spec), score_when=_score_when(spec))


def bands_left_out(formula: Formula, spec: CalibrationSpec) -> list[str]:
    """Return a sentence where scores pile up so much that a band is left out."""
    there = {band.name for band in formula.bands}
    gone = [band.name for band in spec.bands if band.name not in there]
    return [f"bands: scores pile up, so that no customer could be {' or '.join(gone)}; left out"] if gone else []


@dataclass(frozen=True)
class Ranked:
    """Scores from the best down, and how many customers stand above each row, as a share of all but one row's."""

    score: FloatArray
    above: FloatArray

    @classmethod
    def of(cls, score: FloatArray, standing: FloatArray | None = None) -> Ranked:
        """Rank the rows; standing: how many customers each stands for."""
        weight = np.ones(len(score)) if standing is None else standing
        order = np.argsort(-score, kind="stable")
        mass = weight[order]
        others = float(mass.sum()) * max(1.0 - 1.0 / len(score), 1e-300)
        return cls(score[order], (np.cumsum(mass) - mass) / others)

    def best(self, share: float) -> float:
        """Return the lowest score among the best ``share``; of rows that count alike, the higher quantile's."""
        return float(self.score[np.searchsorted(self.above, share + NOBODY, side="right") - 1])


def _start(cut: Cut, formula: Formula, ranked: Ranked) -> float:
    if cut.kind == "score":
        return cut.value
    if cut.kind == "share":
        return ranked.best(cut.value)
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
