"""Whether a metric is still in the unit of the anchor: hours read as minutes would turn its curve into nonsense.

Compared are what the earlier weights file says of the unit, and the sizes of the values: their 1st and 99th percentile,
and where most values are zero also the outermost knot. One unit is at least five times another (days and weeks: seven),
while a metric that grows fivefold at both in a quarter is rare enough to ask a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chs_ml.formula import Curve, Term
from chs_ml.formula.columns import FloatArray
from chs_ml.spec.metrics import Metric

TIMES = 5.0
ENDS = (0.01, 0.99)
SAME = "unit_factor: 1 if the unit is the same"


@dataclass(frozen=True)
class Range:
    """1st and 99th percentile of the values, and how far from zero they reach: outermost values that are not rare."""

    low: float
    high: float
    outer: tuple[float, ...]

    @property
    def size(self) -> float:
        """How large the values are."""
        return max(abs(self.low), abs(self.high))

    def __str__(self) -> str:
        """Return both ends."""
        return f"{self.low:.6g} … {self.high:.6g}"


def observed(values: FloatArray) -> tuple[float, float] | None:
    """Return the 1st and 99th percentile of the known values, as values that occur; None where there are none."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = np.quantile(known, ENDS, method="inverted_cdf")
    return float(low), float(high)


def range_of(values: FloatArray) -> Range | None:
    """Return the range of a column: it reaches as far as the 99th percentile of what is not zero, and its maximum."""
    ends, far = observed(values), np.abs(values[np.isfinite(values) & (values != 0.0)])
    if ends is None:
        return None
    outer = (float(np.quantile(far, ENDS[1], method="inverted_cdf")), float(far.max())) if len(far) else ()
    return Range(*ends, outer)


def earlier_range(term: Term, about: Mapping[str, Any], factor: float) -> Range | None:
    """Return the range that the earlier formula saw, in the new unit, as the term is. about: its unchecked papers."""
    if not isinstance(term.shape, Curve):
        return None
    knots, ends = term.shape.knots, about.get("observed")
    if not (isinstance(ends, list) and len(ends) == 2 and all(_is_number(end) for end in ends)):
        ends = [knots[0] / factor, knots[-1] / factor]
    return Range(factor * ends[0], factor * ends[1], (max(abs(knots[0]), abs(knots[-1])),))


def times_as_large(before: Range, now: Range) -> float | None:
    """Return by what factor the values differ, where it is too much for chance; None otherwise."""
    pairs = [(now.size, before.size)] if now.size and before.size else [(far, before.outer[0]) for far in now.outer]
    pairs += [(far, before.outer[0]) for far in now.outer[:1]]
    ratios = [new / old for new, old in pairs if new > 0.0 and old > 0.0]
    if ratios and (min(ratios) >= TIMES or max(ratios) <= 1.0 / TIMES):
        return ratios[0]
    apart = now.low > before.high or now.high < before.low
    return ratios[0] if apart and ratios else None


def complaint(metric: Metric, term: Term, about: Mapping[str, Any], values: FloatArray) -> str | None:
    """Return why the metric cannot be compared with the anchor as it stands, None where it can."""
    said = _units_said(metric, about.get("unit"))
    if said is not None or metric.unit_factor == 1.0:
        return said
    factor = metric.unit_factor or 1.0
    before, now = earlier_range(term, about, factor), range_of(values)
    times = None if before is None or now is None else times_as_large(before, now)
    if times is None:
        return None
    after = f" (times unit_factor {factor:g})" if factor != 1.0 else ""
    found = f"the anchor saw {before}{after}, this table holds {now}: that looks like another unit"
    return f"metric {metric.name!r}: {found}. Say unit_factor (about {factor * times:.2g}?), or {SAME}, {_OR}."


_OR = "or give the metric another name to begin anew"


def _units_said(metric: Metric, unit: Any) -> str | None:
    if not isinstance(unit, str) or metric.unit is None:
        return None
    same = unit.strip().casefold() == metric.unit.strip().casefold()
    if not same and metric.unit_factor is None:
        found = f"the anchor has it in {unit!r}, the spec in {metric.unit!r}"
        return f"metric {metric.name!r}: {found}. Say unit_factor (new value = factor × old value), or {SAME}, {_OR}."
    if same and metric.unit_factor not in (None, 1.0):
        found = f"unit_factor is {metric.unit_factor:g}, yet the anchor and the spec both have it in {metric.unit!r}"
        return f"metric {metric.name!r}: {found}. Remove unit_factor, or correct the unit."
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and bool(np.isfinite(value))
