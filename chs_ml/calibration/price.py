"""The price of a wish: what a weight that somebody wants costs on customers whom the fit has not seen.

Both formulas are learned from the same training rows, as ``calibrate`` learns the one that it judges; only the wish
differs. So metrics may come back for the wish or leave for it, and the price is what lies between two calibrations.
Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from pathlib import Path

import numpy as np

from chs_ml.calibration.asking import PILLAR, asked, held_anyway
from chs_ml.calibration.cuts import bands_left_out
from chs_ml.calibration.draft import Draft, learned_from, with_bands, without_bands
from chs_ml.calibration.rows import outcomes_of, settings_of, split
from chs_ml.errors import SpecError
from chs_ml.evaluate import (
    Difference,
    Figures,
    auc_difference,
    figures,
    log_loss_difference,
    wilson,
)
from chs_ml.evaluate.plain import Plain
from chs_ml.formula import Formula
from chs_ml.formula.wishes import ROUNDING, Wishes
from chs_ml.history.panel import Panel, load_panel
from chs_ml.spec import CalibrationSpec, load_spec

Progress = Callable[[str, int, int], None]
HALF = 0.5
"""A metric that keeps less of its weight than this makes room."""


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

    name: a metric, or ``pillar:NAME`` where something is wished of a pillar; label: what people call it. makes_room: it
    loses more than half of its weight, and nobody asked for that.
    """

    name: str
    label: str
    without: float
    with_wish: float
    wished: str | None
    makes_room: bool


@dataclass(frozen=True, slots=True)
class Price(Plain):
    """What a wish costs on the rows held out. weights: what moves most comes first.

    bands: None where one of the formulas has scores that the bands cannot be cut on; no_bands then says so.
    """

    wished: str
    verdict: str
    rows: int
    customers: int
    churned: int
    auc: Paired
    log_loss: Paired
    bands: Moved | None
    weights: tuple[WeightMoved, ...]
    no_bands: str | None = None


def price(
    spec: str | Path | CalibrationSpec,
    wishes: Sequence[str],
    *,
    progress: Progress = lambda what, done, total: None,
) -> Price:
    """Return what the wishes cost, each said as ``nps=0.3``, ``nps=0.2..0.4`` or ``pillar:usage>=0.2``.

    The spec's own wishes hold on both sides, unless one is asked for anew; where nothing is said, it is they that are
    priced, against none. SpecError for a wish that cannot be read or met with the others, FitError for one that the
    data do not let be met: both name the nearest that can.
    """
    said = spec if isinstance(spec, CalibrationSpec) else load_spec(spec)
    sides = (held_anyway(wishes, said), asked(wishes, said))
    progress("reading", 0, 1)
    parts = split(load_panel(said).known(), said)
    progress("reading", 1, 1)
    return compared(both_sides(parts.training, said, sides, progress), parts.holdout, said, sides)


def both_sides(
    training: Panel, spec: CalibrationSpec, wishes: tuple[Wishes, Wishes], progress: Progress
) -> tuple[Draft, Draft]:
    """Return what is learned under the wishes of either side, each as ``calibrate`` would, bands still to be cut.

    FitError as there.
    """
    settings = settings_of(spec)
    before = learned_from(training, spec, replace(settings, wishes=wishes[0]), progress)
    after = learned_from(training, spec, replace(settings, wishes=wishes[1]), _with_the_wish(progress))
    return without_bands(before, training, spec), without_bands(after, training, spec)


def compared(
    drafts: tuple[Draft, Draft], holdout: Panel, spec: CalibrationSpec, wishes: tuple[Wishes, Wishes]
) -> Price:
    """Return the figures of both formulas, without and with the wish, on the rows held out."""
    without, with_wish = (one.formula for one in drafts)
    outcomes, frame = outcomes_of(holdout, spec), holdout.metrics
    churn = (without.churn_probability(frame), with_wish.churn_probability(frame))
    before, after = (figures(outcomes, p) for p in churn)
    found = (auc_difference(outcomes, *reversed(churn)), log_loss_difference(outcomes, *reversed(churn)))
    moved = _moved(drafts, holdout, spec)
    labels = {metric.name: metric.label or metric.name for metric in spec.metrics}
    return Price(
        wished=_asked_anew(wishes, labels),
        verdict=verdict_of(found[1], before),
        rows=before.rows,
        customers=holdout.customers,
        churned=before.churned,
        auc=Paired(before.auc, after.auc, found[0]),
        log_loss=Paired(before.log_loss, after.log_loss, found[1]),
        bands=None if isinstance(moved, str) else moved,
        weights=_weights(without, with_wish, wishes[1], labels),
        no_bands=moved if isinstance(moved, str) else None,
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
    by = f"by {abs(loss.difference):.4f} (95 % interval {low:.4f} to {high:.4f}; {rows})"
    if loss.difference > 0:
        return f"With the wish churn is told less well: log-loss is higher {by}."
    return f"The wish costs nothing: with it churn is told better, log-loss is lower {by}."


def _with_the_wish(progress: Progress) -> Progress:
    return lambda what, done, total: progress(f"with the wish: {what}", done, total)


def _moved(drafts: tuple[Draft, Draft], holdout: Panel, spec: CalibrationSpec) -> Moved | str:
    """Return who changes band, or the reason why that cannot be told."""
    cut = []
    for side, made in zip(("without", "with"), drafts, strict=True):
        try:
            cut.append(with_bands(made, spec).formula)
            problem = " ".join(bands_left_out(cut[-1], spec))
        except SpecError as error:
            problem = str(error)
        if problem:
            return f"Who changes band cannot be told, since {side} the wish the bands cannot be cut: {problem}"
    return _changes(cut[0], cut[1], holdout)


def _changes(without: Formula, with_wish: Formula, holdout: Panel) -> Moved:
    latest = np.flatnonzero(np.append(holdout.customer[1:] != holdout.customer[:-1], True))
    frame = holdout.metrics.iloc[latest]
    place = {band.name: at for at, band in enumerate(without.bands)}
    before, after = (np.array([place.get(name, -1) for name in one.band(frame)]) for one in (without, with_wish))
    scored = (before >= 0) & (after >= 0)
    changed = int((before != after).sum())
    low, high = wilson(changed / len(latest), len(latest))
    up, down = int((scored & (after < before)).sum()), int((scored & (after > before)).sum())
    return Moved(changed, len(latest), changed / len(latest), low, high, up, down, changed - up - down)


def _weights(
    without: Formula, with_wish: Formula, wishes: Wishes, labels: Mapping[str, str]
) -> tuple[WeightMoved, ...]:
    before, after = map(_by_metric, (without, with_wish))
    groups = {name: ([name], wishes.metrics.get(name)) for name in dict.fromkeys([*before, *after])}
    for pillar, wish in wishes.pillars.items():
        groups[PILLAR + pillar] = (wishes.members(pillar, [*groups]), wish)
    called = {**labels, **{PILLAR + pillar: f"pillar {pillar}" for pillar in wishes.pillars}}
    moved = []
    for name, (members, own) in groups.items():
        sides = _sum(before, members), _sum(after, members)
        wished = None if own is None else str(own)
        room = sides[1] < HALF * sides[0] and not _asked_for_less(name, sides[1], wishes)
        moved.append(WeightMoved(name, called.get(name, name), *sides, wished, room))
    return tuple(sorted(moved, key=lambda one: (-round(abs(one.with_wish - one.without), 9), one.name)))


def _by_metric(formula: Formula) -> dict[str, float]:
    """Return the weight of each metric, both sides of a split together."""
    found: dict[str, float] = {}
    for term in formula.terms:
        found[term.metric] = found.get(term.metric, 0.0) + term.weight
    return found


def _asked_for_less(name: str, weight: float, wishes: Wishes) -> bool:
    """Return whether a wish for the metric, or for its pillar, keeps its weight from being more than this."""
    own, pillars = wishes.metrics.get(name), wishes.pillars
    within = pillars.get(name.removeprefix(PILLAR) if name.startswith(PILLAR) else wishes.pillar(name))
    return (own is not None and weight >= own.most - ROUNDING) or (within is not None and within.most < 1.0)


def _sum(weights: Mapping[str, float], names: Iterable[str]) -> float:
    return fsum(weights.get(name, 0.0) for name in names)


def _asked_anew(wishes: tuple[Wishes, Wishes], labels: Mapping[str, str]) -> str:
    """Return the wishes that do not hold without the wish already, in words."""
    before, after = wishes
    said = [f"{labels[name]} {wish}" for name, wish in after.metrics.items() if before.metrics.get(name) != wish]
    said += [f"pillar {name} {wish}" for name, wish in after.pillars.items() if before.pillars.get(name) != wish]
    return ", ".join(said)
