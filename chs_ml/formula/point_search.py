"""The search for whole points: coordinate descent on the log-loss, the link refitted at every look.

A score is a whole number, so a loss needs only the rows per score: each look costs a few hundred numbers, not the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chs_ml.formula.columns import BoolArray, FloatArray, IntArray
from chs_ml.formula.point_loss import Line, fitted_line
from chs_ml.formula.step_tables import StepTable

FEW_CELLS = 20
PAIRS = 40
ROUNDS = 2
MOST_MOVES = 2000
LEAST_GAIN = 1e-10
CLOSENESS = 1e-4
"""On the squared distance to the formula's own points (as shares of the score): it decides cells without rows."""

Points = NDArray[np.intp]


@dataclass(frozen=True)
class Rows:
    """What the search sees. codes: the cell of each row, by term. retained, weight: of each row, in whole numbers."""

    codes: Sequence[IntArray]
    retained: FloatArray
    weight: FloatArray


@dataclass(frozen=True, slots=True)
class _Move:
    term: int
    points: Points
    change: int
    value: float


class PointSearch:
    """Points of every cell, improved one move at a time; deterministic, and blind to the order of rows."""

    def __init__(self, tables: Sequence[StepTable], rows: Rows, total: int, start: Sequence[Points]) -> None:
        self._tables, self._rows, self._total = tables, rows, total
        self.points = [points.copy() for points in start]
        span = sum(float(table.share.max()) for table in tables)
        self._wished = [table.share * (total / span) for table in tables]
        self._score = sum_of(self.points, rows.codes)
        self._line = self._refitted(None)

    def run(self) -> list[Points]:
        """Move within terms and between them until nothing improves; return the points of each term's cells."""
        for _ in range(MOST_MOVES):
            moved = [self._move_within(term) for term in range(len(self._tables))]
            if not any(moved) and not self._move_between():
                break
        return self.points

    def _move_within(self, term: int) -> bool:
        same = self._moves(term, within=True)
        return bool(same) and self._take([min(same, key=lambda move: move.value)])

    def _move_between(self) -> bool:
        """Give one term a point more and another one less, in the best of the most promising ways."""
        moves = [move for term in range(len(self._tables)) for move in self._moves(term, within=False)]
        pairs = sorted(_pairs(moves), key=lambda pair: pair[0].value + pair[1].value)[:PAIRS]
        if not pairs:
            return False
        scores = [self._score + sum(self._shift(move) for move in pair) for pair in pairs]
        line = self._look(
            np.array([self._counts(s)[0] for s in scores]), np.array([self._counts(s)[1] for s in scores])
        )
        values = [float(line.loss[at]) + sum(self._apart(m.term, m.points) - self._apart(m.term, self.points[m.term])
                                             for m in pair) for at, pair in enumerate(pairs)]  # fmt: skip
        return self._take(pairs[int(np.argmin(values))])

    def _take(self, moves: Sequence[_Move]) -> bool:
        """Make the moves if the objective falls by them, measured with a line of their own."""
        before = self._line.loss[0] + sum(self._apart(move.term, self.points[move.term]) for move in moves)
        score = self._score + sum(self._shift(move) for move in moves)
        line = self._refitted(score)
        after = line.loss[0] + sum(self._apart(move.term, move.points) for move in moves)
        if not after < before - LEAST_GAIN:
            return False
        self._score, self._line = score, line
        for move in moves:
            self.points[move.term] = move.points
        return True

    def _moves(self, term: int, *, within: bool) -> list[_Move]:
        """Return the allowed moves that keep a term's most, or that change it, and what each alone is worth."""
        points = self.points[term]
        sets, step = self._sets(term)
        moved = points + sets * step[:, None]
        change = moved.max(axis=1) - points.max()
        allowed = (moved.min(axis=1) == 0) & ((change == 0) == within) & self._monotone(term, moved)
        sets, step, moved, change = sets[allowed], step[allowed], moved[allowed], change[allowed]
        if not len(sets):
            return []
        retained, rows = (self._shifted(term, sets, step, amount) for amount in
                          (self._rows.retained, self._rows.weight))  # fmt: skip
        loss = self._look(retained, rows).loss - self._line.loss[0]
        near = self._apart(term, points)
        return [
            _Move(term, each, int(up), float(value) + self._apart(term, each) - near)
            for each, up, value in zip(moved, change, loss, strict=True)
        ]

    def _sets(self, term: int) -> tuple[BoolArray, Points]:
        """Return which cells move together, up or down by one: runs of cells in the order of their points."""
        order = np.lexsort((self._tables[term].health, self.points[term]))
        runs = _runs(len(order))
        sets = np.zeros_like(runs)
        sets[:, order] = runs
        return np.concatenate([sets, sets]), np.repeat([1, -1], len(sets))

    def _monotone(self, term: int, moved: NDArray[Any]) -> BoolArray:
        table = self._tables[term]
        rise = np.diff(moved[:, : table.steps], axis=1) * table.sign
        return np.asarray((rise >= 0).all(axis=1))

    def _shifted(self, term: int, sets: BoolArray, step: Points, amount: FloatArray) -> FloatArray:
        """Return rows per score after each move, from the rows per cell and score."""
        cells, width = len(self.points[term]), self._width
        by_cell = np.bincount(self._rows.codes[term] * width + self._score, amount, cells * width).reshape(cells, -1)
        going = sets @ by_cell
        arriving = np.where((step > 0)[:, None], np.roll(going, 1, axis=1), np.roll(going, -1, axis=1))
        return np.asarray(by_cell.sum(axis=0) - going + arriving)

    def _look(self, retained: FloatArray, rows: FloatArray) -> Line:
        return fitted_line(retained, rows, self._x, self._line, ROUNDS)

    def _refitted(self, score: IntArray | None) -> Line:
        retained, rows = self._counts(self._score if score is None else score)
        start = None if score is None else self._line
        return fitted_line(retained[None], rows[None], self._x, start)

    def _counts(self, score: IntArray) -> tuple[FloatArray, FloatArray]:
        retained, weight = self._rows.retained, self._rows.weight
        return counted(score, retained, self._width), counted(score, weight, self._width)

    def _shift(self, move: _Move) -> IntArray:
        return (move.points - self.points[move.term])[self._rows.codes[move.term]]

    def _apart(self, term: int, points: Points) -> float:
        return CLOSENESS * float(np.sum((points - self._wished[term]) ** 2)) / self._total**2

    @property
    def _x(self) -> FloatArray:
        return np.arange(self._width) / self._total

    @property
    def _width(self) -> int:
        return self._total + 2  # a move between terms is looked at before its other half


def _pairs(moves: Sequence[_Move]) -> Iterator[tuple[_Move, _Move]]:
    """Pair what takes a point more with what takes one less in another term, the best three of each term."""
    for up in _best(moves, 1):
        for down in _best(moves, -1):
            if up.term != down.term:
                yield up, down


def _best(moves: Sequence[_Move], change: int) -> list[_Move]:
    found: dict[int, list[_Move]] = {}
    for move in sorted((move for move in moves if move.change == change), key=lambda move: move.value):
        found.setdefault(move.term, []).append(move)
    return [move for term in sorted(found) for move in found[term][:3]]


@cache
def _runs(cells: int) -> BoolArray:
    """Return every run of neighbours among so many cells; where they are many, single ones and those up to the end."""
    at = np.arange(cells)
    spans = [(low, high) for low in range(cells) for high in range(low, cells)]
    if cells > FEW_CELLS:
        spans = [(low, low) for low in range(cells)] + [(low, cells - 1) for low in range(cells - 1)]
    low, high = (np.array(ends) for ends in zip(*spans, strict=True))
    return (at >= low[:, None]) & (at <= high[:, None])


def sum_of(points: Sequence[Points], codes: Sequence[IntArray]) -> IntArray:
    """Return the sum of each row."""
    return np.asarray(np.sum([p[at] for p, at in zip(points, codes, strict=True)], axis=0, dtype=np.intp))


def counted(score: IntArray, amount: FloatArray, width: int) -> FloatArray:
    """Return the amount at each whole score below ``width``."""
    return np.bincount(score, amount, width).astype(np.float64)
