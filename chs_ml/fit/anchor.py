"""The anchor: ½ κ Σ (β - β⁰)², where β⁰ is an earlier formula read at the new knots and levels.

Only metrics that both have are pulled; a metric whose kind has changed is a new one.
"""

from __future__ import annotations

import numpy as np

from chs_ml.errors import FitError
from chs_ml.fit.basis import Basis, CurveBasis, MetricBasis
from chs_ml.fit.fitting import Pull
from chs_ml.fit.objective import Penalty
from chs_ml.formula import Curve, Formula, Levels, Term
from chs_ml.formula.columns import FloatArray


def pull_towards(earlier: Formula, strength: float) -> Pull:
    """Return the penalty for leaving ``earlier``, to be had for any basis.

    strength: κ > 0, in units of one row's log-loss per squared log-odds. FitError for a strength that is not positive,
    or for a formula without a link (its weights have no scale in log-odds).
    """
    if not (strength > 0 and np.isfinite(strength)):
        raise FitError(f"anchor: strength {strength!r} is not a positive number. Leave the anchor out for none.")
    if earlier.link is None:
        raise FitError("anchor: the formula has no link to churn; calibrate it once, then anchor to the result.")
    scale = earlier.link.b
    terms = {term.metric: term for term in earlier.terms if term.when is None}

    def pull(basis: Basis) -> Penalty:
        """Return the penalty on the columns of the metrics that both have."""
        columns = basis.layout.columns
        pulled, target = np.zeros(columns), np.zeros(columns)
        for at, metric in enumerate(basis.metrics):
            before = _coefficients(metric, terms.get(metric.plan.name), scale)
            if before is not None:
                where = basis.layout.columns_of(at)
                pulled[where], target[where] = strength, before
        return Penalty(np.diag(pulled), pulled * target, 0.5 * float(pulled @ target**2))

    return pull


def _coefficients(metric: MetricBasis, term: Term | None, scale: float) -> FloatArray | None:
    """Return the coefficients that would repeat the earlier term, None where there is none of the same kind."""
    if term is None:
        return None
    shape, height = term.shape, scale * term.weight
    if isinstance(metric, CurveBasis) and isinstance(shape, Curve):
        at_knots = height * shape.health_of(metric.knots)
        missing = [height * shape.missing - at_knots[0]] * metric.missing_learned
        return np.append(np.diff(at_knots), missing)
    if not isinstance(metric, CurveBasis) and isinstance(shape, Levels):
        at_levels = height * shape.health(list(metric.levels))
        middle = float(metric.mean[: len(at_levels)] @ at_levels)
        missing = [height * shape.missing - middle] * metric.missing_learned
        return np.append(at_levels - middle, missing)
    return None
