"""Rows compared batch by batch, in bounded memory: how many differ, how far, and some of them kept to find out why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chs_ml.export.verify.answers import Answers, Tolerance, differing, joined
from chs_ml.formula import Formula
from chs_ml.formula.columns import BoolArray, IntArray, numbers, texts
from chs_ml.formula.frames import Columns
from chs_ml.formula.kinds import kinds_of

KEPT, KEPT_EQUAL = 20_000, 5_000
"""Rows that differ, and rows that do not, in which causes are looked for."""
FIRST = 10


@dataclass
class Difference:
    """Of one column. largest: the largest difference of two numbers. unanswered: rows in which only one is a number."""

    rows: int = 0
    largest: float = 0.0
    unanswered: int = 0
    first: list[int] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows with what was given for each, and whether it differs; rows: {metric: array}. stale: of another formula."""

    rows: Mapping[str, Any]
    given: Answers
    right: Answers
    differ: BoolArray
    stale: BoolArray


@dataclass(frozen=True, eq=False)
class Batch:
    """Answers of as many rows. numbered: each row's number in the file, from 1. ids: of the customers, if there are.

    stale: which rows say that another formula made them; None: nobody says so.
    """

    given: Answers
    right: Answers
    numbered: IntArray
    ids: Sequence[str] | None = None
    stale: BoolArray | None = None


class Tally:
    """Compares batches, and keeps what is wanted afterwards."""

    def __init__(self, formula: Formula, tolerance: Tolerance, listed: int = 0) -> None:
        """listed: how many rows that differ are kept one by one. stale counts those of another formula."""
        self.formula, self.tolerance = formula, tolerance
        self.rows = self.differ = self.stale = 0
        self.columns: dict[str, Difference] = {}
        self.listed: list[dict[str, Any]] = []
        self._listed = listed
        self._kept: list[Sample] = []
        self._left = {True: KEPT, False: KEPT_EQUAL}

    def add(self, frame: Columns, batch: Batch) -> None:
        """Compare a batch. frame: its metrics."""
        wrong = differing(batch.given, batch.right, self.tolerance)
        anywhere = np.zeros(len(batch.numbered), bool)
        for column, rows in wrong.items():
            anywhere |= rows
            self._count(column, rows, batch)
        self.rows += len(anywhere)
        self.differ += int(anywhere.sum())
        self.stale += 0 if batch.stale is None else int((anywhere & batch.stale).sum())
        self._list(anywhere, wrong, batch)
        self._keep(frame, anywhere, batch)

    def sample(self) -> Sample | None:
        """Return the rows that were kept; None where none differ."""
        if not self.differ:
            return None
        rows = {name: np.concatenate([part.rows[name] for part in self._kept]) for name in self._kept[0].rows}
        given, right = (joined([getattr(part, name) for part in self._kept]) for name in ("given", "right"))
        differ, stale = (np.concatenate([getattr(part, name) for part in self._kept]) for name in ("differ", "stale"))
        return Sample(rows, given, right, differ, stale)

    def _count(self, column: str, rows: BoolArray, batch: Batch) -> None:
        found = self.columns.setdefault(column, Difference())
        if column in batch.given.numbers:
            with np.errstate(invalid="ignore"):
                off = np.abs(batch.given.numbers[column] - batch.right.numbers[column])
            found.largest = max(found.largest, float(np.max(off, initial=0.0, where=np.isfinite(off))))
            found.unanswered += int((rows & ~np.isfinite(off)).sum())
        found.rows += int(rows.sum())
        found.first += batch.numbered[rows][: FIRST - len(found.first)].tolist()

    def _list(self, anywhere: BoolArray, wrong: Mapping[str, BoolArray], batch: Batch) -> None:
        for at in np.flatnonzero(anywhere)[: self._listed - len(self.listed)].tolist():
            columns = {
                name: {"given": batch.given.at(name, at), "formula": batch.right.at(name, at)}
                for name, rows in wrong.items()
                if rows[at]
            }
            customer = None if batch.ids is None else batch.ids[at]
            self.listed.append({"row": int(batch.numbered[at]), "customer": customer, **columns})

    def _keep(self, frame: Columns, differ: BoolArray, batch: Batch) -> None:
        chosen = np.sort(np.concatenate([np.flatnonzero(differ == side)[:left] for side, left in self._left.items()]))
        if not len(chosen):
            return
        for side in self._left:
            self._left[side] -= int((differ[chosen] == side).sum())
        rows = {name: column[chosen] for name, column in plain_rows(self.formula, frame).items()}
        stale = np.zeros(len(chosen), bool) if batch.stale is None else batch.stale[chosen]
        self._kept.append(Sample(rows, batch.given.only(chosen), batch.right.only(chosen), differ[chosen], stale))


def plain_rows(formula: Formula, frame: Columns) -> dict[str, Any]:
    """Return every metric as an array: of float64, infinity as it is; or of texts."""
    return {
        name: _with_infinity(frame[name], name) if kind == "number" else texts(frame[name])
        for name, kind in kinds_of(formula).items()
    }


def _with_infinity(column: Any, name: str) -> Any:
    if isinstance(column, np.ndarray) and column.dtype == np.float64:
        return column
    if str(getattr(column, "type", "")) == "double":
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    return numbers(column, name)
