"""Where each term's contribution is largest and smallest: once that is fixed, its range is linear in the coefficients.

Of a directed curve it is known beforehand: at its ends. Of levels, of a free curve and of a learned missing value it is
read off a fit; everything else a term can contribute is then held between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

import numpy as np

from chs_ml.fit.basis import Basis, CurveBasis, MetricBasis
from chs_ml.formula.columns import FloatArray

NOTHING = 1e-6
"""Ranges of so few log-odds together are no formula."""
DIGITS = 9
"""Contributions that agree so far are as large as each other."""


@dataclass(frozen=True)
class Extent:
    """A metric's contributions as designs (whatever can be largest or smallest × its columns), and which two are."""

    designs: FloatArray
    top: int
    bottom: int

    @property
    def range(self) -> FloatArray:
        """The range as a row: times the coefficients it is R_j."""
        row: FloatArray = self.designs[self.top] - self.designs[self.bottom]
        return row

    @property
    def ends(self) -> tuple[int, int]:
        """Which design is the largest, which the smallest."""
        return self.top, self.bottom

    @property
    def holds(self) -> FloatArray:
        """Rows that are not negative where nothing lies above the top or below the bottom."""
        above, below = self.designs[self.top] - self.designs, self.designs - self.designs[self.bottom]
        rows = np.vstack([above, np.delete(below, self.top, axis=0)])
        return np.asarray(rows[np.abs(rows).max(axis=1) > 0.0])


def extents_of(basis: Basis, beta: FloatArray, pull: FloatArray) -> tuple[Extent, ...]:
    """Return where the contributions are largest and smallest at β.

    pull: a direction of columns that decides between equals: the one that it raises is the larger.
    """
    columns = (basis.layout.columns_of(at) for at in range(len(basis.metrics)))
    return tuple(
        _extent(metric, beta[where], pull[where]) for metric, where in zip(basis.metrics, columns, strict=True)
    )


def places_of(metric: MetricBasis) -> list[Extent]:
    """Return every pair of contributions that could be the largest and the smallest, one for a plain directed curve."""
    designs, (best, worst) = _designs(metric), _ends(metric)
    tops = [at for at in range(len(designs)) if at != worst]
    return [Extent(designs, top, at) for top in tops for at in range(len(designs)) if at not in (top, best)]


def weights_at(basis: Basis, beta: FloatArray) -> dict[str, float]:
    """Return the weight that each metric has at β, both sides together; all zero where the ranges are no formula."""
    ranges = dict.fromkeys((metric.plan.name for metric in basis.metrics), 0.0)
    for at, metric in enumerate(basis.metrics):
        ranges[metric.plan.name] += float(np.ptp(_designs(metric) @ beta[basis.layout.columns_of(at)]))
    total = fsum(ranges.values())
    return {name: part / total if total > NOTHING else 0.0 for name, part in ranges.items()}


def learnable(metric: MetricBasis) -> bool:
    """Whether there is anything in the metric that a weight can be learned from."""
    return metric.learnable if isinstance(metric, CurveBasis) else len(_designs(metric)) > 1


def _extent(metric: MetricBasis, beta: FloatArray, pull: FloatArray) -> Extent:
    designs = _designs(metric)
    heights, pulls = np.round(designs @ beta, DIGITS), designs @ pull
    best, worst = _ends(metric)
    rising = np.lexsort((pulls, heights))
    top = next((int(at) for at in rising[::-1] if at != worst), 0)
    bottom = next((int(at) for at in rising if at not in (best, top)), 0)
    return Extent(designs, top, bottom)


def _designs(metric: MetricBasis) -> FloatArray:
    """Return the designs of knots (of a directed curve the two ends) or levels, and of a learned missing value."""
    if isinstance(metric, CurveBasis):
        knots = np.tril(np.ones((metric.ramps + 1, metric.columns)), -1)
        knots[:, metric.ramps :] = 0.0
        designs = knots if metric.plan.direction in ("free", "auto") else knots[[0, -1]]
    else:
        designs = np.eye(len(metric.levels), metric.columns)
    missing = metric.missing_design[None] if metric.missing_learned else designs[:0]
    return np.vstack([designs, missing]) if len(designs) else np.zeros((1, metric.columns))


def _ends(metric: MetricBasis) -> tuple[int, int]:
    """Return the best and the worst end of a directed curve, -1 where there is none."""
    return {"positive": (1, 0), "negative": (0, 1)}.get(metric.plan.direction, (-1, -1))


def tied(extents: tuple[Extent, ...], basis: Basis, beta: FloatArray) -> bool:
    """Whether a term has another contribution as large as its largest, or as small as its smallest."""
    for at, extent in enumerate(extents):
        heights = np.round(extent.designs @ beta[basis.layout.columns_of(at)], DIGITS)
        if np.sum(heights == heights[extent.top]) + np.sum(heights == heights[extent.bottom]) > 2:
            return True
    return False
