"""Where a label finds room beside a point: on the side where no line is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chs_ml.explain.style import INCH
from chs_ml.formula.columns import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AIR = 2.0
"""Points of paper between a label and a curve: half the line, and a marker."""
PLACES: Sequence[tuple[tuple[float, float], str]] = (
    ((3.0, -3.0), "top"),
    ((3.0, 3.0), "bottom"),
    ((-5.0, 0.0), "center"),
)
"""From the point to the label's right edge, in points of paper, and which edge of it lies at that height."""


@dataclass(frozen=True)
class Drawn:
    """What a label must not hide. knots, points: of the curve; level: of the dotted line; low, high: of the axes.

    across, up: points of paper per unit.
    """

    knots: FloatArray
    points: FloatArray
    level: float | None
    low: float
    high: float
    across: float
    up: float

    def between(self, left: float, right: float) -> FloatArray:
        """Return the curve's heights between two x; none where it has ended before."""
        if left >= self.knots[-1]:
            return np.empty(0)
        bends = self.knots[(left < self.knots) & (self.knots < right)]
        at = np.append(bends, np.linspace(left, min(right, self.knots[-1]), 20))
        return np.asarray(np.interp(at, self.knots, self.points))


def curve_of(axes: Axes, knots: Sequence[float], points: Sequence[float], level: float | None) -> Drawn:
    """Return what is drawn on axes whose limits are set."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    paper = INCH / axes.figure.dpi
    across, up = paper * axes.bbox.width / (right - left), paper * axes.bbox.height / (high - low)
    return Drawn(np.asarray(knots), np.asarray(points), level, low, high, across, up)


def place_beside(
    drawn: Drawn, x: float, points: float, width: float, height: float
) -> tuple[tuple[float, float], dict[str, Any]]:
    """Return the label's offset from the point, and its alignment. width, height: of the label, points of paper."""

    def free(place: tuple[tuple[float, float], str]) -> tuple[bool, bool, float]:
        """How free a place is: of the curve and within the axes, then of the dotted line, then by how much."""
        (right, away), edge = place
        low = {"top": away - height, "bottom": away, "center": away - height / 2}[edge]
        box = (points + low / drawn.up, points + (low + height) / drawn.up)
        inside = drawn.low <= box[0] and box[1] <= drawn.high
        curve = drawn.between(x + (right - width) / drawn.across, x + right / drawn.across)
        room = min((drawn.up * _outside(each, box) for each in curve), default=AIR)
        dotted = drawn.level is None or _outside(drawn.level, box) > 0.0
        return inside and room >= AIR, dotted, min(room, AIR)

    offset, edge = max(PLACES, key=free)
    return offset, {"ha": "right", "va": edge}


def _outside(at: float, box: tuple[float, float]) -> float:
    """Return how far a height is outside of two others; below 0 within."""
    return max(box[0] - at, at - box[1])
