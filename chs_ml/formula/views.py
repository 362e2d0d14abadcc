"""Three ways to write one formula down: weights, points, log-odds. None of them loses anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from chs_ml.errors import FormulaError
from chs_ml.formula.columns import FloatArray, Frame
from chs_ml.formula.formula import Formula
from chs_ml.formula.frames import Columns
from chs_ml.formula.shapes import Curve
from chs_ml.formula.terms import Term

Unit = Literal["weights", "points", "log-odds"]
UNITS: tuple[Unit, ...] = ("weights", "points", "log-odds")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a printed view: what the term called ``key`` adds where its metric stands at ``at``.

    at: a knot, a level, or None. kind says which, and what None means: ``other``, ``missing``, ``otherwise``.
    """

    key: str
    kind: Literal["knot", "level", "other", "missing", "otherwise"]
    at: float | str | None
    amount: float


@dataclass(frozen=True, slots=True)
class Part:
    """One term in the unit of a view: it adds scale · (n_j − neutral)."""

    term: Term
    scale: float
    neutral: float = 0.0

    def amount(self, health: FloatArray) -> FloatArray:
        """Return what the part adds for each n_j in 0..1."""
        return self.scale * (health - self.neutral)

    def rows(self) -> tuple[Row, ...]:
        """Return what the part adds at each knot or level, when unknown, and where its condition does not hold."""
        shape, key = self.term.shape, self.term.key
        if isinstance(shape, Curve):
            rows = [
                Row(key, "knot", knot, self._at(value)) for knot, value in zip(shape.knots, shape.values, strict=True)
            ]
        else:
            rows = [Row(key, "level", level, self._at(value)) for level, value in shape.values]
            rows.append(Row(key, "other", None, self._at(shape.other)))
        rows.append(Row(key, "missing", None, self._at(shape.missing)))
        if self.term.otherwise is not None:
            rows.append(Row(key, "otherwise", None, self._at(self.term.otherwise)))
        return tuple(rows)

    def _at(self, health: float) -> float:
        return float(self.scale * (health - self.neutral))


@dataclass(frozen=True, slots=True)
class View:
    """A base, and what each term adds to it.

    unit ``weights``: the total is score / 100, each part is w_j n_j. ``points``: the total is the score; positive
    metrics add, negative ones subtract from a base, free ones do either, around their value when unknown.
    ``log-odds``: the total is the log-odds of being retained.
    """

    unit: Unit
    base: float
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, formula: Formula, unit: Unit) -> View:
        """Return the formula in this unit; FormulaError for log-odds of a formula without a link."""
        if unit not in _VIEWS:
            raise FormulaError(f"view {unit!r} is none of {list(UNITS)}")
        return _VIEWS[unit](formula)

    def total(self, frame: Frame) -> FloatArray:
        """Return base plus parts for each row."""
        columns = Columns.of(frame)
        total = np.full(len(columns), self.base)
        for part in self.parts:
            total += part.amount(part.term.health(columns))
        return total

    def rows(self) -> tuple[Row, ...]:
        """Return every line of the view, in the formula's order."""
        return tuple(row for part in self.parts for row in part.rows())


def _weights(formula: Formula) -> View:
    return View("weights", 0.0, tuple(Part(term, term.weight) for term in formula.terms))


def _points(formula: Formula) -> View:
    parts = tuple(Part(term, 100.0 * term.weight, _neutral(term)) for term in formula.terms)
    return View("points", sum(part.scale * part.neutral for part in parts), parts)


def _log_odds(formula: Formula) -> View:
    if formula.link is None:
        raise FormulaError("this formula has no link to churn, so it has no log-odds; calibrate it first")
    b = formula.link.b
    return View("log-odds", formula.link.a, tuple(Part(term, b * term.weight) for term in formula.terms))


def _neutral(term: Term) -> float:
    return {"positive": 0.0, "negative": 1.0, "free": term.shape.missing}[term.direction]


_VIEWS: dict[str, Callable[[Formula], View]] = {"weights": _weights, "points": _points, "log-odds": _log_odds}
