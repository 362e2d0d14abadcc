"""Days on which nothing was recorded, though as a rule something is: an outage, or days that were not loaded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.ground import Ground, listed, moment_of

WEEK, AROUND = 7, 28
BUSY = 0.75
"""Share of the same weekdays around a silence that must have rows: monthly batches are silent in between."""
CERTAIN, LOST = 14.0, 100.0
"""Rows that a silent day would have had (chance of none under 1e-6), and all of them together."""

Counts = NDArray[np.float64]


def silence(ground: Ground) -> Iterator[Finding]:
    """Give the tables with days without a row, where the days around them have many."""
    for name in ground.happened():
        first, counts = days_of(ground, name)
        read = ground.read_from(name)
        if read is None:
            continue
        runs = [(at, until) for at, until in runs_of_none(counts) if first + timedelta(until) > read]
        found = [(at, until, lost) for at, until in runs if (lost := _lost(counts, at, until))]
        lost = sum(lost for *_, lost in found)
        if lost < LOST:
            continue
        days = sum(until - at for at, until, _ in found)
        told = [_named(first, at, until) for at, until, _ in sorted(found, key=lambda one: -one[2])]
        yield warning(
            "days-without-events",
            f"{name}: no row on {days:,} of {len(counts):,} days ({listed(told, 3)}), where the days around them would "
            f"have had about {lost:,.0f} of {int(counts.sum()):,}",
            "Load what is missing; metrics whose windows reach over these days are too low",
        )


def days_of(ground: Ground, name: str) -> tuple[date, Counts]:
    """Return the first day, and the rows of each day from it to the last, within what is known."""
    found = ground.ask(
        f"SELECT moment::DATE AS day, count(*) FROM {ground.rows(name)} WHERE moment >= start "  # noqa: S608
        f"AND moment < {moment_of(ground.until)} + INTERVAL 1 DAY GROUP BY day ORDER BY day"
    )
    if not found:
        return ground.until, np.zeros(0)
    first = found[0][0]
    counts = np.zeros((found[-1][0] - first).days + 1)
    for day, rows in found:
        counts[(day - first).days] = rows
    return first, counts


def runs_of_none(counts: Counts) -> list[tuple[int, int]]:
    """Return beginning and end of each run of days without rows."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], counts == 0, [False]])))
    return [(int(at), int(until)) for at, until in edges.reshape(-1, 2)]


def _lost(counts: Counts, at: int, until: int) -> float:
    """Rows that the days would have had: of the same weekdays in the four weeks before and after, the fewer."""
    lost = 0.0
    for day in range(at, until):
        before = counts[_same_weekday(day, at - AROUND, at, len(counts))]
        after = counts[_same_weekday(day, until, until + AROUND, len(counts))]
        if not len(before) or not len(after) or min((before > 0).mean(), (after > 0).mean()) < BUSY:
            continue
        usual = float(min(before.mean(), after.mean()))
        lost += usual if usual >= CERTAIN else 0.0
    return lost


def _same_weekday(day: int, low: int, high: int, days: int) -> NDArray[np.int64]:
    low = max(low, 0)
    return np.arange(low + (day - low) % WEEK, min(high, days), WEEK)


def _named(first: date, at: int, until: int) -> str:
    begin, end = first + timedelta(at), first + timedelta(until - 1)
    return str(begin) if begin == end else f"{begin} to {end}"
