"""Why a score is what it is, for every row of a table: the terms that cost most points against the average customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from chs_ml.formula import Formula
from chs_ml.formula.columns import FloatArray, TextArray

WORTH_SAYING = 0.5
"""Points below the average customer from which a term is a reason."""


def reasons_of(
    formula: Formula,
    health: Sequence[FloatArray],
    average: Mapping[str, float],
    labels: Mapping[str, str],
    count: int = 3,
) -> list[TextArray]:
    """Return ``count`` columns of text, the weightiest reason first, '' where there is none left.

    health: n_j of each term for each row. average: mean health by term key, where the formula has none, a term is measured
    against its best. labels: what people call a metric.
    """
    rows = len(health[0])
    lost = np.full((count, rows), -WORTH_SAYING)
    whose = np.full((count, rows), -1)
    for at, (term, n) in enumerate(zip(formula.terms, health, strict=True)):
        change, who = 100.0 * term.weight * (n - average.get(term.key, 1.0)), np.full(rows, at)
        for place in range(count):
            worse = change < lost[place]
            lost[place], change = np.where(worse, change, lost[place]), np.where(worse, lost[place], change)
            whose[place], who = np.where(worse, who, whose[place]), np.where(worse, whose[place], who)
    return [_worded(formula, labels, lost[place], whose[place]) for place in range(count)]


def _worded(formula: Formula, labels: Mapping[str, str], lost: FloatArray, whose: FloatArray) -> TextArray:
    """Return '' or 'Contract: -12 points'; few different texts, so each is made once."""
    points = np.clip(np.rint(-lost), 1, 100).astype(np.intp)
    texts = [""] + [f"{_named(formula, labels, at)}: -{p} points" for at in range(len(formula.terms)) for p in range(1, 101)]
    return np.array(texts, dtype=object)[np.where(whose < 0, 0, whose * 100 + points)]


def _named(formula: Formula, labels: Mapping[str, str], at: int) -> str:
    term = formula.terms[at]
    name = labels.get(term.metric, term.metric)
    return name if term.when is None else f"{name} ({term.when})"
