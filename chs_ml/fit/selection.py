"""What is chosen by cross-validation inside the training rows: directions, ramps, strengths, the pull of an anchor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Literal, get_args

import numpy as np

from chs_ml.errors import FitError
from chs_ml.fit.anchor.anchor import check_strength
from chs_ml.fit.anchor.pulling import pulls_of, signed_as_before, without_changed
from chs_ml.fit.directions import Freed, freed, signed
from chs_ml.fit.evidence.companion import COMPANION
from chs_ml.fit.evidence.leaving import RULES, Left
from chs_ml.fit.fitting import Candidate, Sample
from chs_ml.fit.folds import folds_of, shares_of
from chs_ml.fit.scrutiny.collinear import SharedLevel
from chs_ml.fit.scrutiny.nearly import NearSet
from chs_ml.fit.scrutiny.support import doubts_of_support, supported
from chs_ml.fit.splits.sides import Split
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.trial import Progress, Trial, Tried, silent
from chs_ml.formula import Condition
from chs_ml.formula.wishes import Wishes

CANDIDATES = (
    Candidate(1, 3.0),
    Candidate(1, 0.1),
    Candidate(8, 0.1, 10.0),
    Candidate(8, 1.0),
    Candidate(16, 0.1, 100.0),
    Candidate(16, 0.1, 10.0),
    Candidate(16, 1.0),
)
"""From the simplest to the most supple."""
BEFORE_CHOICE = Candidate(8, 1.0)
"""What directions are decided with."""
MOST_ROWS = 100_000
"""Choices are made on at most about so many rows: whole customers, drawn by their hash."""
TOO_FEW = 20
Rule = Literal["simplest", "best"]
"""``simplest``: the one-standard-error rule; ``best``: the least loss, whatever its error."""


@dataclass(frozen=True)
class Settings:
    """What the user fixes beforehand; None is chosen from the data.

    rule: which of the candidates is taken. anchor: the pull towards the sample's anchor. splits: at most so many are
    searched for; by_hand: those that are fixed instead; never: metrics that take no part in one; said: where that was
    written. wishes: for weights, held in the fit that is shipped; choices are made without them.
    """

    ramps: int | None = None
    size: float | None = None
    bend: float | None = None
    folds: int = 5
    seed: int = 0
    evidence: str = "usual"
    keep: tuple[str, ...] = ()
    rule: Rule = "simplest"
    anchor: float | None = None
    splits: int = 3
    by_hand: tuple[tuple[str, Condition], ...] = ()
    never: tuple[str, ...] = ()
    said: str = "splits"
    wishes: Wishes = field(default_factory=Wishes)

    def __post_init__(self) -> None:
        """Refuse what is not a number, or out of its range; FitError names all of it."""
        wanted = (
            ("ramps", self.ramps, 1, Integral),
            ("size", self.size, 0, Real),
            ("bend", self.bend, 0, Real),
            ("folds", self.folds, 2, Integral),
            ("splits", self.splits, 0, Integral),
        )
        if self.anchor is not None:
            check_strength(self.anchor)
        problems = [
            f"{name}: {value!r} is not {'a whole' if kind is Integral else 'a'} number of {low} or more."
            for name, value, low, kind in wanted
            if value is not None and not _is_number(value, low, kind)
        ]
        if self.rule not in get_args(Rule):
            problems.append(f"rule: {self.rule!r} is none of {', '.join(get_args(Rule))}.")
        if self.evidence not in RULES:
            problems.append(f"evidence: {self.evidence!r} is none of {', '.join(RULES)}.")
        if problems:
            raise FitError(*problems)

    def candidates(self) -> tuple[Candidate, ...]:
        """Return what cross-validation has to choose among."""
        known = [c for c in CANDIDATES if self.ramps is None or (c.ramps == 1) == (self.ramps == 1)]
        ramps = [c.ramps if self.ramps is None else self.ramps for c in known]
        fixed = [
            Candidate(r, self._size(c), self._bend(c) if r > 1 else 0.0, self.anchor or 0.0)
            for r, c in zip(ramps, known, strict=True)
        ]
        return tuple(dict.fromkeys(fixed))

    def _size(self, candidate: Candidate) -> float:
        return candidate.size if self.size is None else self.size

    def _bend(self, candidate: Candidate) -> float:
        """Return the bend that is fixed; where only the size is, none."""
        if self.bend is not None:
            return self.bend
        return candidate.bend if self.size is None else 0.0


def _is_number(value: Any, low: int, kind: Any) -> bool:
    return isinstance(value, kind) and bool(low <= value < np.inf)


@dataclass(frozen=True)
class Choice:
    """What was chosen, and from what: ``tried`` are ramps and strengths, ``pulls`` the strengths of the anchor.

    plans: of the metrics that stay, with their directions. declared: those whose direction was not the data's to
    choose. left: the metrics without a term. shared: levels that another metric carries.
    near: metrics that others nearly tell.
    held_back: why some candidates did not come into question. rows: that choices were made on; 0: too few to choose.
    missed: metrics that had no evidence and stay all the same, since customers left out were judged worse without them.
    splits: those that were made; refused: those that were tried, and did not stand.
    wishes: those that the fit is held to.
    """

    plans: tuple[MetricPlan, ...]
    candidate: Candidate
    tried: tuple[Tried, ...] = ()
    freed: tuple[Freed, ...] = ()
    rows: int = 0
    pulls: tuple[Tried, ...] = ()
    declared: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()
    shared: tuple[SharedLevel, ...] = ()
    near: tuple[NearSet, ...] = ()
    held_back: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    splits: tuple[Split, ...] = ()
    refused: tuple[Split, ...] = ()
    wishes: Wishes = field(default_factory=Wishes)


def choose(sample: Sample, plans: Sequence[MetricPlan], settings: Settings, progress: Progress = silent) -> Choice:
    """Return directions, ramps and strengths, each by the log-loss of customers left out.

    The simplest candidate is taken that is not worse than the best by more than a standard error of the difference
    (unless ``rule`` asks for the best). Then metrics that have changed are let go by the anchor, and the strongest
    pull is taken of which the same holds.
    Candidates with more coefficients than the events carry are left out; with fewer than twenty churned or retained
    rows nothing is chosen: straight curves held at size 1.
    """
    whole, sample = sample, _thinned(sample, settings.seed)
    auto = [plan.direction == "auto" for plan in plans]
    starting = signed(sample, plans, min(settings.ramps or COMPANION.ramps, COMPANION.ramps))
    stayed = float(sample.weight @ sample.retained)
    if min(stayed, float(sample.weight.sum()) - stayed) < TOO_FEW:
        return Choice(starting, _pulls(whole, _held(settings), settings)[0], wishes=settings.wishes)
    trial = trial_of(sample, settings)
    wanted = settings.candidates()
    candidates = supported(wanted, whole, starting) if settings.ramps is None else wanted
    held_back = doubts_of_support(wanted, whole, starting) if len(candidates) < len(wanted) else ()
    finest = max(candidate.ramps for candidate in candidates)
    before = Candidate(min(finest, BEFORE_CHOICE.ramps), BEFORE_CHOICE.size)
    decided, tried_free = (starting, ()) if before.ramps == 1 else freed(trial, starting, auto, before, progress)
    tried = trial.compared(decided, candidates, "choosing ramps and strength", progress)
    pulling = _pulls(whole, taken(candidates, tried, settings.rule), settings)
    decided = without_changed(sample, decided) if len(pulling) > 1 else decided
    decided = signed_as_before(sample.anchor, decided, auto)
    pulls = trial.compared(decided, pulling, "choosing the pull towards the anchor", progress)
    return Choice(
        plans=decided,
        candidate=taken(pulling, pulls),
        tried=tried,
        freed=tried_free,
        rows=sample.table.rows,
        pulls=pulls,
        wishes=settings.wishes,
        held_back=held_back,
    )


def taken(candidates: Sequence[Candidate], tried: Sequence[Tried], rule: Rule = "simplest") -> Candidate:
    """Return the first candidate that is as good as the best, or the best itself; the only one where none was tried."""
    if rule == "best":
        return min(tried, key=lambda one: one.behind).candidate if tried else candidates[0]
    return next((one.candidate for one in tried if one.as_good), candidates[0])


def _held(settings: Settings) -> Candidate:
    """Return what is taken where the data are too few to choose."""
    ramps, size = settings.ramps or 1, 1.0 if settings.size is None else settings.size
    return Candidate(ramps, size, (settings.bend or 0.0) if ramps > 1 else 0.0, settings.anchor or 0.0)


def _pulls(sample: Sample, candidate: Candidate, settings: Settings) -> tuple[Candidate, ...]:
    return pulls_of(sample, candidate) if settings.anchor is None else (candidate,)


def trial_of(sample: Sample, settings: Settings) -> Trial:
    """Return the cross-validation that choices are made by: whole customers, at most about so many rows."""
    rows = _thinned(sample, settings.seed)
    return Trial(rows, folds_of(rows.groups, settings.seed, settings.folds), settings.folds)


def _thinned(sample: Sample, seed: int) -> Sample:
    rows = sample.table.rows
    if rows <= MOST_ROWS:
        return sample
    return sample.take(np.flatnonzero(shares_of(sample.groups, seed, "thinning") < MOST_ROWS / rows))
