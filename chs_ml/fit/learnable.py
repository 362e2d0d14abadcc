"""What there are rows enough to learn: the basis that the rows call for.

Knots where the values are, levels and a value for missing where enough rows of enough customers have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from chs_ml.errors import FitError
from chs_ml.fit.basis import Basis, CurveBasis, LevelsBasis, MetricBasis
from chs_ml.fit.crowd import Crowd, each_alone
from chs_ml.fit.knots import Tally, knots_among, tally_of
from chs_ml.fit.table import Column, MetricPlan, Table
from chs_ml.formula.columns import BoolArray, FloatArray

ENOUGH = 10
"""Rows of either outcome that a curve, or a value for missing, is learned from; a level with fewer is thin.

Rows are counted by their weight and as they are, and they belong to five customers or more.
"""
ALMOST = 1 - 1e-12
MOST_COLUMNS = 6_000


def basis_of(  # noqa: PLR0913
    table: Table,
    retained: FloatArray,
    weight: FloatArray,
    plans: Sequence[MetricPlan],
    ramps: int,
    *,
    crowd: Crowd | None = None,
) -> Basis:
    """Return the basis that the training rows call for: knots, levels with enough rows, missing where learnable.

    retained: 1 or 0 for each row. weight: row weights. crowd: whose rows they are; None, each row a customer.
    FitError where it would need too many columns.
    """
    rows = _Rows(retained, weight, crowd or each_alone(len(weight)))
    bases: list[MetricBasis] = []
    needed = len(plans)  # one column each to begin with: ten thousand metrics are refused before they are read
    if needed > MOST_COLUMNS:
        raise FitError(_too_many(len(plans), ramps))
    for column, plan in zip(table.columns, plans, strict=True):
        of = _curve if column.levels is None else _levels
        bases.append(of(column, rows, plan, ramps))
        needed += bases[-1].columns - 1
        if needed > MOST_COLUMNS:
            raise FitError(_too_many(len(plans), ramps))
    return Basis(tuple(bases))


def _too_many(metrics: int, ramps: int) -> str:
    straighter = ", or set ramps: 1" if ramps > 1 else ""
    return (
        f"{metrics} metrics with {ramps} ramp{'s' if ramps > 1 else ''} each need more than {MOST_COLUMNS} "
        f"coefficients, the most that can be learned at once. Leave metrics out (role: exclude){straighter}."
    )


@dataclass(frozen=True)
class _Rows:
    """What rows there are to learn from."""

    retained: FloatArray
    weight: FloatArray
    crowd: Crowd

    @cached_property
    def there(self) -> BoolArray:
        """Rows that count."""
        return np.asarray(self.weight > 0)

    @cached_property
    def stayed(self) -> BoolArray:
        """Rows that count and stayed."""
        return np.asarray(self.there & (self.retained > 0.5))

    def enough(self, rows: BoolArray) -> bool:
        """Return whether there are ten of either outcome, by weight and as they are, of five customers or more."""
        here, stayed = float(self.weight @ rows), float(self.weight @ (rows * self.retained))
        if min(stayed, here - stayed) < ENOUGH * ALMOST:
            return False
        many, of_stayed = np.count_nonzero(rows & self.there), np.count_nonzero(rows & self.stayed)
        return bool(min(of_stayed, many - of_stayed) >= ENOUGH) and self.crowd.several(rows & self.there)


def _curve(column: Column, rows: _Rows, plan: MetricPlan, ramps: int) -> CurveBasis:
    known = column.known
    everywhere = bool(known.all())
    tally = tally_of(
        column.values if everywhere else column.values[known],
        rows.weight if everywhere else rows.weight[known],
        rows.crowd if everywhere else rows.crowd.take(known),
    )
    knots = knots_among(tally, ramps) if len(tally.values) else np.array([0.0])
    learnable = len(knots) > 1 and rows.enough(known) and tally.unlike >= ENOUGH * ALMOST and tally.others >= ENOUGH
    if len(knots) < 2:
        knots = np.array([knots[0], knots[0] + 1.0])
    learned = learnable and plan.missing == "learned" and rows.enough(column.missing)
    mean = [_mean_along(tally, low, high) for low, high in pairwise(knots.tolist())]
    return CurveBasis(plan, knots, np.array([*mean, *[0.0] * learned]), learned, learnable)


def _mean_along(tally: Tally, low: float, high: float) -> float:
    """Return how far along a ramp the average row is."""
    return tally.mean(np.clip((tally.values - low) / (high - low), 0.0, 1.0)) if len(tally.values) else 0.0


def _levels(column: Column, rows: _Rows, plan: MetricPlan, ramps: int) -> LevelsBasis:
    del ramps
    names = column.levels or ()
    known = column.known & rows.there
    codes, weight = column.values[known], rows.weight[known]
    share = np.bincount(codes, weights=weight, minlength=len(names))
    stayed = np.bincount(codes, weights=weight * rows.retained[known], minlength=len(names))
    enough = (share >= ENOUGH * ALMOST) & (np.bincount(codes, minlength=len(names)) >= ENOUGH)
    here = np.array([name not in plan.elsewhere for name in names], dtype=np.bool_)
    kept = np.flatnonzero(enough & here & rows.crowd.take(known).several_in(codes, len(names)))
    learned = len(kept) > 0 and plan.missing == "learned" and rows.enough(column.missing)
    mean = np.append(share[kept] / max(float(share[kept].sum()), 1e-300), [0.0] * learned)
    thin = tuple((np.minimum(stayed, share - stayed)[kept] < ENOUGH * ALMOST).tolist())
    return LevelsBasis(plan, tuple(names[code] for code in kept.tolist()), thin, mean, learned)
