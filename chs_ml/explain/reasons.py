"""Why a score is what it is, for every row of a table: the terms that cost most points against the average customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from chs_ml.export.plan import MOST_POINTS, REASONS, WORTH_SAYING
from chs_ml.formula import Formula
from chs_ml.formula.columns import FloatArray, TextArray


def reasons_of(
    formula: Formula,
    health: Sequence[FloatArray],
    average: Mapping[str, float],
    names: Sequence[str],
    count: int = REASONS,
) -> list[TextArray]:
    """Return ``count`` columns of text, the weightiest reason first (of equals the earlier term), '' for none left.

    health: n_j of each term for each row. average: mean health by term key; a term that has none is measured against
    its best. names: what people call each term.
    """
    rows = len(health[0])
    lost = np.full((count, rows), -WORTH_SAYING)
    whose = np.full((count, rows), -1)
    for at, (term, n) in enumerate(zip(formula.terms, health, strict=True)):
        change, who = 100.0 * term.weight * (n - average.get(term.key, 1.0)), np.full(rows, at)
        for place in range(count):  # put in where it belongs, of equals the earlier first, and carry on with the other
            worse = (change < lost[place]) | ((change == lost[place]) & (who < whose[place]))
            lost[place], change = np.where(worse, change, lost[place]), np.where(worse, lost[place], change)
            whose[place], who = np.where(worse, who, whose[place]), np.where(worse, whose[place], who)
    return [_worded(names, lost[place], whose[place]) for place in range(count)]


def _worded(names: Sequence[str], lost: FloatArray, whose: FloatArray) -> TextArray:
    """Return '' or 'Contract: -12 points'; there are few different texts, so each is made once."""
    points = np.clip(np.rint(-lost), 1, MOST_POINTS).astype(np.intp)
    codes, position = np.unique(np.where(whose < 0, -1, whose * MOST_POINTS + points - 1), return_inverse=True)
    texts = ["" if code < 0 else _reason(names[code // MOST_POINTS], code % MOST_POINTS + 1) for code in codes]
    return np.array(texts, dtype=object)[position]


def _reason(name: str, points: int) -> str:
    return f"{name}: -{points} {'point' if points == 1 else 'points'}"
