"""Whether the tables of a history can be right: what has to hold before a panel is built from them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from chs_ml.errors import DataError
from chs_ml.history.asof.groups import reach_of
from chs_ml.history.asof.names import TIME, as_text_of, held, held_in, marked
from chs_ml.history.asof.query import measured
from chs_ml.history.asof.rows import by_table
from chs_ml.history.asof.staging import Staged
from chs_ml.history.asof.tree import quoted, word
from chs_ml.history.findings import Finding, error, warning
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.history import History, PastTable
from chs_ml.spec.measures import ALL, KINDS
from chs_ml.spec.nearest import nearest

Place = tuple[str, str | None, str | None]
"""A table, a column of times in it (None: it has none), and the zone in which they are told."""


def soundness(staged: Staged, spec: CalibrationSpec) -> Iterator[Finding]:
    """Give everything that stands in the way of a panel, and rows that belong to nobody."""
    history = spec.history
    if history is None:
        return
    yield from _spells(staged, history)
    yield from _strangers(staged, history)
    yield from _types(staged, spec, history)
    yield from _currencies(staged, history)
    yield from _reach(staged, spec, history)


def newest_day(staged: Staged, history: History) -> date:
    """Return the newest day of all times and openings, or else of starts and departures; DataError where none is.

    A departure may be planned, and lie beyond what is known.
    """
    happened = [(name, table.time or table.opened, table.timezone) for name, table in history.past.items()]
    accounts = [
        ("accounts", role, history.accounts.timezone) for role in (history.accounts.start, history.accounts.churned)
    ]
    for columns in (happened, accounts):
        found = [_extreme(staged, history, where, "max") for where in columns if where[1]]
        days = [day for day in found if day is not None]
        if days:
            return max(days)
    raise DataError("the history has no rows: no start, time or opening. Look into its tables.")


def _extreme(staged: Staged, history: History, where: Place, which: str) -> date | None:
    """Return the first or last day of a column, as days are where the history is at home."""
    table, column, zone = where
    told = quoted(marked(held(str(column), TIME)))
    if zone and zone != history.timezone:
        told = f"({told} AT TIME ZONE {word(zone).sql('duckdb')}) AT TIME ZONE {word(history.timezone).sql('duckdb')}"
    [(found,)] = staged.rows_of(f"SELECT {which}({told})::DATE FROM {quoted(marked(held_in(table)))}")  # noqa: S608
    return found if isinstance(found, date) else None


def _spells(staged: Staged, history: History) -> Iterator[Finding]:
    accounts = history.accounts
    ended = f"{quoted(accounts.churned)}::DATE" if accounts.churned else "NULL::DATE"
    spells = (
        f"SELECT trim({quoted(accounts.customer)}) AS c, {quoted(accounts.start)}::DATE AS s, {ended} AS e "  # noqa: S608
        f"FROM accounts WHERE {quoted(accounts.start)} IS NOT NULL AND {quoted(accounts.customer)} IS NOT NULL"
    )
    early = staged.number(f"SELECT count(*) FROM ({spells}) WHERE e < s")  # noqa: S608
    if early:
        said = f"accounts: {early:,} spells end before they start"
        yield error("churn-before-start", said, "Correct start or churned")
    follows = (
        f"SELECT s, lag(coalesce(e, DATE '9999-12-31')) OVER (PARTITION BY c ORDER BY s, e) AS before FROM ({spells})"  # noqa: S608
    )
    overlapping = staged.number(f"SELECT count(*) FROM ({follows}) WHERE s < before")  # noqa: S608
    if overlapping:
        said = f"accounts: {overlapping:,} spells begin before the same customer's spell before them has ended"
        yield error("overlapping-spells", said, "Keep one row a spell; the earlier one needs its churned")


def _strangers(staged: Staged, history: History) -> Iterator[Finding]:
    for name, table in history.past.items():
        many, rows = staged.strangers[name], staged.rows[name]
        if not many:
            continue
        said = f"{name}: {many:,} of {rows:,} rows are of customers whom accounts do not have"
        if many == rows:
            yield error("unknown-customer", said, f"Is {table.customer!r} the right column?")
        else:
            yield warning(
                "unknown-customer", f"{said}, and are left out", "Complete the accounts, or leave the rows out"
            )


def _types(staged: Staged, spec: CalibrationSpec, history: History) -> Iterator[Finding]:
    """Give an error for each type of row that a metric counts and that never occurs."""
    asked: dict[str, dict[str, str]] = {name: {} for name in history.past}
    for name, measures in by_table(measured(spec), history).items():
        for measure in measures:
            if history.past[name].type and measure.kind != "days_late":
                asked[name] |= {
                    one: f"metric {measure.name!r}" for one in (*measure.what, *measure.among) if one != ALL
                }
    if history.churn and history.churn.count:
        for name in history.activities:
            asked[name] |= {one: "history.churn" for one in history.churn.count if one != ALL}
    for name, types in asked.items():
        if types:
            yield from _never(staged, name, history.past[name], types)


def _never(staged: Staged, name: str, table: PastTable, types: dict[str, str]) -> Iterator[Finding]:
    query = f"SELECT DISTINCT {quoted(marked(as_text_of(str(table.type))))} FROM {quoted(marked(held_in(name)))}"  # noqa: S608
    there = {value for (value,) in staged.rows_of(query) if value is not None}
    for one, who in types.items():
        if one not in there:
            said = f"{name}: no row has {table.type} {one!r}, which {who} counts"
            yield error("no-such-type", said, nearest(one, sorted(there)[:1000]).rstrip("."))


def _currencies(staged: Staged, history: History) -> Iterator[Finding]:
    for name, table in history.past.items():
        if table.currency:
            column = quoted(table.currency)
            query = f"SELECT DISTINCT {column} FROM {quoted(name)} WHERE {column} IS NOT NULL"  # noqa: S608
            found = sorted(value for (value,) in staged.rows_of(query))
            if len(found) > 1:
                said = f"{name}: column {table.currency!r} has {len(found)} currencies: {', '.join(found[:5])}"
                yield error("mixed-currencies", said, "Turn all amounts into one currency before")


def _reach(staged: Staged, spec: CalibrationSpec, history: History) -> Iterator[Finding]:
    """Give an error for each window that is longer than the history before the last cutoff."""
    first = _extreme(staged, history, ("accounts", history.accounts.start, history.accounts.timezone), "min")
    last = history.dates[-1]
    for measure in measured(spec):
        span = reach_of(measure) if KINDS[measure.kind].windowed else None
        if first is not None and span and span > (last - first).days >= 0:
            said = (
                f"metric {measure.name!r} looks back {span} days, and the first customer started {(last - first).days} "
                f"days before the last cutoff ({last}): it would be missing for everybody"
            )
            yield error("window-too-long", said, "Shorten the window, or take later cutoffs", measure.name)
