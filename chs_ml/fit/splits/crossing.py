"""One pass over the rows for a metric and all conditions: what a score test of its curve on either side needs.

For every slot of the metric and every bin of every condition: the sums of w = sµ(1 - µ), w·f, w·f², of the residuals
r = s(y - µ), and of r·f, where f is how far along its ramp a row stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from chs_ml.fit import kernel
from chs_ml.fit.objective import Objective, in_order
from chs_ml.fit.splits.cuts import Cuts
from chs_ml.formula.columns import FloatArray

SUMS = 5


def crossed(
    objective: Objective, beta: FloatArray, cuts: Sequence[Cuts], metrics: Sequence[int]
) -> list[list[FloatArray]]:
    """Return for each of these metrics of the objective, and for each set of cuts, bins × slots × 5 sums at β."""
    eta = objective.log_odds(beta)
    retained = expit(eta)
    weight = objective.weight * retained * (1.0 - retained)
    residual = objective.weight * (objective.retained - retained)
    bins = np.stack([cut.bins for cut in cuts])
    first = np.concatenate([[0], np.cumsum([cut.count for cut in cuts])])
    tables = in_order(lambda at: _table(objective, metrics[at], (weight, residual), bins, first), range(len(metrics)))
    return [np.split(table, first[1:-1]) for table in tables]


def _table(
    objective: Objective, at: int, rows: tuple[FloatArray, FloatArray], bins: NDArray[Any], first: NDArray[Any]
) -> FloatArray:
    encoded = objective.encoded
    slots, fractions = encoded.slots_of(at), encoded.fractions_of(at)
    table = np.zeros((int(first[-1]), encoded.layout.blocks[at].slots, SUMS))
    slots = slots if len(slots) else np.zeros(encoded.rows, dtype=np.uint8)
    fractions = fractions if len(fractions) else np.zeros(encoded.rows, dtype=encoded.fractions.dtype)
    kernel.add_crossed(slots, fractions, *rows, bins, first[:-1], table)
    return table
