"""Which columns of which table the panel needs, what each is, and in which forms it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chs_ml.history.asof.names import NUMBER, TEXT, TIME
from chs_ml.history.asof.rows import accounts_read_as, by_table, read_as
from chs_ml.spec.history import ENDS, History, PastTable
from chs_ml.spec.measures import Measure
from chs_ml.spec.measuring import BUSINESS
from chs_ml.spec.table import Table

Said = tuple[str, str, str]
"""A column, what it is to the spec, and the form in which that is read."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One table to be read. columns: name → what it is to the spec; forms: name → how it is read, first as what it is.

    begins: the column without which a row has no place in time. zone: of times without offset. keeps_ids: whether more
    is read of the customers' ids than whose a row is.
    """

    name: str
    table: Table
    customer: str
    begins: str
    zone: str
    keeps_ids: bool
    columns: dict[str, str]
    forms: dict[str, tuple[str, ...]]

    @property
    def read(self) -> list[tuple[str, str]]:
        """Each column with each of its forms."""
        return [(column, form) for column, forms in self.forms.items() for form in forms]


def wanted_tables(history: History, measures: Sequence[Measure]) -> Iterator[Wanted]:
    """Give every table of the history with the columns that are read of it."""
    accounts = history.accounts
    zone, said = accounts.timezone or history.timezone, _of_accounts(history, measures)
    yield _wanted("accounts", accounts.table, (accounts.customer, accounts.start, zone), said)
    found = by_table(measures, history)
    for name, table in history.past.items():
        zone = table.timezone or history.timezone
        key = (table.customer, str(getattr(table, table.begins)), zone)
        yield _wanted(name, table.table, key, _of_past(name, table, found[name]))


def _wanted(name: str, table: Table, key: tuple[str, str, str], said: Iterable[Said]) -> Wanted:
    """key: the columns of customer and time, and the zone."""
    columns: dict[str, str] = {}
    forms: dict[str, tuple[str, ...]] = {}
    said = [*said]
    keeps_ids = name == "accounts" or [(column, form) for column, _, form in said].count((key[0], TEXT)) > 1
    for column, what, form in said:
        columns.setdefault(column, what)
        forms[column] = tuple(dict.fromkeys((*forms.get(column, ()), form)))
    return Wanted(name, table, *key, keeps_ids, columns, forms)


def _of_accounts(history: History, measures: Sequence[Measure]) -> Iterator[Said]:
    accounts, where = history.accounts, "history.accounts"
    yield accounts.customer, f"{where}.customer", TEXT
    for role in ("start", "churned", "renewal", "known"):
        if getattr(accounts, role):
            yield str(getattr(accounts, role)), f"{where}.{role}", TIME
    if accounts.churn_flag:
        yield accounts.churn_flag.column, f"{where}.churn_flag", TEXT
    for role in BUSINESS:
        if getattr(accounts, role):
            yield str(getattr(accounts, role)), f"{where}.{role}", NUMBER if role == "revenue" else TEXT
    texts, numbers, days = accounts_read_as(history, measures)
    yield from ((column, "days_until of a metric", TIME) for column in days)
    yield from ((column, "read by a metric", NUMBER) for column in numbers)
    yield from ((column, "a metric, or eligible.exclude", TEXT) for column in texts)


def _of_past(name: str, table: PastTable, measures: Sequence[Measure]) -> Iterator[Said]:
    where = "history.interventions" if name == "interventions" else f"history.tables.{name}"
    yield table.customer, f"{where}.customer", TEXT
    for role in (table.begins, ENDS.get(table.begins, ""), "known"):
        if role and getattr(table, role):
            yield str(getattr(table, role)), f"{where}.{role}", TIME
    for role in ("type", "currency"):
        if getattr(table, role):
            yield str(getattr(table, role)), f"{where}.{role}", TEXT
    texts, numbers = read_as(measures, table)
    yield from ((column, "read by a metric", NUMBER) for column in numbers)
    yield from ((column, "read by a metric", TEXT) for column in texts)
