"""Metrics as the fit reads them: each column once, as numbers or as codes of levels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from chs_ml.errors import FitError
from chs_ml.formula import Condition
from chs_ml.formula.columns import BoolArray, column_names, level_codes, numbers, texts

ARROW_NUMBERS = ("int", "uint", "float", "halffloat", "double", "decimal", "bool")
Wanted = Literal["positive", "negative", "free", "auto"]
MissingRule = Literal["learned", "neutral", "zero", "worst"]


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """What the fit has to know of a metric beforehand.

    direction: sign of its weight, ``free`` for any shape, ``auto`` to let the data say. missing: how a missing value
    is taken. kind: ``number`` or ``category``; None reads it off the column. anchored: whether an anchor pulls it.
    elsewhere: levels that another metric carries, and that count as neutral here. when: the condition under which the
    metric has this curve, for one side of a split; where it does not apply, the metric stands at this side's mean.
    """

    name: str
    direction: Wanted = "auto"
    missing: MissingRule = "learned"
    kind: Literal["number", "category"] | None = None
    anchored: bool = True
    elsewhere: tuple[str, ...] = ()
    when: Condition | None = None

    def __post_init__(self) -> None:
        """Refuse words that are none of the rules."""
        for what, word, words in (("direction", self.direction, Wanted), ("missing", self.missing, MissingRule)):
            if word not in get_args(words):
                raise FitError(f"metric {self.name!r}: {what} {word!r} is none of {', '.join(get_args(words))}.")

    @property
    def key(self) -> str:
        """What its term is called: the metric's name, with the condition where it has one."""
        return self.name if self.when is None else f"{self.name} | {self.when}"

    def directed(self, direction: Wanted) -> MetricPlan:
        """Return the same plan with this direction."""
        return replace(self, direction=direction)


@dataclass(frozen=True)
class Column:
    """One metric: ``values`` are numbers with NaN for missing or, where there are levels, their codes with -1.

    name: the key of its plan. applies: of one side of a split, the rows to which it applies; None: to all.
    """

    name: str
    values: NDArray[Any]
    levels: tuple[str, ...] | None = None
    applies: BoolArray | None = None

    @property
    def known(self) -> BoolArray:
        """Which rows have a value, and are asked for it."""
        known = self._there
        return known if self.applies is None else known & self.applies

    @property
    def missing(self) -> BoolArray:
        """Which rows are asked for a value, and have none."""
        return ~self._there if self.applies is None else self.applies & ~self._there

    @property
    def _there(self) -> BoolArray:
        return np.isfinite(self.values) if self.levels is None else self.values >= 0

    def take(self, rows: Any) -> Column:
        """Return some of the rows."""
        return replace(self, values=self.values[rows], applies=None if self.applies is None else self.applies[rows])

    def holds(self, condition: Condition) -> BoolArray:
        """Return for each row whether a condition on this metric is as asked; a missing value makes it false."""
        if condition.above is not None:
            true = self.values > condition.above
        else:
            names = self.levels or ()
            true = self.values == (names.index(condition.level) if condition.level in names else len(names))
        return np.asarray(true if condition.holds else ~true)


@dataclass(frozen=True)
class Table:
    """All metrics of a panel, columns of the same number of rows."""

    columns: tuple[Column, ...]

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.columns[0].values)

    def of(self, plans: Iterable[MetricPlan]) -> Table:
        """Return the columns of these plans; the sides of a split are made from the columns that they ask for."""
        columns = {column.name: column for column in self.columns}
        return Table(tuple(columns[plan.key] if plan.key in columns else _side(columns, plan) for plan in plans))

    def take(self, rows: Any) -> Table:
        """Return the same metrics on some of the rows."""
        return Table(tuple(column.take(rows) for column in self.columns))


def read_table(frame: Any, plans: Iterable[MetricPlan]) -> Table:
    """Return the planned metrics of a frame (pandas, pyarrow, dict of arrays); FitError names absent columns."""
    plans, there = tuple(plans), set(column_names(frame))
    read = dict.fromkeys(_unconditioned(plans))
    absent = dict.fromkeys(plan.name for plan in read if plan.name not in there)
    if absent:
        raise FitError(*(f"metric {name!r} is not among the columns. Rename it, or leave it out." for name in absent))
    return Table(tuple(_read(frame[plan.name], plan) for plan in read)).of(plans)


def _unconditioned(plans: Iterable[MetricPlan]) -> Iterator[MetricPlan]:
    """Give the plan of every metric that is read, once and whole."""
    read: dict[str, MetricPlan] = {}
    for plan in plans:
        read.setdefault(plan.name, MetricPlan(plan.name, kind=plan.kind))
        if plan.when is not None:
            kind: Literal["number", "category"] = "category" if plan.when.above is None else "number"
            read.setdefault(plan.when.metric, MetricPlan(plan.when.metric, kind=kind))
    yield from read.values()


def _side(columns: Mapping[str, Column], plan: MetricPlan) -> Column:
    if plan.when is None or plan.name not in columns or plan.when.metric not in columns:
        raise FitError(f"metric {plan.key!r} is not among the columns. Rename it, or leave it out.")
    return replace(columns[plan.name], name=plan.key, applies=columns[plan.when.metric].holds(plan.when))


def _read(column: Any, plan: MetricPlan) -> Column:
    kind = plan.kind or ("number" if _is_numeric(column) else "category")
    if kind == "number":
        return Column(plan.name, numbers(column, plan.name))
    levels = tuple(sorted({text for text in texts(column).tolist() if text is not None}))
    return Column(plan.name, level_codes(column, levels), levels)


def _is_numeric(column: Any) -> bool:
    """Return whether the column holds numbers; booleans do, as 0 and 1."""
    if hasattr(column, "cat"):
        return False
    kind = getattr(getattr(column, "dtype", None), "kind", "")
    return kind in set("iufb") or str(getattr(column, "type", "")).startswith(ARROW_NUMBERS)
