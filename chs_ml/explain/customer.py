"""One customer's score, term by term."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chs_ml.export.evidence import is_number, mean_health
from chs_ml.export.labels import label_of
from chs_ml.export.words import number
from chs_ml.formula import Term, WeightsFile
from chs_ml.formula.columns import Frame, level_text, texts
from chs_ml.formula.frames import Columns

ELSEWHERE = "does not apply"
"""What stands in place of a value where the condition of a split does not hold."""


@dataclass(frozen=True, slots=True)
class TermPart:
    """What one term gives: ``points`` of at most ``most``, and how that stands against the average customer."""

    term: str
    metric: str
    label: str
    pillar: str
    value: str | None
    health: float
    points: float
    most: float
    against_average: float | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A customer's score in parts that add up to it."""

    score: float
    churn_probability: float | None
    band: str | None
    band_by_score: str | None
    coverage: float
    not_scored_because: str
    pillars: dict[str, float]
    parts: tuple[TermPart, ...]


def explain_row(weights: WeightsFile, frame: Frame) -> Explanation:
    """Return the explanation of the only row of ``frame``; parts that stand farthest below the average come first.

    A column that is not there is taken as missing. Without a recorded average a part is measured against its most.
    """
    formula, columns = weights.formula, Columns(frame, allow_absent=True)
    scored = formula.read(columns)
    parts = [
        _part(weights, term, _shown(columns, term), float(health[0]))
        for term, health in zip(formula.terms, scored.health, strict=True)
    ]
    parts.sort(key=lambda part: (part.points - part.most) if part.against_average is None else part.against_average)
    return Explanation(
        score=float(scored.score[0]),
        churn_probability=None if scored.churn_probability is None else float(scored.churn_probability[0]),
        band=scored.band[0],
        band_by_score=scored.band_by_score[0],
        coverage=float(scored.coverage[0]),
        not_scored_because=str(scored.not_scored_because[0]),
        pillars={name: float(part[0]) for name, part in formula.pillar_scores(columns).items()},
        parts=tuple(parts),
    )


def weightless(weights: WeightsFile) -> list[str]:
    """Return the metrics that got no weight, as far as they are recorded."""
    recorded = weights.training.get("weightless")
    return [name for name in recorded if isinstance(name, str)] if isinstance(recorded, list) else []


def training_line(weights: WeightsFile) -> str:
    """Return 'learned from 1,200 rows, 26.5% churned', '' where not both are recorded.

    Where rows do not stand for one customer each: '26.5% churned, counted as 5.0%'.
    """
    rows, rate = weights.training.get("rows"), weights.training.get("churn_rate")
    if not (is_number(rows) and is_number(rate)):
        return ""
    churned = weights.training.get("churned")
    seen = churned / rows if is_number(churned) and rows > 0 else rate
    counted = f", counted as {rate:.1%}" if f"{rate:.1%}" != f"{seen:.1%}" else ""
    return f"learned from {rows:,} rows, {seen:.1%} churned{counted}"


def _part(weights: WeightsFile, term: Term, value: str | None, health: float) -> TermPart:
    most, average = 100.0 * term.weight, mean_health(weights).get(term.key)
    return TermPart(
        term=term.key,
        metric=term.metric,
        label=label_of(weights, term),
        pillar=term.pillar,
        value=value,
        health=health,
        points=most * health,
        most=most,
        against_average=None if average is None else most * (health - average),
    )


def _shown(columns: Columns, term: Term) -> str | None:
    if term.when is not None and not term.when.applies(columns)[0]:
        return ELSEWHERE
    if term.kind == "levels":
        return level_text(texts(columns[term.metric])[0])
    value = float(columns.numbers(term.metric)[0])
    return number(value) if np.isfinite(value) else None
