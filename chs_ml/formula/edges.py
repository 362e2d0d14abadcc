"""The values of each metric at which a scorer is likely to go wrong, and the rows that a score needs to meet a cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from chs_ml.formula.conditions import Condition
from chs_ml.formula.formula import Formula
from chs_ml.formula.shapes import Curve, Levels
from chs_ml.formula.terms import Term

Value = float | str | None
Row = dict[str, Value]

UNSEEN = "a level never seen"
NEAR_A_CUT = 1e-12
EXTREMES = (1e308, -1e308, 5e-324)


@dataclass
class Edges:
    """The edges of one metric.

    plain: knots, thresholds and values to both sides, listed levels, and None. tagged: others, by the tag that they
    bring. floor: what the metric must reach for a customer to be scored.
    """

    plain: list[Value] = field(default_factory=list)
    tagged: dict[str, list[Value]] = field(default_factory=dict)
    floor: float | None = None


def edges_of(formula: Formula) -> dict[str, Edges]:
    """Return the edges of every metric that the formula reads."""
    levels = {metric: list[str]() for metric in formula.metrics}
    numbers = {metric: set[float]() for metric in formula.metrics}
    thresholds = {metric: set[float]() for metric in formula.metrics}
    for term in formula.terms:
        if isinstance(term.shape, Levels):
            levels[term.metric] += term.shape.names
        else:
            numbers[term.metric] |= {float(knot) for knot in term.shape.knots}
    for condition in conditions_of(formula):
        if condition.above is not None:
            thresholds[condition.metric].add(float(condition.above))
        else:
            levels[condition.metric].append(str(condition.level))
    floors = _floors(formula)
    for metric, floor in floors.items():
        thresholds[metric].add(floor)
    return {
        name: _of_levels(levels[name])
        if levels[name]
        else _of_numbers(numbers[name], thresholds[name], floors.get(name))
        for name in formula.metrics
    }


def conditions_of(formula: Formula) -> list[Condition]:
    """Return the conditions of terms and rules."""
    return [term.when for term in formula.terms if term.when] + [rule.when for rule in formula.rules]


def rows_on_cuts(formula: Formula) -> Iterator[Row]:
    """Yield for each cut between bands a row whose score lies on it, where one is found. No rule holds in it.

    From the worst row to the best one metric after another moves: where the score passes the cut along a curve, the
    place is closed in on. A score that jumps over the cut (levels, conditions) is passed over.
    """
    paths = [list(_path(formula, order)) for order in _orders(formula)]
    for band in formula.bands[:-1]:
        row = next((row for path in paths if (row := _on_cut(formula, path, band.start)) is not None), None)
        if row is not None:
            yield row


def worst_and_best(formula: Formula) -> tuple[Row, Row]:
    """Return a row in which every metric is at its unhealthiest, and one in which it is at its healthiest."""
    path = list(_path(formula, next(_orders(formula))))
    return path[0][1], path[-1][1]


def frame_of(rows: list[Row]) -> dict[str, Any]:
    """Return rows as a frame."""
    return {name: np.array([row[name] for row in rows] + [None], dtype=object)[:-1] for name in rows[0]}


def meeting(condition: Condition, *, met: bool = True) -> Value:
    """Return a value of the condition's metric for which it is as asked, or is not."""
    true = condition.holds == met
    if condition.above is None:
        return condition.level if true else None
    return _beyond(condition.above, 1) if true else float(condition.above)


def _floors(formula: Formula) -> dict[str, float]:
    return {name: float(floor) for name, floor in formula.score_when.floors} if formula.score_when else {}


def about(condition: Condition) -> list[tuple[Value, tuple[str, ...]]]:
    """Return values just on either side of a condition, with tags: a number and its two neighbours, or a level."""
    if condition.above is None:
        return [(meeting(condition), ()), (meeting(condition, met=False), ())]
    edge = float(condition.above)
    beside = (float(np.nextafter(edge, way)) for way in (np.inf, -np.inf))
    return [(edge, ()), *((value, ("ulp_edge",)) for value in beside)]


def _beyond(threshold: float, side: int) -> float:
    """A value well to one side of a threshold."""
    return _short(threshold + side * max(1.0, abs(threshold) / 8.0))


def _of_numbers(points: set[float], thresholds: set[float], floor: float | None) -> Edges:
    knots = sorted(points | thresholds)
    around = sorted({_beyond(threshold, side) for threshold in thresholds for side in (-1, 1)} - {*knots})
    beside = [float(np.nextafter(knot, toward)) for knot in knots for toward in (-np.inf, np.inf)]
    beside = [value for value in beside if np.isfinite(value)]
    between = [_short((low + high) / 2.0) for low, high in pairwise(knots)][:2]
    tagged: dict[str, list[Value]] = {
        "ulp_edge": [*beside],
        "needs_nan": [np.nan, np.inf, -np.inf],
        "empty_string": [""],
        "extreme": [*EXTREMES],
    }
    return Edges([*knots, *around, *between, None], tagged, floor)


def _of_levels(levels: list[str]) -> Edges:
    names = list(dict.fromkeys(levels))
    variants = [variant for name in names for variant in (name.swapcase(), name + " ") if variant not in names]
    tagged: dict[str, list[Value]] = {
        "case_variant": [*variants],
        "unseen": [UNSEEN],
        "needs_nan": [None],
        "empty_string": [""],
    }
    return Edges([*names, None], tagged)


def _short(value: float) -> float:
    """The value with at most nine digits, which every spreadsheet keeps."""
    return float(f"{value:.9g}")


def _orders(formula: Formula) -> Iterator[list[Term]]:
    terms = list({term.metric: term for term in formula.terms}.values())
    curves = [term for term in terms if isinstance(term.shape, Curve)]
    levels = [term for term in terms if isinstance(term.shape, Levels)]
    yield from (levels + curves, curves + levels, curves[::-1] + levels, levels[::2] + curves + levels[1::2])


def _path(formula: Formula, order: list[Term]) -> Iterator[tuple[str, Row]]:
    row: Row = {**dict.fromkeys(formula.metrics), **_floors(formula)}
    row.update({rule.when.metric: meeting(rule.when, met=False) for rule in formula.rules})
    row.update({term.metric: _extreme_of(term, best=False) for term in order})
    yield "", dict(row)
    for term in order:
        row[term.metric] = _extreme_of(term, best=True)
        yield term.metric, dict(row)


def _extreme_of(term: Term, *, best: bool) -> Value:
    shape = term.shape
    values = shape.values if isinstance(shape, Curve) else [value for _, value in shape.values]
    position = int(np.argmax(values) if best else np.argmin(values))
    return float(shape.knots[position]) if isinstance(shape, Curve) else shape.names[position]


def _on_cut(formula: Formula, path: list[tuple[str, Row]], cut: float) -> Row | None:
    scores = formula.score(frame_of([row for _, row in path]))
    for before in np.flatnonzero((scores[:-1] - cut) * (scores[1:] - cut) <= 0.0):
        metric, row = path[before + 1]
        low, high = path[before][1][metric], row[metric]
        if isinstance(low, float) and isinstance(high, float):
            found = _closed_in(formula, row, metric, (low, high), cut)
            if found is not None:
                return found
    return None


def _closed_in(formula: Formula, row: Row, metric: str, ends: tuple[float, float], cut: float) -> Row | None:
    low, high = ends
    for _ in range(12):
        grid = np.linspace(low, high, 33)
        scores = formula.score(frame_of([{**row, metric: float(x)} for x in grid]))
        passed = np.flatnonzero((scores[:-1] - cut) * (scores[1:] - cut) <= 0.0)
        if not len(passed):
            return None
        low, high = float(grid[passed[0]]), float(grid[passed[0] + 1])
        best = int(np.argmin(np.abs(scores - cut)))
        if abs(scores[best] - cut) <= NEAR_A_CUT:
            return {**row, metric: float(grid[best])}
    return None
