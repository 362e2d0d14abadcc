"""The conditions that a table must meet before anything can be learned from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from chs_ml.history.findings import Finding, Trouble, error, trouble
from chs_ml.history.outcome import Outcomes
from chs_ml.history.readings import Reading
from chs_ml.spec import CalibrationSpec, Metric
from chs_ml.spec.data import Outcome

MAX_METRICS = 2_000
MAX_LEVELS = 1_000


def not_too_many(file: str, spec: CalibrationSpec) -> list[Finding]:
    """At most 2,000 metrics."""
    count = len(spec.with_role("metric"))
    if count <= MAX_METRICS:
        return []
    found = f"{file}: the spec has {count:,} metrics; a formula that people can read has at most {MAX_METRICS:,}"
    return [error("too-many-metrics", found, "Keep those that could matter, and say role: exclude for the others")]


def enough_rows(file: str, said: Outcome, outcomes: Outcomes) -> list[Finding]:
    """At least one churned and one retained row."""
    known = outcomes.churned[outcomes.kept & ~np.isnan(outcomes.churned)]
    if not len(outcomes.churned):
        return [error("no-rows", f"{file}: has no rows below its header", "Give a table with customers in it")]
    if not len(known):
        found = f"{file}: column {said.column!r}: no row has an outcome that is known and not excluded"
        return [error("no-rows", found, "Correct the lists of data.outcome, or give customers whose outcome is known")]
    if 0 < known.sum() < len(known):
        return []
    which = "churned" if known.sum() else "retained"
    values = ", ".join(f"{value!r} ({count:,})" for value, count in outcomes.counts.most_common(5))
    found = f"{file}: column {said.column!r}: all {len(known):,} rows are {which}; a fit needs both. Found {values}"
    return [error("one-class", found, "Correct the lists of data.outcome; values are compared exactly as written")]


def varies(file: str, reading: Reading, known: NDArray[np.bool_]) -> list[Finding]:
    """At least two different values among the rows whose outcome is known."""
    name = reading.column
    if isinstance(reading.values, np.ndarray):
        values = reading.values[known]
        present = values[~np.isnan(values)]
        constant = len(present) > 0 and present.min() == present.max()
        example = repr(float(present[0])) if constant else ""
    else:
        present = pc.unique(reading.values.filter(known).drop_null())
        constant = len(present) == 1
        example = repr(present[0].as_py()) if constant else ""
    if not len(present):
        found = f"{file}: metric {name!r}: every value is missing; a metric needs two different values"
        return [error("all-missing", found, "Remove it, or say role: exclude", name)]
    if not constant:
        return []
    found = f"{file}: metric {name!r}: every known value is {example}; a metric needs two different values"
    return [error("constant-metric", found, "Remove it or say role: exclude; if blank means no, fill the blanks", name)]


def levels_within_reason(file: str, reading: Reading) -> list[Finding]:
    """At most 1,000 levels: more are an id or free text."""
    if isinstance(reading.values, np.ndarray):
        return []
    levels = pc.count_distinct(reading.values).as_py()
    if levels <= MAX_LEVELS:
        return []
    found = (
        f"{file}: metric {reading.column!r}: {levels:,} different texts; a category has at most {MAX_LEVELS:,} levels"
    )
    return [
        error("too-many-levels", found, "Group them, or say role: exclude if they are ids or names", reading.column)
    ]


def within_scale(reading: Reading, metric: Metric) -> list[Trouble]:
    """Survey answers lie between the ends of their scale."""
    if metric.ends is None or not isinstance(reading.values, np.ndarray):
        return []
    low, high = metric.ends
    outside = np.flatnonzero((reading.values < low) | (reading.values > high))
    if not len(outside):
        return []
    rule = (
        "outside-scale",
        f"answers on the {metric.scale} scale lie in {low:g} to {high:g}",
        "Correct them, or remove scale",
    )
    return [trouble(reading.column, outside, {row: float(reading.values[row]) for row in outside[:5].tolist()}, rule)]


def twins_by_case(names: Sequence[str]) -> list[str]:
    """A note for each pair of columns that differ only in upper and lower case."""
    first: dict[str, str] = {}
    notes = []
    for name in names:
        other = first.setdefault(name.casefold(), name)
        if other != name:
            notes.append(f"columns {other!r} and {name!r} differ only in upper and lower case; both were read")
    return notes
