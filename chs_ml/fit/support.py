"""How much the rows can carry: events per coefficient, levels too rare to learn, and missing values that come out best.

Events are the weight of the rows with the rarer outcome. Two for each coefficient are few by the usual rule (ten;
Peduzzi 1996), but a penalty holds these, and cross-validation decides whether they are worth having.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chs_ml.errors import FitError
from chs_ml.fit.basis import Basis, CurveBasis, LevelsBasis, basis_of
from chs_ml.fit.fitting import Candidate, Fitted, Sample
from chs_ml.fit.knots import FEW
from chs_ml.fit.table import Column, MetricPlan, Table
from chs_ml.formula.columns import FloatArray

FEWEST_EVENTS = 10
PER_METRIC, PER_COEFFICIENT = 1.0, 2.0
ALMOST = 1 - 1e-9
NAMED, NOBODY = 3, 5
"""Levels that are named at most, and rows below which a level is not: it might stand for one customer."""


def events_of(sample: Sample) -> float:
    """Return the weight of the rows with the rarer outcome."""
    stayed = float(sample.weight @ sample.retained)
    return min(stayed, float(sample.weight.sum()) - stayed)


def check_support(sample: Sample, plans: Sequence[MetricPlan]) -> None:
    """Refuse rows that cannot carry weights: FitError below ten events, or below one for each metric.

    One class only is refused where the fit begins.
    """
    if sample.table.rows == 0 or sample.one_class():
        return
    events, rarer = events_of(sample), _rarer(sample)
    if events < FEWEST_EVENTS * ALMOST:
        raise FitError(
            f"only {events:,.4g} of {sample.weight.sum():,.6g} rows {rarer}: weights are learned from {FEWEST_EVENTS} "
            "or more. Take a longer horizon, more cutoffs or more customers."
        )
    if events < PER_METRIC * ALMOST * len(plans):
        raise FitError(
            f"{events:,.4g} rows {rarer}, for {len(plans)} metrics: each metric needs one or more. Leave metrics out "
            "(role: exclude), or take a longer horizon, more cutoffs or more customers."
        )


def supported(candidates: Sequence[Candidate], sample: Sample, plans: Sequence[MetricPlan]) -> tuple[Candidate, ...]:
    """Return the candidates whose coefficients have two events each; the first stays whatever it has."""
    finest = _finest(sample, plans, {candidate.ramps for candidate in candidates})
    return (*candidates[:1], *(candidate for candidate in candidates[1:] if candidate.ramps <= finest))


def doubts_of_support(candidates: Sequence[Candidate], sample: Sample, plans: Sequence[MetricPlan]) -> tuple[str, ...]:
    """Return a sentence where candidates were left out for want of events."""
    kept = supported(candidates, sample, plans)
    if len(kept) == len(candidates):
        return ()
    first_left = next(candidate for candidate in candidates if candidate not in kept)
    needed, tried = _coefficients(sample, plans, first_left.ramps), "; ".join(map(str, kept))
    return (
        f"{events_of(sample):,.4g} rows {_rarer(sample)}, which is too few for the {needed:,} coefficients of "
        f"{_ramps(first_left)} or more ({PER_COEFFICIENT:g} for each): only these were tried: {tried}.",
    )


def _ramps(candidate: Candidate) -> str:
    return "straight curves held loosely" if candidate.ramps == 1 else f"curves of {candidate.ramps} ramps"


def doubts_of_levels(basis: Basis, table: Table, weight: FloatArray) -> tuple[str, ...]:
    """Return for each metric which of its levels are too rare, or too one-sided, to have a value of their own.

    Levels of fewer than five rows are counted, not named.
    """
    pairs = zip(basis.metrics, table.columns, strict=True)
    told = (_pooled(metric, column, weight) for metric, column in pairs if isinstance(metric, LevelsBasis))
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
    stayed = float(sample.weight @ sample.retained)
    return "churned" if 2 * stayed >= float(sample.weight.sum()) else "stayed"


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
    return basis_of(sample.table, sample.retained, sample.weight, plans, ramps).layout.columns - 1


def _pooled(metric: LevelsBasis, column: Column, weight: FloatArray) -> str:
    names, known = column.levels or (), column.known
    rows = np.bincount(column.values[known], weights=weight[known], minlength=len(names))
    order = np.argsort(-rows, kind="stable").tolist()
    own = {*metric.levels, *metric.plan.elsewhere}
    pooled = [code for code in order if rows[code] > 0 and names[code] not in own]
    if not pooled:
        return ""
    shown = [f"{_short(names[code])} ({rows[code]:,.0f})" for code in pooled[:NAMED] if rows[code] >= NOBODY]
    more = f" and {len(pooled) - len(shown):,} more" if len(pooled) > len(shown) else ""
    total = f"{rows[pooled].sum():,.0f}"
    many = f"{len(pooled):,} level{'s' * (len(pooled) > 1)} with {total} row{'s' * (total != '1')}"
    which = f": {', '.join(shown)}{more}" if shown else ""
    count = "count" if len(pooled) > 1 else "counts"
    return f"{metric.plan.name}: {many} {count} as other, having too few rows of either outcome{which}."


def _short(name: str, most: int = 40) -> str:
    return repr(name if len(name) <= most else f"{name[: most - 1]}…")
