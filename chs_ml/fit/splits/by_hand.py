"""Splits that the spec fixes: refused where a side could teach nothing, or asks for what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from chs_ml.errors import FitError
from chs_ml.fit.crowd import FEWEST
from chs_ml.fit.fitting import Sample
from chs_ml.fit.learnable import ENOUGH
from chs_ml.fit.table import Column
from chs_ml.formula import Condition
from chs_ml.formula.columns import BoolArray


def check_splits(sample: Sample, pairs: Sequence[tuple[str, Condition]]) -> None:
    """Raise FitError that names everything wrong with these pairs of a metric and a condition. sample: all metrics."""
    columns = {column.name: column for column in sample.table.columns}
    problems = [problem for metric, when in pairs for problem in _problems(sample, columns, metric, when)]
    if problems:
        raise FitError(*problems)


def _problems(sample: Sample, columns: dict[str, Column], metric: str, when: Condition) -> Iterator[str]:
    said = f"calibration.splits: {metric!r} when {when}"
    absent = [name for name in (metric, when.metric) if name not in columns]
    if absent:
        yield f"{said}: no metric of the formula is called {absent[0]!r}. Correct the name, or give it role: metric."
        return
    column = columns[when.metric]
    wrong = _reading(column, when)
    if wrong:
        yield f"{said}: {wrong}"
        return
    applies = column.holds(when)
    for where, rows in (("where it holds", applies), ("where it does not", ~applies)):
        found = _too_few(sample, rows & (sample.weight > 0))
        if found:
            yield f"{said}: {where}, {found}. Choose another condition, or leave this split out."


def _reading(column: Column, when: Condition) -> str:
    if column.levels is None:
        return "" if when.level is None else f"{column.name!r} is a number. Write above instead of level."
    if when.level is None:
        return f"{column.name!r} has levels. Write level instead of above."
    if when.level not in column.levels:
        return (
            f"no row learned from has the level {when.level!r}. Levels are told apart exactly as written; correct it."
        )
    return ""


def _too_few(sample: Sample, rows: BoolArray) -> str:
    stayed = int(np.count_nonzero(rows & (sample.retained > 0.5)))
    churned = int(np.count_nonzero(rows)) - stayed
    if min(stayed, churned) >= ENOUGH and sample.crowd.several(rows):
        return ""
    return (
        f"{churned:,} rows learned from churned and {stayed:,} stayed; a curve needs {ENOUGH} of either, "
        f"of {FEWEST} customers or more"
    )
