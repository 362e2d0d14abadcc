"""Which columns of which table the panel needs, and what each is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chs_ml.history.asof.rows import by_table, read_as
from chs_ml.spec.history import ENDS, History, PastTable
from chs_ml.spec.measures import Measure
from chs_ml.spec.measuring import BUSINESS
from chs_ml.spec.table import Table


@dataclass(frozen=True, slots=True)
class Wanted:
    """One table to be read. columns: name → what it is to the spec; times, numbers: those read as such.

    begins: the column without which a row has no place in time. zone: of times without offset.
    """

    name: str
    table: Table
    customer: str
    begins: str
    zone: str
    columns: dict[str, str] = field(default_factory=dict)
    times: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


def wanted_tables(
    history: History, measures: Sequence[Measure], account_texts: Sequence[str], account_days: Sequence[str]
) -> Iterator[Wanted]:
    """Give every table of the history with the columns that are read of it."""
    yield _accounts(history, account_texts, account_days)
    found = by_table(measures, history)
    for name, table in history.past.items():
        yield _past(name, table, found[name], history)


def _accounts(history: History, texts: Sequence[str], days: Sequence[str]) -> Wanted:
    accounts, where = history.accounts, "history.accounts"
    times = {
        str(getattr(accounts, role)): f"{where}.{role}"
        for role in ("start", "churned", "renewal", "known")
        if getattr(accounts, role)
    }
    times |= {column: "days_until of a metric" for column in days}
    columns = {accounts.customer: f"{where}.customer", **times}
    columns |= {str(getattr(accounts, role)): f"{where}.{role}" for role in BUSINESS if getattr(accounts, role)}
    columns |= {column: "a metric, or eligible.exclude" for column in texts}
    if accounts.churn_flag:
        columns[accounts.churn_flag.column] = f"{where}.churn_flag"
    numbers = (accounts.revenue,) if accounts.revenue else ()
    zone = accounts.timezone or history.timezone
    return Wanted("accounts", accounts.table, accounts.customer, accounts.start, zone, columns, tuple(times), numbers)


def _past(name: str, table: PastTable, measures: Sequence[Measure], history: History) -> Wanted:
    where = "history.interventions" if name == "interventions" else f"history.tables.{name}"
    roles = [table.begins, ENDS.get(table.begins, ""), "known"]
    times = {str(getattr(table, role)): f"{where}.{role}" for role in roles if role and getattr(table, role)}
    texts, numbers = read_as(measures, table)
    columns = {table.customer: f"{where}.customer", **times}
    columns |= {str(getattr(table, role)): f"{where}.{role}" for role in ("type", "currency") if getattr(table, role)}
    columns |= {column: "read by a metric" for column in (*texts, *numbers)}
    begins = str(getattr(table, table.begins))
    zone = table.timezone or history.timezone
    return Wanted(name, table.table, table.customer, begins, zone, columns, tuple(times), numbers)
