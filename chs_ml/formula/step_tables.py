"""A formula's terms as tables of cells, each with its health: what whole points are chosen for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chs_ml.formula.columns import FloatArray, IntArray
from chs_ml.formula.formula import Formula
from chs_ml.formula.frames import Columns
from chs_ml.formula.points_card import LevelPoints, PointsTerm, StepPoints
from chs_ml.formula.shapes import Curve, Levels
from chs_ml.formula.step_edges import MOST_STEPS, best_edges, candidate_edges
from chs_ml.formula.terms import Term

STAND_IN_SLOPE = 5.0
"""Log-odds between a score of 0 and one of 100, for a formula without a link."""
UNSEEN = 400


@dataclass(frozen=True)
class StepTable:
    """A term in cells: its steps or levels, ``other``, ``missing`` and, under a condition, ``otherwise``.

    edges: of the steps, () for levels. health: n_j of each cell; of a step the mean over its rows.
    """

    term: Term
    edges: tuple[float, ...]
    health: FloatArray

    @property
    def share(self) -> FloatArray:
        """Each cell's part of the score in 0..1, above the term's lowest cell."""
        return np.asarray(self.term.weight * (self.health - self.health.min()))

    @property
    def steps(self) -> int:
        """How many of the cells, the first ones, are steps of a curve."""
        return len(self.edges) + 1 if isinstance(self.term.shape, Curve) else 0

    @property
    def sign(self) -> int:
        """1 where health rises along the steps, −1 where it falls, 0 where it does both or there are no steps."""
        rise = np.diff(self.health[: self.steps])
        if not len(rise):
            return 0
        return 1 if (rise >= 0).all() else -1 if (rise <= 0).all() else 0

    def codes(self, columns: Columns) -> IntArray:
        """Return for each row the position of its cell."""
        return self.lined(np.zeros(len(self.health), dtype=np.intp)).codes(columns)

    def lined(self, points: IntArray) -> PointsTerm:
        """Return the term with these points, neighbouring steps of equal points made one."""
        term, cells = self.term, [int(each) for each in points]
        otherwise = None if term.when is None else cells.pop()
        if isinstance(term.shape, Levels):
            levels = tuple(zip(term.shape.names, cells[:-2], strict=True))
            return PointsTerm(term.metric, LevelPoints(levels, cells[-2], cells[-1]), term.when, otherwise)
        keep = [at for at in range(len(self.edges)) if cells[at] != cells[at + 1] or not any(cells)]
        steps = StepPoints(
            tuple(self.edges[at] for at in keep), (*(cells[at] for at in keep), cells[len(self.edges)]), cells[-1]
        )
        return PointsTerm(term.metric, steps, term.when, otherwise)


def step_tables(formula: Formula, columns: Columns | None = None) -> list[StepTable]:
    """Return every term as a table; curves are cut where the rows need it, or along their knots without rows."""
    slope = STAND_IN_SLOPE if formula.link is None else formula.link.b
    doubt = None if columns is None else _doubt(formula, columns)
    return [_table(term, slope, columns, doubt) for term in formula.terms]


def _doubt(formula: Formula, columns: Columns) -> FloatArray:
    """Return p(1 − p) of each row in whole 2⁻³⁰, so that sums over rows come out alike in any order."""
    if formula.link is None:
        return np.full(len(columns), 2.0**28)
    churn = formula.churn_probability(columns)
    return np.rint((churn * (1.0 - churn) + 1e-6) * 2.0**30)


def _table(term: Term, slope: float, columns: Columns | None, doubt: FloatArray | None) -> StepTable:
    otherwise = [] if term.otherwise is None else [term.otherwise]
    if isinstance(term.shape, Levels):
        return StepTable(term, (), np.array([*term.shape.table, *otherwise]))
    x, count = _seen(term, term.shape, columns, doubt)
    edges, steps = _cut(term.shape, x, count, slope * term.weight)
    return StepTable(term, tuple(edges.tolist()), np.array([*steps, term.shape.missing, *otherwise]))


def _seen(term: Term, curve: Curve, columns: Columns | None, doubt: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Return the distinct numbers that rows have where the curve applies, and their weight; sum of weights ≤ 1."""
    if columns is not None and doubt is not None:
        x = columns.numbers(term.metric)
        here = np.isfinite(x) if term.when is None else np.isfinite(x) & term.when.applies(columns)
        if here.any():
            distinct, at = np.unique(x[here], return_inverse=True)
            return distinct, np.bincount(at, doubt[here]) / (2.0**30 * len(x))
    between = np.linspace(curve.knots[0], curve.knots[-1], UNSEEN + 1)
    x = np.unique([*curve.knots, *between])
    return x, np.full(len(x), 0.25 / len(x))


def _cut(curve: Curve, x: FloatArray, weight: FloatArray, scale: float) -> tuple[FloatArray, FloatArray]:
    """Return edges and the health of each step: every value by itself where there are few, else the best cuts."""
    all_x = np.unique([*x, *curve.knots])
    if len(all_x) <= MOST_STEPS:
        return candidate_edges(all_x, np.ones(len(all_x))), curve.health_of(all_x)
    health = curve.health_of(x)
    edges = best_edges(x, health, 0.5 * scale**2 * weight, candidate_edges(x, weight))
    step = np.searchsorted(edges, x, side="right")
    total = np.bincount(step, weight, len(edges) + 1)
    return edges, np.bincount(step, weight * health, len(edges) + 1) / total
