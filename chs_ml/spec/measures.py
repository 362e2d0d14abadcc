"""How a metric is measured in raw history: one kind a metric, with its table, rows, window and column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from chs_ml.spec.part import Days, SpecPart, Text, Texts

ALL = "all"
LONGEST = 36_500
Where = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of measure takes. windowed: a customer younger than the window is missing. of: reads a column."""

    windowed: bool = False
    may_have_window: bool = True
    of: bool = False


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "count": Kind(windowed=True),
        "days_active": Kind(windowed=True),
        "sum": Kind(windowed=True, of=True),
        "mean": Kind(windowed=True, of=True),
        "max": Kind(windowed=True, of=True),
        "distinct": Kind(windowed=True, of=True),
        "last": Kind(of=True),
        "recency": Kind(),
        "trend": Kind(windowed=True),
        "share": Kind(windowed=True),
        "open": Kind(may_have_window=False),
        "days_late": Kind(windowed=True),
        "days_until": Kind(may_have_window=False),
        "tenure": Kind(may_have_window=False),
        "survey": Kind(of=True),
        "per": Kind(may_have_window=False),
    }
)


class Per(SpecPart):
    """One metric divided by another."""

    metric: Text = Field(description="metric that is divided")
    by: Text = Field(description="metric that it is divided by")


@dataclass(frozen=True, slots=True)
class Measure:
    """How one metric is measured. what: types of rows, or a column, as said; ``('all',)`` for every row.

    table: None where the spec does not say. window: days. category: its values are read as text.
    """

    name: str
    kind: str
    what: tuple[str, ...]
    table: str | None
    where: Where
    window: int | None
    of: str | None
    among: tuple[str, ...]
    age: bool
    per: tuple[str, str] | None
    category: bool


def _as_where(value: object) -> object:
    """``{device: web}`` is ``{device: [web]}``."""
    return value if not isinstance(value, dict) else {key: _listed(one) for key, one in value.items()}


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


Conditions = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_as_where)]


class Measured(SpecPart):
    """The keys of a metric that say how it is measured in raw history."""

    count: Texts | None = Field(None, description="rows of these types; or all")
    days_active: Texts | None = Field(None, description="different days with rows of these types; or all")
    sum: Texts | None = Field(None, description="sum over rows of these types, or of a column")
    mean: Texts | None = Field(None, description="mean over rows of these types, or of a column")
    max: Texts | None = Field(None, description="largest value of rows of these types, or of a column")
    distinct: Texts | None = Field(None, description="different values of rows of these types, or of a column")
    last: Texts | None = Field(None, description="newest value of rows of these types, or of a column")
    recency: Texts | None = Field(None, description="days since the newest row of these types; or all")
    trend: Texts | None = Field(None, description="rows of these types, this window against the one before; or all")
    share: Texts | None = Field(None, description="rows of these types among all of the table")
    open: Texts | None = Field(None, description="rows of these types that are open at the cutoff; or all")
    days_late: Literal["max", "mean", "sum"] | None = Field(None, description="days from due to paid: max, mean or sum")
    days_until: Text | None = Field(None, description="days until the date in a column of accounts; or renewal")
    tenure: Literal["days", "months", "years"] | None = Field(None, description="time since the start")
    survey: Texts | None = Field(None, description="newest answer of these types, or of a column")
    per: Per | None = Field(None, description="{metric, by}: one metric divided by another")
    from_: Text | None = Field(None, alias="from", description="table of the history that it is measured in")
    where: Conditions | None = Field(None, description="{column: value or list}: rows that count")
    window: Days | None = Field(None, description="days before the cutoff that count, for instance 30d")
    of: Text | None = Field(None, description="column that is read, where the table has types")
    among: Texts | None = Field(None, description="types that a share is taken of")
    age: bool = Field(False, description="of a survey: the age of the newest answer in days")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of measure that are said; one, where the spec is right."""
        return tuple(kind for kind in KINDS if getattr(self, kind) is not None)


def measure_of(said: Measured, name: str, *, category: bool) -> Measure:
    """Return how a metric with one kind is measured."""
    [kind] = said.kinds
    value = getattr(said, kind)
    per = (value.metric, value.by) if isinstance(value, Per) else None
    what = () if per else (value,) if isinstance(value, str) else tuple(value)
    where = dict(said.where or {})
    among = tuple(said.among or ())
    return Measure(name, kind, what, said.from_, where, said.window, said.of, among, said.age, per, category)


def problems_of_measure(said: Measured) -> Iterator[str]:
    """Give what is wrong with a metric's own keys, without looking at the tables."""
    kinds = said.kinds
    if len(kinds) > 1:
        yield f"found {' and '.join(kinds)}; a metric is measured in one way. Keep one, or make it two metrics"
        return
    extra = {"from": said.from_, "where": said.where, "window": said.window, "of": said.of, "among": said.among}
    given = [key for key, value in extra.items() if value is not None] + (["age"] if said.age else [])
    if not kinds:
        if given:
            yield f"found {given[0]} without a kind; a metric of raw history has one, as in count: login. Add it"
        return
    [kind] = kinds
    allowed = {"from", "where", "window", "of", "among", "age"} & _allowed(kind)
    for key in given:
        if key not in allowed:
            yield f"found {key} with {kind}, which has no use for it. Remove it"
    yield from (f"window: {one}" for one in problems_of_span(said.window))
    if kind == "trend" and said.window is None:
        yield "found trend without a window; it compares this window with the one before. Add window, as in 30d"


def problems_of_span(days: int | None) -> Iterator[str]:
    """Give what is wrong with days that are looked back, or ahead."""
    if days is not None and days > LONGEST:
        yield f"found {days}d; a hundred years ({LONGEST}d) are the most. Shorten it"


def _allowed(kind: str) -> set[str]:
    if kind in {"per", "tenure", "days_until"}:
        return set()
    more = {"window"} if KINDS[kind].may_have_window else set()
    more |= {"of"} if KINDS[kind].of else set()
    more |= {"among"} if kind == "share" else set()
    more |= {"age"} if kind == "survey" else set()
    return {"from", "where", *more}
