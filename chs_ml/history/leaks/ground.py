"""What the checks stand on: every row of the past with the spell that it belongs to, and the panel's outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from chs_ml.history.asof.query import measured
from chs_ml.history.asof.rows import by_table
from chs_ml.history.asof.sound import newest_day
from chs_ml.history.asof.staging import Staged
from chs_ml.history.asof.tree import quoted, word
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.history import ENDS, History
from chs_ml.spec.measures import ALL, Measure
from chs_ml.spec.measuring import CHURNED, CUSTOMER, CUTOFF

SPELLS, KEYS = '"chs leak spells"', '"chs leak keys"'
HAPPENS = ("time", "opened")
"""Roles of times at which something happened; a due day and a plan's first day are set beforehand."""
FAR_BACK = 180
FEWEST_ROWS, LEAST_SHARE = 5, 0.001
"""Below either, odd rows are not worth a word."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A history and its panel. until: day to which outcomes are known. by_table: the metrics measured in each table."""

    staged: Staged
    panel: pa.Table
    spec: CalibrationSpec
    history: History
    until: date
    measures: tuple[Measure, ...]
    by_table: dict[str, list[Measure]]

    def rows(self, table: str) -> str:
        """The rows of a table: customer (a number), moment, until, known, type; start and left_on of a spell.

        A row belongs to the newest spell that began before it, or else to the customer's first.
        """
        return quoted(f"chs leak {table}")

    def ask(self, text: str) -> list[tuple[Any, ...]]:
        """Return all rows that a query answers."""
        return self.staged.rows_of(text)

    def one(self, text: str) -> tuple[Any, ...]:
        """Return the one row that a query answers."""
        [found] = self.ask(text)
        return found

    def happened(self) -> list[str]:
        """Return the tables whose rows happened when they say, and that have any."""
        return [name for name, table in self.history.past.items() if table.begins in HAPPENS and self.count(name)]

    def newest_row(self) -> date | None:
        """Return the newest day on which something happened."""
        found = [self.one(f"SELECT max(moment)::DATE FROM {self.rows(name)}")[0] for name in self.happened()]  # noqa: S608
        return max((day for day in found if isinstance(day, date)), default=None)

    def read_from(self, table: str, kind: str | None = None) -> date | None:
        """Return the first day whose rows (of a type) any metric or outcome reads; None where nothing reads them."""
        spans = [
            _span(one)
            for one in self.by_table[table]
            if kind is None or kind in (*one.what, *one.among) or one.what == (ALL,)
        ]
        spans += [self.history.days] if self.history.churn and table in self.history.activities else []
        spans += [0] if table == "interventions" else []
        return self.history.dates[0] - timedelta(max(spans)) if spans else None

    def count(self, table: str) -> int:
        """Return the rows of a table."""
        return self.staged.rows.get(table, 0)

    def readers(self, table: str, kinds: Sequence[str | None]) -> str | None:
        """Return the name of a metric that reads nothing but these types of a table, None where there is none."""
        for measure in self.by_table.get(table, []):
            if None in kinds or (measure.what != (ALL,) and set(measure.what) <= set(kinds)):
                return measure.name
        return None


def _span(measure: Measure) -> int:
    """Days before a cutoff that a metric reads; those that reach back to the start, mostly so many."""
    return (measure.window or FAR_BACK) * (2 if measure.kind == "trend" else 1)


@contextmanager
def standing(staged: Staged, panel: pa.Table, spec: CalibrationSpec) -> Iterator[Ground]:
    """Lay out spells, rows and the panel's keys in tables of our own, which go with the context."""
    history = spec.history
    if history is None:
        raise ValueError("a spec without history has nothing to stand on")
    measures = measured(spec)
    until = history.observed_until or newest_day(staged, history)
    ground = Ground(staged, panel, spec, history, until, tuple(measures), by_table(measures, history))
    made = [*_spells(ground), *_rows(ground), *_keys(ground)]
    try:
        yield ground
    finally:
        for kind, name in reversed(made):
            staged.rows_of(f"DROP {kind} IF EXISTS {name}")


def _spells(ground: Ground) -> Iterator[tuple[str, str]]:
    """Each spell with the moments between which a row belongs to it, and the columns of accounts that metrics read."""
    accounts, measures = ground.history.accounts, ground.measures
    local = _clock(ground, accounts.timezone)
    columns = [f"{_text(accounts.customer)} AS customer, {_midnight(local(accounts.start))} AS start"]
    columns.append(f"{_midnight(local(accounts.churned)) if accounts.churned else 'NULL::TIMESTAMP'} AS left_on")
    if accounts.known:
        columns.append(f"coalesce({local(accounts.known)}, {local(accounts.start)}) AS known")
    for column in {one.what[0]: None for one in measures if one.table == "accounts"}:
        columns.append(f"{_text(column)} AS {text_of(column)}")
    for column in {one.what[0]: None for one in measures if one.kind == "days_until" and one.what != ("renewal",)}:
        columns.append(f"{_midnight(local(column))} AS {day_of(column)}")
    ground.ask(
        f"CREATE OR REPLACE TEMP TABLE {SPELLS} AS SELECT *, dense_rank() OVER (ORDER BY customer)::INTEGER AS who, "  # noqa: S608
        "lead(start) OVER w AS next_start, lag(start) OVER w IS NULL AS is_first "
        f"FROM (SELECT {', '.join(columns)} FROM accounts) WHERE customer IS NOT NULL AND start IS NOT NULL "
        "WINDOW w AS (PARTITION BY customer ORDER BY start)"
    )
    yield "TABLE", SPELLS


def _rows(ground: Ground) -> Iterator[tuple[str, str]]:
    """Kept as a table, joined once: times are turned from zone to zone and texts trimmed for all checks together."""
    for name, table in ground.history.past.items():
        local, end = _clock(ground, table.timezone), getattr(table, ENDS.get(table.begins, ""), None)
        at = local(getattr(table, table.begins))
        columns = [f"{_text(table.customer)} AS customer, {at} AS moment"]
        columns.append(f"{_text(table.type) if table.type else 'NULL::VARCHAR'} AS type")
        columns += [f"coalesce({local(table.known)}, {at}) AS known"] if table.known else []
        columns += [f"{local(end)} AS until"] if end else []
        ground.ask(
            f"CREATE OR REPLACE TEMP TABLE {ground.rows(name)} AS "  # noqa: S608
            "SELECT r.* REPLACE (s.who AS customer), s.start, s.left_on "
            f"FROM (SELECT {', '.join(columns)} FROM {quoted(name)}) r JOIN {SPELLS} s ON r.customer = s.customer "
            "AND (s.is_first OR r.moment >= s.start) AND (s.next_start IS NULL OR r.moment < s.next_start) "
            "WHERE r.moment IS NOT NULL"
        )
        yield "TABLE", ground.rows(name)


def _clock(ground: Ground, zone: str | None) -> Callable[[str], str]:
    """Times in a column of a table that may have a zone of its own, as local time of the history."""
    here, there = (word(one).sql("duckdb") for one in (zone or ground.history.timezone, ground.history.timezone))
    if here == there:
        return quoted
    return lambda column: f"({quoted(column)} AT TIME ZONE {here} AT TIME ZONE {there})"


def _text(column: str) -> str:
    return f"nullif(trim({quoted(column)}::VARCHAR), '')"


def _midnight(moment: str) -> str:
    return f"date_trunc('day', {moment})::TIMESTAMP"


def text_of(column: str) -> str:
    """A column of accounts as text, among the spells."""
    return quoted(f"text {column}")


def day_of(column: str) -> str:
    """A column of accounts as a day, among the spells."""
    return quoted(f"day {column}")


def _keys(ground: Ground) -> Iterator[tuple[str, str]]:
    """The panel's rows by number, with the day on which that spell ended."""
    connection = ground.staged.connection
    connection.register("chs_leak_arrow", ground.panel.select([CUSTOMER, CUTOFF, CHURNED]))
    ground.ask(
        f"CREATE OR REPLACE TEMP TABLE {KEYS} AS SELECT s.who AS customer, p.cutoff, p.churned, p.nth, "  # noqa: S608
        "s.left_on FROM (SELECT customer, cutoff::TIMESTAMP AS cutoff, churned, row_number() OVER () - 1 AS nth "
        f"FROM chs_leak_arrow) p JOIN {SPELLS} s ON p.customer = s.customer AND s.start < p.cutoff "
        "AND (s.next_start IS NULL OR s.next_start >= p.cutoff)"
    )
    connection.unregister("chs_leak_arrow")
    yield "TABLE", KEYS


def worth_saying(many: int, rows: int, least: float = LEAST_SHARE) -> bool:
    """Whether so many odd rows among so many are more than chance slips."""
    return many >= FEWEST_ROWS and many >= least * rows


def moment_of(day: date) -> str:
    """The first moment of a day, as SQL."""
    return f"TIMESTAMP {word(day.isoformat() + ' 00:00:00').sql('duckdb')}"


def share(many: int, rows: int) -> str:
    """How many of how many, as people read it."""
    part = f"{100 * many / rows:.2g} %" if many and many * 100 < rows else f"{100 * many / max(rows, 1):.0f} %"
    return f"{many:,} of {rows:,} ({part})"


def listed(found: Sequence[str], most: int = 5) -> str:
    """The first few, and how many more."""
    more = f" and {len(found) - most:,} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
