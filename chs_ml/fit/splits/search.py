"""The search: a score test of a conditional curve, for every metric and every condition on another.

Where a condition holds and where it does not, the metric may have a curve of its own. Tested is whether the two differ:
with A and B the information about the curve on either side, its mean taken away, and u, v the gradients there, the
efficient score of the difference is u - A(A + B)⁻¹(u + v), of information A(A + B)⁻¹B (Rao 1948). The level of either
side is nuisance, since the condition's own metric carries it. A ridge holds directions of which few rows tell; the
distribution of the statistic is then scaled χ² (Satterthwaite 1946). Other metrics are taken as they are: this finds
where to look, and whether a split is kept is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import chi2

from chs_ml.fit.encoded import Block
from chs_ml.fit.evidence.companion import COMPANION
from chs_ml.fit.fitting import Fitted, Sample, objective_of
from chs_ml.fit.objective import Objective
from chs_ml.fit.splits.crossing import crossed
from chs_ml.fit.splits.cuts import Cuts, finer_cuts
from chs_ml.formula import Condition
from chs_ml.formula.columns import FloatArray

RIDGE = 1e-9
NOTHING = 1e-6
"""Fewer degrees of freedom are no test."""
AS_GOOD = 1.0
"""Logarithms of p that differ by less do not tell two cuts apart."""


@dataclass(frozen=True)
class Pair:
    """A metric, by its position among the fit's, and a condition. log_p: of the score test that its sides are alike."""

    at: int
    metric: str
    when: Condition
    log_p: float


@dataclass(frozen=True)
class Search:
    """Where to look. fitted: the fit so far; sample: rows with all metrics that conditions may be put on, whole."""

    sample: Sample
    fitted: Fitted

    @cached_property
    def _objective(self) -> Objective:
        rows = self.sample.of([metric.plan for metric in self.fitted.basis.metrics])
        return objective_of(rows, self.fitted.basis, self.fitted.candidate)

    def pairs(self, cuts: Sequence[Cuts], askable: Sequence[int]) -> list[Pair]:
        """Return every pair of a metric and a condition on another, the likeliest to matter first.

        askable: positions, in the fit, of the metrics that may be split.
        """
        there = [cut for cut in cuts if cut.conditions]
        if not there or not askable:
            return []
        found: list[Pair] = []
        tables = crossed(self._objective, self.fitted.solution.beta, there, askable)
        for at, of_metric in zip(askable, tables, strict=True):
            metric = self.fitted.basis.metrics[at]
            penalty = metric.penalty(COMPANION.size, COMPANION.bend)
            for cut, table in zip(there, of_metric, strict=True):
                if cut.conditions[0].metric != metric.plan.name:
                    tested = _tested(cut, table, self._objective.encoded.layout.blocks[at], penalty)
                    named = zip(cut.conditions, tested.tolist(), strict=True)
                    found += [Pair(at, metric.plan.name, when, p) for when, p in named]
        return sorted(found, key=lambda pair: (pair.log_p, pair.metric, str(pair.when)))

    def rounded(self, pair: Pair) -> Pair:
        """Return the pair with the condition where it parts best, at the roundest of the numbers that are as good."""
        if pair.when.above is None:
            return pair
        column = next(one for one in self.sample.table.columns if one.name == pair.when.metric)
        finer = self.pairs([finer_cuts(column, self.sample)], [pair.at])
        near = [one for one in finer if one.log_p <= finer[0].log_p + AS_GOOD]
        return min(near, key=lambda one: (_digits(one.when), one.log_p), default=pair)


def _digits(condition: Condition) -> int:
    """Return how many digits a person has to read."""
    return len(f"{abs(condition.above or 0.0):.15g}".replace(".", "").strip("0"))


def _tested(cut: Cuts, table: FloatArray, block: Block, penalty: FloatArray) -> FloatArray:
    """Return the logarithm of p for each condition."""
    whole = table.sum(axis=0)
    inside = np.cumsum(table[::-1], axis=0)[::-1][1:] if cut.nested else table[:-1]
    a, u = _moments(inside, block)
    b, v = _moments(whole - inside, block)
    columns = block.columns
    ridge = RIDGE * np.eye(columns)
    share = np.linalg.solve(a + b + ridge, np.concatenate([b, (u + v)[..., None]], axis=2))
    information = a @ share[..., :columns]
    information = 0.5 * (information + np.swapaxes(information, 1, 2))
    score = u - (a @ share[..., columns:])[..., 0]
    held = np.linalg.solve(information + penalty + ridge, np.concatenate([information, score[..., None]], axis=2))
    statistic = np.einsum("ki,ki->k", score, held[..., columns])
    shrunk = held[..., :columns]
    mean = np.einsum("kii->k", shrunk)
    spread = np.einsum("kij,kji->k", shrunk, shrunk)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled, freedom = statistic * mean / spread, mean**2 / spread
    told = mean > NOTHING
    return np.where(told, chi2.logsf(np.where(told, scaled, 0.0), np.where(told, freedom, 1.0)), 0.0)


def _moments(sums: FloatArray, block: Block) -> tuple[FloatArray, FloatArray]:
    """Return information and gradient of a curve on some rows, their mean taken away. sums: conditions × slots × 5."""
    steps = block.steps
    ramps = np.zeros_like(steps) if block.ramps is None else block.ramps
    w, wf, wff, r, rf = np.moveaxis(sums, 2, 0)
    across = np.einsum("kq,qi,qj->kij", wf, steps, ramps)
    gram = np.einsum("kq,qi,qj->kij", w, steps, steps) + across + np.swapaxes(across, 1, 2)
    gram += np.einsum("kq,qi,qj->kij", wff, ramps, ramps)
    mean = w @ steps + wf @ ramps
    mass = np.maximum(w.sum(axis=1), 1e-300)
    gradient = r @ steps + rf @ ramps
    gram -= mean[:, :, None] * mean[:, None, :] / mass[:, None, None]
    return gram, gradient - mean * (r.sum(axis=1) / mass)[:, None]
