"""The values of each metric at which a scorer is likely to go wrong, and the rows that a score needs to meet a cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from chs_ml.formula.conditions import Condition
from chs_ml.formula.formula import Formula
from chs_ml.formula.look_alikes import look_alikes
from chs_ml.formula.reach import UNSEEN, Row, Value, extreme_row
from chs_ml.formula.shapes import Curve, Levels
from chs_ml.formula.terms import Term

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
    ends = extreme_row(formula, best=False, known=True), extreme_row(formula, best=True, known=True)
    paths = [list(_path(formula, ends, order)) for order in _orders(formula, ends[0])]
    for band in formula.bands[:-1]:
        row = next((row for path in paths if (row := _on_cut(formula, path, band.start)) is not None), None)
        if row is not None:
            yield row


def worst_and_best(formula: Formula) -> tuple[Row, Row]:
    """Return a row of the least score that can be reached, and one of the greatest."""
    start = _where_no_rule_holds(formula)
    return {**start, **extreme_row(formula, best=False)}, {**start, **extreme_row(formula, best=True)}


def surely_scored(formula: Formula) -> Row:
    """Return a row in which every metric is known, at its best or at its floor."""
    row = {**_where_no_rule_holds(formula), **extreme_row(formula, best=True, known=True)}
    return row | {name: at_least(floor, row[name]) for name, floor in _floors(formula).items()}


def at_least(floor: float, value: Value) -> float:
    """Return a value that reaches a floor."""
    return max(floor, value) if isinstance(value, float) else floor


def telling(terms: Iterable[Term]) -> Row:
    """Return for each term's metric a value at which the term says something else than where it does not apply.

    Of the two sides of a split, the one where the condition does not hold is asked: it applies where that is unknown.
    """
    return {
        term.metric: _telling(term) for term in sorted(terms, key=lambda one: one.when is None or not one.when.holds)
    }


def _telling(term: Term) -> Value:
    values: list[Value] = [*term.shape.knots] if isinstance(term.shape, Curve) else [*term.shape.names]
    health = term.shape.values if isinstance(term.shape, Curve) else [value for _, value in term.shape.values]
    return values[int(np.argmax(np.abs(np.array(health) - (term.otherwise or 0.0))))]


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
    """Return values about a condition, with tags: missing, then a number and its two neighbours, or levels."""
    if condition.above is None:
        return [(None, ()), (condition.level, ()), (UNSEEN, ())]
    edge = float(condition.above)
    beside = (float(np.nextafter(edge, way)) for way in (np.inf, -np.inf))
    return [(None, ()), (edge, ()), *((value, ("ulp_edge",)) for value in beside)]


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
    tagged: dict[str, list[Value]] = {
        "unseen": [UNSEEN],
        "needs_nan": [None],
        "empty_string": [""],
        **{tag: [*texts] for tag, texts in look_alikes(names).items()},
    }
    return Edges([*names, None], tagged)


def _short(value: float) -> float:
    """The value with at most nine digits, which every spreadsheet keeps."""
    return float(f"{value:.9g}")


def _orders(formula: Formula, row: Row) -> Iterator[list[str]]:
    """Give orders in which the metrics move: those of conditions, by which a score jumps, come first or last."""
    on = {term.when.metric for term in formula.terms if term.when is not None}
    conditions = [name for name in row if name in on]
    numbers = [name for name, value in row.items() if isinstance(value, float) and name not in on]
    levels = [name for name in row if name not in on and name not in numbers]
    for order in (levels + numbers, numbers + levels, numbers[::-1] + levels, levels[::2] + numbers + levels[1::2]):
        yield order + conditions
        if conditions:
            yield conditions + order


def _where_no_rule_holds(formula: Formula) -> Row:
    row: Row = {**dict.fromkeys(formula.metrics), **_floors(formula)}
    return row | {rule.when.metric: meeting(rule.when, met=False) for rule in formula.rules}


def _path(formula: Formula, ends: tuple[Row, Row], order: list[str]) -> Iterator[tuple[str, Row]]:
    row = {**_where_no_rule_holds(formula), **ends[0]}
    yield "", dict(row)
    for name in order:
        row[name] = ends[1][name]
        yield name, dict(row)


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
