"""Metrics as the fit reads them: each column once, as numbers or as codes of levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from chs_ml.errors import FitError
from chs_ml.formula.columns import BoolArray, column_names, level_codes, numbers, texts

ARROW_NUMBERS = ("int", "uint", "float", "halffloat", "double", "decimal", "bool")
Wanted = Literal["positive", "negative", "free", "auto"]
MissingRule = Literal["learned", "neutral", "zero", "worst"]


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """What the fit has to know of a metric beforehand.

    direction: sign of its weight, ``free`` for any shape, ``auto`` to let the data say. missing: how a missing value
    is taken. kind: ``number`` or ``category``; None reads it off the column. anchored: whether an anchor pulls it.
    elsewhere: levels that another metric carries, and that count as neutral here.
    """

    name: str
    direction: Wanted = "auto"
    missing: MissingRule = "learned"
    kind: Literal["number", "category"] | None = None
    anchored: bool = True
    elsewhere: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse words that are none of the rules."""
        for what, word, words in (("direction", self.direction, Wanted), ("missing", self.missing, MissingRule)):
            if word not in get_args(words):
                raise FitError(f"metric {self.name!r}: {what} {word!r} is none of {', '.join(get_args(words))}.")

    def directed(self, direction: Wanted) -> MetricPlan:
        """Return the same plan with this direction."""
        return replace(self, direction=direction)


@dataclass(frozen=True)
class Column:
    """One metric: ``values`` are numbers with NaN for missing or, where there are levels, their codes with -1."""

    name: str
    values: NDArray[Any]
    levels: tuple[str, ...] | None = None

    @property
    def known(self) -> BoolArray:
        """Which rows have a value."""
        return np.isfinite(self.values) if self.levels is None else self.values >= 0


@dataclass(frozen=True)
class Table:
    """All metrics of a panel, columns of the same number of rows."""

    columns: tuple[Column, ...]

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.columns[0].values)

    def of(self, names: Iterable[str]) -> Table:
        """Return some of the metrics, in the order of their names here."""
        columns = {column.name: column for column in self.columns}
        return Table(tuple(columns[name] for name in names))

    def take(self, rows: Any) -> Table:
        """Return the same metrics on some of the rows."""
        return Table(tuple(replace(column, values=column.values[rows]) for column in self.columns))


def read_table(frame: Any, plans: Iterable[MetricPlan]) -> Table:
    """Return the planned metrics of a frame (pandas, pyarrow, dict of arrays); FitError names absent columns."""
    plans, there = tuple(plans), set(column_names(frame))
    absent = [plan.name for plan in plans if plan.name not in there]
    if absent:
        raise FitError(*(f"metric {name!r} is not among the columns. Rename it, or leave it out." for name in absent))
    return Table(tuple(_read(frame[plan.name], plan) for plan in plans))


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
