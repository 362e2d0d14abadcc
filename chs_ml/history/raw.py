"""The panel of a raw history as the table that every calibration reads, with where its rows came from."""

from __future__ import annotations

from chs_ml.history.asof.build import panel_of_history, staged_history
from chs_ml.history.asof.values import unheard_values
from chs_ml.history.attendance import Attendance, attendance, in_words
from chs_ml.history.findings import Finding, TableError, error
from chs_ml.history.id_case import hinting, with_hints
from chs_ml.history.leaks import suspicions
from chs_ml.history.memory import MemoryTable
from chs_ml.spec import CalibrationSpec


def panel_table(spec: CalibrationSpec) -> MemoryTable:
    """Build the panel of a history, and ask whether it can be trusted; TableError lists everything that stops it."""
    with hinting(spec), staged_history(spec) as staged:
        table = panel_of_history(staged, spec)
        there = attendance(staged, table, spec)
        if not len(table):
            raise TableError(_nobody_there(there[-1]))
        found = [*staged.findings, *unheard_values(staged, spec), *suspicions(staged, table, spec)]
        if any(one.severity == "error" for one in found):
            raise TableError(*sorted(found, key=lambda one: one.severity != "error"))
    found = with_hints(found, spec)
    return MemoryTable("panel", table, {"format": "raw history"}, tuple(staged.sources), tuple(found), attendance=there)


def _nobody_there(last: Attendance) -> Finding:
    """Return what to say of a panel without rows."""
    said = f"no customer is in the panel at any cutoff; at the last one, {last.cutoff}, {in_words(last)}"
    return error("no-rows", said, "Look at cutoffs, eligible and the accounts' start")
