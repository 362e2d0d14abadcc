"""Splits, and the plans of their two sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from chs_ml.fit.directions import signed
from chs_ml.fit.evidence.companion import COMPANION
from chs_ml.fit.evidence.contrasts import SIGN
from chs_ml.fit.fitting import Sample
from chs_ml.fit.table import MetricPlan
from chs_ml.formula import Condition

Origin = Literal["found", "by hand", "anchor"]


@dataclass(frozen=True)
class Split:
    """A metric whose curve depends on a condition on another.

    whole: the metric's plan before. when: as it holds. gain: of the log-loss of customers left out, on the training
    rows, with its standard error; None where it was not asked. p: of the test that both sides are alike, times
    ``asked``, the pairs of metric and condition that were looked at. origin: found by the search, set by hand in the
    spec, or there in the anchor.
    """

    whole: MetricPlan
    when: Condition
    gain: float | None = None
    standard_error: float | None = None
    p: float = 1.0
    asked: int = 1
    origin: Origin = "found"

    @property
    def metric(self) -> str:
        """The metric that is split."""
        return self.whole.name


def in_two(
    sample: Sample, plans: Sequence[MetricPlan], pair: tuple[str, Condition], ramps: int, *, auto: bool
) -> tuple[MetricPlan, ...]:
    """Return the plans with a metric's in two: where the condition does not hold, then where it does.

    pair: the metric and the condition. auto: the direction is the data's to choose, so that each side takes the sign
    that its rows give it. A metric that may turn round may do so on either side. ramps: of the fit.
    """
    metric, when = pair
    at = next(at for at, plan in enumerate(plans) if plan.name == metric)
    whole = plans[at].directed("auto") if auto and plans[at].direction in SIGN else plans[at]
    sides = (replace(whole, when=replace(when, holds=False)), replace(whole, when=replace(when, holds=True)))
    split = (*plans[:at], *sides, *plans[at + 1 :])
    return signed(sample.of(split), split, min(ramps, COMPANION.ramps))


def unsplit(plans: Sequence[MetricPlan], splits: Sequence[Split]) -> tuple[MetricPlan, ...]:
    """Return the plans as they were before these splits."""
    whole = {split.metric: split.whole for split in splits}
    return tuple(dict.fromkeys(whole.get(plan.name, plan) for plan in plans))
