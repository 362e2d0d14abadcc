"""Whether a metric is still in the unit of the anchor: hours read as minutes would turn its curve into nonsense.

Compared are what the earlier weights file says of the unit, and the sizes of the values: their 1st and 99th percentile
and, knot by knot, where the curve would have its knots now. One unit is five times another or more (days and weeks:
seven), while a metric that grows fivefold in both within a quarter is rare enough to ask a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chs_ml.fit.knots import knots_of
from chs_ml.formula import Curve, Term
from chs_ml.formula.columns import FloatArray
from chs_ml.spec.metrics import Metric

TIMES = 5.0
RARE, TIMES_RARE = 0.05, 20.0
"""Where fewer values than this share are not zero, the sizes of a few say little."""
ENDS = (0.01, 0.99)
MOST_OF_A_UNIT = 40
SAME = "unit_factor: 1 if the unit is the same"


@dataclass(frozen=True)
class Range:
    """1st and 99th percentile of the values, and the knots of their curve.

    sizes: the smallest and the largest that is not zero. rare: nearly all are zero.
    """

    low: float
    high: float
    knots: FloatArray
    sizes: tuple[float, ...] = ()
    rare: bool = False

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


def range_of(values: FloatArray, ramps: int) -> Range | None:
    """Return the range of a column, None where it has no value. ramps: of the curve that it is compared with."""
    known, ends = values[np.isfinite(values)], observed(values)
    if ends is None:
        return None
    sizes = np.abs(known[known != 0.0])
    extremes = (float(sizes.min()), float(sizes.max())) if len(sizes) else ()
    return Range(*ends, knots_of(known, ramps), extremes, len(sizes) < RARE * len(known))


def earlier_range(shape: Curve, about: Mapping[str, Any], factor: float) -> Range:
    """Return the range that the earlier formula saw, in the new unit, as the shape is. about: its unchecked papers."""
    knots, ends = np.array(shape.knots), about.get("observed")
    if not (isinstance(ends, list) and len(ends) == 2 and all(_is_number(end) for end in ends)):
        return Range(float(knots[0]), float(knots[-1]), knots)
    return Range(factor * ends[0], factor * ends[1], knots)


def times_as_large(before: Range, now: Range) -> float | None:
    """Return by what factor the values differ, where it is too much for chance; None otherwise."""
    ratios = [now.size / before.size] if before.size > 0.0 and now.size > 0.0 else []
    if len(before.knots) > 2:
        ratios += _knot_by_knot(before.knots, now.knots)
    elif not ratios:  # the end of a straight curve is the 99th percentile, or nearly the maximum where that is zero
        outer = float(np.abs(before.knots).max())
        ratios = [far / outer for far in now.sizes if outer > 0.0]
    times = TIMES_RARE if now.rare else TIMES
    if ratios and (min(ratios) >= times or max(ratios) <= 1.0 / times):
        return ratios[0]
    apart = now.low > before.high or now.high < before.low
    return ratios[0] if apart and ratios else None


def _knot_by_knot(before: FloatArray, now: FloatArray) -> list[float]:
    """Return the median ratio of knots that lie side by side, where neither is zero.

    Side by side are knots of the same rank or, where one curve lacks the other's outermost values, those that are left:
    whichever makes the ratios most alike.
    """
    ranks = np.linspace(0.0, 1.0, max(len(before), len(now)))
    more, fewest = abs(len(before) - len(now)), min(len(before), len(now))
    pairs = [
        [knots[at : at + fewest] if len(knots) > fewest else knots for knots in (before, now)] for at in range(more + 1)
    ]
    pairs.append([np.interp(ranks, np.linspace(0.0, 1.0, len(knots)), knots) for knots in (before, now)])
    ratios = [np.abs(new[old * new != 0.0] / old[old * new != 0.0]) for old, new in pairs]
    known = [each for each in ratios if len(each) >= max(fewest - 1, 1)] or [each for each in ratios[-1:] if len(each)]
    return [float(np.median(min(known, key=lambda each: round(float(np.ptp(np.log(each))), 9))))] if known else []


def complaint(metric: Metric, term: Term, about: Mapping[str, Any], values: FloatArray) -> str | None:
    """Return why the metric cannot be compared with the anchor as it stands, None where it can."""
    said = _units_said(metric, about.get("unit"))
    if said is not None or metric.unit_factor == 1.0:
        return said
    if not isinstance(term.shape, Curve):
        return None
    factor, now = metric.unit_factor or 1.0, range_of(values, len(term.shape.knots) - 1)
    before = earlier_range(term.shape, about, factor)
    times = None if now is None else times_as_large(before, now)
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
        found = f"the anchor has it in {_short(unit)}, the spec in {_short(metric.unit)}"
        return f"metric {metric.name!r}: {found}. Say unit_factor (new value = factor × old value), or {SAME}, {_OR}."
    if same and metric.unit_factor not in (None, 1.0):
        found = (
            f"unit_factor is {metric.unit_factor:g}, yet the anchor and the spec both have it in {_short(metric.unit)}"
        )
        return f"metric {metric.name!r}: {found}. Remove unit_factor, or correct the unit."
    return None


def _short(unit: str) -> str:
    return repr(unit if len(unit) <= MOST_OF_A_UNIT else f"{unit[: MOST_OF_A_UNIT - 1]}…")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and bool(np.isfinite(value))
