"""What a row says of the customer's place in the business: segment, lifecycle stage, revenue."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from chs_ml.history.columns import Column
from chs_ml.history.conditions import MAX_LEVELS
from chs_ml.history.findings import Finding, error, trouble
from chs_ml.history.readings import Form, Reading, read_category, read_metric

_NEGATIVE = ("negative-revenue", "revenue is a number of at least 0", "Correct them, or leave them blank")
_MISSING = (
    "missing-revenue",
    "under row_weights: {revenue: true} a row that is learned from needs its revenue",
    "Fill it (0 counts for nothing), or remove calibration.row_weights.revenue",
)


def read_group(name: str, column: Column, file: str) -> Reading:
    """A segment or stage: text, blank is missing; at most 1,000 different ones."""
    reading = read_category(name, column)
    reading.findings += _within_reason(reading, file)
    return reading


def _within_reason(reading: Reading, file: str) -> list[Finding]:
    groups = pc.count_distinct(reading.values).as_py()
    if groups <= MAX_LEVELS:
        return []
    found = (
        f"{file}: column {reading.column!r}: {groups:,} different texts; at most {MAX_LEVELS:,} groups are told apart"
    )
    remedy = "Group them, or take another column; remove data.segment or data.stage if these are ids or names"
    return [error("too-many-levels", found, remedy, reading.column)]


def read_revenue(name: str, column: Column, form: Form, needed: NDArray[np.bool_]) -> Reading:
    """Revenue as numbers of at least 0, NaN where it is not known; that is a trouble in a row where it is needed."""
    reading = read_metric(name, column, "number", form)
    if not isinstance(reading.values, np.ndarray):
        return reading
    below = np.flatnonzero(reading.values < 0)
    if len(below):
        reading.troubles.append(trouble(name, below, dict(enumerate(reading.values)), _NEGATIVE))
    unknown = np.flatnonzero(np.isnan(reading.values) & needed)
    if len(unknown) and not reading.troubles:
        reading.troubles.append(trouble(name, unknown, None, _MISSING))
    return reading
