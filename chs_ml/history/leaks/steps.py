"""Recording that began or stopped: from one month to the next rows come many times as often, or no longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.ground import SPELLS, Ground, listed, moment_of

BLOCK = 28
SETTLED = 30
"""Days after a start that are left out: what is done once at the beginning comes and goes with new customers."""
TIMES, ROWS = 4.0, 50
MOST_TYPES = 200

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Step:
    """Rows per customer and 28 days, two blocks before and two after a change; the larger the factor, the clearer."""

    day: date
    before: float
    after: float
    rows: int


def steps(ground: Ground) -> Iterator[Finding]:
    """Give the tables in which the rows per customer of a type changed at once, and stayed so."""
    end = ground.history.observed_until or ground.newest_row() or ground.until
    first, people = _customer_blocks(ground, end)
    if len(people) < 5:
        return
    for name in ground.happened():
        typed = ground.history.past[name].type
        blocks = _blocks(ground, name, first, len(people))
        found = [(kind, step) for kind, rows in blocks if (step := _step(first, rows, people))]
        found = [(kind, step) for kind, step in found if _is_read(ground, name, kind, step.day)]
        if not found:
            continue
        told = [
            f"{f'{typed} {kind!r}' if typed else 'rows'}: {step.before:.2g} before and {step.after:.2g} after "
            f"about {step.day} ({step.rows:,} rows in all)"
            for kind, step in found
        ]
        yield warning(
            "tracking-gap",
            f"{name}: rows per customer and {BLOCK} days changed at once: {listed(told, 3)}",
            "Was recording begun, stopped or changed then? Take cutoffs whose windows lie on one side of it",
            ground.readers(name, [kind for kind, _ in found]),
        )


def _is_read(ground: Ground, name: str, kind: str | None, day: date) -> bool:
    """Whether rows from before the change are read, at the first cutoff, and at the last those from after it."""
    first, last = ground.read_from(name, kind), ground.history.dates[-1]
    if ground.history.churn or name == "interventions":
        last += timedelta(ground.history.gap + ground.history.days)
    return first is not None and first < day < last


def _customer_blocks(ground: Ground, end: date) -> tuple[date, Floats]:
    """Return the first block's day, and the customers, past their first days, of each whole block until the end."""
    found = ground.ask(
        f"SELECT day::DATE, sum(many) FROM (SELECT start + INTERVAL {SETTLED} DAY AS day, 1 AS many FROM {SPELLS} "  # noqa: S608
        f"WHERE {_STAYS} UNION ALL SELECT left_on, -1 FROM {SPELLS} WHERE left_on IS NOT NULL AND {_STAYS}) "
        f"WHERE day <= {moment_of(end)} GROUP BY 1 ORDER BY 1"
    )
    if not found:
        return end, np.zeros(0)
    blocks = (end - found[0][0]).days // BLOCK
    first = end - timedelta(BLOCK * blocks)
    change = np.zeros(BLOCK * blocks + 1)
    for day, many in found:
        change[max((day - first).days, 0)] += float(many)
    there = np.cumsum(change)[: BLOCK * blocks]
    return first, there.reshape(blocks, BLOCK).mean(axis=1)


_STAYS = f"(left_on IS NULL OR left_on > start + INTERVAL {SETTLED} DAY)"


def _blocks(ground: Ground, name: str, first: date, blocks: int) -> Iterator[tuple[str | None, Floats]]:
    """Give each frequent type with its rows by block."""
    number = f"date_diff('day', DATE '{first}', moment::DATE) // {BLOCK}"
    found = ground.ask(
        f"SELECT type, array_agg(block), array_agg(rows) FROM (SELECT type, {number} AS block, count(*) AS rows "  # noqa: S608
        f"FROM {ground.rows(name)} WHERE moment >= start + INTERVAL {SETTLED} DAY "
        f"AND (left_on IS NULL OR moment < left_on) AND moment >= {moment_of(first)} "
        f"AND moment < {moment_of(first + timedelta(BLOCK * blocks))} GROUP BY 1, 2) "
        f"GROUP BY type HAVING sum(rows) >= {2 * ROWS} ORDER BY sum(rows) DESC, type LIMIT {MOST_TYPES}"
    )
    for kind, at, rows in found:
        counts = np.zeros(blocks)
        counts[np.array(at, dtype=np.intp)] = rows
        yield kind, counts


def _step(first: date, rows: Floats, people: Floats) -> _Step | None:
    """The greatest change that lasted two blocks; the block in which it falls is on neither side."""
    rate = rows / np.maximum(people, 1.0)
    best: tuple[float, _Step] | None = None
    for at in range(2, len(rows) - 2):
        before, after = rate[at - 2 : at], rate[at + 1 : at + 3]
        rises = before.mean() < after.mean()
        low, high = (before, after) if rises else (after, before)
        there = people[at - 2 : at] if rises else people[at + 1 : at + 3]
        if low.max() * TIMES > high.min() or high.min() * there.sum() < ROWS:
            continue
        size = float(high.min() - low.max())
        if best is None or size > best[0]:
            day = first + timedelta(BLOCK * at + BLOCK // 2)
            best = (size, _Step(day, float(before.mean()), float(after.mean()), int(rows.sum())))
    return best[1] if best else None
