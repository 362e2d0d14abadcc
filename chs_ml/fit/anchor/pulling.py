"""What to pull towards the anchor, and how strongly, where nobody said.

A metric that has changed is let go: one pull for all would hold it back for quarters, since what the others gain by
being held outweighs it. What is tried for the rest goes from the strongest pull to none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chs_ml.fit.anchor.anchor import Anchor
from chs_ml.fit.basis import CurveBasis
from chs_ml.fit.evidence.companion import COMPANION, Companion, companion_of
from chs_ml.fit.evidence.contrasts import SIGN, places_of, wald_p
from chs_ml.fit.fitting import Candidate, Sample
from chs_ml.fit.learnable import basis_of
from chs_ml.fit.table import MetricPlan
from chs_ml.formula.columns import FloatArray

SHARES = (0.01, 0.003, 0.001, 0.0)
"""Strengths as shares of the rows, from the strongest to none.

With 17 % churn a row says about 0.004 of a curve's height beside others that hang together with it, so that with 1 % of
the rows the earlier formula counts two and a half times as much as the new rows, and with a thousandth a quarter.
"""
CHANGED = 0.1
"""A metric has changed where chance alone would bring any of them so far apart this rarely: see decision 010."""


def pulls_of(sample: Sample, candidate: Candidate) -> tuple[Candidate, ...]:
    """Return the candidate with each strength of the anchor, the strongest first; itself alone without an anchor.

    Strengths are rounded to two digits, so that a person can write one into a spec.
    """
    if sample.anchor is None:
        return (candidate,)
    rows = float(sample.weight.sum())
    return tuple(replace(candidate, anchor=float(f"{share * rows:.2g}")) for share in SHARES)


def without_changed(sample: Sample, plans: Sequence[MetricPlan]) -> tuple[MetricPlan, ...]:
    """Return the plans, those let go whose rows contradict the anchor: it lies outside what the companion says.

    A signed curve is compared by its height, a free one and levels by all their values (a joint Wald test). The earlier
    formula is taken to be as uncertain as the companion (after one quarter it is), and compared straight if it is.
    """
    if sample.anchor is None:
        return tuple(plans)
    ramps = 1 if sample.anchor.straight else COMPANION.ramps
    companion = companion_of(sample, basis_of(sample.table, sample.retained, sample.weight, plans, ramps))
    signs = [SIGN.get(plan.direction, 0) for plan in plans]
    before = [sample.anchor.coefficients(metric) for metric in companion.basis.metrics]
    asked = max(sum(earlier is not None for earlier in before), 1)
    return tuple(
        replace(plan, anchored=earlier is None or asked * _p(companion, at, earlier, signs[at]) > CHANGED)
        for at, (plan, earlier) in enumerate(zip(plans, before, strict=True))
    )


def signed_as_before(
    anchor: Anchor | None, plans: Sequence[MetricPlan], auto: Sequence[bool]
) -> tuple[MetricPlan, ...]:
    """Return the plans, those whose sign the data chose with the sign that the anchor has, unless it let them go.

    One quarter's rows would turn a weak sign round, which the anchor is there to prevent.
    """
    found = []
    for plan, chosen in zip(plans, auto, strict=True):
        asked = anchor is not None and plan.anchored and chosen
        term = anchor.term(plan.name, plan.when) if anchor is not None and asked else None
        both = term is not None and plan.direction in SIGN and term.direction in SIGN
        found.append(plan.directed(term.direction) if term is not None and both else plan)
    return tuple(found)


def _p(companion: Companion, at: int, earlier: FloatArray, sign: int) -> float:
    """Return how likely the metric's coefficients are so far from the earlier ones by chance alone."""
    metric, columns = companion.basis.metrics[at], companion.basis.layout.columns_of(at)
    places = places_of(metric)
    differences = places[1:] - places[:1]
    if sign and isinstance(metric, CurveBasis):
        differences = differences[metric.ramps - 1 : metric.ramps]
    return wald_p(differences, companion.beta[columns] - earlier, 2.0 * companion.covariance[columns, columns])
