"""A term: one metric inside a formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from chs_ml.errors import FormulaError
from chs_ml.formula.columns import BoolArray, FloatArray, Frame
from chs_ml.formula.conditions import Condition
from chs_ml.formula.frames import Columns
from chs_ml.formula.names import check_name, check_text
from chs_ml.formula.shapes import Curve, Levels, Shape

Direction = Literal["positive", "negative", "free"]
DIRECTIONS: tuple[Direction, ...] = ("positive", "negative", "free")
ORIGINS = ("learned", "pinned", "written")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a weight came from: learned from outcomes, pinned by somebody, or written by hand."""

    kind: Literal["learned", "pinned", "written"] = "learned"
    by: str | None = None
    because: str | None = None

    def __post_init__(self) -> None:
        """Refuse a pin that does not say who and why, and one who says so of no pin."""
        if self.kind not in ORIGINS:
            raise FormulaError(f"origin {self.kind!r} is none of {list(ORIGINS)}")
        if self.kind == "pinned" and not (self.by and self.because):
            raise FormulaError("a pinned weight must say 'by' whom and 'because' of what")
        if self.kind != "pinned" and not (self.by is None and self.because is None):
            raise FormulaError(f"origin {self.kind!r}: only a pinned weight says 'by' and 'because'")
        check_text("pinned by", self.by or "")
        check_text("pinned because", self.because or "")


@dataclass(frozen=True, slots=True)
class Term:
    """A metric's share of the score: ``weight`` times its health.

    weight: a fraction of 1. shape: health of the metric. when: the condition under which the shape applies; where it
    does not, health is ``otherwise``. missing_learned: the value for missing came from data, not from a rule.
    """

    metric: str
    pillar: str
    direction: Direction
    weight: float
    shape: Shape
    origin: Origin = Origin()
    when: Condition | None = None
    otherwise: float | None = None
    missing_learned: bool = False

    def __post_init__(self) -> None:
        """Refuse a weight outside 0..1 and a condition without its other side."""
        if not self.metric:
            raise FormulaError("a term needs the name of its metric")
        check_name("metric", self.metric)
        check_name(f"metric {self.metric!r}: pillar", self.pillar)
        if self.direction not in DIRECTIONS:
            raise FormulaError(f"metric {self.metric!r}: direction {self.direction!r} is none of {list(DIRECTIONS)}")
        if not 0.0 < self.weight <= 1.0 + 1e-12:
            raise FormulaError(f"metric {self.metric!r}: weight {self.weight!r} is outside 0..1")
        if (self.when is None) != (self.otherwise is None):
            raise FormulaError(f"metric {self.metric!r}: 'when' and 'otherwise' go together")
        if self.otherwise is not None and not 0.0 <= self.otherwise <= 1.0:
            raise FormulaError(f"metric {self.metric!r}: otherwise {self.otherwise!r} is outside 0..1")

    @property
    def key(self) -> str:
        """A name that no other term of the formula has."""
        return self.metric if self.when is None else f"{self.metric} | {self.when}"

    @property
    def kind(self) -> Literal["curve", "levels"]:
        """Which shape the term has."""
        return "curve" if isinstance(self.shape, Curve) else "levels"

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that the term reads."""
        return (self.metric,) if self.when is None else (self.metric, self.when.metric)

    def health(self, frame: Frame) -> FloatArray:
        """Return n_j in 0..1 for each row."""
        columns = Columns.of(frame)
        health = self._shaped(columns)
        if self.when is None or self.otherwise is None:
            return health
        return np.where(self.when.applies(columns), health, self.otherwise)

    def known(self, frame: Frame) -> BoolArray:
        """Return which rows have the metric; an unseen level counts as absent."""
        columns = Columns.of(frame)
        if isinstance(self.shape, Curve):
            return columns.present(self.metric)
        codes, positions = columns.levels(self.metric, self.shape.names)
        return ((positions >= 0) & (positions < len(self.shape.values)))[codes]

    def _shaped(self, columns: Columns) -> FloatArray:
        if isinstance(self.shape, Curve):
            return self.shape.health_of(columns.numbers(self.metric))
        codes, positions = columns.levels(self.metric, self.shape.names)
        return self.shape.table[positions][codes]


__all__ = ["DIRECTIONS", "ORIGINS", "Curve", "Direction", "Levels", "Origin", "Term"]
