"""What was planted in the demo, read at the knots and levels that were learned.

Contrasts of a companion are vectors of coefficients, so that coefficients which are the truth give each its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chs_ml.fit.basis import Basis, CurveBasis, MetricBasis
from chs_ml.fit.evidence.contrasts import places_of
from chs_ml.fit.splits.sides import Split
from chs_ml.formula import Condition
from chs_ml.formula.columns import FloatArray
from chs_ml.history.demo.company import Company
from chs_ml.history.demo.truth import PlantedTerm, planted_in

CUSTOMERS = 2000
TERMS = planted_in(Company(CUSTOMERS)).terms
SPLIT, WHEN = next((term, term.when) for term in TERMS if term.when is not None and term.when.holds)


def is_planted(split: Split) -> bool:
    """Return whether a split is the one that was planted."""
    return (split.metric, split.when) == (SPLIT.metric, WHEN)


def without_truth(splits: Sequence[Split]) -> set[str]:
    """Return the metrics that these splits leave without a true curve: those of another split, and of the planted one.

    Whoever splits otherwise fits something that was never planted.
    """
    away = {name for split in splits if not is_planted(split) for name in (split.metric, split.when.metric)}
    return away if any(map(is_planted, splits)) else away | {SPLIT.metric, WHEN.metric}


def matters(key: str) -> bool:
    """Return whether a metric, or the side of a split, by its key, has a part in who stays."""
    name, _, when = key.partition(" | ")
    terms = [term for term in TERMS if term.metric == name]
    return any(term.weight > 0.0 for term in terms if len(terms) == 1 or when in ("", str(term.when)))


def true_coefficients(basis: Basis) -> dict[str, FloatArray]:
    """Return the coefficients that are the truth, by the key of each metric of a basis."""
    return {metric.plan.key: _coefficients(metric, _lacking(basis)) for metric in basis.metrics}


def true_ranges(basis: Basis) -> dict[str, tuple[float, float]]:
    """Return by key how far each true curve goes from end to end, and between any two places."""
    ranges = {}
    for metric in basis.metrics:
        true = _coefficients(metric, _lacking(basis))
        ramps = metric.ramps if isinstance(metric, CurveBasis) else 0
        ranges[metric.plan.key] = abs(float(true[:ramps].sum())), float(np.ptp(places_of(metric) @ true))
    return ranges


def _lacking(basis: Basis) -> float:
    """Return what the levels have to say where the planted split does not apply; 0 where it is not in the basis.

    There the formula has its curve stand at the curve's mean, and the truth has it stand at ``otherwise``.
    """
    for side in basis.metrics:
        if side.plan.name == SPLIT.metric and side.plan.when == WHEN and isinstance(side, CurveBasis):
            mean = _log_odds(SPLIT, side.knots[:1])[0] + side.mean @ _curve(side, SPLIT)
            return float(SPLIT.weight * SPLIT.otherwise - mean)
    return 0.0


def _coefficients(metric: MetricBasis, lacking: float) -> FloatArray:
    term = _term_of(metric)
    if isinstance(metric, CurveBasis):
        return _curve(metric, term)
    levels = np.array(metric.levels, dtype=object)
    added = lacking if metric.plan.name == WHEN.metric else 0.0
    values = _log_odds(term, levels) + added * ~_applies(WHEN, levels)
    return np.append(values, [term.weight * term.health.missing + added] * metric.missing_learned)


def _term_of(metric: MetricBasis) -> PlantedTerm:
    """Return what was planted of a metric: of one that is not split as planted, what holds where it matters."""
    terms = [term for term in TERMS if term.metric == metric.plan.name]
    same = [term for term in terms if term.when == metric.plan.when]
    return next(iter([*same, *terms]))


def _curve(metric: CurveBasis, term: PlantedTerm) -> FloatArray:
    values = _log_odds(term, metric.knots)
    return np.append(np.diff(values), [term.weight * term.health.missing - values[0]] * metric.missing_learned)


def _applies(when: Condition, levels: Any) -> Any:
    return when.applies({when.metric: levels})


def _log_odds(term: PlantedTerm, values: Any) -> FloatArray:
    return np.asarray(term.weight * term.health.health(values))
