"""Splits that the anchor has: let go where they could not be made of these rows, as its terms are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chs_ml.fit.fitting import Sample
from chs_ml.fit.splits.by_hand import too_few
from chs_ml.fit.table import Column, MetricPlan
from chs_ml.formula import Condition, Curve


@dataclass(frozen=True)
class LetGo:
    """A split of the anchor that these rows cannot have, and why."""

    metric: str
    when: Condition
    why: str


def splits_of_anchor(
    sample: Sample, plans: Sequence[MetricPlan]
) -> tuple[tuple[tuple[str, Condition], ...], tuple[LetGo, ...]]:
    """Return the splits of the sample's anchor that may be tried, and those that are let go. plans: not split yet."""
    pairs = () if sample.anchor is None else sample.anchor.splits(plans)
    asked = {pair: _objection(sample, *pair) for pair in pairs}
    return tuple(pair for pair, why in asked.items() if not why), tuple(
        LetGo(metric, when, why) for (metric, when), why in asked.items() if why
    )


def _objection(sample: Sample, metric: str, when: Condition) -> str:
    """Return why a split cannot be made of these rows, '' where it can."""
    columns = {column.name: column for column in sample.table.columns}
    if (when.above is not None) != (columns[when.metric].levels is None):
        return f"{when.metric!r} is of another kind now"
    if _changed_kind(sample, columns[metric], when):
        return f"{metric!r} is of another kind now, so new"
    return "; ".join(too_few(sample, metric, when))


def _changed_kind(sample: Sample, column: Column, when: Condition) -> bool:
    earlier = None if sample.anchor is None else sample.anchor.term(column.name, when)
    if earlier is None and sample.anchor is not None:
        earlier = sample.anchor.term(column.name, Condition(when.metric, when.above, when.level, not when.holds))
    return earlier is not None and isinstance(earlier.shape, Curve) != (column.levels is None)
