"""Right answers in wrong rows: what a join by position or a sort of one side alone makes of them."""

from __future__ import annotations

import numpy as np

from chs_ml.export.verify.answers import TOLERANCE, Tolerance, differing
from chs_ml.export.verify.tally import Sample
from chs_ml.formula.columns import BoolArray, FloatArray

ALMOST_ALL = 0.99
VARIED = 10
"""Different numbers that are needed before finding each of them elsewhere says anything."""
PLACES = 7


def of_other_rows(sample: Sample, tolerance: Tolerance) -> BoolArray:
    """Return the rows that have another row's answer, if nearly all that differ have; nowhere otherwise.

    Each answer of the formula is found once only: of as many numbers as were given, so many have to be there.
    """
    wrong = differing(sample.given, sample.right, tolerance)
    nowhere = np.zeros(len(sample.differ), bool)
    column = next((name for name in ("score", "churn_probability") if name in wrong and wrong[name].any()), None)
    if column is None:
        return nowhere
    places = _places(tolerance.get(column, TOLERANCE))
    given, right = (np.round(side.numbers[column], places) for side in (sample.given, sample.right))
    rows = wrong[column]
    if len(np.unique(right[rows])) < VARIED or rows.sum() < ALMOST_ALL * sample.differ.sum():
        return nowhere
    if _in_common(given[rows], right[rows]) < ALMOST_ALL * rows.sum():
        return nowhere
    return np.asarray(sample.differ & np.isin(given, right), bool)


def _places(tolerance: float) -> int:
    return PLACES if tolerance <= TOLERANCE else int(np.floor(-np.log10(2.0 * (tolerance - TOLERANCE)) + 0.5))


def _in_common(one: FloatArray, other: FloatArray) -> int:
    """Return how many numbers two columns have in common, each as often as it stands in both."""
    counts = [dict(zip(*(each.tolist() for each in np.unique(column[np.isfinite(column)], return_counts=True)),
                       strict=True)) for column in (one, other)]  # fmt: skip
    return sum(min(count, counts[1].get(number, 0)) for number, count in counts[0].items())
