"""Everybody in a world, instead of a sample: quasi-random rows, the average over customer effects, the intercept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, log_expit, logsumexp, ndtr, ndtri
from scipy.stats import qmc

from chs_ml.formula.columns import FloatArray
from chs_ml.history.observations import EDGE, Observations, observe
from chs_ml.history.worlds import World

FAR = 40.0
"""Log-odds beyond which nothing more happens."""
NODES = 60
LOG2_ROWS = 15


def population(world: World, log2_rows: int) -> Observations:
    """Return 2^log2_rows quasi-random rows of a world, the same ones each time."""
    gaps = [metric.name for metric in world.metrics if metric.missing is not None]
    width = 1 + len(world.metrics) + len(gaps)
    points = qmc.Sobol(width, scramble=True, rng=np.random.default_rng(0)).random_base2(log2_rows).T
    factor = ndtri(np.clip(points[0], EDGE, 1.0 - EDGE))
    own = ndtri(np.clip(points[1 : 1 + len(world.metrics)], EDGE, 1.0 - EDGE))
    places = {metric.name: place_of(world, metric.name, factor, own[at]) for at, metric in enumerate(world.metrics)}
    return observe(world, places, dict(zip(gaps, points[1 + len(world.metrics) :], strict=True)))


def place_of(world: World, name: str, factor: FloatArray, own: FloatArray) -> FloatArray:
    """Return a metric's quantile from two standard normals: the customers' common factor, and its own."""
    sign = -1.0 if world.metric(name).direction == "negative" else 1.0
    return np.asarray(ndtr(sign * np.sqrt(world.correlation) * factor + np.sqrt(1.0 - world.correlation) * own))


def intercept_of(world: World) -> float:
    """Return the intercept with which the population's churn rate is as the world asks."""
    return _intercept(population_of(world))


def marginal(effect: float) -> Callable[[FloatArray], FloatArray]:
    """Return the function from log-odds to P(retained), averaged over customers with a normal effect of this sd.

    Gauss-Hermite on a grid of log-odds, and linear between its points in the log-odds of the average: exact to 1e-6.
    """
    if effect == 0.0:
        return expit
    grid, averaged = _averaged(effect)
    return lambda log_odds: np.asarray(expit(np.interp(log_odds, grid, averaged)))


@lru_cache(maxsize=16)
def _averaged(effect: float) -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.hermite.hermgauss(NODES)
    grid = np.linspace(-FAR, FAR, 8001)
    at = grid[:, None] + np.sqrt(2.0) * effect * nodes
    logs = np.log(weights / np.sqrt(np.pi))
    return grid, np.asarray(logsumexp(log_expit(at) + logs, axis=1) - logsumexp(log_expit(-at) + logs, axis=1))


def population_of(world: World) -> World:
    """Return the world without what the population does not depend on, so that one answer serves every panel."""
    return replace(world, customers=1, persistence=0.0, seed=0, cutoffs=max(1, len(world.drift)))


@lru_cache(maxsize=256)
def _intercept(world: World) -> float:
    everyone, average = population(world, LOG2_ROWS), marginal(world.effect)
    log_odds = [everyone.log_odds(world.shift(cutoff)) for cutoff in range(world.cutoffs)]

    def too_many_stay(intercept: float) -> float:
        return float(np.mean([average(intercept + part).mean() for part in log_odds])) - (1.0 - world.churn)

    return float(brentq(too_many_stay, -FAR, FAR, xtol=1e-10))
