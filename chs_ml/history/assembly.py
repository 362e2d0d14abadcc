"""The spec's columns out of its table, each read and checked; findings for everything that stands in the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from chs_ml.history.business import read_group, read_revenue
from chs_ml.history.conditions import (
    enough_rows,
    levels_within_reason,
    not_too_many,
    twins_by_case,
    varies,
    within_scale,
)
from chs_ml.history.days import Dates, read_cutoffs
from chs_ml.history.findings import Finding, TableError, Trouble, described
from chs_ml.history.identity import duplicates, ids_from_content, read_ids
from chs_ml.history.memory import MemoryTable, answer_table
from chs_ml.history.outcome import Outcomes, no_outcomes, read_outcome
from chs_ml.history.readings import Form, Reading, nameless, read_category, read_metric
from chs_ml.history.sources import Source, TableFile, absent_columns, open_table, source_of
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.expansion import expand
from chs_ml.spec.measuring import TOUCHED

if TYPE_CHECKING:
    from chs_ml.history.attendance import Attendance


@dataclass(slots=True)
class Parts:
    """Everything of a panel, in the file's order and still with excluded rows.

    business: segment, stage and revenue, by these names, as far as the spec asks for them.
    """

    ids: NDArray[np.object_]
    cutoffs: Dates | None
    metrics: dict[str, Reading]
    audit: dict[str, Reading]
    outcomes: Outcomes
    current: NDArray[np.float64] | None
    business: dict[str, Reading]
    sources: tuple[Source, ...]
    table: str
    rows: int
    form: Mapping[str, str]
    attendance: tuple[Attendance, ...]
    columns: tuple[str, ...]
    notes: list[str]
    warnings: list[Finding]
    findings: list[Finding]

    @property
    def customers(self) -> int:
        """Number of different customers."""
        return len(set(self.ids.tolist()))


@dataclass(slots=True)
class _Desk:
    """What has been found so far; rows wait for their lines, which one pass over the file tells."""

    file: TableFile
    findings: list[Finding] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def keep(self, reading: Reading) -> Reading:
        self.findings += reading.findings
        self.troubles += reading.troubles
        self.notes += reading.notes
        return reading

    def all_findings(self) -> list[Finding]:
        return self.findings + described(self.troubles, self.file.name, self.file.locate)


def read_parts(spec: CalibrationSpec) -> Parts:
    """Read what the spec names and nothing else; TableError where nothing can be read at all.

    What is missing or of no use becomes a finding, and the rest is read all the same: all problems are told at once.
    """
    file = _opened(spec)
    meant = dict(_meant(spec))
    desk = _Desk(file, findings=[*not_too_many(file.name, spec)])
    desk.warnings += file.warnings if isinstance(file, MemoryTable) else []
    if desk.findings:
        raise TableError(*desk.findings)
    desk.findings += absent_columns(file, [*meant], meant)
    there = [name for name in meant if name in file.columns]
    if not there:
        raise TableError(*desk.findings)
    table = _without_nested(file.read(there, desk.findings), spec, desk)
    outcomes = _outcomes(table, spec, desk)
    ids, cutoffs = _identity(table, spec, desk, np.flatnonzero(outcomes.kept))
    metrics = {name: _metric(name, table, spec, desk) for name in _in(table, spec, "metric")}
    known = outcomes.kept & ~np.isnan(outcomes.churned)
    _check_metrics(metrics, spec, desk, known if outcomes.counts else outcomes.kept)
    newest = None if cutoffs is None or np.isnat(cutoffs).all() else str(np.nanmax(cutoffs))
    return Parts(
        ids=ids,
        cutoffs=cutoffs,
        metrics=metrics,
        audit={name: _audit(name, table, desk) for name in _in(table, spec, "audit")},
        outcomes=outcomes,
        current=_current(table, spec, desk),
        business=_business(table, spec, desk, known),
        sources=_sources(file, spec, len(table), newest),
        table=file.name,
        rows=len(table),
        form=file.form,
        attendance=file.attendance if isinstance(file, MemoryTable) else (),
        columns=tuple(table.column_names),
        notes=[*desk.notes, *twins_by_case(there)],
        warnings=desk.warnings,
        findings=desk.all_findings(),
    )


def _opened(spec: CalibrationSpec) -> TableFile:
    """Return what the spec's rows are read from: its table, or the panel of its history."""
    if spec.history:
        from chs_ml.history.raw import panel_table  # DuckDB is for those who have a history

        return panel_table(spec)
    form = spec.data.table
    if form.file is None:
        return answer_table(expand(str(form.url)), str(form.query), "data.table")
    written = form.file if "${" in form.file else None
    path = spec.locate(form.file)
    return open_table(path, delimiter=form.delimiter, decimal=form.decimal, encoding=form.encoding, written=written)


def _sources(file: TableFile, spec: CalibrationSpec, rows: int, newest: str | None) -> tuple[Source, ...]:
    if isinstance(file, MemoryTable):
        return file.sources
    return (source_of(spec.locate(str(spec.data.table.file)), file, rows, newest),)


def _meant(spec: CalibrationSpec) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each column that is read, what it is, and what to do where it is not there."""
    remedy = "Correct the spec"
    yield spec.data.outcome.column, ("data.outcome", remedy)
    if spec.data.customer:
        yield (
            spec.data.customer,
            ("data.customer", f"{remedy}, or leave data.customer out where each row is a customer"),
        )
    if spec.data.cutoff:
        yield spec.data.cutoff, ("data.cutoff", remedy)
    for what in ("segment", "stage", "revenue"):
        if column := getattr(spec.data, what):
            yield column, (f"data.{what}", f"{remedy}, or leave data.{what} out")
    if spec.history and spec.history.interventions:
        yield TOUCHED, ("history.interventions", remedy)
    for metric in spec.metrics:
        if metric.role != "exclude":
            what = "a metric" if metric.role == "metric" else "a metric with role: audit"
            yield metric.name, (what, f"{remedy}, or say role: exclude")
    if spec.baseline and spec.baseline.column:
        yield spec.baseline.column, ("baseline.column", remedy)


def _in(table: pa.Table, spec: CalibrationSpec, role: str) -> list[str]:
    return [metric.name for metric in spec.with_role(role) if metric.name in table.column_names]


def _without_nested(table: pa.Table, spec: CalibrationSpec, desk: _Desk) -> pa.Table:
    """Ids, dates and outcomes have a name; lists, structs and bytes have none (metrics are refused one by one)."""
    served = {metric.name for metric in spec.with_role("metric")}
    kinds = {name: table[name].type for name in table.column_names if name not in served}
    found = {name: nameless(name, kind, desk.file.name) for name, kind in kinds.items()}
    desk.findings += [one for one in found.values() if one]
    return table.drop_columns([name for name, one in found.items() if one])


def _outcomes(table: pa.Table, spec: CalibrationSpec, desk: _Desk) -> Outcomes:
    if spec.data.outcome.column not in table.column_names:
        return no_outcomes(len(table))
    outcomes = read_outcome(table[spec.data.outcome.column], spec.data.outcome)
    desk.troubles += outcomes.troubles
    desk.notes += outcomes.notes
    desk.warnings += outcomes.warnings
    if not outcomes.troubles:
        desk.findings += enough_rows(desk.file.name, spec.data.outcome, outcomes)
    return outcomes


def _identity(
    table: pa.Table, spec: CalibrationSpec, desk: _Desk, kept: NDArray[np.intp]
) -> tuple[NDArray[np.object_], Dates | None]:
    cutoff, customer, cutoffs = spec.data.cutoff, spec.data.customer, None
    if cutoff in table.column_names:
        cutoffs, late = read_cutoffs(str(cutoff), table[cutoff])
        desk.troubles += late
    if customer not in table.column_names:
        learned_from = [*(metric.name for metric in spec.with_role("metric")), spec.data.outcome.column, str(cutoff)]
        return ids_from_content(table, learned_from), cutoffs
    ids, empty = read_ids(str(customer), table[customer])
    desk.troubles += empty
    if not empty and (cutoff is None) == (cutoffs is None):
        desk.findings += duplicates(desk.file, ids, cutoffs, kept)
    return ids, cutoffs


def _form(file: TableFile) -> Form:
    return Form(file.name, file.decimal, file.may_hold_decimal_commas)


def _metric(name: str, table: pa.Table, spec: CalibrationSpec, desk: _Desk) -> Reading:
    return desk.keep(read_metric(name, table[name], spec.metric(name).kind, _form(desk.file)))


def _audit(name: str, table: pa.Table, desk: _Desk) -> Reading:
    return desk.keep(read_category(name, table[name]))


def _current(table: pa.Table, spec: CalibrationSpec, desk: _Desk) -> NDArray[np.float64] | None:
    if spec.baseline is None or spec.baseline.column not in table.column_names:
        return None
    reading = desk.keep(read_metric(str(spec.baseline.column), table[spec.baseline.column], "number", _form(desk.file)))
    return np.asarray(reading.values, dtype=np.float64)


def _business(table: pa.Table, spec: CalibrationSpec, desk: _Desk, known: NDArray[np.bool_]) -> dict[str, Reading]:
    """Segment, stage, revenue, and who was touched. known: rows learned from, where a weight needs its revenue."""
    found = {}
    for what, name in (("segment", spec.data.segment), ("stage", spec.data.stage)):
        if name in table.column_names:
            found[what] = desk.keep(read_group(str(name), table[name], desk.file.name))
    revenue = spec.data.revenue
    if revenue in table.column_names:
        needed = known & spec.calibration.row_weights.revenue
        found["revenue"] = desk.keep(read_revenue(str(revenue), table[revenue], _form(desk.file), needed))
    if TOUCHED in table.column_names and spec.history and spec.history.interventions:
        found[TOUCHED] = desk.keep(read_metric(TOUCHED, table[TOUCHED], "number", _form(desk.file)))
    return found


def _check_metrics(metrics: dict[str, Reading], spec: CalibrationSpec, desk: _Desk, known: NDArray[np.bool_]) -> None:
    sound: Sequence[Reading] = [one for one in metrics.values() if not one.findings]
    for reading in sound:
        desk.troubles += within_scale(reading, spec.metric(reading.column))
        if known.any():
            desk.findings += levels_within_reason(desk.file.name, reading)
            desk.findings += [] if reading.troubles else varies(desk.file.name, reading, known)
