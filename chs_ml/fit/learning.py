"""Learning in two verbs: choose by cross-validation, let go what has no evidence, fit; refitting keeps every choice.

What a fit says of itself (which metrics left, how sure the others are) comes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chs_ml.errors import FitError
from chs_ml.fit.basis import CurveBasis
from chs_ml.fit.evidence.companion import Companion, bending, companion_of
from chs_ml.fit.evidence.contrasts import contrasts_of, signs_of
from chs_ml.fit.evidence.inference import Inference, Known, inference_of
from chs_ml.fit.evidence.leaving import RULES, Left, without_evidence
from chs_ml.fit.evidence.missed import missed
from chs_ml.fit.fitting import Fitted, Sample
from chs_ml.fit.lowering import weights_in
from chs_ml.fit.scrutiny.collinear import carried_once, same_information, shared_levels
from chs_ml.fit.scrutiny.doubts import doubts_of
from chs_ml.fit.scrutiny.leaks import Separation, separations
from chs_ml.fit.scrutiny.nearly import near_sets
from chs_ml.fit.selection import Choice, Settings, choose, trial_of
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.trial import Progress, silent
from chs_ml.fit.wishes.pins import fit_pinned

FEW = 3
"""So many metrics may know the outcome together; where it takes more, there are too few customers for so many."""


@dataclass(frozen=True)
class Learned:
    """A fit, the choices that it rests on, how sure each of its weights is, and what gives cause for doubt."""

    fitted: Fitted
    choice: Choice
    inference: Inference
    doubts: tuple[str, ...] = ()


def learn(
    sample: Sample, plans: Sequence[MetricPlan], settings: Settings | None = None, progress: Progress = silent
) -> Learned:
    """Choose directions, ramps, strengths and the metrics that stay, inside these rows, and fit.

    FitError for no rows, one class, or nothing that varies.
    """
    _check(sample)
    settings = settings or Settings()
    wanted = [plan for plan in plans if not settings.wishes.excluded(plan.name)]
    left = tuple(Left(plan.name, "no weight") for plan in plans if plan not in wanted)
    alike = same_information(sample.of(wanted), wanted, {*settings.keep, *settings.wishes.metrics})
    left += tuple(Left(same.metric, "same information", together_with=same.as_) for same in alike)
    apart = [plan for plan in plans if plan.name not in {one.metric for one in left}]
    shared = shared_levels(sample.of(apart), apart)
    once = carried_once(apart, shared)
    choice = choose(sample.of(apart), once, settings, progress)
    declared = tuple(plan.name for plan in plans if plan.direction != "auto")
    near = near_sets(sample.of(apart), once)
    choice = replace(choice, declared=declared, left=left, shared=shared, near=near)
    return _with_evidence(sample, choice, settings, progress)


def refit(sample: Sample, choice: Choice) -> Learned:
    """Fit other rows with every choice frozen."""
    _check(sample)
    fitted = _fit(sample, choice)
    separated = separations(sample.of(choice.plans), fitted.basis)
    return _learned(sample, fitted, _companion(sample, fitted), choice, separated)


def _with_evidence(sample: Sample, choice: Choice, settings: Settings, progress: Progress) -> Learned:
    """Fit, and let go what has no weight or no evidence, until everything that is left has both.

    What has no weight goes first: beside a metric that the formula cannot use, one that it could use has no evidence.
    """
    metrics, rule, everybody = len(choice.plans), RULES[settings.evidence], choice.plans
    fitted = _fit(sample, choice)
    separated = separations(sample.of(choice.plans), fitted.basis)
    flagged = [one for one in separated if len(one.metrics) <= FEW]  # their errors have no end: evidence says nothing
    keep = {*settings.keep, *(name for one in flagged for name in one.metrics)}
    while True:
        progress("looking at the evidence", metrics - len(choice.plans), metrics)
        companion = _companion(sample, fitted)
        going = _weightless(companion, fitted)
        if not going:
            going = without_evidence(companion, signs_of(fitted), rule, keep, choice.declared)
            going = _allowed(going, choice)
        if not going or len(going) == len(choice.plans):
            progress("looking at the evidence", metrics, metrics)
            break
        choice = _without(choice, going)
        fitted = _fit(sample, choice)
    choice, before = _with_missed(sample, choice, everybody, settings, progress), choice
    while choice is not before:
        fitted, before = _fit(sample, choice), choice
        companion = _companion(sample, fitted)
        going = _weightless(companion, fitted)
        choice = _without(choice, going) if going else choice
    return _learned(sample, fitted, companion, choice, separated)


def _without(choice: Choice, going: tuple[Left, ...]) -> Choice:
    gone = {left.metric for left in going}
    return replace(choice, plans=tuple(p for p in choice.plans if p.name not in gone), left=choice.left + going)


def _with_missed(
    sample: Sample, choice: Choice, everybody: Sequence[MetricPlan], settings: Settings, progress: Progress
) -> Choice:
    """Let those come back that customers left out miss."""
    left = [one.metric for one in choice.left if one.why == "no evidence"]
    if settings.evidence != "usual" or not left or not choice.tried:
        return choice
    stay = {plan.name for plan in choice.plans} | set(left)
    plans = [plan for plan in everybody if plan.name in stay]
    back = missed(trial_of(sample, settings), plans, left, choice.candidate, progress)
    if not back:
        return choice
    stay -= set(left) - set(back)
    return replace(
        choice,
        plans=tuple(plan for plan in plans if plan.name in stay),
        left=tuple(one for one in choice.left if one.metric not in back),
        missed=back,
    )


def _learned(
    sample: Sample, fitted: Fitted, companion: Companion, choice: Choice, separated: Sequence[Separation]
) -> Learned:
    weights, bending = weights_in(fitted), _bending(sample, fitted, companion)
    contrasts = [one for one in contrasts_of(bending, signs_of(fitted)) if weights[one.metric] > 0.0]
    inference = inference_of(bending, contrasts, weights, _known_of(choice, separated))
    return Learned(fitted, choice, inference, doubts_of(sample.of(choice.plans), fitted, choice, separated))


def _fit(sample: Sample, choice: Choice) -> Fitted:
    return fit_pinned(sample.of(choice.plans), choice.plans, choice.candidate, choice.wishes)


def _allowed(going: tuple[Left, ...], choice: Choice) -> tuple[Left, ...]:
    """Return those that no wish holds back."""
    free = choice.wishes.may_leave([left.metric for left in going], [plan.name for plan in choice.plans])
    return tuple(left for left in going if left.metric in free)


def _companion(sample: Sample, fitted: Fitted) -> Companion:
    """Return the companion that says who leaves: of the fit's own knots, earlier quarters counting as evidence."""
    rows = sample.of([metric.plan for metric in fitted.basis.metrics])
    return companion_of(rows, fitted.basis, fitted.solution.beta, anchor=fitted.candidate.anchor)


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


def _weightless(companion: Companion, fitted: Fitted) -> tuple[Left, ...]:
    """Return the metrics to which the fit gave no weight: against their direction, or with too few rows to learn."""
    weights = weights_in(fitted)
    contrasts = contrasts_of(companion, signs_of(fitted))
    learnable = [not isinstance(metric, CurveBasis) or metric.learnable for metric in fitted.basis.metrics]
    return tuple(
        Left(contrast.metric, "no weight", contrast if known else None)
        for contrast, known in zip(contrasts, learnable, strict=True)
        if weights[contrast.metric] == 0.0
    )


def _known_of(choice: Choice, separated: Sequence[Separation]) -> dict[str, Known]:
    """Return what is known of each metric beside its contrast."""
    kinds = {name: one.kind for one in separated for name in one.metrics}
    return {
        plan.name: Known(
            declared=plan.name in choice.declared,
            alike=tuple(left.metric for left in choice.left if plan.name in left.together_with),
            separates=kinds.get(plan.name),
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
