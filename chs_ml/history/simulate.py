"""Panels drawn from a world: the same world and seed give the same panel, whatever else was drawn before."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from chs_ml.errors import DataError
from chs_ml.formula.columns import FloatArray, TextArray
from chs_ml.history.observations import Observations, observe
from chs_ml.history.panel import Panel
from chs_ml.history.population import intercept_of, place_of
from chs_ml.history.truth import Truth, truth_of
from chs_ml.history.worlds import World

FIRST_CUTOFF = np.datetime64("2024-03", "M")
"""Cutoffs are the last days of quarters, from this month on."""


@dataclass(frozen=True, eq=False)
class SimulatedPanel:
    """A panel with what nobody sees in life. log_odds: true log-odds of being retained, effect included, per row.

    effect: the customer's own part of them, per row.
    """

    panel: Panel
    world: World
    log_odds: FloatArray
    effect: FloatArray

    @property
    def truth(self) -> Truth:
        """The population-averaged truth of the world."""
        return truth_of(self.world)


def simulate(world: World, seed: int | None = None) -> SimulatedPanel:
    """Return a panel of ``world.customers`` × ``world.cutoffs`` rows; seed: 0 or more, by default the world's own.

    Every metric, the effects and the outcomes have a stream of chance of their own, named after them: a metric more, or
    another order, leaves the other columns as they were.
    """
    chance = _Chance(world, world.seed if seed is None else seed)
    rows = _observed(world, chance)
    effect = world.effect * np.repeat(chance.stream("effect").standard_normal(world.customers), world.cutoffs)
    log_odds = intercept_of(world) + effect + _log_odds(world, rows)
    churned = chance.stream("outcome").random(len(log_odds)) < expit(-log_odds)
    return SimulatedPanel(_panel(world, rows, churned.astype(np.float64)), world, log_odds, effect)


@dataclass(frozen=True)
class _Chance:
    """All that is random about a panel, one stream of numbers a purpose; rows by customer, then cutoff."""

    world: World
    seed: int

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise DataError(f"seed {self.seed} is below 0; give a whole number from 0 on")

    def stream(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(purpose.encode())])

    def normals(self, purpose: str) -> FloatArray:
        """Return a standard normal per row that a customer partly keeps from cutoff to cutoff."""
        stream, kept = self.stream(purpose), self.world.persistence
        customers = stream.standard_normal(self.world.customers)
        rows = stream.standard_normal((self.world.customers, self.world.cutoffs))
        return np.ravel(np.sqrt(kept) * customers[:, None] + np.sqrt(1.0 - kept) * rows)

    def uniforms(self, purpose: str) -> FloatArray:
        """Return a number in 0..1 per row."""
        return self.stream(purpose).random(self.world.customers * self.world.cutoffs)


def _observed(world: World, chance: _Chance) -> Observations:
    factor = chance.normals("factor")
    names = [metric.name for metric in world.metrics]
    places = {name: place_of(world, name, factor, chance.normals(f"metric {name}")) for name in names}
    gaps = [metric.name for metric in world.metrics if metric.missing is not None]
    return observe(world, places, {name: chance.uniforms(f"missing {name}") for name in gaps})


def _log_odds(world: World, rows: Observations) -> FloatArray:
    """Return each row's log-odds at its own cutoff."""
    if not world.drift:
        return rows.log_odds(world.shift(0))
    every = np.column_stack([rows.log_odds(world.shift(cutoff)) for cutoff in range(world.cutoffs)])
    return every[np.arange(len(every)), np.tile(np.arange(world.cutoffs), world.customers)]


def _panel(world: World, rows: Observations, churned: FloatArray) -> Panel:
    metrics = pd.DataFrame({name: _series(column) for name, column in rows.seen.items()})
    return Panel(
        customer=np.repeat(_ids(world.customers), world.cutoffs),
        cutoff=None if world.cutoffs == 1 else np.tile(cutoff_dates(world.cutoffs), world.customers),
        metrics=metrics,
        audit=pd.DataFrame(index=metrics.index),
        churned=churned,
        current=None,
        sources=(),
        notes=(),
    )


def cutoff_dates(cutoffs: int) -> NDArray[np.datetime64]:
    """Return the last days of so many quarters, datetime64[D]."""
    months = FIRST_CUTOFF + 3 * np.arange(cutoffs)
    return (months + 1).astype("datetime64[D]") - 1


def _ids(customers: int) -> TextArray:
    """Return ids whose alphabetic order is their order."""
    digits = max(6, len(str(customers)))
    return np.array([f"c{at:0{digits}d}" for at in range(1, customers + 1)], dtype=object)


def _series(column: Any) -> pd.Series:
    return pd.Series(column, dtype="str" if column.dtype == object else np.float64)
