"""The `history:` section: raw tables with their own times, the cutoffs, who is in the panel, and what churn is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from chs_ml.spec.cutoffs import Cutoffs, dates_of
from chs_ml.spec.measures import ALL, Conditions, problems_of_span
from chs_ml.spec.nearest import nearest
from chs_ml.spec.part import Days, DaysOrNone, SpecPart, Text, Texts
from chs_ml.spec.table import SomeTable, Table

TIMES = ("time", "opened", "due", "valid_from")
ENDS = {"opened": "closed", "due": "paid", "valid_from": "valid_to"}
RESERVED = frozenset({"accounts", "interventions"})


def _zone(name: str) -> str:
    zones = sorted(available_timezones())
    if name not in zones:
        alike = [zone for zone in zones if name.casefold() in zone.casefold()]
        guess = f"Did you mean {alike[0]!r}?" if alike else nearest(name, zones)
        raise ValueError(f"found {name!r}; a time zone is called as in Europe/Kyiv. {guess}")
    return name


Zone = Annotated[str, AfterValidator(_zone)]


class PastTable(SpecPart):
    """One table of the past: whose row it is, when it happened, and what it says."""

    table: SomeTable = Field(description="path of a CSV or Parquet file, or {url, query}")
    customer: Text = Field(description="column of the customer's id")
    time: Text | None = Field(None, description="column of when it happened")
    opened: Text | None = Field(None, description="column of when it was opened")
    closed: Text | None = Field(None, description="column of when it was closed; empty: still open")
    due: Text | None = Field(None, description="column of the day on which it was due")
    paid: Text | None = Field(None, description="column of when it was paid; empty: not yet")
    valid_from: Text | None = Field(None, description="column of when it began to hold")
    valid_to: Text | None = Field(None, description="column of when it ceased to hold; empty: still holds")
    type: Text | None = Field(None, description="column of what happened")
    value: Text | None = Field(None, description="column of a number that goes with it")
    amount: Text | None = Field(None, description="column of an amount of money")
    currency: Text | None = Field(None, description="column of the amount's currency, of which there may be one only")
    known: Text | None = Field(None, description="column of when the row became known")
    timezone: Zone | None = Field(None, description="zone of its times without offset; omitted: the history's")

    @model_validator(mode="after")
    def _has_one_time(self) -> Self:
        said = [name for name in TIMES if getattr(self, name)]
        if len(said) != 1:
            found = " and ".join(said) or "none"
            raise ValueError(f"found {found}; a table has one of time, opened, due, valid_from. Give one")
        for begin, end in ENDS.items():
            if getattr(self, end) and not getattr(self, begin):
                raise ValueError(f"found {end} without {begin}. Add {begin}, or remove {end}")
        if self.value and self.amount:
            raise ValueError(
                "found value and amount; a table has one number of its own. Keep one, read others with of:"
            )
        return self

    @property
    def begins(self) -> str:
        """The role of its time: time, opened, due or valid_from."""
        return next(name for name in TIMES if getattr(self, name))

    @property
    def number(self) -> str | None:
        """The column of its number, if it has one."""
        return self.value or self.amount


class Flag(SpecPart):
    """A column that says whether a customer has left, which no metric reads: the days of departure are held to it."""

    column: Text = Field(description="column of accounts")
    churned: Texts = Field(min_length=1, description="values that mean churned")


class Accounts(SpecPart):
    """Whom it is about: a row a spell, from start to churned."""

    table: SomeTable = Field(description="path of a CSV or Parquet file, or {url, query}")
    customer: Text = Field(description="column of the customer's id")
    start: Text = Field(description="column of when the customer began")
    churned: Text | None = Field(None, description="column of when the customer left; empty: still there")
    churn_flag: Flag | None = Field(None, description="{column, churned: [values]}: check holds churned to it")
    renewal: Text | None = Field(None, description="column of the day on which the contract is renewed")
    segment: Text | None = Field(None, description="column of the customer's segment, for figures by segment")
    stage: Text | None = Field(None, description="column of the lifecycle stage, for figures by stage")
    revenue: Text | None = Field(None, description="column of the customer's revenue, a number of at least 0")
    known: Text | None = Field(None, description="column of when the row became known")
    timezone: Zone | None = Field(None, description="zone of its times without offset; omitted: the history's")


class Interventions(SpecPart):
    """What was done to keep customers: calls, discounts."""

    table: SomeTable = Field(description="path of a CSV or Parquet file, or {url, query}")
    customer: Text = Field(description="column of the customer's id")
    time: Text = Field(description="column of when it was done")
    type: Text | None = Field(None, description="column of what was done")
    value: Text | None = Field(None, description="column of a number that goes with it")
    known: Text | None = Field(None, description="column of when the row became known")
    timezone: Zone | None = Field(None, description="zone of its times without offset; omitted: the history's")

    def as_past(self) -> PastTable:
        """The same as a table of the past."""
        return PastTable.model_validate(self.model_dump(exclude_none=True))


class Inactive(SpecPart):
    """Churn where nobody says goodbye: nothing done for so long."""

    inactive_for: Days = Field(description="days without an activity, for instance 90d")
    from_: Text | None = Field(None, alias="from", description="table of the activities; omitted: all with a time")
    count: Texts | None = Field(None, description="types that are activities; omitted: all")


def _excluded(value: Any) -> Any:
    if isinstance(value, list):
        return {"ids": value}
    return value if not isinstance(value, dict) or "ids" in value or "where" in value else {"where": value}


class Excluded(SpecPart):
    """Who is no customer: internal and test accounts."""

    ids: Texts = Field((), description="ids")
    where: Conditions | None = Field(None, description="{column of accounts: value or list}")


class Eligible(SpecPart):
    """Who is in the panel at a cutoff, besides being there."""

    tenure: Days | None = Field(None, description="least time since the start, for instance 30d")
    active_within: Days | None = Field(None, description="an activity lies so many days before the cutoff")
    renewal_in_horizon: bool = Field(False, description="true: only whose contract is renewed within the horizon")
    exclude: Annotated[
        Excluded, BeforeValidator(_excluded, json_schema_input_type=list[str] | dict[str, Any] | Excluded)
    ] = Field(default_factory=lambda: Excluded.model_validate({}), description="ids, or {column: value or list}")


def _twins(names: list[str]) -> Iterator[str]:
    """Give the tables whose names databases cannot tell apart."""
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(name.lower(), name)
        if other != name:
            yield f"tables: found {other!r} and {name!r}, which databases cannot tell apart. Rename one"


class History(SpecPart):
    """Raw history, from which the panel is built as of each cutoff."""

    accounts: Accounts = Field(description="{table, customer, start, churned}")
    tables: dict[str, PastTable] = Field(default_factory=dict, description="name: {table, customer, time, …}")
    interventions: Interventions | None = Field(None, description="{table, customer, time}: calls, discounts")
    cutoffs: Cutoffs = Field(description="a list of dates, or {every, from, to}")
    horizon: Days | None = Field(None, description="days after the cutoff in which churn is looked for, as in 90d")
    gap: DaysOrNone = Field(0, description="days between the cutoff and the horizon, as in 0d")
    churn: Inactive | None = Field(None, description="{inactive_for: 90d}, where accounts have no churned")
    eligible: Eligible = Field(default_factory=lambda: Eligible.model_validate({}), description="{tenure, exclude, …}")
    observed_until: date | None = Field(None, description="last day of which the data know; omitted: their newest")
    timezone: Zone = Field("UTC", description="zone of days and of times without offset, as in Europe/Kyiv")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        problems = list(self._problems())
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        for name in self.tables:
            if (
                name in RESERVED
                or name.lower().startswith("chs_")
                or not name.replace("_", "").isalnum()
                or not name.isascii()
            ):
                yield (
                    f"tables: found {name!r}; a table is called by letters, digits and underscores, and not "
                    "accounts, interventions or chs_…. Rename it"
                )
        yield from _twins([*self.tables, *RESERVED])
        for what, days in (("tenure", self.eligible.tenure), ("active_within", self.eligible.active_within)):
            yield from (f"eligible.{what}: {said}" for said in problems_of_span(days))
        for what, days in (("horizon", self.days), ("gap", self.gap)):
            yield from (f"{what}: {said}" for said in problems_of_span(days))
        if self.churn is None and self.accounts.churned is None:
            yield "found neither accounts.churned nor churn: {inactive_for}; one of them says who left. Add one"
        if self.churn is not None and self.accounts.churned is not None:
            yield "found accounts.churned and churn: {inactive_for}; one of them says who left. Remove one"
        if self.accounts.churn_flag and not self.accounts.churned:
            yield "accounts.churn_flag: it is held to the days of departure. Add accounts.churned, or remove it"
        if self.churn is None and self.horizon is None:
            yield "horizon is missing (days after the cutoff in which churn is looked for, as in 90d). Add it"
        if self.churn is not None and self.horizon not in (None, self.churn.inactive_for):
            yield (
                f"found horizon: {self.horizon}d and inactive_for: {self.churn.inactive_for}d; who is inactive for the "
                "horizon has churned. Leave horizon out"
            )
        yield from self._activity_served()
        if self.eligible.renewal_in_horizon and not self.accounts.renewal:
            yield "eligible.renewal_in_horizon: needs the day of the renewal. Add accounts.renewal"

    def _activity_served(self) -> Iterator[str]:
        needed = self.churn is not None or self.eligible.active_within is not None
        named = self.churn.from_ if self.churn else None
        if named is not None and named not in self.tables:
            yield f"churn.from: found {named!r}; it names one of the tables. {nearest(named, self.tables)}"
        elif needed and not self.activities:
            yield "found no table with a time; an activity is a row of one. Add it, or name one as churn.from"
        types = self.churn.count if self.churn else None
        if types and types != (ALL,) and not all(table.type for table in self.activities.values()):
            yield "churn.count: found types, and a table of activities without type. Name the table as churn.from"

    @property
    def days(self) -> int:
        """Days of the horizon."""
        return self.churn.inactive_for if self.churn else int(self.horizon or 0)

    @property
    def dates(self) -> tuple[date, ...]:
        """The cutoffs, ascending."""
        return dates_of(self.cutoffs)

    @property
    def activities(self) -> Mapping[str, PastTable]:
        """The tables whose rows are activities."""
        named = self.churn.from_ if self.churn else None
        if named is not None:
            return {named: self.tables[named]} if named in self.tables else {}
        return {name: table for name, table in self.tables.items() if table.time}

    @property
    def read(self) -> Mapping[str, Table]:
        """Where each table is, by its path within the section."""
        found = {"accounts": self.accounts.table} | {f"tables.{name}": one.table for name, one in self.tables.items()}
        return found | ({"interventions": self.interventions.table} if self.interventions else {})

    @property
    def past(self) -> Mapping[str, PastTable]:
        """All tables of the past, the interventions among them."""
        more = {"interventions": self.interventions.as_past()} if self.interventions else {}
        return {**self.tables, **more}
