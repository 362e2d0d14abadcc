"""Splits that the spec fixes: refused where a side could teach nothing, or asks for what is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from chs_ml.errors import FitError
from chs_ml.fit.basis import LevelsBasis
from chs_ml.fit.crowd import FEWEST
from chs_ml.fit.fitting import Sample, basis_for
from chs_ml.fit.learnable import ENOUGH
from chs_ml.fit.table import Column, MetricPlan
from chs_ml.formula import Condition
from chs_ml.formula.columns import BoolArray

MOST_NAMED = 12


def check_splits(sample: Sample, pairs: Sequence[tuple[str, Condition]], said: str) -> None:
    """Raise FitError that names everything wrong with these pairs of a metric and a condition. sample: all metrics.

    said: where they were written, the file too.
    """
    columns = {column.name: column for column in sample.table.columns}
    problems = [f"{said}: {problem}" for metric, when in pairs for problem in _problems(sample, columns, metric, when)]
    if problems:
        raise FitError(*problems)


def too_few(sample: Sample, metric: str, when: Condition) -> list[str]:
    """Return each side of a split that has too few rows to teach a curve, with the counts."""
    sides = {"where it holds": True, "where it does not": False}
    told = {where: _too_few(sample, MetricPlan(metric, when=replace(when, holds=sides[where]))) for where in sides}
    return [f"{where}, {found}" for where, found in told.items() if found]


def _problems(sample: Sample, columns: Mapping[str, Column], metric: str, when: Condition) -> Iterator[str]:
    said = f"metric {metric!r} when {when}"
    absent = [name for name in (metric, when.metric) if name not in columns]
    if absent:
        yield f"{said}: no metric of the formula is called {absent[0]!r}. Correct the name, or give it role: metric."
        return
    wrong = _reading(sample, columns[when.metric], when)
    if wrong:
        yield f"{said}: {wrong}"
        return
    for found in too_few(sample, metric, when):
        yield f"{said}: {found}. Choose another condition, or leave this split out."


def _reading(sample: Sample, column: Column, when: Condition) -> str:
    if column.levels is None:
        return "" if when.level is None else f"{column.name!r} is a number. Write above instead of level."
    if when.level is None:
        return f"{column.name!r} has levels. Write level instead of above."
    if when.level not in column.levels:
        told = f"no row learned from has the level {when.level!r} (rows held out do not count)"
        return f"{told}. {_nearest(when.level, _nameable(sample, column))}"
    return ""


def _nameable(sample: Sample, column: Column) -> list[str]:
    """Return the levels that five customers or more have."""
    levels = column.levels or ()
    several = sample.crowd.several_in(np.where(sample.weight > 0, column.values, -1), len(levels))
    return [level for level, named in zip(levels, several, strict=True) if named]


def _nearest(level: str, levels: Sequence[str]) -> str:
    """Return the level that was probably meant, or those that there are."""
    close = difflib.get_close_matches(level.casefold(), [name.casefold() for name in levels], 1, 0.6)
    meant = [name for name in levels if name.casefold() in close]
    if meant:
        return f"Levels are told apart exactly as written: did you mean {meant[0]!r}?"
    more = f" and {len(levels) - MOST_NAMED} more" if len(levels) > MOST_NAMED else ""
    named = f": {', '.join(map(repr, levels[:MOST_NAMED]))}{more}" if levels else ""
    return f"Name one that {FEWEST} customers or more have{named}."


def _too_few(sample: Sample, side: MetricPlan) -> str:
    """Return why a side teaches no curve: too few rows that have a value, or no level that enough of them have."""
    rows = sample.of([side])
    known = rows.table.columns[0].known & (sample.weight > 0)
    unknown = int(np.count_nonzero(rows.table.columns[0].missing & (sample.weight > 0)))
    found = _counted(sample, known)
    if found:
        without = f" ({unknown:,} without a value of {side.name!r} not counted)" if unknown else ""
        return f"{found}{without}; a curve needs {ENOUGH} of either, of {FEWEST} customers or more"
    basis = basis_for(rows, [side], 1).metrics[0]
    if isinstance(basis, LevelsBasis) and not basis.levels:
        return f"no level of {side.name!r} has {ENOUGH} rows of {FEWEST} customers or more"
    return ""


def _counted(sample: Sample, rows: BoolArray) -> str:
    stayed = int(np.count_nonzero(rows & (sample.retained > 0.5)))
    churned = int(np.count_nonzero(rows)) - stayed
    if min(stayed, churned) >= ENOUGH and sample.crowd.several(rows):
        return ""
    return f"{churned:,} rows learned from churned and {stayed:,} stayed"
