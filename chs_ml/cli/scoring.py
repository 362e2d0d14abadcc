"""Scoring a table in batches: constant memory, the output whole or not at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.cli.import_file import ImportFile
from chs_ml.cli.oddities import Oddities, Unseen
from chs_ml.cli.output import check_output, spare, written_whole
from chs_ml.cli.reading import CUSTOMER, CUTOFF, Columns, batches_of
from chs_ml.errors import DataError
from chs_ml.explain.reasons import reasons_of
from chs_ml.export.evidence import mean_health
from chs_ml.export.labels import label_of
from chs_ml.export.plan import REASONS
from chs_ml.formula import WeightsFile

SCHEMA = pa.schema(
    [
        ("customer", pa.string()),
        ("score", pa.float64()),
        ("churn_probability", pa.float64()),
        ("band", pa.string()),
        ("band_by_score", pa.string()),
        ("coverage", pa.float64()),
        *((f"reason_{at + 1}", pa.string()) for at in range(REASONS)),
        ("formula", pa.string()),
        ("digest", pa.string()),
        ("as_of", pa.string()),
    ]
)


@dataclass(frozen=True)
class Totals:
    """What was scored: rows, how many of them in each band, and what was odd about them, in words and as numbers.

    cutoffs: the different ones, ascending; none where the table has no column of them.
    """

    rows: int
    bands: dict[str, int]
    cutoffs: tuple[date, ...]
    notes: tuple[str, ...]
    unseen: dict[str, Unseen]
    repeated: int

    @property
    def what(self) -> str:
        """Return '2 customers', '2 customers as of 2026-03-31' or '16 rows at 8 cutoffs, 2024-03-31 to 2025-12-31'."""
        match self.cutoffs:
            case ():
                return f"{self.rows:,} customers"
            case (day,):
                return f"{self.rows:,} customers as of {day}"
        return f"{self.rows:,} rows at {len(self.cutoffs):,} cutoffs, {self.cutoffs[0]} to {self.cutoffs[-1]}"


def score_table(
    weights: WeightsFile, table: Path, out: Path, columns: Columns, as_of: date, sheet: ImportFile | None = None
) -> Totals:
    """Score every row of ``table`` (CSV or Parquet) into ``out`` (by its ending), and count the bands.

    as_of: the day that stands in every row where the table has no cutoffs; else each row has its own.
    sheet: a platform's import file, in place of all that is known of a row.
    DataError lists every problem of the table; OutputError where ``out`` cannot be written. Nothing is left half.
    """
    if sheet is not None:
        sheet.check(out, columns.customer or weights.customer)
    check_output(out, "scores")
    spare(out, table)
    counts: Counter[str] = Counter()
    cutoffs: set[date] = set()
    odd = Oddities(weights.formula)
    rows = 0
    with written_whole(out, SCHEMA if sheet is None else sheet.schema) as write:
        for batch in batches_of(weights, table, columns):
            days = _there(batch, CUTOFF)
            odd.count(batch, _there(batch, CUSTOMER), days)
            cutoffs.update(() if days is None else days.unique().to_pylist())
            scored = scored_batch(weights, batch, columns, rows, as_of)
            rows += len(scored)
            for entry in pc.value_counts(scored["band"].drop_null()).to_pylist():
                counts[entry["values"]] += entry["counts"]
            write(scored if sheet is None else sheet.rows(scored))
        if rows == 0:
            raise DataError(f"{table.name}: no rows below the header; there is nothing to score.")
        if sheet is not None:
            sheet.check_once()
    order = [*(band.name for band in weights.formula.bands), *counts]
    bands = {name: counts[name] for name in dict.fromkeys(order) if counts[name]}
    notes = (*odd.notes(), *([] if sheet is None else sheet.notes))
    return Totals(rows, bands, tuple(sorted(cutoffs)), notes, odd.unseen, odd.repeated())


def scored_batch(weights: WeightsFile, batch: pa.RecordBatch, columns: Columns, before: int, as_of: date) -> pa.Table:
    """Return the scores of one batch; ``before`` is how many rows came before it."""
    formula, rows = weights.formula, len(batch)
    scored = formula.read(batch, allow_absent=columns.allow_absent)
    names = [label_of(weights, term) for term in formula.terms]
    reasons = reasons_of(formula, scored.health, mean_health(weights), names, REASONS)
    unscored = scored.not_scored_because != ""
    if unscored.any():  # why a customer is not scored comes before what a score would be made of
        first = [scored.not_scored_because, *reasons[:-1]]
        reasons = [np.where(unscored, instead, usual) for instead, usual in zip(first, reasons, strict=True)]
    probability = np.full(rows, np.nan) if scored.churn_probability is None else scored.churn_probability
    days = _there(batch, CUTOFF)
    values: list[Any] = [
        _ids(batch, before),
        scored.score,
        pa.array(probability, from_pandas=True),
        scored.band,
        scored.band_by_score,
        scored.coverage,
        *reasons,
        pa.repeat(weights.label or weights.name, rows),
        pa.repeat(weights.digest, rows),
        pa.repeat(as_of.isoformat(), rows) if days is None else days.cast(pa.string()),
    ]
    arrays = [pa.array(value, kind) for value, kind in zip(values, SCHEMA.types, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _there(batch: pa.RecordBatch, name: str) -> pa.Array | None:
    return batch[name] if name in batch.schema.names else None


def _ids(batch: pa.RecordBatch, before: int) -> pa.Array:
    """Return the ids, the row's number where the table has none; an id is never empty."""
    if CUSTOMER not in batch.schema.names:
        return pa.array([str(before + at + 1) for at in range(len(batch))])
    ids = batch[CUSTOMER]
    if ids.null_count:
        row = before + int(np.flatnonzero(ids.is_null().to_numpy(zero_copy_only=False))[0]) + 1
        raise DataError(f"row {row} has no customer id ({ids.null_count} near it). Fill the column, or drop the rows.")
    return ids
