"""One simulated panel after another: does what is said of the weights hold, where the truth is known?"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from chs_ml.fit.basis import CurveBasis
from chs_ml.fit.evidence.companion import bending, companion_of
from chs_ml.fit.evidence.contrasts import contrasts_of, signs_of
from chs_ml.fit.fitting import Candidate, Fitted, Sample, fit, objective_of
from chs_ml.fit.learnable import basis_of
from chs_ml.fit.learning import Learned, learn, refit
from chs_ml.fit.lowering import weights_in
from chs_ml.fit.objective import Objective, no_penalty
from chs_ml.fit.selection import Settings
from chs_ml.fit.table import MetricPlan, read_table
from chs_ml.history.simulate import simulate
from chs_ml.history.truth import truth_of
from chs_ml.history.worlds import World

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Study:
    """What one panel showed, an entry per metric of the world.

    contrast, weight: whether the interval covers the truth; of a metric that left, whether 0 and the truth lie in what
    the companion said. naive: the same for contrasts as if all rows were independent. clear: the verdict. final,
    plain: weights as shipped, and with nothing left out. true: the true weights at the knots that were learned.
    """

    contrast: Array
    weight: Array
    naive: Array
    clear: Array
    outside: Array
    final: Array
    plain: Array
    true: Array
    wrong_signs: int


def study(world: World, settings: Settings, seed: int) -> Study:
    """Draw one panel of the world, learn from it, and hold what was learned against the truth."""
    truth, panel = truth_of(world), simulate(world, seed).panel
    plans = tuple(MetricPlan(metric.name, metric.direction) for metric in world.metrics)
    sample = Sample(read_table(panel.metrics, plans), 1.0 - panel.churned, np.ones(panel.rows), panel.customer)
    learned = learn(sample, plans, settings)
    everything = refit(sample, replace(learned.choice, plans=plans, left=())).fitted
    knots = {metric.plan.name: metric.knots for metric in everything.basis.metrics}
    extents = np.array([truth.extent(name, knots[name]) for name in knots])
    true = extents / extents.sum()
    ends, shares = _intervals(learned, list(knots))
    kept = np.array([float(name not in {left.metric for left in learned.choice.left}) for name in knots])
    final, plain = weights_in(learned.fitted), weights_in(everything)
    terms = {term.metric: term for term in learned.inference.terms}
    return Study(
        contrast=_within(ends, extents) * np.maximum(_within(ends, 0.0), kept),
        weight=np.where(kept > 0, _within(shares, true), _within(ends, extents) * _within(ends, 0.0)),
        naive=_within(_naive(sample, everything), extents),
        clear=np.array([float(name in terms and terms[name].verdict == "clear") for name in knots]),
        outside=np.array([float(name in terms and terms[name].outside) for name in knots]),
        final=np.array([final.get(name, 0.0) for name in knots]),
        plain=np.array([plain[name] for name in knots]),
        true=true,
        wrong_signs=_wrong_signs(learned.fitted) + _wrong_signs(everything),
    )


def studies(world: World, settings: Settings, seeds: Sequence[int], processes: int = 2) -> list[Study]:
    """Return a study for each seed, several made at a time."""
    truth_of(world)
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        return list(pool.map(partial(study, world, settings), seeds, chunksize=4))


def efficiency(rows: int, tables: int) -> Array:
    """Return the root mean square error of each unpenalised coefficient, over the Cramér-Rao bound.

    Six numbers of five values each, a knot on every value, so that the model is true and the bound is exact.
    """
    draw = np.random.default_rng(0)
    metrics, steps = 6, 4
    true = np.concatenate([[1.6], draw.uniform(-0.6, 0.6, metrics * steps)])
    plans = [MetricPlan(f"m{at}", "free") for at in range(metrics)]
    squares, bound = np.zeros(len(true)), np.zeros(len(true))
    for _ in range(tables):
        common = draw.standard_normal((rows, 1))
        latent = np.sqrt(0.3) * common + np.sqrt(0.7) * draw.standard_normal((rows, metrics))
        values = np.clip(np.round(latent), -2, 2)
        table = read_table({plan.name: values[:, at] for at, plan in enumerate(plans)}, plans)
        sample = Sample(table, np.zeros(rows), np.ones(rows), np.arange(rows))
        basis = basis_of(table, np.arange(rows) % 2.0, sample.weight, plans, 8)
        chances = expit(
            Objective(basis.encode(table), sample.retained, sample.weight, no_penalty(len(true))).log_odds(true)
        )
        drawn = replace(sample, retained=(draw.random(rows) < chances).astype(np.float64))
        fitted = fit(drawn, plans, Candidate(8, 0.0))
        information = objective_of(drawn, fitted.basis, fitted.candidate).information(true)
        squares += (fitted.solution.beta - true) ** 2
        bound += np.diag(np.linalg.inv(information))
    return np.sqrt(squares / bound)


def _intervals(learned: Learned, names: Sequence[str]) -> tuple[Array, Array]:
    """Return low and high of each contrast, and of each weight (NaN where there is none): 2 × metrics."""
    ends: dict[str, tuple[float, float]] = {}
    shares: dict[str, tuple[float, float]] = {}
    for left in learned.choice.left:
        if left.contrast is not None:
            ends[left.metric] = left.contrast.low, left.contrast.high
    for term in learned.inference.terms:
        ends[term.metric] = term.contrast_low, term.contrast_high
        if term.low is not None and term.high is not None:
            shares[term.metric] = term.low, term.high
    none = (np.nan, np.nan)
    return np.array([ends.get(name, none) for name in names]).T, np.array([shares.get(name, none) for name in names]).T


def _within(ends: Array, truth: Array | float) -> Array:
    """Return 1 where the truth lies within low and high, 0 where not, or where there is no interval."""
    return ((ends[0] <= truth) & (truth <= ends[1])).astype(np.float64)


def _naive(sample: Sample, fitted: Fitted) -> Array:
    """Return the contrasts' intervals as if every row were a customer of its own."""
    apart = replace(sample, groups=np.arange(sample.table.rows))
    companion = companion_of(apart, bending(apart, fitted.basis) if fitted.candidate.ramps == 1 else fitted.basis)
    return np.array([(one.low, one.high) for one in contrasts_of(companion, signs_of(fitted))]).T


def _wrong_signs(fitted: Fitted) -> int:
    """Return how many coefficients of signed curves go against their sign."""
    signs = signs_of(fitted)
    return sum(
        int(np.count_nonzero(signs[metric.plan.name] * fitted.coefficients(at)[: metric.ramps] < 0))
        for at, metric in enumerate(fitted.basis.metrics)
        if isinstance(metric, CurveBasis) and metric.plan.name in signs
    )
