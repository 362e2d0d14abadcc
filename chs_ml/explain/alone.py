"""A metric by itself beside the same metric among the others: where the two differ, people are misled by either.

Marginal and conditional association; a sign that turns round is Simpson's paradox. That a ratio of odds grows beside
others is no sign of confounding: it does so for independent metrics, too (Greenland, Robins and Pearl 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any

from chs_ml.export.evidence import Line, evidence_by_term, is_number
from chs_ml.export.labels import label_of
from chs_ml.export.words import ratio
from chs_ml.formula import WeightsFile

LIKE = 2.0
"""Odds ratios within this factor of each other say the same for people."""
LARGEST = 1e9
MOST_LISTED = 4
TURNS_ROUND = "the other way round"
WHY_ROUND = "A sign turns round where customers who differ in a metric differ in the others too."
WEAKER = "Alone stronger by more than a factor of two, as the others carry part of it: {}."
STRONGER = "Alone weaker by more than a factor of two, as odds ratios grow where others are held alike: {}."


@dataclass(frozen=True, slots=True)
class Alone:
    """Churn odds at the metric's end against its start, by itself with its 95 % interval, and beside the others."""

    start: str
    end: str
    odds_ratio: float
    low: float
    high: float
    beside_others: float

    @property
    def turns_round(self) -> bool:
        """Whether it goes clearly one way by itself, and the other way beside the others."""
        clearly = self.low > 1.0 or self.high < 1.0
        return clearly and log(self.odds_ratio) * log(self.beside_others) < 0.0

    @property
    def differs(self) -> bool:
        """Whether people should be told: the sign turns round, or the size differs by more than a factor of two."""
        return self.turns_round or abs(log(self.odds_ratio / self.beside_others)) > log(LIKE)

    @property
    def weakens(self) -> bool:
        """Whether less is left of it beside the others."""
        return abs(log(self.beside_others)) < abs(log(self.odds_ratio))

    def __str__(self) -> str:
        """Return '1 → 9: alone, churn odds × 2.8 (2.4 to 3.3); beside the others × 0.15'."""
        alone = f"alone, churn odds × {ratio(self.odds_ratio)} ({ratio(self.low)} to {ratio(self.high)})"
        return f"{self.start} → {self.end}: {alone}; beside the others × {ratio(self.beside_others)}"


def alone_of(line: Line) -> Alone | None:
    """Return what a line of evidence says of the metric by itself, None where it does not say both."""
    alone, impact = _mapping(line.get("alone")), _mapping(line.get("impact"))
    ends = impact.get("start"), impact.get("end")
    ratios = (alone.get("odds_ratio"), alone.get("low"), alone.get("high"), impact.get("odds_ratio"))
    if not all(isinstance(end, str) for end in ends):
        return None
    odds_ratio, low, high, beside = (float(each) if is_number(each) else 0.0 for each in ratios)
    if not all(1.0 / LARGEST < each < LARGEST for each in (odds_ratio, low, high, beside)):
        return None
    return Alone(str(ends[0]), str(ends[1]), odds_ratio, low, high, beside)


def differences_in_words(weights: WeightsFile) -> list[str]:
    """Return a sentence for each term whose sign turns round, and why; one for all that get weaker, or stronger."""
    lines = evidence_by_term(weights)
    terms = sorted(weights.formula.terms, key=lambda term: -term.weight)
    found = [(label_of(weights, term), alone_of(lines[term.key])) for term in terms]
    differ = [(label, alone) for label, alone in found if alone is not None and alone.differs]
    said = [f"{label}, {alone}, {TURNS_ROUND}." for label, alone in differ if alone.turns_round]
    said += [WHY_ROUND] if said else []
    for words, weaker in ((WEAKER, True), (STRONGER, False)):
        named = [label for label, alone in differ if not alone.turns_round and alone.weakens is weaker]
        said += [words.format(_listed(named, len(terms)))] if named else []
    return said


def _listed(labels: list[str], of: int) -> str:
    """Return 'Age; Plan', or how many of all they are where a reader would rather look them up in the table."""
    return "; ".join(labels) if len(labels) <= MOST_LISTED else f"{len(labels)} of {of} actions, as Odds and Alone show"


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
