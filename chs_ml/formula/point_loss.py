"""The log-loss of whole scores, its link refitted: many candidates at once, from counts per score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chs_ml.formula.columns import FloatArray
from chs_ml.formula.link import Link

STEEPEST = 300.0
RIDGE = 1e-9
"""On b², a share of the rows: separated scores have no finite slope without it."""


@dataclass(frozen=True, slots=True)
class Line:
    """Log-odds of being retained, a + b · sum/total, and the mean log-loss that it gives; arrays over candidates."""

    a: FloatArray
    b: FloatArray
    loss: FloatArray

    def of(self, at: int) -> Line:
        """Return one candidate's line."""
        return Line(self.a[at : at + 1], self.b[at : at + 1], self.loss[at : at + 1])

    def as_link(self) -> Link | None:
        """Return the line as a link, None where it does not rise."""
        a, b = float(self.a[0]), float(self.b[0])
        return Link(a, b) if b > 0 else None


def fitted_line(
    retained: FloatArray, rows: FloatArray, x: FloatArray, start: Line | None = None, rounds: int = 60
) -> Line:
    """Fit σ(a + b · x) to counts at each x, scores in 0..1, by Newton's method with halved steps.

    retained, rows: (candidates, scores), weighted. x: (scores,). start: one line for all of them.
    """
    counts = _Counts(retained, rows, x)
    if start is None:
        line = counts.at(*counts.level())
    else:
        line = counts.at(np.full(len(rows), start.a[0]), np.full(len(rows), start.b[0]))
    size = np.ones(len(rows))
    for _ in range(rounds):
        step_a, step_b = counts.newton(line)
        if np.max(np.abs(step_a) + np.abs(step_b)) < 1e-10 or (size < 1e-6).all():
            break
        b = np.clip(line.b + size * step_b, -STEEPEST, STEEPEST)
        ahead = counts.at(np.clip(line.a + size * step_a, -STEEPEST, STEEPEST), b)
        better = ahead.loss <= line.loss
        line = Line(
            np.where(better, ahead.a, line.a),
            np.where(better, ahead.b, line.b),
            np.where(better, ahead.loss, line.loss),
        )
        size = np.where(better, np.minimum(1.0, 2.0 * size), size / 2.0)
    return line


@dataclass(frozen=True, slots=True)
class _Counts:
    retained: FloatArray
    rows: FloatArray
    x: FloatArray

    def level(self) -> tuple[FloatArray, FloatArray]:
        kept, all_rows = self.retained.sum(axis=1), self.rows.sum(axis=1)
        share = np.clip(kept / all_rows, 1e-9, 1 - 1e-9)
        return np.log(share / (1 - share)), np.zeros(len(share))

    def at(self, a: FloatArray, b: FloatArray) -> Line:
        """Return the lines a + b·x with what each loses."""
        odds = a[:, None] + b[:, None] * self.x
        loss = self.rows * (np.maximum(odds, 0.0) + np.log1p(np.exp(-np.abs(odds)))) - self.retained * odds
        return Line(a, b, loss.sum(axis=1) / self.rows.sum(axis=1) + 0.5 * RIDGE * b**2)

    def newton(self, line: Line) -> tuple[FloatArray, FloatArray]:
        """Return the steps of a and b that lead to the minimum of the quadratic at each line."""
        odds: NDArray[Any] = line.a[:, None] + line.b[:, None] * self.x
        p = 1.0 / (1.0 + np.exp(-odds))
        n = self.rows.sum(axis=1)
        left, bend = self.retained - self.rows * p, self.rows * p * (1.0 - p)
        g0, g1 = left.sum(axis=1) / n, (left @ self.x) / n - RIDGE * line.b
        h00, h01 = bend.sum(axis=1) / n + 1e-12, (bend @ self.x) / n
        h11 = (bend @ self.x**2) / n + RIDGE
        det = np.maximum(h00 * h11 - h01**2, 1e-24)
        return (h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det
