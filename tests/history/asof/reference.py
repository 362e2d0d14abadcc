"""The as-of panel of docs/history.md a second time: slow, row by row, in plain Python, to measure the package against.

A moment is a naive datetime, the local wall time of ``timezone``; a cutoff is the midnight that its day begins with.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

OWN_TIME = ("time", "opened", "due", "valid_from")
MOMENTS = (*OWN_TIME, "closed", "paid", "valid_to", "known", "start", "churned", "renewal")
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}
YEARS = {"days": 1, "months": 30.4375, "years": 365.25}

Cell = Any
Value = float | str | None


@dataclass(frozen=True)
class Row:
    """One row of a table: its cells by column, its moments by role."""

    customer: str
    cells: dict[str, Cell]
    moments: dict[str, dt.datetime | None]

    @property
    def time(self) -> dt.datetime | None:
        return next((self.moments[role] for role in OWN_TIME if role in self.moments), None)


@dataclass(frozen=True)
class Past:
    """One customer's spell as it stood before a cutoff; ``tables``: the spell's rows that were known."""

    spell: Row
    cutoff: dt.datetime
    history: dict
    tables: dict[str, list[Row]]

    @property
    def start(self) -> dt.datetime:
        return self.spell.moments["start"]


def reference_panel(history: dict, metrics: list[dict], tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Files' names → frames, to customer, cutoff, churned, the metrics, and what accounts carry."""
    accounts = _rows(history["accounts"], history, tables)
    rows = {name: _rows(said, history, tables) for name, said in history["tables"].items()}
    until = observed_until(history, [*accounts, *(row for table in rows.values() for row in table)])
    carried = [role for role in ("segment", "stage", "revenue") if role in history["accounts"]]
    found = []
    for cutoff in cutoffs(history["cutoffs"]):
        for spell in accounts:
            past = Past(spell, _midnight(cutoff), history, _known_rows(rows, spell, _midnight(cutoff)))
            if is_there(past) and is_eligible(past):
                line = {"customer": spell.customer, "cutoff": cutoff, "churned": churned(past, rows, until)}
                line |= metric_values(past, metrics)
                found.append(line | {role: _cell(spell, history["accounts"][role]) for role in carried})
    columns = ["customer", "cutoff", "churned", *(metric["name"] for metric in metrics), *carried]
    found.sort(key=lambda line: (line["customer"], line["cutoff"]))
    return pd.DataFrame(found, columns=columns, dtype=object)


# Time


def local_time(cell: Cell, zone: str, own: str | None = None) -> dt.datetime | None:
    """A cell → wall time in ``zone``. own: the zone of the table's times without an offset."""
    if not isinstance(cell, str) and pd.isna(cell):
        return None
    if isinstance(cell, pd.Timestamp):
        cell = cell.to_pydatetime()
    if isinstance(cell, str):
        cell = dt.datetime.fromisoformat(cell)
    if not isinstance(cell, dt.datetime):
        cell = _midnight(cell)
    if cell.tzinfo is None and own is not None:
        cell = cell.replace(tzinfo=ZoneInfo(own))
    return cell if cell.tzinfo is None else cell.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def duration(said: str) -> dt.timedelta:
    """``30d`` → 30 days."""
    return dt.timedelta(days=int(str(said).removesuffix("d")))


def cutoffs(said: list | dict) -> list[dt.date]:
    """The list, or from, from + one step, from + two steps …, up to and with ``to``."""
    if isinstance(said, list):
        return sorted({_date(one) for one in said})
    first, last = _date(said["from"]), _date(said["to"])
    found = []
    while (day := _stepped(first, said["every"], len(found))) <= last:
        found.append(day)
    return found


def _stepped(first: dt.date, every: str, steps: int) -> dt.date:
    if every not in MONTHS:
        return first + steps * dt.timedelta(days=DAYS.get(every) or int(every.removesuffix("d")))
    month = first.month - 1 + steps * MONTHS[every]
    year, month = first.year + month // 12, month % 12 + 1
    ends = calendar.monthrange(year, month)[1]
    is_last = first.day == calendar.monthrange(first.year, first.month)[1]
    return dt.date(year, month, ends if is_last else min(first.day, ends))


def _date(said: dt.date | str) -> dt.date:
    return dt.date.fromisoformat(said) if isinstance(said, str) else said


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day)


def _days(since: dt.datetime, until: dt.datetime) -> int:
    """Local calendar days between the days of two moments."""
    return (until.date() - since.date()).days


# Rows


def _rows(said: dict, history: dict, tables: dict[str, pd.DataFrame]) -> list[Row]:
    zone, own = history.get("timezone", "UTC"), said.get("timezone")
    found = []
    for cells in tables[said["table"]].to_dict("records"):
        moments = {role: local_time(cells[said[role]], zone, own) for role in MOMENTS if role in said}
        found.append(Row(str(cells[said["customer"]]), cells, moments))
    return found


def _known_rows(tables: dict[str, list[Row]], spell: Row, cutoff: dt.datetime) -> dict[str, list[Row]]:
    return {name: [row for row in rows if _counts(row, spell, cutoff)] for name, rows in tables.items()}


def _counts(row: Row, spell: Row, cutoff: dt.datetime) -> bool:
    return _is_of(row, spell) and row.time < cutoff and _was_known(row, cutoff)


def _is_of(row: Row, spell: Row) -> bool:
    start = spell.moments["start"]
    return (
        row.customer == spell.customer
        and row.time is not None
        and start is not None
        and row.time.date() >= start.date()
    )


def _was_known(row: Row, cutoff: dt.datetime) -> bool:
    known = row.moments.get("known")
    return known is None or known < cutoff


def _cell(row: Row, column: str) -> Cell:
    cell = row.cells[column]
    return None if not isinstance(cell, str) and pd.isna(cell) else cell


def _is_of_type(row: Row, table: dict, wanted: str | list) -> bool:
    if "type" not in table or wanted == "all":
        return True
    return _is_among(_cell(row, table["type"]), wanted)


def _is_among(cell: Cell, wanted: Cell) -> bool:
    values = wanted if isinstance(wanted, list) else [wanted]
    return any(cell == (str(value) if isinstance(cell, str) else value) for value in values if cell is not None)


def _fits(row: Row, where: dict) -> bool:
    return all(_is_among(_cell(row, column), wanted) for column, wanted in where.items())


# Who is in the panel


def is_there(past: Past) -> bool:
    start, left = past.start, past.spell.moments.get("churned")
    has_started = start is not None and start.date() < past.cutoff.date() and _was_known(past.spell, past.cutoff)
    return has_started and (left is None or left.date() > past.cutoff.date())


def is_eligible(past: Past) -> bool:
    said = past.history.get("eligible", {})
    if "tenure" in said and _starts_after(past, past.cutoff - duration(said["tenure"])):
        return False
    if "active_within" in said and not _is_active(past, past.cutoff - duration(said["active_within"])):
        return False
    if said.get("renewal_in_horizon") and not _renews(past):
        return False
    return not _is_excluded(past.spell, said.get("exclude", []))


def _starts_after(past: Past, moment: dt.datetime) -> bool:
    return past.start.date() > moment.date()


def _is_active(past: Past, since: dt.datetime) -> bool:
    return any(row.time >= since for row in activities(past.history, past.tables))


def _renews(past: Past) -> bool:
    renewal = past.spell.moments["renewal"]
    begin, end = looked_at(past)
    return renewal is not None and begin.date() < renewal.date() <= end.date()


def _is_excluded(spell: Row, said: list | dict) -> bool:
    if isinstance(said, dict):
        return _fits(spell, said)
    return spell.customer in [str(one) for one in said]


# Churned


def looked_at(past: Past) -> tuple[dt.datetime, dt.datetime]:
    """(D + gap, D + gap + horizon)."""
    history = past.history
    begin = past.cutoff + duration(history.get("gap", "0d"))
    horizon = history["horizon"] if "horizon" in history else history["churn"]["inactive_for"]
    return begin, begin + duration(horizon)


def observed_until(history: dict, rows: list[Row]) -> dt.date:
    if "observed_until" in history:
        return _date(history["observed_until"])
    return max(_days_of(rows, "time", "opened") or _days_of(rows, "start", "churned"))


def _days_of(rows: list[Row], *roles: str) -> list[dt.date]:
    return [row.moments[role].date() for row in rows for role in roles if row.moments.get(role) is not None]


def churned(past: Past, tables: dict[str, list[Row]], until: dt.date) -> float | None:
    if looked_at(past)[1].date() > until:
        return None
    return _inactive(past, tables) if "churn" in past.history else _left(past)


def _left(past: Past) -> float | None:
    (begin, end), left = looked_at(past), past.spell.moments["churned"]
    if left is None or left.date() > end.date():
        return 0.0
    return 1.0 if left.date() > begin.date() else None


def _inactive(past: Past, tables: dict[str, list[Row]]) -> float:
    begin, end = looked_at(past)
    rows = activities(past.history, tables)
    return 0.0 if any(_is_of(row, past.spell) and begin <= row.time < end for row in rows) else 1.0


def activities(history: dict, tables: dict[str, list[Row]]) -> Iterator[Row]:
    said = history.get("churn", {})
    for name, rows in tables.items():
        table = history["tables"][name]
        if name == said["from"] if "from" in said else "time" in table:
            yield from (row for row in rows if _is_of_type(row, table, said.get("count", "all")))


# Metrics


def metric_values(past: Past, metrics: list[dict]) -> dict[str, Value]:
    found = {metric["name"]: _value(past, metric) for metric in metrics if "per" not in metric}
    return {m["name"]: per(found, m["per"]) if "per" in m else found[m["name"]] for m in metrics}


def per(found: dict[str, Value], said: dict) -> Value:
    above, below = found[said["metric"]], found[said["by"]]
    return None if above is None or below is None or below == 0 else above / below


def _value(past: Past, metric: dict) -> Value:
    kind = _kind(metric)
    if kind in ASK_FOR_TENURE and _too_young(past, metric, 2 if kind == "trend" else 1):
        return None
    return KINDS[kind](past, metric)


def _kind(metric: dict) -> str:
    (kind,) = (key for key in metric if key in KINDS)
    return kind


def _too_young(past: Past, metric: dict, windows: int) -> bool:
    return "window" in metric and _starts_after(past, past.cutoff - windows * duration(metric["window"]))


def _table_name(past: Past, metric: dict) -> str:
    if "from" in metric:
        return metric["from"]
    role = {"open": "opened", "days_late": "due"}.get(_kind(metric))
    (name,) = (name for name, table in past.history["tables"].items() if role is None or role in table)
    return name


def _table(past: Past, metric: dict) -> dict:
    return past.history["tables"][_table_name(past, metric)]


def _in_window(past: Past, metric: dict, earlier: int = 0) -> list[Row]:
    """All rows of the metric's table in its window. earlier: 1 for the window before."""
    rows = past.tables[_table_name(past, metric)]
    if "window" not in metric:
        return rows
    window = duration(metric["window"])
    end = past.cutoff - earlier * window
    return [row for row in rows if end - window <= row.time < end]


def _matching(past: Past, metric: dict, earlier: int = 0) -> list[Row]:
    table, wanted = _table(past, metric), metric[_kind(metric)]
    rows = [row for row in _in_window(past, metric, earlier) if _fits(row, metric.get("where", {}))]
    return [row for row in rows if _is_of_type(row, table, wanted)]


def _known_values(past: Past, metric: dict, rows: list[Row]) -> list[tuple[dt.datetime, Value]]:
    column = _column(_table(past, metric), metric)
    read = str if metric.get("kind") == "category" else float
    cells = [(row.time, _cell(row, column)) for row in rows]
    return [(time, cell if isinstance(cell, str) else read(cell)) for time, cell in cells if cell is not None]


def _column(table: dict, metric: dict) -> str:
    wanted = metric[_kind(metric)]
    if "of" in metric:
        return metric["of"]
    if "type" not in table and wanted != "all":
        return wanted
    return table["value"] if "value" in table else table["amount"]


def _matching_values(past: Past, metric: dict) -> list[Value]:
    return [value for _, value in _known_values(past, metric, _matching(past, metric))]


def count(past: Past, metric: dict) -> Value:
    return float(len(_matching(past, metric)))


def days_active(past: Past, metric: dict) -> Value:
    return float(len({row.time.date() for row in _matching(past, metric)}))


def total(past: Past, metric: dict) -> Value:
    return float(sum(_matching_values(past, metric)))


def mean(past: Past, metric: dict) -> Value:
    values = _matching_values(past, metric)
    return sum(values) / len(values) if values else None


def largest(past: Past, metric: dict) -> Value:
    return max(_matching_values(past, metric), default=None)


def distinct(past: Past, metric: dict) -> Value:
    return float(len(set(_matching_values(past, metric))))


def last(past: Past, metric: dict) -> Value:
    if metric.get("from") == "accounts":
        return _cell(past.spell, _column(past.history["accounts"], metric))
    rows = _matching(past, metric)
    if "valid_from" in _table(past, metric):
        rows = [row for row in rows if _not_before(row.moments.get("valid_to"), past.cutoff)]
    return max(_known_values(past, metric, rows), default=(None, None))[1]


def recency(past: Past, metric: dict) -> Value:
    times = [row.time for row in _matching(past, metric)]
    return float(_days(max(times), past.cutoff)) if times else None


def trend(past: Past, metric: dict) -> Value:
    now, before = len(_matching(past, metric)), len(_matching(past, metric, earlier=1))
    return (now - before) / (now + before) if now + before else None


def share(past: Past, metric: dict) -> Value:
    table, where = _table(past, metric), metric.get("where", {})
    every = [row for row in _in_window(past, metric) if _is_of_type(row, table, metric.get("among", "all"))]
    matching = [row for row in every if _is_of_type(row, table, metric["share"]) and _fits(row, where)]
    return len(matching) / len(every) if every else None


def still_open(past: Past, metric: dict) -> Value:
    rows = _matching(past, metric)
    return float(sum(_not_before(row.moments.get("closed"), past.cutoff) for row in rows))


def _not_before(moment: dt.datetime | None, cutoff: dt.datetime) -> bool:
    return moment is None or moment >= cutoff


def days_late(past: Past, metric: dict) -> Value:
    rows = [row for row in _in_window(past, metric) if _fits(row, metric.get("where", {}))]
    late = [_days_late(row, past.cutoff) for row in rows]
    if not late:
        return None
    return float({"max": max(late), "sum": sum(late), "mean": sum(late) / len(late)}[metric["days_late"]])


def _days_late(row: Row, cutoff: dt.datetime) -> int:
    paid = row.moments.get("paid")
    return max(0, _days(row.moments["due"], cutoff if _not_before(paid, cutoff) else paid))


def days_until(past: Past, metric: dict) -> Value:
    accounts = past.history["accounts"]
    column = accounts.get(metric["days_until"], metric["days_until"])
    zone = past.history.get("timezone", "UTC")
    planned = local_time(past.spell.cells[column], zone, accounts.get("timezone"))
    return None if planned is None or planned < past.cutoff else float(_days(past.cutoff, planned))


def tenure(past: Past, metric: dict) -> Value:
    return _days(past.start, past.cutoff) / YEARS[metric["tenure"]]


def survey(past: Past, metric: dict) -> Value:
    time, answer = max(_known_values(past, metric, _matching(past, metric)), default=(None, None))
    if metric.get("age"):
        return None if time is None else float(_days(time, past.cutoff))
    return answer


KINDS: dict[str, Callable[[Past, dict], Value]] = {
    "count": count,
    "days_active": days_active,
    "sum": total,
    "mean": mean,
    "max": largest,
    "distinct": distinct,
    "last": last,
    "recency": recency,
    "trend": trend,
    "share": share,
    "open": still_open,
    "days_late": days_late,
    "days_until": days_until,
    "tenure": tenure,
    "survey": survey,
}
ASK_FOR_TENURE = {"count", "days_active", "sum", "mean", "max", "distinct", "trend", "share", "days_late"}
