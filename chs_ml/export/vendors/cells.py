"""The cells of a measure in words: which customers each is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, pairwise

from chs_ml.export.vendors.measures import Measure
from chs_ml.formula.points_card import LevelPoints, StepPoints

NO_VALUE = "no value"
ANY_OTHER = "any other value"
ELSEWHERE = "where the condition does not hold"


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of a measure. at: its position among the cells. known: the metric has a value, and its term applies."""

    at: int
    where: str
    known: bool


def cells_of(measure: Measure) -> tuple[Cell, ...]:
    """Return the cells in the order of ``PointsTerm.cells``."""
    shape = measure.term.shape
    where = steps_in_words(shape.edges) if isinstance(shape, StepPoints) else [*map(_level, shape.names), ANY_OTHER]
    special = [NO_VALUE, *([] if measure.term.otherwise is None else [ELSEWHERE])]
    return tuple(Cell(at, text, at < len(where)) for at, text in enumerate([*where, *special]))


def number(value: float) -> str:
    """Return a number with every digit that it needs: what is typed must be what was learned."""
    return repr(value + 0.0).removesuffix(".0")


def stand_in(measure: Measure, cell: Cell) -> Cell:
    """Return the known cell whose points are nearest to this one's, of equals the first."""
    known, points = [one for one in cells_of(measure) if one.known], measure.term.cells
    return min(known, key=lambda one: abs(points[one.at] - points[cell.at]))


def example(measure: Measure, cell: Cell) -> str:
    """Return a value that falls into a known cell: the number where a step begins, a level, or a word that is none."""
    shape = measure.term.shape
    if not isinstance(shape, StepPoints):
        return shape.names[cell.at] if cell.at < len(shape.names) else _no_level(shape)
    if cell.at:
        return number(shape.edges[cell.at - 1])
    return "0" if not shape.edges or shape.edges[0] > 0 else number(2.0 * shape.edges[0] - 1.0)


def sent(measure: Measure, cell: Cell) -> str:
    """Return what to send where a platform has no line for a special cell, with its points where they are others."""
    if cell.known:
        return ""
    there = stand_in(measure, cell)
    points = measure.term.cells[there.at]
    same = points == measure.term.cells[cell.at]
    return example(measure, there) + ("" if same else f" ({points} {'point' if points == 1 else 'points'})")


def steps_in_words(edges: Sequence[float]) -> list[str]:
    """Return 'under 3', 'from 3 to under 5', 'from 5' for the edges 3 and 5."""
    if not edges:
        return ["any number"]
    between = [f"from {number(low)} to under {number(high)}" for low, high in pairwise(edges)]
    return [f"under {number(edges[0])}", *between, f"from {number(edges[-1])}"]


def _level(name: str) -> str:
    """Return a level as a line calls it: itself, unless a line of another kind is called so."""
    return f"the level '{name}'" if name in {NO_VALUE, ANY_OTHER, ELSEWHERE} else name


def _no_level(shape: LevelPoints) -> str:
    listed = {name.casefold().strip() for name in shape.names}
    return next(word for word in (f"unknown{'?' * times}" for times in count()) if word not in listed)
