"""One customer's score, term by term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chs_ml.explain.words import number
from chs_ml.formula import Formula, WeightsFile
from chs_ml.formula.columns import Frame, level_text, texts


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
    band: str
    band_by_score: str
    coverage: float
    not_scored_because: str
    pillars: dict[str, float]
    parts: tuple[TermPart, ...]


def explain_row(weights: WeightsFile, frame: Frame) -> Explanation:
    """Return the explanation of the only row of ``frame``; parts are ordered by how much they differ from the average."""
    formula = weights.formula
    scored = formula.read(frame, allow_absent=True)
    average = mean_health(weights)
    parts = [
        _part(weights, at, frame, float(scored.health[at][0]), average.get(term.key))
        for at, term in enumerate(formula.terms)
    ]
    parts.sort(key=lambda part: (part.points - part.most) if part.against_average is None else part.against_average)
    return Explanation(
        score=float(scored.score[0]),
        churn_probability=None if scored.churn_probability is None else float(scored.churn_probability[0]),
        band=str(scored.band[0]),
        band_by_score=str(scored.band_by_score[0]),
        coverage=float(scored.coverage[0]),
        not_scored_because=str(scored.not_scored_because[0]),
        pillars=_pillars(formula, [float(n[0]) for n in scored.health]),
        parts=tuple(parts),
    )


def mean_health(weights: WeightsFile) -> Mapping[str, float]:
    """Return the mean n_j of each term among the customers that the formula was learned from; {} if not recorded."""
    recorded = weights.reference.get("mean_health", {})
    return {str(key): float(value) for key, value in recorded.items()} if isinstance(recorded, dict) else {}


def labels_of(weights: WeightsFile) -> dict[str, str]:
    """Return what people call each metric: its label, or its name."""
    return {name: str(about.get("label") or name) for name, about in weights.metrics.items()}


def _part(weights: WeightsFile, at: int, frame: Frame, health: float, average: float | None) -> TermPart:
    term = weights.formula.terms[at]
    most = 100.0 * term.weight
    return TermPart(
        term=term.key,
        metric=term.metric,
        label=labels_of(weights).get(term.metric, term.metric),
        pillar=term.pillar,
        value=_shown(frame, term.metric, term.kind == "curve"),
        health=health,
        points=most * health,
        most=most,
        against_average=None if average is None else most * (health - average),
    )


def _shown(frame: Frame, metric: str, numeric: bool) -> str | None:
    try:
        column: Any = frame[metric]
    except KeyError:
        return None
    text = level_text(texts(column)[0])
    if text is None or not numeric:
        return text
    value = float(text)
    return number(value) if np.isfinite(value) else None


def _pillars(formula: Formula, health: list[float]) -> dict[str, float]:
    sums: dict[str, float] = {}
    weights: dict[str, float] = {}
    for term, n in zip(formula.terms, health, strict=True):
        sums[term.pillar] = sums.get(term.pillar, 0.0) + term.weight * n
        weights[term.pillar] = weights.get(term.pillar, 0.0) + term.weight
    return {pillar: 100.0 * sums[pillar] / weights[pillar] for pillar in sums}
