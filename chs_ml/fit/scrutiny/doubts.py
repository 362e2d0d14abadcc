"""What a reader of a fit should hear: who separates, what is shared, pooled or held back, and where missing is best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chs_ml.fit.fitting import Fitted, Sample
from chs_ml.fit.scrutiny.collinear import SharedLevel
from chs_ml.fit.scrutiny.leaks import Separation
from chs_ml.fit.scrutiny.support import doubts_of_levels, missing_is_best
from chs_ml.fit.selection import Choice

ENOUGH_CUSTOMERS = 200
"""With fewer, 95 % intervals covered 86 to 91 % in simulations."""


def doubts_of(sample: Sample, fitted: Fitted, choice: Choice, separated: Sequence[Separation]) -> tuple[str, ...]:
    """Return a sentence for each. sample: the rows of the fit, with its metrics only."""
    names = {plan.name for plan in choice.plans}
    return (
        *map(str, separated),
        *choice.held_back,
        *_few(sample),
        *missing_is_best(fitted),
        *(str(one) for one in choice.near if names.intersection(one.metrics)),
        *_shared([one for one in choice.shared if one.metric in names]),
        *doubts_of_levels(fitted.basis, sample),
    )


def _few(sample: Sample) -> tuple[str, ...]:
    """Return a sentence where intervals are too narrow, since few customers carry them (Kish's effective number)."""
    _, customer = np.unique(sample.groups, return_inverse=True)
    carried = np.bincount(customer, weights=sample.weight)
    effective = float(carried.sum() ** 2 / np.sum(carried**2))
    if effective >= ENOUGH_CUSTOMERS:
        return ()
    why = "" if len(carried) < ENOUGH_CUSTOMERS else f", as {len(carried):,} customers count very unequally"
    return (
        f"Intervals are narrower than they should be: they rest on {effective:,.0f} customers{why}. "
        f"Bring {ENOUGH_CUSTOMERS} or more, or weights that differ less.",
    )


def _shared(levels: Sequence[SharedLevel]) -> list[str]:
    """Return one sentence for all metrics that share the same level with the same metric."""
    sharing: dict[tuple[str | None, str, str | None], list[str]] = {}
    for one in levels:
        sharing.setdefault((one.level, one.with_metric, one.with_level), []).append(one.metric)
    said = []
    for (level, other, with_level), names in sharing.items():
        there = "a value is missing" if level is None else f"{level!r} stands"
        where = "is missing" if with_level is None else f"is {with_level!r}"
        said.append(
            f"{', '.join(names)}: {there} in exactly the rows in which {other} {where}. What goes with that is "
            f"counted in {other} alone, and is neutral here."
        )
    return said
