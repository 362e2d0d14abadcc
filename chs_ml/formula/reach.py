"""The least and the greatest score that a formula can reach.

A metric bears on another only by the condition that the other's curve is under. So the metrics are done away with one
by one, those that hang together with the fewest others first: each leaves behind the best that it can do for every
value of those (variable elimination). Values that matter are few: knots, both sides of a threshold, levels, missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from chs_ml.formula.columns import FloatArray
from chs_ml.formula.formula import Formula
from chs_ml.formula.shapes import Curve
from chs_ml.formula.terms import Term

Value = float | str | None
Row = dict[str, Value]

UNSEEN = "a level never seen"
MOST = 1_000_000
"""Entries of a table: where conditions hang together more densely, one metric is set as if it stood alone."""


def extreme_row(formula: Formula, *, best: bool, known: bool = False) -> Row:
    """Return a row that reaches the greatest score, or the least; of the metrics that the score depends on.

    known: among rows in which no value is missing and no level unseen.
    """
    values = {name: _values(formula, name, known) for term in formula.terms for name in term.metrics}
    factors: dict[str, list[_Factor]] = {name: [] for name in values}  # by each metric that they depend on
    for term in formula.terms:
        factor = _factor(term, values, 1.0 if best else -1.0)
        for name in factor.names:
            factors[name].append(factor)
    done = [_done_away(factors, name) for name in values if not _others(name, factors[name])]
    while factors:
        done.append(_done_away(factors, min(factors, key=lambda name: len(_others(name, factors[name])))))
    at: dict[str, int] = {}
    for whole in reversed(done):
        own = whole.table
        for other in reversed(whole.names[1:]):
            own = own[..., at[other]]
        at[whole.names[0]] = int(np.argmax(own))
    return {name: values[name][at[name]] for name in values}


@dataclass(frozen=True, eq=False)
class _Factor:
    """Part of the score by the positions of some metrics' values, an axis each."""

    names: tuple[str, ...]
    table: FloatArray

    def over(self, scope: Sequence[str]) -> FloatArray:
        """Return the table with an axis for every metric of a wider scope."""
        order = sorted(range(len(self.names)), key=lambda at: scope.index(self.names[at]))
        size = dict(zip(self.names, self.table.shape, strict=True))
        return self.table.transpose(order).reshape([size.get(name, 1) for name in scope])

    def best(self) -> _Factor:
        """Return the best that the first metric can do for the values of the others."""
        return _Factor(self.names[1:], self.table.max(0))

    def only(self, name: str) -> FloatArray:
        """Return the best that there is for each value of one metric."""
        at = self.names.index(name)
        best: FloatArray = self.table.max(tuple(axis for axis in range(len(self.names)) if axis != at))
        return best

    def set(self, name: str, value: int) -> _Factor:
        """Return what is left where a metric has this value."""
        at = self.names.index(name)
        return _Factor(self.names[:at] + self.names[at + 1 :], np.asarray(self.table.take(value, axis=at)))


def _others(name: str, factors: Sequence[_Factor]) -> list[str]:
    """Return the metrics that a metric hangs together with."""
    return list(dict.fromkeys(other for factor in factors for other in factor.names if other != name))


def _done_away(factors: dict[str, list[_Factor]], name: str) -> _Factor:
    """Return what depends on a metric, its own axis first, and leave to the others the best that it can do."""
    mine = factors.pop(name)
    scope = (name, *_others(name, mine))
    sizes = {other: size for factor in mine for other, size in zip(factor.names, factor.table.shape, strict=True)}
    if prod(sizes.values()) > MOST:
        alone = np.zeros(sizes[name])
        for factor in mine:
            alone = alone + factor.only(name)
        whole = _Factor((name,), alone)
        left = [factor.set(name, int(np.argmax(alone))) for factor in mine]
    else:
        whole = _summed(scope, mine)
        left = [whole.best()]
    for other in scope[1:]:
        factors[other] = [factor for factor in factors[other] if factor not in mine]
        factors[other] += [factor for factor in left if other in factor.names]
    return whole


def _summed(scope: tuple[str, ...], factors: Sequence[_Factor]) -> _Factor:
    table = factors[0].over(scope)
    for factor in factors[1:]:
        table = table + factor.over(scope)
    return _Factor(scope, table)


def _factor(term: Term, values: dict[str, list[Value]], sign: float) -> _Factor:
    """Return what a term adds to the score for each value of its metric, and of its condition's."""
    health = term.shape.health(_column(values[term.metric]))
    if term.when is None or term.otherwise is None:
        return _Factor((term.metric,), sign * term.weight * health)
    applies = term.when.applies({term.when.metric: _column(values[term.when.metric])})
    if term.when.metric == term.metric:
        return _Factor((term.metric,), sign * term.weight * np.where(applies, health, term.otherwise))
    table = np.where(applies, health[:, None], term.otherwise)
    return _Factor((term.metric, term.when.metric), sign * term.weight * table)


def _values(formula: Formula, name: str, known: bool) -> list[Value]:
    """Return the values of a metric that matter, those that people would write first."""
    conditions = [term.when for term in formula.terms if term.when is not None and term.when.metric == name]
    shapes = [term.shape for term in formula.terms if term.metric == name]
    knots = {float(knot) for shape in shapes if isinstance(shape, Curve) for knot in shape.knots}
    edges = {float(when.above) for when in conditions if when.above is not None}
    levels = [level for shape in shapes if not isinstance(shape, Curve) for level in shape.names]
    levels += [when.level for when in conditions if when.level is not None]
    beyond = {edge + max(1.0, abs(edge) / 8.0) for edge in edges}
    found: list[Value] = [*sorted(knots), *sorted(edges - knots), *sorted(beyond - knots - edges)]
    found += dict.fromkeys(levels)
    unknown: list[Value] = [] if known else [*([UNSEEN] if levels else []), None]
    return [*found, *unknown, *(float(np.nextafter(edge, np.inf)) for edge in sorted(edges))]


def _column(values: Sequence[Value]) -> FloatArray:
    return np.array([*values, None], dtype=object)[:-1]
