"""The formula: the frozen value between learning and everything else."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import Any

import numpy as np

from chs_ml.errors import DataError, FormulaError
from chs_ml.formula.bands import (
    Band,
    Rule,
    ScoreWhen,
    band_after_rules,
    band_by_score,
    check_bands,
    names_of,
)
from chs_ml.formula.columns import FloatArray, Frame, TextArray, column_names, row_count
from chs_ml.formula.terms import Term

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
        """Return the score at which churn has this probability (may lie outside 0..100)."""
        return 100.0 * (np.log((1.0 - churn_probability) / churn_probability) - self.a) / self.b


@dataclass(frozen=True, slots=True)
class Scored:
    """What one reading of a frame gives, a value for each row."""

    score: FloatArray
    churn_probability: FloatArray | None
    band: TextArray
    band_by_score: TextArray
    coverage: FloatArray
    not_scored_because: TextArray
    health: tuple[FloatArray, ...]


@dataclass(frozen=True)
class Formula:
    """Terms, the link to churn, bands and rules: everything that a scorer needs, and nothing else.

    CHS = 100 · Σ w_j n_j(x_j), summed left to right in the order of ``terms``; weights sum to 1.
    """

    terms: tuple[Term, ...]
    link: Link | None = None
    bands: tuple[Band, ...] = ()
    rules: tuple[Rule, ...] = ()
    score_when: ScoreWhen | None = None

    def __post_init__(self) -> None:
        """Refuse weights that do not sum to 1, doubled terms, and bands that cannot be."""
        if not self.terms:
            raise FormulaError("a formula needs one term or more")
        total = fsum(term.weight for term in self.terms)
        if abs(total - 1.0) > 1e-9:
            raise FormulaError(f"weights sum to {total!r}; they are shares and must sum to 1")
        keys = [term.key for term in self.terms]
        if len(set(keys)) < len(keys):
            doubled = next(key for key in keys if keys.count(key) > 1)
            raise FormulaError(f"term {doubled!r} stands twice; a metric has one term, or two with opposite conditions")
        check_bands(self.bands, self.rules)

    @classmethod
    def load(cls, path: str | Path) -> Formula:
        """Read the formula of a weights file; FormulaError names what is wrong with the file."""
        from chs_ml.formula.weights_file import WeightsFile

        return WeightsFile.load(path).formula

    @property
    def digest(self) -> str:
        """SHA-256 of the formula's canonical form (RFC 8785): the same digest is the same formula."""
        from chs_ml.formula.canonical import formula_digest

        return formula_digest(self)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric that scoring reads, each once, terms first."""
        names = [name for term in self.terms for name in term.metrics]
        names += [rule.when.metric for rule in self.rules]
        names += [name for name, _ in (self.score_when.floors if self.score_when else ())]
        return tuple(dict.fromkeys(names))

    def score(self, frame: Frame) -> FloatArray:
        """Return the health score of each row, 0..100."""
        return self._summed([term.health(frame) for term in self._checked(frame)])

    def churn_probability(self, frame: Frame) -> FloatArray:
        """Return the probability of churn of each row; FormulaError for a formula without a link."""
        return self._linked().churn_probability(self.score(frame))

    def band(self, frame: Frame) -> TextArray:
        """Return the band of each row after rules, ``not scored`` where too little is known."""
        return self.read(frame).band

    def coverage(self, frame: Frame) -> FloatArray:
        """Return for each row the share of the weights whose metric is known."""
        return self._covered(frame, row_count(frame))

    def contributions(self, frame: Frame) -> dict[str, FloatArray]:
        """Return the points of each term for each row, by the term's key; they sum to the score."""
        return {term.key: 100.0 * term.weight * term.health(frame) for term in self._checked(frame)}

    def pillar_scores(self, frame: Frame) -> dict[str, FloatArray]:
        """Return a sub-score, 0..100, for each pillar: the score of its terms alone."""
        sums: dict[str, FloatArray] = {}
        weights: dict[str, float] = {}
        for term in self._checked(frame):
            sums[term.pillar] = sums.get(term.pillar, 0.0) + term.weight * term.health(frame)
            weights[term.pillar] = weights.get(term.pillar, 0.0) + term.weight
        return {pillar: 100.0 * sums[pillar] / weights[pillar] for pillar in sums}

    def read(self, frame: Frame, *, allow_absent: bool = False) -> Scored:
        """Return score, probability, bands, coverage and health of each term, read once.

        allow_absent: take a column that is not there as missing for every row, instead of raising DataError.
        """
        frame = _WithAbsent(frame) if allow_absent else frame
        rows = row_count(frame)
        health = tuple(term.health(frame) for term in self._checked(frame))
        score = self._summed(health)
        coverage = self._covered(frame, rows)
        reasons = self.score_when.reasons(frame, coverage) if self.score_when else np.full(rows, "", dtype=object)
        codes = band_by_score(score, self.bands) if self.bands else np.zeros(rows, dtype=np.intp)
        ruled = band_after_rules(codes, self.bands, self.rules, frame)
        everyone = np.full(rows, bool(self.bands))
        return Scored(
            score=score,
            churn_probability=None if self.link is None else self.link.churn_probability(score),
            band=names_of(ruled, self.bands, everyone & (reasons == "")),
            band_by_score=names_of(codes, self.bands, everyone),
            coverage=coverage,
            not_scored_because=reasons,
            health=health,
        )

    def _summed(self, health: tuple[FloatArray, ...] | list[FloatArray]) -> FloatArray:
        total = np.zeros_like(health[0])
        for term, part in zip(self.terms, health, strict=True):
            total += term.weight * part
        return 100.0 * total

    def _covered(self, frame: Frame, rows: int) -> FloatArray:
        covered = np.zeros(rows)
        for term in self._checked(frame):
            covered += term.weight * term.known(frame)
        return np.minimum(covered, 1.0)

    def _linked(self) -> Link:
        if self.link is None:
            raise FormulaError("this formula has no link to churn: it was written by hand and never calibrated")
        return self.link

    def _checked(self, frame: Any) -> tuple[Term, ...]:
        if isinstance(frame, _WithAbsent):
            return self.terms
        there = set(column_names(frame))
        absent = [name for name in self.metrics if name not in there]
        if absent:
            raise DataError(*(_absent(name, sorted(there)) for name in absent))
        return self.terms


class _WithAbsent:
    """A frame in which a column that is not there is missing for every row."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self._there = set(column_names(frame))
        self._rows = row_count(frame)

    def __getitem__(self, name: str) -> Any:
        return self._frame[name] if name in self._there else np.full(self._rows, None, dtype=object)

    def __len__(self) -> int:
        return self._rows


def _absent(name: str, there: list[str]) -> str:
    near = difflib.get_close_matches(name, there, 1, 0.6)
    hint = f" Did you mean column {near[0]!r}?" if near else ""
    return f"column {name!r} is not in the table; the formula reads it.{hint} Rename it, map it, or allow it absent."


def _sigmoid(x: FloatArray) -> FloatArray:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)
