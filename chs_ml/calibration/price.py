"""The price of a wish: what a weight that somebody wants costs on customers whom the fit has not seen.

Both formulas come from the same training rows and the same choice of directions, ramps and strengths; only the wish
differs. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from pathlib import Path

import numpy as np

from chs_ml.calibration.asking import PILLAR, asked
from chs_ml.calibration.draft import Draft, draft
from chs_ml.calibration.rows import outcomes_of, plans_of, sample_of, settings_of, split
from chs_ml.evaluate import (
    Difference,
    Figures,
    auc_difference,
    figures,
    log_loss_difference,
    wilson,
)
from chs_ml.evaluate.plain import Plain
from chs_ml.fit.collinear import carried_once
from chs_ml.fit.directions import signed
from chs_ml.fit.fitting import Sample
from chs_ml.fit.learning import Learned, learn
from chs_ml.fit.pins import fit_pinned
from chs_ml.fit.table import MetricPlan
from chs_ml.formula import Formula
from chs_ml.formula.wishes import Wishes
from chs_ml.history.panel import Panel, load_panel
from chs_ml.spec import CalibrationSpec, load_spec

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Paired(Plain):
    """One figure of the holdout without and with the wish; difference: with minus without."""

    without: float | None
    with_wish: float | None
    difference: Difference


@dataclass(frozen=True, slots=True)
class Moved(Plain):
    """Customers held out, at their latest cutoff, who change band: share of all with its 95 % interval, and which way.

    elsewhere: to or from ``not scored``.
    """

    customers: int
    of: int
    share: float
    low: float
    high: float
    up: int
    down: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class WeightMoved(Plain):
    """A weight without and with the wish (0: no term), and what is wished of it, in words.

    name: a metric, or ``pillar:NAME`` where something is wished of a pillar.
    """

    name: str
    without: float
    with_wish: float
    wished: str | None


@dataclass(frozen=True, slots=True)
class Price(Plain):
    """What a wish costs on the rows held out. weights: what moves most comes first."""

    wished: str
    verdict: str
    rows: int
    customers: int
    churned: int
    auc: Paired
    log_loss: Paired
    bands: Moved
    weights: tuple[WeightMoved, ...]


def price(
    spec: str | Path | CalibrationSpec,
    wishes: Sequence[str],
    *,
    progress: Progress = lambda what, done, total: None,
) -> Price:
    """Return what the wishes cost, each said as ``nps=0.3``, ``nps=0.2..0.4`` or ``pillar:usage>=0.2``.

    The spec's own wishes hold on both sides, unless one is asked for anew. SpecError for a wish that cannot be read or
    met with the others, FitError for one that the data do not let be met: both name the nearest that can.
    """
    said = spec if isinstance(spec, CalibrationSpec) else load_spec(spec)
    both = asked(wishes, said)
    progress("reading", 0, 1)
    parts = split(load_panel(said).known(), said)
    progress("reading", 1, 1)
    sample = sample_of(parts.training, said)
    learned = learn(sample, plans_of(said), settings_of(said), progress)
    progress("fitting with the wish", 0, 1)
    without, with_wish = (
        draft(_under(sample, learned, wished, said), parts.training, said) for wished in (said.wishes, both)
    )
    progress("fitting with the wish", 1, 1)
    return compared((without, with_wish), parts.holdout, said, both)


def compared(drafts: tuple[Draft, Draft], holdout: Panel, spec: CalibrationSpec, wishes: Wishes) -> Price:
    """Return the figures of both formulas, without and with the wish, on the rows held out."""
    without, with_wish = (one.formula for one in drafts)
    outcomes, frame = outcomes_of(holdout, spec), holdout.metrics
    churn = (without.churn_probability(frame), with_wish.churn_probability(frame))
    before, after = (figures(outcomes, p) for p in churn)
    found = (auc_difference(outcomes, *reversed(churn)), log_loss_difference(outcomes, *reversed(churn)))
    return Price(
        wished=str(_asked_anew(wishes, spec.wishes)),
        verdict=verdict_of(found[1], before),
        rows=before.rows,
        customers=holdout.customers,
        churned=before.churned,
        auc=Paired(before.auc, after.auc, found[0]),
        log_loss=Paired(before.log_loss, after.log_loss, found[1]),
        bands=_moved(without, with_wish, holdout),
        weights=_weights(without, with_wish, wishes),
    )


def verdict_of(loss: Difference, on: Figures) -> str:
    """Return the price in one sentence. loss: with the wish minus without. on: figures of the rows held out."""
    rows = f"n = {on.rows:,} held out, {on.churned:,} of them churned"
    if loss.difference is None or loss.low is None or loss.high is None:
        return f"What it costs cannot be told from so few customers ({rows})."
    if loss.difference == 0.0 == loss.standard_error:
        return f"The wish is met anyway: it costs nothing ({rows})."
    if loss.low <= 0.0 <= loss.high:
        return f"The wish costs nothing that can be told apart from chance ({rows})."
    low, high = sorted((abs(loss.low), abs(loss.high)))
    by = f"{abs(loss.difference):.4f} of log-loss ({low:.4f} to {high:.4f}; {rows})"
    return f"The wish costs {by}." if loss.difference > 0 else f"The wish costs nothing: it is better by {by}."


def _under(sample: Sample, learned: Learned, wishes: Wishes, spec: CalibrationSpec) -> Learned:
    """Return the fit of the same choice under these wishes; a metric that left comes back where it is wished for."""
    plans = _plans_for(sample, learned, wishes, spec)
    return replace(learned, fitted=fit_pinned(sample.of(plans), plans, learned.choice.candidate, wishes))


def _plans_for(sample: Sample, learned: Learned, wishes: Wishes, spec: CalibrationSpec) -> list[MetricPlan]:
    chosen = {plan.name: plan for plan in learned.choice.plans}
    absent = [plan for plan in plans_of(spec) if plan.name not in chosen and _wanted(plan.name, wishes, chosen)]
    ramps = learned.choice.candidate.ramps
    once = carried_once(absent, learned.choice.shared)
    back = {plan.name: plan for plan in (signed(sample.of(once), once, ramps) if once else ())}
    return [{**chosen, **back}[plan.name] for plan in plans_of(spec) if plan.name in chosen or plan.name in back]


def _wanted(metric: str, wishes: Wishes, chosen: Mapping[str, MetricPlan]) -> bool:
    """Return whether a metric that left is needed: it has a wish, or its pillar has one and nothing else to meet it."""
    own, pillar = wishes.metrics.get(metric), wishes.pillar(metric)
    if own is not None:
        return own.most > 0.0
    wish = wishes.pillars.get(pillar)
    return wish is not None and wish.least > 0.0 and not wishes.members(pillar, chosen)


def _moved(without: Formula, with_wish: Formula, holdout: Panel) -> Moved:
    latest = np.flatnonzero(np.append(holdout.customer[1:] != holdout.customer[:-1], True))
    frame = holdout.metrics.iloc[latest]
    place = {band.name: at for at, band in enumerate(without.bands)}
    before, after = (np.array([place.get(name, -1) for name in one.band(frame)]) for one in (without, with_wish))
    scored = (before >= 0) & (after >= 0)
    changed = int((before != after).sum())
    low, high = wilson(changed / len(latest), len(latest))
    up, down = int((scored & (after < before)).sum()), int((scored & (after > before)).sum())
    return Moved(changed, len(latest), changed / len(latest), low, high, up, down, changed - up - down)


def _weights(without: Formula, with_wish: Formula, wishes: Wishes) -> tuple[WeightMoved, ...]:
    before, after = ({term.metric: term.weight for term in one.terms} for one in (without, with_wish))
    groups = {name: ([name], wishes.metrics.get(name)) for name in dict.fromkeys([*before, *after])}
    for pillar, wish in wishes.pillars.items():
        groups[PILLAR + pillar] = (wishes.members(pillar, [*groups]), wish)
    moved = [
        WeightMoved(name, _sum(before, members), _sum(after, members), None if wish is None else str(wish))
        for name, (members, wish) in groups.items()
    ]
    return tuple(sorted(moved, key=lambda one: (-round(abs(one.with_wish - one.without), 9), one.name)))


def _sum(weights: Mapping[str, float], names: Iterable[str]) -> float:
    return fsum(weights.get(name, 0.0) for name in names)


def _asked_anew(wishes: Wishes, before: Wishes) -> Wishes:
    """Return the wishes that the spec does not hold already."""
    metrics = {name: wish for name, wish in wishes.metrics.items() if before.metrics.get(name) != wish}
    pillars = {name: wish for name, wish in wishes.pillars.items() if before.pillars.get(name) != wish}
    return replace(wishes, metrics=metrics, pillars=pillars)
