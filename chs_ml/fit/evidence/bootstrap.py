"""The slow cross-check: whole customers drawn again, with replacement, and everything learned again.

It checks the closed form's widths on the companion, and says how often the whole procedure would have kept each metric.
Intervals do not come from here: resampling a fit with signs rectifies noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from chs_ml.fit.basis import Basis
from chs_ml.fit.evidence.companion import CLOSE, COMPANION, Companion
from chs_ml.fit.evidence.contrasts import Contrast
from chs_ml.fit.fitting import Sample
from chs_ml.fit.learning import learn
from chs_ml.fit.objective import Objective
from chs_ml.fit.selection import Settings
from chs_ml.fit.solver import Bounds, minimise
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.trial import Progress, silent
from chs_ml.formula.columns import FloatArray


def resamples(sample: Sample, draws: int, seed: int) -> Iterator[FloatArray]:
    """Give for each draw the new row weights: a customer's rows count as often as the customer was drawn."""
    _, customer = np.unique(sample.groups, return_inverse=True)
    customers, draw = int(customer.max()) + 1, np.random.default_rng(seed)
    for _ in range(draws):
        drawn = np.bincount(draw.integers(0, customers, customers), minlength=customers)
        yield sample.weight * drawn[customer]


def standard_errors(
    sample: Sample, companion: Companion, contrasts: Sequence[Contrast], draws: int = 200, seed: int = 0
) -> FloatArray:
    """Return the standard deviation of each contrast over companions refitted at the same knots, one a draw.

    sample: the rows of the companion, with its metrics only.
    """
    basis: Basis = companion.basis
    encoded, bounds = basis.encode(sample.table), Bounds(*basis.bounds())
    penalty = basis.penalty(COMPANION.size, COMPANION.bend)
    vectors = np.array([contrast.vector for contrast in contrasts])
    found = []
    for weight in resamples(sample, draws, seed):
        objective = Objective(encoded, sample.retained, weight, penalty)
        found.append(vectors @ minimise(objective, bounds, start=companion.beta, tolerance=CLOSE).beta)
    return np.asarray(np.std(found, axis=0, ddof=1))


def staying(
    sample: Sample,
    plans: Sequence[MetricPlan],
    settings: Settings,
    draws: int = 100,
    progress: Progress = silent,
) -> dict[str, float]:
    """Return how often each metric would have stayed, had other customers of the same kind been there: shares of draws.

    Everything is done again in each draw: directions, ramps, strengths, and who leaves.
    """
    stayed = dict.fromkeys((plan.name for plan in plans), 0)
    for at, weight in enumerate(resamples(sample, draws, settings.seed)):
        progress("drawing customers again", at, draws)
        rows = np.flatnonzero(weight > 0)
        drawn = replace(sample.take(rows), weight=weight[rows])
        for plan in learn(drawn, plans, settings).choice.plans:
            stayed[plan.name] += 1
    progress("drawing customers again", draws, draws)
    return {name: count / draws for name, count in stayed.items()}
