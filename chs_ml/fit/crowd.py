"""Whose rows they are: what is said or shown of rows belongs to five customers or more, however many rows or weight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from chs_ml.formula.columns import BoolArray, IntArray

FEWEST = 5
"""Customers that stand behind whatever is published: one of fewer could be recognised."""


@dataclass(frozen=True)
class Crowd:
    """The customer of each row as a code, and how many rows one customer has at most.

    most: 0 where nobody said whose rows they are: then a row's weight says how many customers it is, and any may speak.
    """

    codes: IntArray
    most: int

    def take(self, rows: Any) -> Crowd:
        """Return the crowd of some rows."""
        return replace(self, codes=self.codes[rows])

    def count(self, rows: Any = slice(None)) -> int:
        """Return how many customers there are among some rows."""
        return len(pd.unique(self.codes[rows]))

    def several(self, rows: BoolArray | IntArray) -> bool:
        """Return whether some rows belong to five customers or more."""
        there = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return len(there) > (FEWEST - 1) * self.most or (len(there) >= FEWEST and self.count(there) >= FEWEST)

    def several_in(self, groups: IntArray, number: int) -> BoolArray:
        """Return for each of ``number`` groups whether its rows belong to five customers or more.

        groups: of each row, -1 for none.
        """
        rows = np.bincount(groups[groups >= 0], minlength=number)
        found = np.asarray(rows > (FEWEST - 1) * self.most)
        people = int(self.codes.max(initial=0)) + 1
        unsure = np.append(~found & (rows >= FEWEST), False)  # -1 is the last
        at = np.flatnonzero(unsure[groups]) if unsure.any() else np.zeros(0, dtype=np.intp)
        pairs = pd.unique(groups[at].astype(np.int64) * people + self.codes[at])
        customers = np.bincount(pairs // people, minlength=number)
        return np.asarray(found | (customers >= FEWEST))


def crowd_of(customers: Any) -> Crowd:
    """Return the crowd of the customers' names or numbers, one a row."""
    codes = np.asarray(pd.factorize(np.asarray(customers), use_na_sentinel=False)[0], dtype=np.intp)
    return Crowd(codes, int(np.bincount(codes).max(initial=1)) if len(codes) else 1)


def unknown(rows: int) -> Crowd:
    """Return the crowd of rows of which only the weights say how many customers they are."""
    return Crowd(np.arange(rows, dtype=np.intp), 0)


def each_alone(rows: int) -> Crowd:
    """Return the crowd of rows that are a customer each."""
    return Crowd(np.arange(rows, dtype=np.intp), 1)
