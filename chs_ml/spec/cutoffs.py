"""The days as of which metrics are known: a list of dates, or regular steps."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from chs_ml.spec.nearest import nearest
from chs_ml.spec.part import SpecPart, Text, days_of

MOST_CUTOFFS = 2000
FIRST, LAST = date(1900, 1, 1), date(2200, 12, 31)
STEPS = {"month": 1, "quarter": 3, "year": 12}


class Every(SpecPart):
    """Cutoffs at regular steps."""

    every: Text = Field(description="day, week, month, quarter, year, or days as in 28d")
    from_: date = Field(alias="from", description="first cutoff, as in 2024-03-31")
    to: date = Field(description="last cutoff that may be, as in 2025-12-31")

    @model_validator(mode="after")
    def _has_steps(self) -> Self:
        problems = [said for day in (self.from_, self.to) for said in problems_of_day(day)]
        if problems:
            raise ValueError("\n".join(problems))
        if self.from_ > self.to:
            raise ValueError(
                f"found from {self.from_} and to {self.to}; the first cutoff is not after the last. Swap them"
            )
        days = self.days
        if days is None and self.every not in STEPS:
            words = ["day", "week", *STEPS]
            raise ValueError(
                f"found every: {self.every!r}; a step is day, week, month, quarter, year, or days as in 28d. "
                f"{nearest(self.every, words)}"
            )
        if len(list(self.dates)) > MOST_CUTOFFS:
            raise ValueError(f"found more than {MOST_CUTOFFS:,} cutoffs. Take longer steps")
        return self

    @property
    def days(self) -> int | None:
        """Days of a step; None where it is months."""
        if self.every in {"day", "week"}:
            return 1 if self.every == "day" else 7
        try:
            return days_of(self.every)
        except ValueError:
            return None

    @property
    def dates(self) -> Iterator[date]:
        """The cutoffs, ascending."""
        days = self.days
        for step in range(MOST_CUTOFFS + 1):
            at = self.from_ + timedelta(days * step) if days else _months_later(self.from_, STEPS[self.every] * step)
            if at > self.to:
                return
            yield at


def _months_later(first: date, months: int) -> date:
    """The same day so many months later, the last of a month where the first is, or where there is no such day."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    length = calendar.monthrange(year, month + 1)[1]
    was_last = first.day == calendar.monthrange(first.year, first.month)[1]
    return date(year, month + 1, length if was_last else min(first.day, length))


def problems_of_day(day: date) -> Iterator[str]:
    """Give what is wrong with a day as a cutoff."""
    if not FIRST <= day <= LAST:
        yield f"found {day}; a cutoff lies between {FIRST} and {LAST}. Correct it"


def _days(days: tuple[date, ...]) -> tuple[date, ...]:
    problems = [said for day in days for said in problems_of_day(day)]
    if not days:
        problems.append("found no date; a panel has a cutoff at least. Name one")
    if len(set(days)) != len(days):
        problems.append("found a date twice. Name each once")
    if problems:
        raise ValueError("\n".join(problems))
    return days


def _one_day(value: Any) -> Any:
    return (value,) if isinstance(value, (date, str)) else value


def _which(value: Any) -> str:
    return STEPPED if isinstance(value, (dict, Every)) else LISTED


STEPPED, LISTED = "<steps>", "<dates>"
"""Which of both the user wrote; complaints leave it out of the path."""
Cutoffs = Annotated[
    Annotated[Every, Tag(STEPPED)]
    | Annotated[tuple[date, ...], BeforeValidator(_one_day), AfterValidator(_days), Tag(LISTED)],
    Discriminator(_which),
]


def dates_of(cutoffs: Every | tuple[date, ...]) -> tuple[date, ...]:
    """Return the cutoffs, ascending."""
    return tuple(cutoffs.dates) if isinstance(cutoffs, Every) else tuple(sorted(cutoffs))
