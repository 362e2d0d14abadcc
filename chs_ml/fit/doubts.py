"""What a reader of a fit should hear: who separates, what is shared, pooled or held back, and where missing is best."""

from __future__ import annotations

from collections.abc import Sequence

from chs_ml.fit.collinear import SharedLevel
from chs_ml.fit.fitting import Fitted, Sample
from chs_ml.fit.leaks import Separation
from chs_ml.fit.selection import Choice
from chs_ml.fit.support import doubts_of_levels, missing_is_best


def doubts_of(sample: Sample, fitted: Fitted, choice: Choice, separated: Sequence[Separation]) -> tuple[str, ...]:
    """Return a sentence for each. sample: the rows of the fit, with its metrics only."""
    names = {plan.name for plan in choice.plans}
    return (
        *map(str, separated),
        *choice.held_back,
        *missing_is_best(fitted),
        *(_shared(one) for one in choice.shared if one.metric in names),
        *doubts_of_levels(fitted.basis, sample.table, sample.weight),
    )


def _shared(one: SharedLevel) -> str:
    there = (
        "a value is missing in exactly the rows" if one.level is None else f"{one.level!r} stands in exactly the rows"
    )
    where = "is missing" if one.with_level is None else f"is {one.with_level!r}"
    return (
        f"{one.metric}: {there} in which {one.with_metric} {where}. What goes with that is counted there alone, and is "
        "neutral here."
    )
