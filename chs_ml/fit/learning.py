"""Learning in two verbs: choose by cross-validation, let go what has no evidence, fit; refitting keeps every choice.

What a fit says of itself (which metrics left, how sure the others are) comes with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from chs_ml.errors import FitError
from chs_ml.fit.anchor.pulling import signed_as_before
from chs_ml.fit.evidence.companion import Companion, bending, companion_of
from chs_ml.fit.evidence.contrasts import SIGN, Signs, along, contrasts_of, signs_of
from chs_ml.fit.evidence.inference import Inference, Known, inference_of
from chs_ml.fit.evidence.leaving import Left
from chs_ml.fit.fitting import Fitted, Sample, basis_for
from chs_ml.fit.folds import folds_of
from chs_ml.fit.lowering import weights_in
from chs_ml.fit.scrutiny.collinear import Same, carried_by, carried_once, same_information, shared_levels
from chs_ml.fit.scrutiny.doubts import doubts_of
from chs_ml.fit.scrutiny.leaks import Separation, separations
from chs_ml.fit.scrutiny.nearly import near_sets
from chs_ml.fit.selection import Choice, Settings, choose
from chs_ml.fit.splits.apart import Apart, apart
from chs_ml.fit.splits.growing import Wanted, grown
from chs_ml.fit.splits.of_anchor import splits_of_anchor
from chs_ml.fit.splits.sides import Split, unsplit
from chs_ml.fit.staying import companion_that_asks, fitted_as, who_stays
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.trial import Progress, Trial, silent
from chs_ml.formula import Condition

FEW = 3
"""So many metrics may know the outcome together; where it takes more, there are too few customers for so many."""


@dataclass(frozen=True)
class Learned:
    """A fit, the choices that it rests on, how sure each of its weights is, and what gives cause for doubt.

    apart: of the metrics that are split, how far apart their sides are.
    """

    fitted: Fitted
    choice: Choice
    inference: Inference
    doubts: tuple[str, ...] = ()
    apart: Mapping[str, Apart] = field(default_factory=dict)


def learn(
    sample: Sample, plans: Sequence[MetricPlan], settings: Settings | None = None, progress: Progress = silent
) -> Learned:
    """Choose directions, ramps, strengths, splits and the metrics that stay, inside these rows, and fit.

    FitError for no rows, one class, or nothing that varies, and for splits by hand that cannot be made.
    """
    _check(sample)
    settings = settings or Settings()
    wanted = [plan for plan in plans if not settings.wishes.excluded(plan.name)]
    left = tuple(Left(plan.name, "no weight") for plan in plans if plan not in wanted)
    by_hand, on = [metric for metric, _ in settings.by_hand], _conditions(sample, wanted, settings)
    first = {*settings.keep, *settings.wishes.metrics, *by_hand}
    alike = same_information(sample.of(wanted), wanted, first, {when.metric for when in on})
    left += tuple(Left(same.metric, "same information", together_with=same.as_) for same in alike)
    apart = [plan for plan in plans if plan.name not in {one.metric for one in left}]
    _check_split(settings, alike)
    shared = shared_levels(sample.of(apart), apart)
    for when in on:
        shared = shared if when.level is None else carried_by(shared, when.metric, when.level)
    once = carried_once(apart, shared)
    choice = choose(sample.of(apart), once, settings, progress)
    declared = tuple(plan.name for plan in plans if plan.direction != "auto")
    near = near_sets(sample.of(apart), once)
    choice = replace(choice, declared=declared, left=left, shared=shared, near=near)
    choice = _with_splits(sample, choice, settings, progress)
    return _with_evidence(sample, choice, settings, progress)


def refit(sample: Sample, choice: Choice) -> Learned:
    """Fit other rows with every choice frozen."""
    _check(sample)
    fitted = fitted_as(sample, choice)
    return _learned(sample, fitted, companion_that_asks(sample, fitted), choice, _separations(sample, fitted, choice))


def without_splits(choice: Choice, splits: Sequence[Split]) -> Choice:
    """Return the same choice without these splits: what they are measured against."""
    kept = tuple(split for split in choice.splits if split not in splits)
    return replace(choice, plans=unsplit(choice.plans, splits), splits=kept)


def _conditions(sample: Sample, plans: Sequence[MetricPlan], settings: Settings) -> tuple[Condition, ...]:
    """Return the conditions of splits that are fixed, or that the anchor has: their metrics say what a side is worth.

    What others say of that too, a split parts: so it is learned there.
    """
    before = () if sample.anchor is None or settings.splits == 0 else sample.anchor.splits(plans)
    return tuple(when for _, when in (*settings.by_hand, *before))


def _check_split(settings: Settings, alike: Sequence[Same]) -> None:
    """Raise FitError where a metric that is to be split was set aside for others that say the same."""
    said = "so that it has no curve of its own to split. Split only one of them, and by another metric."
    problems = [
        f"{settings.said}: metric {one.metric!r} says the same as {' and '.join(map(repr, one.as_))}, {said}"
        for one in alike
        if one.metric in [metric for metric, _ in settings.by_hand]
    ]
    if problems:
        raise FitError(*problems)


def _with_splits(sample: Sample, choice: Choice, settings: Settings, progress: Progress) -> Choice:
    wanted = Wanted(
        most=settings.splits,
        never={*settings.never, *(one.metric for one in choice.left)},
        by_hand=settings.by_hand,
        before=() if settings.splits == 0 else splits_of_anchor(sample, choice.plans)[0],
        auto={plan.name for plan in choice.plans if plan.name not in choice.declared},
    )
    if not (wanted.most or wanted.by_hand) or (choice.rows == 0 and not wanted.by_hand):
        return choice
    trial = Trial(sample, folds_of(sample.groups, settings.seed, settings.folds), settings.folds)
    found = grown(trial, choice.plans, choice.candidate, wanted, progress)
    plans = found.plans
    if found.splits and sample.anchor is not None:
        plans = signed_as_before(sample.anchor, plans, [plan.name in wanted.auto for plan in plans])
    return replace(choice, plans=plans, splits=found.splits, refused=found.refused)


def _with_evidence(sample: Sample, choice: Choice, settings: Settings, progress: Progress) -> Learned:
    """Fit, and let go what has no weight or no evidence; then let those come back that customers left out miss."""
    fitted = fitted_as(sample, choice)
    separated = _separations(sample, fitted, choice)
    flagged = [one for one in separated if len(one.metrics) <= FEW]  # their errors have no end: evidence says nothing
    keep = {*settings.keep, *(name for one in flagged for name in one.metrics)}
    choice, fitted, companion = who_stays(sample, choice, fitted, replace(settings, keep=tuple(sorted(keep))), progress)
    return _learned(sample, fitted, companion, choice, separated)


def _separations(sample: Sample, fitted: Fitted, choice: Choice) -> tuple[Separation, ...]:
    """Return which metrics separate, each whole."""
    plans = unsplit(choice.plans, choice.splits)
    rows = sample.of(plans)
    return separations(rows, basis_for(rows, plans, fitted.candidate.ramps) if choice.splits else fitted.basis)


def _learned(
    sample: Sample, fitted: Fitted, companion: Companion, choice: Choice, separated: Sequence[Separation]
) -> Learned:
    weights, bending = weights_in(fitted), _bending(sample, fitted, companion)
    signs = signs_of(fitted)
    contrasts = [one for one in contrasts_of(bending, signs) if weights[one.metric] > 0.0]
    inference = inference_of(bending, contrasts, weights, _known_of(choice, separated, _along(bending, fitted, signs)))
    between = {split.metric: found for split in choice.splits if (found := apart(bending, split.metric))}
    doubts = doubts_of(sample.of(choice.plans), fitted, choice, separated)
    return Learned(fitted, choice, inference, doubts, between)


def _bending(sample: Sample, fitted: Fitted, companion: Companion) -> Companion:
    """Return the companion that intervals come from: these rows alone, and bending where the fit is straight.

    A straight formula was a choice, and may not be the truth. But who leaves it is asked of a straight companion: what
    has no slope is of no use to it.
    """
    straight, pulled = fitted.candidate.ramps == 1, fitted.candidate.anchor > 0.0
    if not straight and not pulled:
        return companion
    rows = sample.of([metric.plan for metric in fitted.basis.metrics])
    return companion_of(rows, bending(rows, fitted.basis) if straight else fitted.basis)


def _along(companion: Companion, fitted: Fitted, signs: Signs) -> dict[str, float]:
    """Return how far the curves with a direction go along it whose range another place sets, in standard errors."""
    return {
        metric.plan.key: SIGN[metric.plan.direction] * along(companion, at)
        for at, metric in enumerate(fitted.basis.metrics)
        if metric.plan.direction in SIGN and metric.plan.key not in signs
    }


def _known_of(choice: Choice, separated: Sequence[Separation], going: Mapping[str, float]) -> dict[str, Known]:
    """Return what is known of each metric beside its contrast. going: along its direction."""
    kinds = {name: one.kind for one in separated for name in one.metrics}
    return {
        plan.key: Known(
            declared=plan.name in choice.declared,
            alike=tuple(left.metric for left in choice.left if plan.name in left.together_with),
            separates=kinds.get(plan.name),
            along=going.get(plan.key, 0.0),
        )
        for plan in choice.plans
    }


def _check(sample: Sample) -> None:
    if not sample.table.columns or sample.table.rows == 0:
        raise FitError("no rows, or no metrics: there is nothing to learn from.")
    if not np.isfinite(sample.weight).all() or (sample.weight < 0).any():
        raise FitError("row weights must be finite and not negative.")
    if sample.one_class():
        one = "retained" if float(sample.weight @ sample.retained) > 0 else "churned"
        raise FitError(
            f"one class only: of the rows that count, all {one}. "
            "Weights are learned from customers who left and who stayed."
        )
