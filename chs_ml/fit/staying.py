"""Who stays in the formula: what has no weight or no evidence goes, and comes back where customers left out miss it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from chs_ml.fit.basis import CurveBasis, MetricBasis
from chs_ml.fit.evidence.companion import Companion, companion_of
from chs_ml.fit.evidence.contrasts import contrasts_of, signs_of
from chs_ml.fit.evidence.leaving import RULES, Left, without_evidence
from chs_ml.fit.evidence.missed import missed
from chs_ml.fit.fitting import Fitted, Sample
from chs_ml.fit.lowering import weights_in
from chs_ml.fit.selection import Choice, Settings, trial_of
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.trial import Progress
from chs_ml.fit.wishes.pins import fit_pinned


def who_stays(
    sample: Sample, choice: Choice, fitted: Fitted, settings: Settings, progress: Progress
) -> tuple[Choice, Fitted, Companion]:
    """Return who stays, the fit of those, and the companion that was asked. settings.keep: who stays in any case."""
    everybody = choice.plans
    keep = {*settings.keep, *_of_splits(choice)}

    def unproven(companion: Companion, fitted: Fitted, choice: Choice) -> tuple[Left, ...]:
        signs = signs_of(fitted)
        return _allowed(without_evidence(companion, signs, RULES[settings.evidence], keep, choice.declared), choice)

    progress("looking at the evidence", 0, 1)
    choice, fitted, companion = _settled(sample, choice, fitted, unproven)
    progress("looking at the evidence", 1, 1)
    fuller = _with_missed(sample, choice, everybody, settings, progress)
    if fuller is not choice:
        choice, fitted, companion = _settled(sample, fuller, fitted_as(sample, fuller), lambda *_: ())
        choice = heard_again(sample, choice, everybody)
    return choice, fitted, companion


def fitted_as(sample: Sample, choice: Choice) -> Fitted:
    """Return the fit of a choice: its metrics, strengths and wishes."""
    return fit_pinned(sample.of(choice.plans), choice.plans, choice.candidate, choice.wishes)


def companion_that_asks(sample: Sample, fitted: Fitted) -> Companion:
    """Return the companion that says who leaves: of the fit's own knots, earlier quarters counting as evidence."""
    rows = sample.of([metric.plan for metric in fitted.basis.metrics])
    return companion_of(rows, fitted.basis, fitted.solution.beta, anchor=fitted.candidate.anchor)


def _settled(
    sample: Sample,
    choice: Choice,
    fitted: Fitted,
    unproven: Callable[[Companion, Fitted, Choice], tuple[Left, ...]],
) -> tuple[Choice, Fitted, Companion]:
    """Let metrics go, and fit again, until all that are left have a weight and nothing is unproven.

    What has no weight goes first: beside a metric that the formula cannot use, one that it could use has no evidence.
    """
    while True:
        companion = companion_that_asks(sample, fitted)
        going = _weightless(companion, fitted) or unproven(companion, fitted, choice)
        gone = {left.metric for left in going}
        stay = tuple(plan for plan in choice.plans if plan.name not in gone)
        if not going or not stay:
            return choice, fitted, companion
        splits = tuple(split for split in choice.splits if split.metric not in gone)
        choice = replace(choice, plans=stay, splits=splits, left=choice.left + going)
        fitted = fitted_as(sample, choice)


def _of_splits(choice: Choice) -> set[str]:
    """Return the terms that stay because of a split: both sides, and the metric that the condition is on.

    The difference in level between the sides is the condition's own metric's to say, or that of whoever says the same.
    """
    sides = {plan.key for plan in choice.plans if plan.when is not None}
    on = {split.when.metric for split in choice.splits}
    levels = {(split.when.metric, split.when.level) for split in choice.splits}
    instead = {one.with_metric for one in choice.shared if one.level is not None and (one.metric, one.level) in levels}
    return sides | on | instead | {name for left in choice.left if left.metric in on for name in left.together_with}


def _with_missed(
    sample: Sample, choice: Choice, everybody: Sequence[MetricPlan], settings: Settings, progress: Progress
) -> Choice:
    """Let those come back that customers left out miss; with strict evidence nobody does."""
    left = [one.metric for one in choice.left if one.why == "no evidence"]
    if settings.evidence != "usual" or not left or choice.rows == 0:
        return choice
    there = {plan.name for plan in choice.plans}.union(left)
    plans = [plan for plan in everybody if plan.name in there]
    back = missed(trial_of(sample, settings), plans, left, choice.candidate, progress)
    if not back:
        return choice
    gone = set(left).difference(back)
    return replace(
        choice,
        plans=tuple(plan for plan in plans if plan.name not in gone),
        left=tuple(one for one in choice.left if one.metric not in back),
        missed=back,
    )


def heard_again(sample: Sample, choice: Choice, everybody: Sequence[MetricPlan]) -> Choice:
    """Ask those again that went against their direction: beside those that came back they may not."""
    left = tuple(
        _beside_those_that_stay(sample, choice, everybody, one)
        if one.why == "no weight" and one.contrast is not None and one.contrast.signed and one.contrast.z < 0.0
        else one
        for one in choice.left
    )
    return replace(choice, left=left)


def _beside_those_that_stay(sample: Sample, choice: Choice, everybody: Sequence[MetricPlan], left: Left) -> Left:
    there = {plan.name for plan in choice.plans} | {left.metric}
    fitted = fitted_as(sample, replace(choice, plans=tuple(plan for plan in everybody if plan.name in there)))
    found = {one.metric: one for one in contrasts_of(companion_that_asks(sample, fitted), signs_of(fitted))}
    return replace(left, contrast=found.get(left.metric, left.contrast))


def _allowed(going: tuple[Left, ...], choice: Choice) -> tuple[Left, ...]:
    """Return those that no wish holds back."""
    free = choice.wishes.may_leave(
        [left.metric for left in going], list(dict.fromkeys(plan.name for plan in choice.plans))
    )
    return tuple(left for left in going if left.metric in free)


def _weightless(companion: Companion, fitted: Fitted) -> tuple[Left, ...]:
    """Return the metrics to which the fit gave no weight: against their direction, or with too few rows to learn."""
    weights = weights_in(fitted)
    contrasts = contrasts_of(companion, signs_of(fitted))
    weighing = {metric.plan.name for metric in fitted.basis.metrics if weights[metric.plan.key] > 0.0}
    return tuple(
        Left(metric.plan.name, "no weight", contrast if _learnable(metric) and metric.plan.when is None else None)
        for contrast, metric in zip(contrasts, fitted.basis.metrics, strict=True)
        if metric.plan.name not in weighing and (metric.plan.when is None or metric.plan.when.holds)
    )


def _learnable(metric: MetricBasis) -> bool:
    return not isinstance(metric, CurveBasis) or metric.learnable
