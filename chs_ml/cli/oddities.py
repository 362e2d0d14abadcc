"""What is odd about a scored table and no error: levels that the formula has not seen, customers who stand twice.

Both are counted in bounded memory: of each metric's levels the first few are kept, and repeated ids (at one cutoff,
where the table has cutoffs) are looked for among the first million rows, by a hash of 8 bytes (two ids share one with a
chance of 3 in 100 million).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.formula import Formula, Levels
from chs_ml.formula.columns import level_positions, level_text

SHOWN = 3
MOST_IDS = 1_000_000
LONGEST_LEVEL = 40


@dataclass
class Unseen:
    """Rows of a metric whose level the formula does not list, and the first few of these levels."""

    rows: int = 0
    levels: list[str] = field(default_factory=list)
    more: bool = False

    def add(self, level: str, rows: int) -> None:
        """Count the rows of one level."""
        self.rows += rows
        if level not in self.levels:
            self.more = self.more or len(self.levels) == SHOWN
            self.levels = [*self.levels, level][:SHOWN]

    def __str__(self) -> str:
        """Return '12 rows hold a level that the formula has not seen ('a', 'b' and more); …'."""
        named = ", ".join(repr(level[:LONGEST_LEVEL]) for level in self.levels) + (" and more" if self.more else "")
        hold = "row holds" if self.rows == 1 else "rows hold"
        return f"{self.rows:,} {hold} a level that the formula has not seen ({named}); scored as 'other'"


class Oddities:
    """Counts what is odd, batch by batch."""

    def __init__(self, formula: Formula) -> None:
        self.unseen: dict[str, Unseen] = {}
        self._known: dict[str, set[str]] = {}
        self._ids: list[Any] = []
        self._dated = False
        self._rows = 0
        for term in formula.terms:
            if isinstance(term.shape, Levels):
                self._known.setdefault(term.metric, set()).update(term.shape.names)

    def count(self, batch: pa.RecordBatch, ids: pa.Array | None, cutoffs: pa.Array | None = None) -> None:
        """Look at one batch; ids, cutoffs: None where the table has none."""
        for metric in self._known.keys() & set(batch.schema.names):
            self._count_levels(metric, batch[metric])
        if ids is not None and self._rows < MOST_IDS:
            some: list[object] = ids[: MOST_IDS - self._rows].to_pylist()
            if cutoffs is not None:
                self._dated = True
                some = [*zip(some, cutoffs[: len(some)].cast(pa.int32()).to_pylist(), strict=True)]
            self._ids.append(np.fromiter(map(hash, some), np.int64, len(some)))
            self._rows += len(some)

    def notes(self) -> Sequence[str]:
        """Return a line for each thing that is odd."""
        lines = [f"{metric}: {unseen}" for metric, unseen in sorted(self.unseen.items())]
        again = self.repeated()
        if again:
            repeat = "row repeats" if again == 1 else "rows repeat"
            where = f" among the first {MOST_IDS:,} rows" if self._rows == MOST_IDS else ""
            dated = " at the same cutoff" if self._dated else ""
            lines.append(f"{again:,} {repeat} the id of another{dated}{where}; every row is scored")
        return lines

    def repeated(self) -> int:
        """Return how many of the first million rows have an id that an earlier one has (at the same cutoff)."""
        return self._rows - len(np.unique(np.concatenate(self._ids))) if self._ids else 0

    def _count_levels(self, metric: str, column: pa.Array) -> None:
        known = sorted(self._known[metric])
        entries = pc.value_counts(column.drop_null()).to_pylist()
        positions = level_positions([entry["values"] for entry in entries], known)
        for entry, position in zip(entries, positions, strict=False):
            level = level_text(entry["values"])
            if level is not None and position == len(known):
                self.unseen.setdefault(metric, Unseen()).add(level, entry["counts"])
