"""The formula: the frozen value between learning and everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chs_ml.errors import FormulaError
from chs_ml.formula.bands import (
    NOT_SCORED,
    Band,
    Rule,
    ScoreWhen,
    band_after_rules,
    band_by_score,
    check_bands,
    names_of,
)
from chs_ml.formula.columns import FloatArray, Frame, TextArray
from chs_ml.formula.consistency import check_one_reading
from chs_ml.formula.frames import Columns
from chs_ml.formula.link import LARGEST_LOG_ODDS, Link
from chs_ml.formula.terms import Term

if TYPE_CHECKING:
    from chs_ml.formula.points_card import PointsCard
    from chs_ml.formula.whole_percent import WholePercent


@dataclass(frozen=True, slots=True)
class Scored:
    """What one reading of a frame gives, a value for each row.

    band: after rules, ``not scored`` where ``score_when`` says so; None in a formula without bands. coverage: 0..1.
    not_scored_because: '' where the row is scored. health: n_j of each term, in the formula's order.
    """

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
        """Refuse weights that do not sum to 1, doubled terms, bands that cannot be, and a metric read two ways."""
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
        check_one_reading(self.terms, self.rules, self.score_when)

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
        columns = self._columns(frame)
        return self._summed([term.health(columns) for term in self.terms])

    def churn_probability(self, frame: Frame) -> FloatArray:
        """Return the probability of churn of each row; FormulaError for a formula without a link."""
        return self._linked().churn_probability(self.score(frame))

    def band(self, frame: Frame) -> TextArray:
        """Return the band of each row after rules, ``not scored`` where too little is known."""
        return self.read(frame).band

    def coverage(self, frame: Frame) -> FloatArray:
        """Return for each row the share of the weights whose metric is known, 0..1."""
        return self._covered(self._columns(frame))

    def contributions(self, frame: Frame) -> dict[str, FloatArray]:
        """Return the points of each term for each row, by the term's key; they sum to the score."""
        columns = self._columns(frame)
        return {term.key: 100.0 * term.weight * term.health(columns) for term in self.terms}

    def pillar_scores(self, frame: Frame) -> dict[str, FloatArray]:
        """Return a sub-score, 0..100, for each pillar: the score of its terms alone."""
        columns = self._columns(frame)
        sums: dict[str, FloatArray] = {}
        weights: dict[str, float] = {}
        for term in self.terms:
            sums[term.pillar] = sums.get(term.pillar, 0.0) + term.weight * term.health(columns)
            weights[term.pillar] = weights.get(term.pillar, 0.0) + term.weight
        return {pillar: 100.0 * sums[pillar] / weights[pillar] for pillar in sums}

    def read(self, frame: Frame, *, allow_absent: bool = False) -> Scored:
        """Return score, probability, bands, coverage and health of each term; each column is read once.

        allow_absent: take a column that is not there as missing for every row, instead of raising DataError.
        """
        columns = self._columns(frame, allow_absent=allow_absent)
        health = tuple(term.health(columns) for term in self.terms)
        score = self._summed(health)
        coverage = self._covered(columns)
        codes = band_by_score(score, self.bands)
        band = names_of(band_after_rules(codes, self.bands, self.rules, columns), self.bands)
        reasons = np.full(len(columns), "", dtype=object)
        if self.score_when is not None:
            reasons = self.score_when.reasons(columns, coverage)
            band[reasons != ""] = NOT_SCORED
        return Scored(
            score=score,
            churn_probability=None if self.link is None else self.link.churn_probability(score),
            band=band,
            band_by_score=names_of(codes, self.bands),
            coverage=coverage,
            not_scored_because=reasons,
            health=health,
        )

    def to_points(self, total: int = 100, frame: Frame | None = None, churned: Any = None) -> PointsCard:
        """Return the formula as whole points that a person adds up, from 0 to exactly ``total``.

        With rows the points are searched for on the log-loss, the link refitted: of the outcomes (``churned``: 1, 0, or
        unknown) and, mostly, of what the formula expects of each customer; without outcomes of the latter alone. With
        no rows the formula's own numbers are rounded, by largest remainder. What is lost is in ``.losses``.

        Raises:
            FormulaError: for a total outside 1..1000, for outcomes that do not fit the rows or are all alike.
            DataError: for columns that are not in the frame.
        """
        from chs_ml.formula.whole_points import whole_points

        return whole_points(self, total, frame, churned)

    def to_whole_percent(self, frame: Frame | None = None, churned: Any = None) -> WholePercent:
        """Return the formula with weights of whole per cents that sum to 100, its curves as they are.

        The link is refitted where rows are given, as in ``to_points``; else rescaled. A term of zero per cent is
        dropped and named.
        """
        from chs_ml.formula.whole_percent import whole_percent

        return whole_percent(self, frame, churned)

    def _columns(self, frame: Frame, *, allow_absent: bool = False) -> Columns:
        columns = frame if isinstance(frame, Columns) else Columns(frame, allow_absent=allow_absent)
        columns.check(self.metrics)
        return columns

    def _summed(self, health: Sequence[FloatArray]) -> FloatArray:
        total = np.zeros_like(health[0])
        for term, part in zip(self.terms, health, strict=True):
            total += term.weight * part
        return 100.0 * total

    def _covered(self, columns: Columns) -> FloatArray:
        covered = np.zeros(len(columns))
        for term in self.terms:
            covered += term.weight * term.known(columns)
        return np.minimum(covered, 1.0)

    def _linked(self) -> Link:
        if self.link is None:
            raise FormulaError("this formula has no link to churn: it was written by hand and never calibrated")
        return self.link


__all__ = ["LARGEST_LOG_ODDS", "Formula", "Link", "Scored"]
