"""What a metric says by itself, beside what it says with the others: the gap is what the others share with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chs_ml.fit.basis import Basis, CurveBasis, MetricBasis
from chs_ml.fit.evidence.companion import companion_of
from chs_ml.fit.evidence.contrasts import TWO_SIDED, places_of
from chs_ml.fit.fitting import Fitted, Sample
from chs_ml.fit.folds import shares_of
from chs_ml.formula.columns import FloatArray

MOST_ROWS = 50_000
"""More rows than these say nothing that a reader of odds ratios would see; whole customers are drawn by their hash."""


@dataclass(frozen=True, slots=True)
class Alone:
    """The odds ratio of churn between the same two ends, with no other metric in the model; 95 % interval."""

    odds_ratio: float
    low: float
    high: float
    rows: int


def alone_of(sample: Sample, fitted: Fitted) -> dict[str, Alone]:
    """Return for each metric of a fit what it says by itself; ends as in ``explain.impact``."""
    rows = sample.table.rows
    if rows > MOST_ROWS:
        sample = sample.take(np.flatnonzero(shares_of(sample.groups, 0, "alone") < MOST_ROWS / rows))
    return {
        metric.plan.key: _alone(sample, metric, fitted.coefficients(at))
        for at, metric in enumerate(fitted.basis.metrics)
        if metric.columns  # else no level has enough rows: there is nothing to say
    }


def _alone(sample: Sample, metric: MetricBasis, beta: FloatArray) -> Alone:
    rows = sample.of([metric.plan])
    applies = rows.table.columns[0].applies
    rows = rows if applies is None else rows.take(np.flatnonzero(applies))  # of a side, those whom it is about
    companion = companion_of(rows, Basis((metric,)))
    start, end = _ends(metric, beta)
    step = np.append(0.0, end - start)
    middle = float(step @ companion.beta)
    half = TWO_SIDED * float(np.sqrt(max(step @ companion.covariance @ step, 0.0)))
    ratio, low, high = np.exp(np.clip([-middle, -middle - half, -middle + half], -700.0, 700.0)).tolist()
    return Alone(ratio, low, high, rows.table.rows)


def _ends(metric: MetricBasis, beta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the design at both ends: first and last knot of a signed curve, else where the fit is worst and best."""
    values = metric.contributions(beta)
    places = places_of(metric)[: len(values)]
    if isinstance(metric, CurveBasis) and metric.plan.direction != "free":
        return places[0], places[-1]
    return places[int(np.argmin(values))], places[int(np.argmax(values))]
