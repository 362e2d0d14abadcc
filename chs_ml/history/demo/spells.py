"""Who the customers are: when they came, how large, on which plan; and when some would come back had they left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chs_ml.formula.columns import BoolArray, TextArray
from chs_ml.history.demo.company import Batch

OLD = 0.42
"""The share of customers who came before the first cutoff; the others come later, one after the other."""
RETURNERS = 0.08
"""The share of customers of whom it is settled when they come back, should they have left by then."""
INTERNAL = 0.006
AWAY = 14
"""A customer is away for more than so many days before coming back."""
PLANS = np.array(["basic", "team", "business"], dtype=object)
NEVER = np.iinfo(np.int64).max // 4
"""A day number that no history reaches."""
INTS = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Spells:
    """One entry a spell, first all first ones. Days are day numbers of the calendar (below 0: before the log).

    customer: number from 1 on. second: a spell of one who came back. start: day of the beginning. renewal: day of the
    contract's end, NEVER without one. plan: place in PLANS. internal: our own account, or a test.
    """

    customer: INTS
    second: BoolArray
    start: INTS
    renewal: INTS
    seats: INTS
    plan: INTS
    internal: BoolArray

    def __len__(self) -> int:
        """Return the number of spells."""
        return len(self.start)

    @property
    def ids(self) -> TextArray:
        """The customers' ids."""
        return np.array([f"C-{number:06d}" for number in self.customer], dtype=object)

    @property
    def keys(self) -> TextArray:
        """Ids in which a second spell is told apart from the first."""
        return np.array(
            [f"C-{n:06d}{'+' if again else ''}" for n, again in zip(self.customer, self.second, strict=True)],
            dtype=object,
        )

    @property
    def segment(self) -> TextArray:
        """Small, medium or large, by the seats at the start."""
        return np.array(["small", "medium", "large"], dtype=object)[np.digitize(self.seats, [8, 30])]


def spells_of(batch: Batch) -> Spells:
    """Draw the spells of a batch."""
    chance, days = batch.chance("spells"), batch.calendar
    first, last = int(days.cutoff_numbers[0]), int(days.cutoff_numbers[-1])
    old = chance.random(batch.size) < OLD
    start = np.where(
        old, first - chance.integers(60, 4 * 365, batch.size), chance.integers(first - 60, last + 60, batch.size)
    )
    back = np.flatnonzero(chance.random(batch.size) < RETURNERS)
    again = np.maximum(start[back], first) + chance.integers(120, 500, len(back))
    back, again = back[again < last], again[again < last]
    who = np.concatenate([np.arange(batch.size), back])
    seats = np.clip(np.round(np.exp(chance.normal(2.2, 0.95, batch.size))), 2, 250).astype(np.int64)
    start = np.concatenate([start, again])
    return Spells(
        customer=batch.start + 1 + who,
        second=np.arange(len(who)) >= batch.size,
        start=start,
        renewal=_renewals(start, batch),
        seats=seats[who],
        plan=_plans(seats[who], chance),
        internal=(chance.random(batch.size) < INTERNAL)[who],
    )


def _renewals(start: INTS, batch: Batch) -> INTS:
    """Contracts end some day of the history or after it; one customer in eight pays from month to month."""
    chance, days = batch.chance("renewals"), batch.calendar
    earliest = np.maximum(start + 90, int(days.cutoff_numbers[0]))
    ends = earliest + np.floor(chance.random(len(start)) * (days.length + 450 - earliest)).astype(np.int64)
    return np.where(chance.random(len(start)) < 0.125, NEVER, ends)


def _plans(seats: INTS, chance: np.random.Generator) -> INTS:
    """Larger customers are more often on larger plans."""
    size = np.log(seats / 9.0) + chance.normal(0.0, 1.2, len(seats))
    return np.digitize(size, [0.1, 1.2])
