"""The spec's columns out of its table, each read and checked; findings for everything that stands in the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from chs_ml.history.columns import Column, can_be_text
from chs_ml.history.conditions import (
    enough_rows,
    levels_within_reason,
    not_too_many,
    twins_by_case,
    varies,
    within_scale,
)
from chs_ml.history.findings import Finding, TableError, Trouble, described, error
from chs_ml.history.identity import Dates, duplicates, ids_from_content, read_cutoffs, read_ids
from chs_ml.history.outcome import Outcomes, read_outcome
from chs_ml.history.readings import Form, Reading, read_category, read_metric
from chs_ml.history.sources import Source, TableFile, absent_columns, open_table, source_of
from chs_ml.spec import CalibrationSpec


@dataclass(slots=True)
class Parts:
    """Everything of a panel, in the file's order and still with excluded rows."""

    ids: NDArray[np.object_]
    cutoffs: Dates | None
    metrics: dict[str, object]
    audit: dict[str, object]
    churned: NDArray[np.float64]
    kept: NDArray[np.bool_]
    current: NDArray[np.float64] | None
    source: Source
    notes: list[str]
    findings: list[Finding]


@dataclass(slots=True)
class _Desk:
    """What has been found so far; rows wait for their lines, which one pass over the file tells."""

    file: TableFile
    findings: list[Finding] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def keep(self, reading: Reading) -> Reading:
        self.findings += reading.findings
        self.troubles += reading.troubles
        self.notes += reading.notes
        return reading

    def all_findings(self) -> list[Finding]:
        return self.findings + described(self.troubles, self.file.name, self.file.locate)


def read_parts(spec: CalibrationSpec) -> Parts:
    """Read what the spec names and nothing else; TableError where nothing can be read at all."""
    form, path = spec.data.table, spec.locate(spec.data.table.file)
    file = open_table(path, delimiter=form.delimiter, decimal=form.decimal, encoding=form.encoding)
    wanted = [*dict.fromkeys(_wanted(spec))]
    desk = _Desk(file, findings=[*not_too_many(file.name, spec), *absent_columns(file, wanted)])
    if desk.findings:
        raise TableError(*desk.findings)
    table = file.read(wanted, desk.findings)
    _refuse_nested(table, spec, file.name)
    outcomes = _outcomes(table, spec, desk)
    ids, cutoffs = _identity(table, spec, desk, np.flatnonzero(outcomes.kept))
    metrics = {metric.name: _metric(metric.name, table, spec, desk) for metric in spec.with_role("metric")}
    known = outcomes.kept & ~np.isnan(outcomes.churned)
    _check_metrics(metrics, spec, desk, known)
    newest = None if cutoffs is None or np.isnat(cutoffs).all() else str(np.nanmax(cutoffs))
    return Parts(
        ids=ids,
        cutoffs=cutoffs,
        metrics={name: reading.values for name, reading in metrics.items()},
        audit={metric.name: _audit(metric.name, table, desk) for metric in spec.with_role("audit")},
        churned=outcomes.churned,
        kept=outcomes.kept,
        current=_current(table, spec, desk),
        source=source_of(path, file, len(table), newest),
        notes=[*desk.notes, *twins_by_case(wanted)],
        findings=desk.all_findings(),
    )


def _wanted(spec: CalibrationSpec) -> Iterator[str]:
    yield spec.data.outcome.column
    yield from (name for name in (spec.data.customer, spec.data.cutoff) if name)
    yield from (metric.name for metric in spec.metrics if metric.role != "exclude")
    if spec.baseline and spec.baseline.column:
        yield spec.baseline.column


def _refuse_nested(table: pa.Table, spec: CalibrationSpec, file: str) -> None:
    """Ids, dates and outcomes have a name; lists, structs and bytes have none (metrics are refused one by one)."""
    served = {metric.name for metric in spec.with_role("metric")}
    nested = [name for name in table.column_names if name not in served and not can_be_text(table[name].type)]
    remedy = "Give numbers, text or dates"
    if nested:
        found = ((name, f"{file}: column {name!r} holds values of type {table[name].type}") for name in nested)
        raise TableError(*(error("nested-values", evidence, remedy, name) for name, evidence in found))


def _outcomes(table: pa.Table, spec: CalibrationSpec, desk: _Desk) -> Outcomes:
    outcomes = read_outcome(table[spec.data.outcome.column], spec.data.outcome)
    desk.troubles += outcomes.troubles
    desk.notes += outcomes.notes
    if not outcomes.troubles:
        desk.findings += enough_rows(desk.file.name, spec.data.outcome, outcomes)
    return outcomes


def _identity(
    table: pa.Table, spec: CalibrationSpec, desk: _Desk, kept: NDArray[np.intp]
) -> tuple[NDArray[np.object_], Dates | None]:
    cutoffs = None
    if spec.data.cutoff:
        cutoffs, late = read_cutoffs(spec.data.cutoff, table[spec.data.cutoff])
        desk.troubles += late
    if spec.data.customer is None:
        return ids_from_content(table), cutoffs
    ids, empty = read_ids(spec.data.customer, table[spec.data.customer])
    desk.troubles += empty
    if not empty:
        desk.findings += duplicates(desk.file, ids, cutoffs, kept)
    return ids, cutoffs


def _form(file: TableFile) -> Form:
    return Form(file.name, file.decimal, file.may_hold_decimal_commas)


def _metric(name: str, table: pa.Table, spec: CalibrationSpec, desk: _Desk) -> Reading:
    return desk.keep(read_metric(name, table[name], spec.metric(name).kind, _form(desk.file)))


def _audit(name: str, table: pa.Table, desk: _Desk) -> Column:
    return desk.keep(read_category(name, table[name])).values


def _current(table: pa.Table, spec: CalibrationSpec, desk: _Desk) -> NDArray[np.float64] | None:
    if spec.baseline is None or spec.baseline.column is None:
        return None
    reading = desk.keep(read_metric(spec.baseline.column, table[spec.baseline.column], "number", _form(desk.file)))
    return np.asarray(reading.values, dtype=np.float64)


def _check_metrics(metrics: dict[str, Reading], spec: CalibrationSpec, desk: _Desk, known: NDArray[np.bool_]) -> None:
    sound: Sequence[Reading] = [one for one in metrics.values() if not one.findings]
    for reading in sound:
        desk.troubles += within_scale(reading, spec.metric(reading.column))
        if known.any():
            desk.findings += levels_within_reason(desk.file.name, reading)
            desk.findings += [] if reading.troubles else varies(desk.file.name, reading, known)
