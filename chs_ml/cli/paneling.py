"""How ``panel`` works: reads the history, builds the panel, writes it whole; or writes the query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.cli.checking import counted
from chs_ml.cli.output import check_output, spare, written_whole
from chs_ml.cli.talk import Steps, answer_json, answer_text, check_folder, progress, say
from chs_ml.errors import SpecError
from chs_ml.formula.atomic import write_whole
from chs_ml.history.asof.build import outcomes_of, panel_of_history, staged_history, today_of
from chs_ml.history.asof.moments import AsOf
from chs_ml.history.asof.text import panel_sql
from chs_ml.history.asof.values import after_the_data, unheard_values
from chs_ml.history.findings import Finding, TableError, error
from chs_ml.history.id_case import hinting, with_hints
from chs_ml.history.leaks import suspicions
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.measuring import CHURNED, CUSTOMER, CUTOFF


def write_panel(
    spec: CalibrationSpec, days: Sequence[date], out: Path, *, outcome: bool, as_json: bool, quiet: bool
) -> None:
    """Build the panel and write it; doubts about the history are told."""
    check_output(out, "panels")
    spare(out, *_files(spec))
    with hinting(spec), progress(quiet=quiet) as steps:
        table, doubts = _built(spec, days, steps, outcome=outcome)
    with written_whole(out, table.schema) as write:
        write(table)
    doubts = with_hints(doubts, spec)
    for doubt in doubts:
        say(f"warning: {doubt}", quiet=quiet)
    told = _told(table)
    if as_json:
        answer_json({**told, "findings": [asdict(doubt) for doubt in doubts], "output": str(out)})
    rate = "" if told["churn_rate"] is None else f", {told['churn_rate']:.1%} churned"
    counts = ", ".join(counted(int(told[f"{one}s"] or 0), one) for one in ("row", "customer", "cutoff"))
    say(f"{counts}{rate}; wrote {out}", quiet=quiet)


def write_query(
    spec: CalibrationSpec,
    days: Sequence[date],
    dialect: str,
    places: Mapping[str, str],
    out: Path | None,
    *,
    outcome: bool,
    quiet: bool,
) -> None:
    """Write the panel's query for a warehouse; to stdout where no file is named."""
    until = spec.history.observed_until if spec.history else None
    if outcome and until is None:
        raise SpecError(
            "history.observed_until: the query has to know until when outcomes are known, and looks at no data. "
            "Add it, or give --no-outcome."
        )
    if out is not None:
        check_folder(out)
        spare(out, *_files(spec))
    text = panel_sql(spec, AsOf(tuple(days), until if outcome else None), dialect, places)
    if out is None:
        answer_text(text)
        return
    write_whole(out, text.encode())
    say(f"wrote {out}", quiet=quiet)


def _files(spec: CalibrationSpec) -> list[Path]:
    """Return the files that the spec reads; the spec itself is the command's to spare."""
    return [spec.locate(table.file) for table in spec.tables.values() if table.file]


def _built(
    spec: CalibrationSpec, days: Sequence[date], steps: Steps, *, outcome: bool
) -> tuple[pa.Table, list[Finding]]:
    steps("reading the history", 0, 1)
    with staged_history(spec) as staged:
        steps("reading the history", 1, 1)
        steps("building the panel", 0, 1)
        when = days or (today_of(spec.history),) if spec.history else days
        as_of = outcomes_of(staged, spec, when) if outcome else AsOf(tuple(when), None)
        table = panel_of_history(staged, spec, as_of)
        if not len(table):
            raise TableError(error("no-rows", "no customer is in the panel at any cutoff", "chs-ml check says why"))
        doubts = [*staged.findings, *unheard_values(staged, spec)]
        doubts += after_the_data(staged, spec.history, as_of.days) if spec.history else []
        doubts += suspicions(staged, table, spec) if outcome else []
        steps("building the panel", 1, 1)
    if any(doubt.severity == "error" for doubt in doubts):
        raise TableError(*doubts)
    return table, doubts


def _told(table: pa.Table) -> dict[str, int | float | None]:
    """Return what people ask of a panel first."""
    there = CHURNED in table.column_names
    rate = pc.mean(table[CHURNED]).as_py() if there else None
    distinct = {name: len(pc.unique(table[name])) for name in (CUSTOMER, CUTOFF)}
    counts: dict[str, int | float | None] = {"rows": len(table), "customers": distinct[CUSTOMER]}
    return counts | {"cutoffs": distinct[CUTOFF], "churn_rate": rate}
