"""Raw history → panel: the tables are read, asked whether they can be right, and the one query is run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from chs_ml.history.asof.dialects import Dialect
from chs_ml.history.asof.intake import stage
from chs_ml.history.asof.moments import AsOf
from chs_ml.history.asof.query import measured, panel_query
from chs_ml.history.asof.sound import newest_day, soundness
from chs_ml.history.asof.staging import Staged
from chs_ml.history.asof.wanted import wanted_tables
from chs_ml.history.findings import TableError
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.history import History
from chs_ml.spec.measuring import CUSTOMER, CUTOFF

MEMORY = "3GB"
"""Beyond it DuckDB writes what it works on to disk."""
FEW_CUTOFFS = 200
"""So many are compared with each row one by one; sorting all rows to meet them takes longer."""
DUCKDB = Dialect("duckdb", own=True)


def build_panel(spec: CalibrationSpec) -> pa.Table:
    """Return the panel, by customer and cutoff: customer, cutoff (date32), churned (null: not known), metrics.

    TableError lists every problem of the tables at once; no customer id stands in it.
    """
    with staged_history(spec) as staged:
        return panel_of_history(staged, spec)


@contextmanager
def staged_history(spec: CalibrationSpec) -> Iterator[Staged]:
    """Read all tables of the history into a database of our own, which goes with the context.

    TableError where a table cannot be read, or cannot be right.
    """
    history = _history(spec)
    with tempfile.TemporaryDirectory(prefix="chs_ml_") as folder, _connected(Path(folder)) as connection:
        staged = Staged(connection)
        measures = measured(spec)
        refused: list[TableError] = []
        for wanted in wanted_tables(history, measures):
            try:
                stage(staged, wanted, spec)
            except TableError as found:
                refused.append(found)
        staged.findings += [finding for found in refused for finding in found.findings]
        if not staged.errors:
            staged.findings += soundness(staged, spec)
        if staged.errors:
            raise TableError(*staged.errors, *(one for one in staged.findings if one.severity == "warning"))
        yield staged


def panel_of_history(staged: Staged, spec: CalibrationSpec, as_of: AsOf | None = None) -> pa.Table:
    """Run the query on tables that were read, by default for the spec's cutoffs with their outcomes."""
    when = as_of or outcomes_of(staged, spec)
    text = panel_query(spec, when, DUCKDB).sql(dialect="duckdb", identify=True)
    return staged.table_of(text).sort_by([(CUSTOMER, "ascending"), (CUTOFF, "ascending")])


def outcomes_of(staged: Staged, spec: CalibrationSpec, days: Sequence[date] | None = None) -> AsOf:
    """Return the cutoffs, by default the spec's, and until when their outcomes are known."""
    history = _history(spec)
    until: date = history.observed_until or newest_day(staged, history)
    return AsOf(history.dates if days is None else tuple(days), until)


def today_of(history: History) -> date:
    """Return the day that it is now where the history is at home."""
    return datetime.now(ZoneInfo(history.timezone)).date()


def _history(spec: CalibrationSpec) -> History:
    if spec.history is None:
        raise ValueError("a spec without history has no panel to build")
    return spec.history


@contextmanager
def _connected(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": os.environ.get("CHS_MEMORY", MEMORY),
        "temp_directory": str(folder),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    connection = duckdb.connect(":memory:", config=settings)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET nested_loop_join_threshold = {FEW_CUTOFFS}")
        yield connection
    finally:
        connection.close()
