"""Splits, one after the other, as long as customers left out are better served by one more.

The likeliest pair of a metric and a condition is tried first. It is kept only where cross-validation by customer, on
all training rows, improves by two standard errors, and where chance would set both sides so far apart in less than one
search in a hundred, every pair that was asked counted (Bonferroni; errors by customer).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from chs_ml.fit.evidence.companion import COMPANION, companion_of
from chs_ml.fit.fitting import Candidate, Sample, basis_for
from chs_ml.fit.lowering import weights_in
from chs_ml.fit.scrutiny.support import carries
from chs_ml.fit.splits.apart import apart
from chs_ml.fit.splits.cuts import Cuts, cuts_of
from chs_ml.fit.splits.left_out import Judged
from chs_ml.fit.splits.search import Pair, Search
from chs_ml.fit.splits.sides import Origin, Split, in_two, unsplit
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.trial import Progress, Trial, silent
from chs_ml.formula import Condition

TRIES = 3
"""Metrics that are tried before a round ends without a split."""
BAR: dict[Origin, float] = {"found": 2.0, "anchor": -1.0}
"""The gain has to be more than so many standard errors; what the anchor has stays unless it costs one."""
CHANCE = 0.01
"""All pairs counted, chance may set sides so far apart this rarely: the cut is moved to where it parts best besides."""
LIKELY = 0.5
"""A pair that chance would show in every other search is not tried."""
MOST_ASKED = 100
"""Of more metrics than these, those of most weight take part: there are as many pairs as the square of it."""
GOLDEN = 0.6180339887498949
SCREENED = 50_000
"""Rows that pairs are looked for in, and sides are told apart by; whether customers left out gain, all rows say."""


@dataclass(frozen=True)
class Wanted:
    """What may be split. most: so many. never: metrics that take no part. by_hand: pairs that the spec fixes.

    before: pairs of the anchor, which stay unless customers left out are worse off for it. auto: metrics whose
    direction is the data's to choose, so that it may differ between the sides.
    """

    most: int = 3
    never: Collection[str] = ()
    by_hand: Sequence[tuple[str, Condition]] = ()
    before: Sequence[tuple[str, Condition]] = ()
    auto: Collection[str] = ()


@dataclass(frozen=True)
class Grown:
    """Plans with the sides of every split that is kept; refused: those that were tried and did not stand."""

    plans: tuple[MetricPlan, ...]
    splits: tuple[Split, ...] = ()
    refused: tuple[Split, ...] = ()


def grown(
    trial: Trial, plans: Sequence[MetricPlan], candidate: Candidate, wanted: Wanted, progress: Progress = silent
) -> Grown:
    """Return the plans with their splits. trial: all training rows with all metrics, and folds of them."""
    whole = tuple(plans)
    growing = _Growing(trial, candidate, wanted, Grown(whole), Judged(trial, whole, candidate))
    steps = max(wanted.most, len(wanted.by_hand), 1)
    progress("looking for splits", 0, steps)
    for metric, when in wanted.by_hand:
        growing.take(metric, when, "by hand")
    for metric, when in wanted.before:
        if growing.is_free(metric, when):
            growing.take(metric, when, "anchor")
    while len(growing.found.splits) < wanted.most and growing.one_more():
        progress("looking for splits", len(growing.found.splits), steps)
    progress("looking for splits", steps, steps)
    return growing.found


@dataclass
class _Growing:
    trial: Trial
    candidate: Candidate
    wanted: Wanted
    found: Grown
    now: Judged

    def one_more(self) -> bool:
        """Look for a split, and keep the first of the likeliest that stands; return whether there was one."""
        search = Search(self._screened, self.now.fitted)
        pairs = search.pairs(*self._askable())
        return any(
            self.take(pair.metric, search.rounded(pair).when, asked=len(pairs)) for pair in _of_different_metrics(pairs)
        )

    def is_free(self, metric: str, when: Condition) -> bool:
        """Return whether the metric may still be split by this condition."""
        out = {*self.wanted.never, *(split.metric for split in self.found.splits)}
        return metric not in out and when.metric not in self.wanted.never and len(self.found.splits) < self.wanted.most

    def take(self, metric: str, when: Condition, origin: Origin = "found", *, asked: int = 1) -> bool:
        """Split the metric if that stands, as it does by hand; return whether it was split."""
        before, sample, ramps = self.now, self.trial.sample, self.candidate.ramps
        whole = next(plan for plan in before.plans if plan.name == metric)
        plans = in_two(sample, before.plans, (metric, when), ramps, auto=metric in self.wanted.auto)
        insist = origin == "by hand"
        if not insist and not carries(sample.of(plans), plans, ramps):
            return False
        after = Judged(self.trial, plans, self.candidate, before)
        beta = after.fitted.solution.beta
        far = apart(companion_of(self._screened.of(plans), after.fitted.basis, beta), metric)
        split = Split(whole, when, p=1.0 if far is None else min(far.p * asked, 1.0), asked=asked, origin=origin)
        if split.p > CHANCE and origin == "found":
            return self._refuse(split)
        gain = self.trial.mean(before.losses) - self.trial.mean(after.losses)
        error = self.trial.error(before.losses - after.losses)
        split = replace(split, gain=gain, standard_error=error)
        if not insist and gain <= BAR[origin] * error:
            return self._refuse(split)
        self.now = after
        self.found = replace(self.found, plans=plans, splits=(*self.found.splits, split))
        return True

    def _refuse(self, split: Split) -> bool:
        self.found = replace(self.found, refused=(*self.found.refused, split))
        return False

    @cached_property
    def _screened(self) -> Sample:
        """The rows that are searched: whole customers, spread evenly over all."""
        sample = self.trial.sample
        if sample.table.rows <= SCREENED:
            return sample
        place = (sample.crowd.codes * GOLDEN) % 1.0
        return sample.take(np.flatnonzero(place < SCREENED / sample.table.rows))

    @cached_property
    def _taking_part(self) -> set[str]:
        """The metrics that may be split, and that conditions may be put on."""
        weights = weights_in(self.now.fitted)
        names = dict.fromkeys(plan.name for plan in self.found.plans if plan.name not in self.wanted.never)
        heaviest = sorted(names, key=lambda name: -weights.get(name, 0.0))
        return set(heaviest[:MOST_ASKED] if len(names) > MOST_ASKED else names)

    @cached_property
    def _cuts(self) -> dict[str, Cuts]:
        """The conditions that may be put on each metric."""
        whole = [plan for plan in unsplit(self.found.plans, self.found.splits) if plan.name in self._taking_part]
        rows = self._screened.of(whole)
        cuts = cuts_of(rows, basis_for(rows, whole, COMPANION.ramps))
        return {plan.name: cut for plan, cut in zip(whole, cuts, strict=True)}

    def _askable(self) -> tuple[list[Cuts], list[int]]:
        """Return all conditions, and the positions of the metrics that may be split."""
        split = {one.metric for one in self.found.splits}
        asked = self._taking_part - split
        return [*self._cuts.values()], [at for at, plan in enumerate(self.found.plans) if plan.name in asked]


def _of_different_metrics(pairs: Sequence[Pair]) -> Iterator[Pair]:
    """Give the likeliest pair of each of the first few metrics."""
    first: dict[str, Pair] = {}
    for pair in pairs:
        if np.exp(pair.log_p) * len(pairs) <= LIKELY and len(first) < TRIES and pair.metric not in first:
            first[pair.metric] = pair
            yield pair
