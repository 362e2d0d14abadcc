"""Means over the true population, where the churned were over-sampled: the neutral value is the average customer's.

Knots, levels and coefficients belong to the rows as they are; only the mean design of a basis changes, and with it what
a missing value, an unlisted level and the middle of a metric stand for.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from chs_ml.fit.basis import Basis, LevelsBasis, MetricBasis
from chs_ml.fit.table import Column, Table
from chs_ml.formula.columns import FloatArray


def averaged(basis: Basis, table: Table, standing: FloatArray) -> Basis:
    """Return the basis with its means over rows that stand for so many customers each, (rows,)."""
    pairs = zip(basis.metrics, table.columns, strict=True)
    return Basis(tuple(_averaged(metric, column, standing) for metric, column in pairs))


def _averaged(metric: MetricBasis, column: Column, standing: FloatArray) -> MetricBasis:
    known = column.known
    weight = standing[known]
    total = float(weight.sum())
    if total <= 0.0:
        return metric
    values = column.values[known]
    if isinstance(metric, LevelsBasis):
        names = column.levels or ()
        share = dict(zip(names, np.bincount(values, weights=weight, minlength=len(names)), strict=True))
        kept = np.array([share.get(level, 0.0) for level in metric.levels])
        means = kept / max(float(kept.sum()), 1e-300)
    else:
        along = (np.clip((values - low) / (high - low), 0.0, 1.0) for low, high in pairwise(metric.knots.tolist()))
        means = np.array([float(weight @ part) / total for part in along])
    return replace(metric, mean=np.append(means, [0.0] * metric.missing_learned))
