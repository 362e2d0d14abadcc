"""A frame whose columns are read once, however many terms, conditions and rules ask for them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np

from chs_ml.errors import DataError
from chs_ml.formula.columns import (
    BoolArray,
    FloatArray,
    Frame,
    IntArray,
    factorised,
    level_positions,
    numbers,
    own_names,
    row_count,
)

MOST_NAMED = 20


class Columns:
    """The columns of one frame, each read at its first use and kept for the length of one call.

    allow_absent: a column that is not there is missing for every row; otherwise asking for it raises DataError.
    """

    def __init__(self, frame: Any, *, allow_absent: bool = False) -> None:
        self._frame = frame
        self._allow_absent = allow_absent
        self._there = own_names(frame)
        self._rows: int | None = None
        self._numbers: dict[str, FloatArray] = {}
        self._present: dict[str, BoolArray] = {}
        self._levels: dict[str, tuple[IntArray, list[Any]]] = {}

    @classmethod
    def of(cls, frame: Frame | Columns) -> Columns:
        """Return the frame as Columns, itself if it is one already."""
        return frame if isinstance(frame, Columns) else cls(frame)

    def __len__(self) -> int:
        """Return the number of rows."""
        if self._rows is None:
            self._rows = row_count(self._frame)
        return self._rows

    def __getitem__(self, name: str) -> Any:
        """Return the column as it stands in the frame."""
        if self._there is None or name in self._there:
            column = self._frame[name]
            if getattr(column, "ndim", 1) != 1:
                raise DataError(f"column {name!r} stands more than once in the table; keep one of them")
            return column
        if self._allow_absent:
            return np.full(len(self), None, dtype=object)
        raise DataError(_absent(name, self._there))

    def check(self, names: Sequence[str]) -> None:
        """Raise one DataError that names every column of ``names`` that is not in the frame."""
        if self._there is None or self._allow_absent:
            return
        absent = [name for name in names if name not in self._there]
        if absent:
            more = [f"… and {len(absent) - MOST_NAMED} more columns"] if len(absent) > MOST_NAMED else []
            raise DataError(*(_absent(name, self._there) for name in absent[:MOST_NAMED]), *more)

    def numbers(self, name: str) -> FloatArray:
        """Return the column as float64, NaN where missing."""
        if name not in self._numbers:
            self._numbers[name] = numbers(self[name], name)
        return self._numbers[name]

    def present(self, name: str) -> BoolArray:
        """Return which rows of a numeric column are not missing."""
        if name not in self._present:
            self._present[name] = np.isfinite(self.numbers(name))
        return self._present[name]

    def levels(self, name: str, levels: Sequence[str]) -> tuple[IntArray, IntArray]:
        """Return (codes, positions): ``positions[codes]`` is what ``level_codes`` gives for the column.

        Positions has one entry for each distinct value, so that tables of health are looked up once per row only.
        """
        if name not in self._levels:
            self._levels[name] = factorised(self[name])
        codes, distinct = self._levels[name]
        return codes, level_positions(distinct, levels)


def _absent(name: str, there: frozenset[Any]) -> str:
    near = difflib.get_close_matches(name, sorted(other for other in there if isinstance(other, str)), 1, 0.6)
    hint = f" Did you mean column {near[0]!r}?" if near else ""
    return f"column {name!r} is not in the table; the formula reads it.{hint} Rename it, map it, or allow it absent."
