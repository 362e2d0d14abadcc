"""What a demo follows from, and the batches of customers that it is made in."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chs_ml.errors import DataError
from chs_ml.history.demo.calendar import Calendar

LARGEST_BATCH = 1000
ROWS_OF_A_BATCH = 2_000_000
"""A batch has about so many events at most, whatever the size of the whole: that is what must fit in memory."""
PILOT = 1000
"""Customers of the trial company on which the intercept is found."""
_TRIAL = 1_000_000
"""Batches of the trial company are numbered from here on, so that its chance is its own."""


@dataclass(frozen=True)
class Company:
    """The size and chance of a demo.

    activity: logins and uses of features of a day, times so much. intervention_effect: log-odds of staying that an
    intervention in the 30 days before a cutoff adds.
    """

    customers: int
    quarters: int = 8
    seed: int = 0
    activity: float = 1.0
    intervention_effect: float = 0.0

    def __post_init__(self) -> None:
        """Refuse sizes that make no company."""
        if self.customers < 1:
            raise DataError(f"customers: found {self.customers}; a company has one or more")
        if self.quarters < 1 or self.quarters > 40:
            raise DataError(f"quarters: found {self.quarters}; give 1 to 40")
        if self.seed < 0:
            raise DataError(f"seed {self.seed} is below 0; give a whole number from 0 on")

    @cached_property
    def calendar(self) -> Calendar:
        """The days of the history."""
        return Calendar(self.quarters)

    @property
    def batches(self) -> tuple[Batch, ...]:
        """All customers, in batches that do not depend on how many processes make them."""
        return tuple(self._batches(self.customers, 0))

    @property
    def pilot(self) -> tuple[Batch, ...]:
        """A trial company that is like this one."""
        return tuple(self._batches(PILOT, _TRIAL))

    def _batches(self, customers: int, first: int) -> Iterator[Batch]:
        events = 60.0 * (self.quarters + 6) * (1.0 + self.activity)  # of a customer who never leaves
        size = int(np.clip(ROWS_OF_A_BATCH / events, 20, LARGEST_BATCH))
        for at, start in enumerate(range(0, customers, size)):
            yield Batch(self, first + at, start, min(size, customers - start))


@dataclass(frozen=True)
class Batch:
    """Customers ``start`` to ``start + size``; the same batch of the same company is always the same."""

    company: Company
    number: int
    start: int
    size: int

    @property
    def calendar(self) -> Calendar:
        """The days of the history."""
        return self.company.calendar

    def chance(self, purpose: str) -> np.random.Generator:
        """Return the stream of chance of one purpose: one table more leaves the others as they were."""
        return np.random.default_rng([self.company.seed, self.number, zlib.crc32(purpose.encode())])
