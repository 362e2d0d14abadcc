"""A fit under wishes: min ≤ w_j ≤ max for metrics, and for pillars, held exactly.

w_j = R_j / ΣR, so a wish is R_j - min · ΣR ≥ 0: linear in the coefficients once it is fixed where each term's
contribution is largest and smallest. That is taken from the fit without wishes, and taken anew where the solution lies
on the edge of it. Each such problem is convex, and its solution carries the same certificate as a plain fit's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_solve

from chs_ml.errors import FitError
from chs_ml.fit.basis import Basis
from chs_ml.fit.fitting import Candidate, Fitted, Sample, basis_for, fit, objective_of
from chs_ml.fit.objective import Objective
from chs_ml.fit.quadratic import factored
from chs_ml.fit.solver import TOLERANCE, Bounds, Solution, minimise, one_thread
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.wishes.cone import Cone
from chs_ml.fit.wishes.extents import Extent, extents_of, learnable, places_of, tied, weights_at
from chs_ml.formula.columns import FloatArray
from chs_ml.formula.terms import Origin
from chs_ml.formula.wishes import Wish, Wishes

ROUNDS = 4
"""So often it is taken anew where terms are largest and smallest."""
GAIN = 1e-12
"""A new place has to lower the objective by so much of itself."""
TRIES = 3
"""Other places for the two ends of a term that a wish raises, of those that the quadratic model likes best."""
TINY = 1e-300
HALVINGS = 12
"""Steps of the search for the nearest wish that can be met."""

Extents = tuple[Extent, ...]


def fit_pinned(
    sample: Sample,
    plans: Sequence[MetricPlan],
    candidate: Candidate,
    wishes: Wishes,
    *,
    tolerance: float = TOLERANCE,
) -> Fitted:
    """Return the fit of one candidate under the wishes for its metrics; without wishes the plain fit.

    A metric with max: 0 is held at nothing, and gets no term. FitError names wishes that cannot be met, and the nearest
    that can. What is pinned says so in ``Fitted.origins``: a term with a wish of its own, and one whose pillar's wish
    binds.
    """
    free = fit(sample, plans, candidate, tolerance=tolerance)
    wishes = _for_these(wishes, plans)
    if not wishes:
        return free
    basis = basis_for(sample, plans, candidate.ramps)
    problems = wishes.conflicts(list(dict.fromkeys(m.plan.name for m in basis.metrics if learnable(m))))
    if problems:
        raise FitError(*problems)
    solution = free.solution
    weights = weights_at(basis, solution.beta)
    if any(weights.values()) and not _met(wishes, weights):  # where nothing has a weight, no wish finds one
        pinned = _Pinned(basis, objective_of(sample, basis, candidate), wishes, tolerance)
        with one_thread():
            solution = pinned.solution(free.solution.beta)
        if not _met(wishes, weights_at(basis, solution.beta)):
            raise FitError(_unmeetable(pinned, free.solution.beta))
    origins = origins_of(wishes, weights_at(basis, solution.beta))
    return Fitted(basis.settled(solution.beta), solution, candidate, origins)


def origins_of(wishes: Wishes, weights: Mapping[str, float]) -> dict[str, Origin]:
    """Return who pinned which of these weights: whoever wished it, else who wished for a pillar that is at a bound."""
    found = {metric: wish.origin for metric, wish in wishes.metrics.items()}
    for pillar, wish in wishes.pillars.items():
        members = wishes.members(pillar, weights)
        if wish.binds(sum(weights[metric] for metric in members)):
            found = {**dict.fromkeys(members, wish.origin), **found}
    return found


@dataclass(frozen=True)
class _Pinned:
    """The problem: what is minimised, over which basis, under which wishes."""

    basis: Basis
    objective: Objective
    wishes: Wishes
    tolerance: float

    def solution(self, beta: FloatArray) -> Solution:
        """Return the minimum under the wishes, terms being largest and smallest where they are at β, or better."""
        extents = extents_of(self.basis, beta, -self._gradient(beta))
        extents, best = self._elsewhere(extents, self._within(extents, None), beta)
        for _ in range(ROUNDS):
            if not tied(extents, self.basis, best.beta):
                break
            extents = extents_of(self.basis, best.beta, -self._gradient(best.beta))
            found = self._within(extents, best.beta)
            if not _lower(found, best):
                break
            best = found
        return best

    def _elsewhere(self, extents: Extents, best: Solution, free: FloatArray) -> tuple[Extents, Solution]:
        """Try the likeliest other places for the ends of the terms that a wish raises: a rare level may cost less.

        free: where the quadratic model stands that says how likely.
        """
        factor = factored(self.objective.hessian(free))
        for at in self._raised(weights_at(self.basis, best.beta)):
            trials = [(*extents[:at], place, *extents[at + 1 :]) for place in places_of(self.basis.metrics[at])]
            likely = sorted(trials, key=lambda one: self._strain(one, free, factor))[:TRIES]
            for trial in likely if len(trials) > 1 else ():
                if trial[at].ends == extents[at].ends:
                    continue
                found = self._within(trial, None)
                extents, best = (trial, found) if _lower(found, best) else (extents, best)
        return extents, best

    def _raised(self, weights: Mapping[str, float]) -> list[int]:
        """Return which metrics a wish holds up, by itself or as members of a pillar."""
        up = {name for name, wish in self.wishes.metrics.items() if wish.raises(weights.get(name, 0.0))}
        for pillar, wish in self.wishes.pillars.items():
            members = self.wishes.members(pillar, weights)
            up |= {*members} if wish.raises(sum(weights[name] for name in members)) else set()
        return [at for at, metric in enumerate(self.basis.metrics) if metric.plan.name in up]

    def _strain(self, extents: Extents, free: FloatArray, factor: tuple[FloatArray, bool]) -> float:
        """Return what the quadratic model at the free fit says the wishes cost with these ends, each by itself."""
        rows = np.array(list(self._pins(self._ranges(extents))))
        reach = np.einsum("ij,ji->i", rows, cho_solve(factor, rows.T))
        short = np.minimum(rows @ free, 0.0)
        return float(np.sum(short**2 / np.maximum(reach, TINY)))

    def _within(self, extents: Extents, start: FloatArray | None) -> Solution:
        bounds = self._bounds()
        rows = [self._whole(at, hold) for at, extent in enumerate(extents) for hold in extent.holds]
        rows += [row for row in self._pins(self._ranges(extents)) if np.abs(row).max() > 0.0]
        lengths = np.linalg.norm(rows, axis=1)
        cone = Cone(bounds.lower, bounds.upper, np.array(rows) / lengths[:, None])
        return minimise(self.objective, cone, start=start, tolerance=self.tolerance)

    def _ranges(self, extents: Extents) -> FloatArray:
        """Return the ranges as rows, metrics × columns."""
        return np.array([self._whole(at, extent.range) for at, extent in enumerate(extents)])

    def _pins(self, ranges: FloatArray) -> Iterator[FloatArray]:
        """Give a row for each end of each wish. ranges: metrics × columns."""
        names, total = [metric.plan.name for metric in self.basis.metrics], ranges.sum(axis=0)
        groups = [([metric], wish) for metric, wish in self.wishes.metrics.items()]
        groups += [(self.wishes.members(pillar, names), wish) for pillar, wish in self.wishes.pillars.items()]
        for members, wish in groups:
            part = ranges[[name in members for name in names]].sum(axis=0)
            if wish.least > 0.0:
                yield part - wish.least * total
            if wish.most < 1.0:
                yield wish.most * total - part

    def _bounds(self) -> Bounds:
        """Return the bounds, with what is to have no weight held at nothing."""
        lower, upper = self.basis.bounds()
        for at, metric in enumerate(self.basis.metrics):
            if self.wishes.excluded(metric.plan.name):
                lower[self.basis.layout.columns_of(at)] = upper[self.basis.layout.columns_of(at)] = 0.0
        return Bounds(lower, upper)

    def _whole(self, at: int, row: FloatArray) -> FloatArray:
        whole = np.zeros(self.basis.layout.columns)
        whole[self.basis.layout.columns_of(at)] = row
        return whole

    def _gradient(self, beta: FloatArray) -> FloatArray:
        return self.objective.value_and_gradient(beta)[1]


def _lower(found: Solution, best: Solution) -> bool:
    return found.objective < best.objective - GAIN * abs(best.objective)


def _for_these(wishes: Wishes, plans: Sequence[MetricPlan]) -> Wishes:
    """Return the wishes without those that metrics which are not there fulfil anyway."""
    names = [plan.name for plan in plans]
    metrics = {name: wish for name, wish in wishes.metrics.items() if name in names or wish.least > 0.0}
    return replace(wishes, metrics=metrics)


def _met(wishes: Wishes, weights: Mapping[str, float]) -> bool:
    """Return whether there are weights, all as wished."""
    return any(weights.values()) and all(wish.allows(weight) for wish, weight in _wished(wishes, weights))


def _wished(wishes: Wishes, weights: Mapping[str, float]) -> Iterator[tuple[Wish, float]]:
    """Give each wish with the weight that it is about."""
    for metric, wish in wishes.metrics.items():
        yield wish, weights.get(metric, 0.0)
    for pillar, wish in wishes.pillars.items():
        yield wish, sum(weights[metric] for metric in wishes.members(pillar, weights))


def _unmeetable(pinned: _Pinned, beta: FloatArray) -> str:
    """Return the refusal of wishes that leave no formula, with the nearest on the way to them that leaves one.

    beta: of the fit without wishes, where that way begins.
    """
    weights, near, far = weights_at(pinned.basis, beta), 0.0, 1.0
    for _ in range(HALVINGS):
        middle = 0.5 * (near + far)
        eased = replace(pinned, wishes=pinned.wishes.part_way(weights, middle))
        there = weights_at(pinned.basis, eased.solution(beta).beta)
        near, far = (middle, far) if _met(eased.wishes, there) else (near, middle)
    return (
        f"weights: {pinned.wishes} cannot be met: the data speak so much against it that no formula is left. "
        f"The nearest that can be met: {pinned.wishes.part_way(weights, near)}."
    )
