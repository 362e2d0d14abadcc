"""How far a score can move at most: a bound that holds for every customer there could be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from chs_ml.export.vendors.measures import Measure, Typed
from chs_ml.formula import Condition, Curve, Term
from chs_ml.formula.columns import FloatArray
from chs_ml.formula.points_card import StepPoints


@dataclass(frozen=True, slots=True)
class _Part:
    """What one term can add to a change. inside: where it applies. outside: where its condition does not hold."""

    when: Condition | None
    inside: FloatArray
    outside: float = 0.0


def farthest_from_formula(typed: Typed) -> float:
    """Return a bound of |platform's score − formula's score|, in points of 100.

    Terms are taken as if each could be at its worst by itself, but of a split's two sides only one applies.
    """
    of_key = {measure.term.key: measure for measure in typed.measures}
    return _bound(_against(term, of_key.get(term.key)) for term in typed.weights.formula.terms) + typed.cut_off


def farthest_from_card(typed: Typed) -> float:
    """Return a bound of |platform's score − sum of the card|, in points of 100."""
    return _bound(_beside(measure) for measure in typed.measures) + typed.cut_off


def _bound(parts: Iterable[_Part]) -> float:
    low = high = 0.0
    splits: dict[tuple[object, ...], list[_Part]] = {}
    for part in parts:
        if part.when is None:
            low, high = low + float(part.inside.min()), high + float(part.inside.max())
        else:
            splits.setdefault((part.when.metric, part.when.above, part.when.level), []).append(part)
    for sides in splits.values():
        ends = [_ends(sides, holds) for holds in (True, False)]
        low, high = low + min(end[0] for end in ends), high + max(end[1] for end in ends)
    return max(high, -low)


def _ends(parts: Iterable[_Part], holds: bool) -> tuple[float, float]:
    """Return the least and the most that terms under one condition add where it holds, or where it does not."""
    low = high = 0.0
    for part in parts:
        applies = part.when is not None and part.when.holds == holds
        low += float(part.inside.min()) if applies else part.outside
        high += float(part.inside.max()) if applies else part.outside
    return low, high


def _beside(measure: Measure) -> _Part:
    moved = np.array(measure.moved)
    if measure.term.when is None:
        return _Part(None, moved)
    return _Part(measure.term.when, moved[:-1], float(moved[-1]))


def _against(term: Term, measure: Measure | None) -> _Part:
    """Return how the platform's value differs from the term's points, over every value of the metric that matters."""
    exact, values = _worth(term, measure)
    outside = 0.0
    if term.otherwise is not None:
        outside = (0.0 if measure is None else measure.values[-1]) - 100.0 * term.weight * term.otherwise
    return _Part(term.when, values - 100.0 * term.weight * exact, outside)


def _worth(term: Term, measure: Measure | None) -> tuple[FloatArray, FloatArray]:
    """Return the term's health and the platform's values at each value that matters, missing last."""
    if isinstance(term.shape, Curve):
        edges = measure.term.shape.edges if measure and isinstance(measure.term.shape, StepPoints) else ()
        x = _turning(term.shape, edges)
        exact = np.array([*term.shape.health_of(x), term.shape.missing])
        codes = np.array([*np.searchsorted(np.array(edges), x, side="right"), len(edges) + 1])
    else:
        exact, codes = term.shape.table, np.arange(len(term.shape.table))
        if measure is not None:
            here = {name: at for at, name in enumerate(measure.term.shape.names)}  # type: ignore[union-attr]
            known = [here[name] for name in term.shape.names]
            codes = np.array([*known, len(known), len(known) + 1])
    return exact, np.zeros(len(exact)) if measure is None else np.array(measure.values)[codes]


def _turning(curve: Curve, edges: tuple[float, ...]) -> FloatArray:
    """Return where the difference of a curve and steps can be at an end: knots, both sides of an edge, far out."""
    below = np.nextafter(np.array(edges), -np.inf)
    far = [np.finfo(np.float64).min, np.finfo(np.float64).max]
    return np.array([*curve.knots, *edges, *below, *far])
