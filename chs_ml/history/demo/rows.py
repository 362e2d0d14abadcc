"""Rows of one table, by spell: when each happened, when it ended, and what else there is to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chs_ml.formula.columns import FloatArray
from chs_ml.history.demo.company import Batch
from chs_ml.history.demo.moods import MONTH
from chs_ml.history.demo.spells import INTS, NEVER, Spells

DAY = 86_400
_HOURS = np.array([7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22])
_HOUR_SHARES = np.array([1, 4, 9, 10, 10, 7, 8, 10, 10, 9, 7, 4, 3, 2, 1, 1]) / 96
"""Nobody works at three in the night, where a change of the clock would make a local time doubtful."""


@dataclass(frozen=True, eq=False)
class Rows:
    """at, until: seconds since the first midnight of the log; until is NEVER while it has not happened.

    ends: what a customer's leaving does to a later ``until``: it never happens, or it happens then.
    """

    spell: INTS
    at: INTS
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    until: INTS | None = None
    ends: Literal["never", "then"] = "never"

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.at)

    def take(self, which: NDArray[Any]) -> Rows:
        """Return the rows at these places, or where true."""
        columns = {name: column[which] for name, column in self.columns.items()}
        until = None if self.until is None else self.until[which]
        return Rows(self.spell[which], self.at[which], columns, until, self.ends)

    def before(self, end: INTS) -> Rows:
        """Return what happened before each spell's end (seconds), and what had not ended by then as not ended."""
        kept = self.take(self.at < end[self.spell])
        if kept.until is None:
            return kept
        last = end[kept.spell]
        later = kept.until >= last
        value = NEVER if self.ends == "never" else np.minimum(kept.until, last)
        return Rows(kept.spell, kept.at, kept.columns, np.where(later, value, kept.until), self.ends)

    def by_spell_and_time(self) -> Rows:
        """Return the rows in the order of their spells, and in each of its time."""
        return self.take(np.lexsort((self.at, self.spell)))


def together(parts: Sequence[Rows]) -> Rows:
    """Return rows of one table under each other, in order; all have the same columns."""
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns}
    joined = Rows(np.concatenate([part.spell for part in parts]), np.concatenate([part.at for part in parts]), columns)
    return joined.by_spell_and_time()


def clock(chance: np.random.Generator, size: int) -> INTS:
    """Return seconds of the day, most of them in working hours."""
    places = np.searchsorted(np.cumsum(_HOUR_SHARES)[:-1], chance.random(size))
    return _HOURS[places] * 3600 + chance.integers(0, 3600, size)


def sprinkled(batch: Batch, spells: Spells, chance: np.random.Generator, rate: FloatArray) -> tuple[INTS, INTS]:
    """Return spells and seconds of things that happen now and then, ``rate`` times a month (spells × months)."""
    number = chance.poisson(rate).ravel()
    place = np.repeat(np.arange(len(number)), number)
    spell, month = np.divmod(place, rate.shape[1])
    day = month * MONTH + chance.integers(0, MONTH, len(place))
    within = (day >= spells.start[spell]) & (day < batch.calendar.length)
    open_ = within & (
        chance.random(len(place)) < 1.15 * batch.calendar.bustle[np.minimum(day, batch.calendar.length - 1)]
    )
    spell, day = spell[open_], day[open_]
    return spell, day * DAY + clock(chance, len(day))
