"""What the tables of a folder probably are, told from their columns: accounts, events, tickets, invoices, plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.history import vocabulary
from chs_ml.history.columns import Column, as_text, can_be_text, is_number, is_time
from chs_ml.history.guesses import is_like
from chs_ml.history.numbers import parse_numbers

Role = Literal["accounts", "events", "tickets", "invoices", "plans", "interventions"]
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?$"
MOST_TYPES = 200
"""A column of what happened has no more different texts."""
NEARLY = 0.9
ENDS = {"opened": "closed", "due": "paid", "valid_from": "valid_to"}


@dataclass(frozen=True, slots=True)
class RawColumn:
    """One column of the first rows of a table. kind: what its values are."""

    name: str
    text: Column
    kind: Literal["time", "number", "text"]

    @property
    def levels(self) -> list[str]:
        """Its different texts, the most frequent first."""
        counted = pc.value_counts(self.text.drop_null()).to_pylist()
        return [str(one["values"]) for one in sorted(counted, key=lambda one: (-one["counts"], one["values"]))]

    @property
    def once(self) -> bool:
        """Whether hardly any value stands twice: of accounts, a customer who came back."""
        known = len(self.text) - self.text.null_count
        return bool(known > 0 and pc.count_distinct(self.text).as_py() >= NEARLY * known)


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table that was recognised. said: what the spec says of it, role → column."""

    name: str
    role: Role
    columns: tuple[RawColumn, ...]
    said: dict[str, str] = field(default_factory=dict)

    def column(self, role: str) -> RawColumn | None:
        """The column in a role."""
        return next((one for one in self.columns if one.name == self.said.get(role)), None)

    @property
    def others(self) -> list[RawColumn]:
        """The columns that have no role."""
        return [one for one in self.columns if one.name not in self.said.values()]


def columns_of(table: pa.Table) -> tuple[RawColumn, ...]:
    """Look at every column that can be read as text."""
    return tuple(_column(name, table[name]) for name in table.column_names if can_be_text(table[name].type))


def _column(name: str, column: Column) -> RawColumn:
    text = as_text(column)
    known = text.drop_null()
    if is_time(column.type) or (len(known) and pc.mean(pc.match_substring_regex(known, _TIME)).as_py() > NEARLY):
        return RawColumn(name, text, "time")
    if is_number(column.type) or (len(known) and parse_numbers(text, ".").share > NEARLY):
        return RawColumn(name, text, "number")
    return RawColumn(name, text, "text")


def accounts_of(name: str, columns: Sequence[RawColumn]) -> RawTable | None:
    """Return the table as accounts, where a customer has one row and a day on which it began."""
    customer = _first(columns, vocabulary.ID_NAMES, one_row=True)
    start = _first(columns, vocabulary.STARTS, "time")
    if customer is None or start is None:
        return None
    found: dict[str, RawColumn | None] = {"customer": customer, "start": start}
    found["churned"] = _first(columns, vocabulary.ENDED, "time")
    found["renewal"] = _first(columns, vocabulary.RENEWALS, "time")
    found["segment"] = _first(columns, vocabulary.SEGMENTS, "text", lambda one: 1 < len(one.levels) <= 20)
    found["revenue"] = _first(columns, vocabulary.REVENUES, "number")
    return RawTable(name, "accounts", tuple(columns), _said(found))


def past_of(name: str, columns: Sequence[RawColumn], customer: str) -> RawTable | None:
    """Return the table as one of the past, None where it has no time or no customer.

    customer: what its column is called in accounts.
    """
    named = next((one for one in columns if one.name == customer), None)
    whose = named or _first(columns, vocabulary.ID_NAMES)
    if whose is None:
        return None
    for role, begins, begin, end in (
        ("tickets", "opened", vocabulary.OPENED, vocabulary.CLOSED),
        ("invoices", "due", vocabulary.DUE, vocabulary.PAID),
        ("plans", "valid_from", vocabulary.FROM, vocabulary.TO),
    ):
        first, last = _first(columns, begin, "time"), _first(columns, end, "time")
        if first is not None and last is not None:
            found: dict[str, RawColumn | None] = {"customer": whose, begins: first, ENDS[begins]: last}
            money = {"amount": _first(columns, vocabulary.AMOUNTS, "number")} if role == "invoices" else {}
            money |= {"currency": _first(columns, "currency|валюта", "text")} if money.get("amount") else {}
            return RawTable(name, role, tuple(columns), _said({**found, **money}))  # type: ignore[arg-type]
    time = _first(columns, vocabulary.HAPPENED, "time") or next((one for one in columns if one.kind == "time"), None)
    if time is None:
        return None
    found = {"customer": whose, "time": time}
    if is_like(name, vocabulary.INTERVENTIONS):
        return RawTable(name, "interventions", tuple(columns), _said(found))
    kind = _first(columns, vocabulary.HAPPENINGS, "text", lambda one: 0 < len(one.levels) <= MOST_TYPES)
    value = _first(columns, vocabulary.VALUES, "number")
    return RawTable(name, "events", tuple(columns), _said({**found, "type": kind, "value": value}))


def _said(found: Mapping[str, RawColumn | None]) -> dict[str, str]:
    return {role: one.name for role, one in found.items() if one is not None}


def _first(
    columns: Sequence[RawColumn],
    pattern: str,
    kind: str | None = None,
    fits: Callable[[RawColumn], bool] = lambda one: True,
    *,
    one_row: bool = False,
) -> RawColumn | None:
    """Return the first column that is called so; of one kind; with one row a customer."""
    fitting = (one for one in columns if is_like(one.name, pattern) and kind in (None, one.kind) and fits(one))
    return next((one for one in fitting if one.once or not one_row), None)
