"""How much the rows can carry: events per coefficient, levels too rare to learn, and missing values that come out best.

Events are the customers with the rarer outcome: what a customer does at twelve cutoffs is one event, and where some
count more than others, it is as many as would say the same if all counted alike. Two for each coefficient are few by
the usual rule (ten; Peduzzi 1996), but a penalty holds these, and cross-validation decides whether they are worth it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chs_ml.errors import FitError
from chs_ml.fit.basis import Basis, CurveBasis, LevelsBasis
from chs_ml.fit.fitting import Candidate, Fitted, Sample, basis_for
from chs_ml.fit.knots import FEW
from chs_ml.fit.table import Column, MetricPlan, Table
from chs_ml.formula.columns import BoolArray, FloatArray

FEWEST_EVENTS = 10
PER_METRIC, PER_COEFFICIENT = 1.0, 2.0
ALMOST = 1 - 1e-9
NAMED = 3
"""Levels that are named at most."""


def events_of(sample: Sample) -> float:
    """Return the effective number of customers with the rarer outcome: (Σ w)² / Σ w², w a customer's mean weight.

    Kish (1965): equal weights, whatever they are, give the number of customers.
    """
    return min(_effective(sample, sample.retained > 0.5), _effective(sample, sample.retained <= 0.5))


def _effective(sample: Sample, rows: BoolArray) -> float:
    there = np.flatnonzero(rows & (sample.weight > 0))
    weight, codes = sample.weight[there], sample.crowd.codes[there]
    if sample.crowd.most == 0:
        return float(weight.sum())
    many = np.bincount(codes)
    mean = np.bincount(codes, weights=weight)[many > 0] / many[many > 0]
    return float(mean.sum() ** 2 / (mean @ mean)) if len(there) else 0.0


def check_support(sample: Sample, plans: Sequence[MetricPlan]) -> None:
    """Refuse rows that cannot carry weights: FitError below ten events, or below one for each metric.

    One class only is refused where the fit begins.
    """
    if sample.table.rows == 0 or sample.one_class():
        return
    events, rarer, all_of = events_of(sample), _rarer(sample), sample.crowd.count(sample.weight > 0)
    if events < FEWEST_EVENTS * ALMOST:
        raise FitError(
            f"only {events:,.4g} of the {all_of:,} customers learned from {rarer}{_alike(sample)}: "
            f"weights are learned from {FEWEST_EVENTS} or more. Take a longer horizon, more cutoffs or more customers."
        )
    if events < PER_METRIC * ALMOST * len(plans):
        raise FitError(
            f"{events:,.4g} customers {rarer}{_alike(sample)}, for {len(plans)} metrics: each metric needs one or "
            "more. Leave metrics out (role: exclude), or take a longer horizon, more cutoffs or more customers."
        )


def supported(candidates: Sequence[Candidate], sample: Sample, plans: Sequence[MetricPlan]) -> tuple[Candidate, ...]:
    """Return the candidates whose coefficients have two events each; the first stays whatever it has."""
    finest = _finest(sample, plans, {candidate.ramps for candidate in candidates})
    return (*candidates[:1], *(candidate for candidate in candidates[1:] if candidate.ramps <= finest))


def carries(sample: Sample, plans: Sequence[MetricPlan], ramps: int) -> bool:
    """Return whether there are two events for each coefficient of curves of so many ramps."""
    return _finest(sample, plans, {ramps}) == ramps


def doubts_of_support(candidates: Sequence[Candidate], sample: Sample, plans: Sequence[MetricPlan]) -> tuple[str, ...]:
    """Return a sentence where candidates were left out for want of events."""
    kept = supported(candidates, sample, plans)
    if len(kept) == len(candidates):
        return ()
    first_left = next(candidate for candidate in candidates if candidate not in kept)
    needed, tried = _coefficients(sample, plans, first_left.ramps), "; ".join(map(str, kept))
    return (
        f"{events_of(sample):,.4g} customers {_rarer(sample)}{_alike(sample)}, which is too few for the {needed:,} "
        f"coefficients of {_ramps(first_left)} or more ({PER_COEFFICIENT:g} for each): only these were tried: {tried}.",
    )


def _ramps(candidate: Candidate) -> str:
    return "straight curves held loosely" if candidate.ramps == 1 else f"curves of {candidate.ramps} ramps"


def doubts_of_levels(basis: Basis, sample: Sample) -> tuple[str, ...]:
    """Return for each metric which of its levels are too rare to have a value of their own, with their rows.

    sample: with the metrics of the basis. Levels of fewer than five customers are counted, not named.
    """
    pairs = zip(basis.metrics, sample.table.columns, strict=True)
    told = (_pooled(metric, column, sample) for metric, column in pairs if isinstance(metric, LevelsBasis))
    return tuple(sentence for sentence in told if sentence)


def missing_is_best(fitted: Fitted) -> tuple[str, ...]:
    """Return for each metric whose learned value for missing is its best that it is so."""
    return tuple(
        f"{metric.plan.name}: customers without a value stay more often than those with any, the other metrics alike. "
        "Find out why it is missing; with missing: neutral it earns nothing."
        for at, metric in enumerate(fitted.basis.metrics)
        if metric.missing_learned and _missing_leads(metric, fitted.coefficients(at))
    )


def _missing_leads(metric: CurveBasis | LevelsBasis, beta: FloatArray) -> bool:
    known = metric.contributions(beta)
    return bool(metric.missing_design @ beta > known.max() + 1e-9)


def _rarer(sample: Sample) -> str:
    """Return which outcome fewer customers have."""
    stayed, churned = _effective(sample, sample.retained > 0.5), _effective(sample, sample.retained <= 0.5)
    return "churned" if churned <= stayed else "stayed"


def _alike(sample: Sample) -> str:
    """Return a word of explanation where rows count unequally: then events are no whole customers."""
    there = sample.weight[sample.weight > 0]
    return " (an effective number: their row weights differ)" if len(there) and there.min() < there.max() else ""


def _finest(sample: Sample, plans: Sequence[MetricPlan], ramps: set[int]) -> int:
    """Return the most ramps that the events carry, 0 for none."""
    most = events_of(sample) / PER_COEFFICIENT / ALMOST

    def carried(n: int) -> bool:
        return _at_most(sample.table, n) <= most or _coefficients(sample, plans, n) <= most

    return next(filter(carried, sorted(ramps, reverse=True)), 0)


def _at_most(table: Table, ramps: int) -> int:
    """Return as many coefficients as there can be, without looking at the rows."""
    return sum(ramps + FEW + 1 if column.levels is None else len(column.levels) + 1 for column in table.columns)


def _coefficients(sample: Sample, plans: Sequence[MetricPlan], ramps: int) -> int:
    return basis_for(sample, plans, ramps).layout.columns - 1


def _pooled(metric: LevelsBasis, column: Column, sample: Sample) -> str:
    names, known = column.levels or (), column.known & (sample.weight > 0)
    codes = column.values[known]
    rows, nameable = np.bincount(codes, minlength=len(names)), sample.crowd.take(known).several_in(codes, len(names))
    order = np.argsort(-rows, kind="stable").tolist()
    own = {*metric.levels, *metric.plan.elsewhere}
    pooled = [code for code in order if rows[code] > 0 and names[code] not in own]
    if not pooled:
        return ""
    shown = [f"{_short(names[code])} ({rows[code]:,})" for code in pooled if nameable[code]][:NAMED]
    more = f" and {len(pooled) - len(shown):,} more" if len(pooled) > len(shown) else ""
    total = f"{rows[pooled].sum():,}"
    many = f"{len(pooled):,} level{'s' * (len(pooled) > 1)} with {total} row{'s' * (total != '1')}"
    which = f": {', '.join(shown)}{more}" if shown else ""
    count = "count" if len(pooled) > 1 else "counts"
    return f"{metric.plan.name}: {many} {count} as other, having too few rows or customers{which}."


def _short(name: str, most: int = 40) -> str:
    return repr(name if len(name) <= most else f"{name[: most - 1]}…")
