"""What was understood of a table, before anything is learned from it: for a person to compare with what they meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.history.assembly import Parts
from chs_ml.history.outcome import Meaning
from chs_ml.history.readings import Reading
from chs_ml.spec import CalibrationSpec

if TYPE_CHECKING:
    from chs_ml.history.attendance import Attendance

MEANINGS: tuple[Meaning, ...] = ("churned", "retained", "not known yet", "excluded", "unlisted")
MAX_LEVELS_SHOWN = 5
FEWEST_NAMED = 5
"""A segment or stage of fewer customers is counted, not named."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column as it was read. low, high: of a number. levels: of a category, and the most frequent by name."""

    name: str
    role: str
    kind: str
    low: float | None
    high: float | None
    levels: int | None
    frequent: tuple[str, ...]
    missing: float


@dataclass(frozen=True, slots=True)
class Understood:
    """The table as it was read, excluded rows included; customers: different ids, None where their column is missing.

    outcomes: meaning → value → rows; rows without a value are counted under not known yet as ``(blank)``.
    decimal: the sign found or said, None where no number is text. attendance: who is in the panel of a
    history, by cutoff.
    """

    file: str
    rows: int
    format: str
    delimiter: str | None
    decimal: str | None
    encoding: str | None
    customer: str | None
    customers: int | None
    cutoff: str | None
    cutoffs: tuple[str, str, int] | None
    outcome: str
    outcomes: dict[str, dict[str, int]]
    attendance: tuple[Attendance, ...]
    columns: tuple[ColumnFacts, ...]
    notes: tuple[str, ...]

    def rows_of(self, meaning: str) -> int:
        """How many rows have an outcome of this meaning."""
        return sum(self.outcomes.get(meaning, {}).values())


def understood(spec: CalibrationSpec, parts: Parts) -> Understood:
    """What ``check`` answers first."""
    return Understood(
        file=parts.table,
        rows=parts.rows,
        format=parts.form["format"],
        delimiter=parts.form.get("delimiter"),
        decimal=_decimal(parts),
        encoding=parts.form.get("encoding"),
        customer=spec.data.customer,
        customers=parts.customers if spec.data.customer in {None, *parts.columns} else None,
        cutoff=spec.data.cutoff,
        cutoffs=_cutoffs(parts),
        outcome=spec.data.outcome.column,
        outcomes=_outcomes(parts),
        attendance=parts.attendance,
        columns=tuple(_columns(parts)),
        notes=tuple(parts.notes),
    )


def _decimal(parts: Parts) -> str | None:
    if parts.form["format"] != "CSV":
        return None
    return "," if any(reading.comma for reading in parts.metrics.values()) else "."


def _cutoffs(parts: Parts) -> tuple[str, str, int] | None:
    known = None if parts.cutoffs is None else np.unique(parts.cutoffs[~np.isnat(parts.cutoffs)])
    return None if known is None or not len(known) else (str(known[0]), str(known[-1]), len(known))


def _outcomes(parts: Parts) -> dict[str, dict[str, int]]:
    found = parts.outcomes
    if not found.counts:
        return {}
    counted = {
        meaning: {value: found.counts[value] for value, one in found.meanings.items() if one == meaning}
        for meaning in MEANINGS
    }
    blank = parts.rows - sum(found.counts.values())
    if blank:
        counted["not known yet"]["(blank)"] = blank
    return {meaning: values for meaning, values in counted.items() if values or meaning != "unlisted"}


def _columns(parts: Parts) -> Iterator[ColumnFacts]:
    private = {reading.column for reading in parts.business.values()}
    for role, readings in (("metric", parts.metrics), ("audit", parts.audit)):
        for reading in readings.values():
            yield _facts(reading, role, parts if reading.column in private else None)
    for role, reading in parts.business.items():
        yield _facts(reading, role, parts)


def _facts(reading: Reading, role: str, among: Parts | None) -> ColumnFacts:
    """Return what the column holds. among: the customers, where a level of few of them is not to be named."""
    values = reading.values
    if isinstance(values, np.ndarray):
        known = values[~np.isnan(values)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (None, None)
        missing = 1 - len(known) / len(values) if len(values) else 0.0
        return ColumnFacts(reading.column, role, "number", low, high, None, (), missing)
    counts = [(one["counts"], str(one["values"])) for one in pc.value_counts(values.drop_null()).to_pylist()]
    named = None if among is None else _of_several(values, among)
    frequent = tuple(value for _, value in sorted(counts, key=lambda one: (-one[0], one[1]))[:MAX_LEVELS_SHOWN])
    frequent = tuple(value for value in frequent if named is None or value in named)
    missing = values.null_count / len(values) if len(values) else 0.0
    return ColumnFacts(reading.column, role, "category", None, None, len(counts), frequent, missing)


def _of_several(values: pa.Array, parts: Parts) -> set[str]:
    """Return the levels that five customers have, or more; none where nobody knows who is who."""
    if len(parts.ids) != len(values):
        return set()
    pairs = pa.table({"level": values, "customer": pa.array(parts.ids, pa.string())})
    counted = pairs.group_by("level").aggregate([("customer", "count_distinct")]).to_pylist()
    return {str(one["level"]) for one in counted if one["customer_count_distinct"] >= FEWEST_NAMED}
