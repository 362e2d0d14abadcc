"""Terms as characteristics of a scorecard: an attribute for each segment of a curve, each level, and missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from chs_ml.export.plan import WORTH_SAYING, Plan
from chs_ml.export.pmml.fields import LARGEST, Fields
from chs_ml.export.pmml.spelling import spelling
from chs_ml.formula import Curve, Levels, Term


def characteristics(fields: Fields, plan: Plan) -> Any:
    """Return the element of all terms, in the formula's order.

    Each has the points from which down it is a reason: half a point below the average customer's, as it is elsewhere.

    The predicates of a term read its own metric alone, as the standard asks; a condition on another stands inside the
    points.
    """
    codes = reason_codes(plan)
    found = []
    for at, (term, average) in enumerate(zip(plan.formula.terms, plan.averages, strict=True)):
        shape = term.shape
        cases = _curve(fields, term, shape) if isinstance(shape, Curve) else _levels(fields, term, shape)
        baseline = 100.0 * term.weight * average - WORTH_SAYING
        found.append(
            fields.tree.make("Characteristic", *cases, name=term.key, reasonCode=codes[at], baselineScore=baseline)
        )
    return fields.tree.make("Characteristics", *found)


def reason_codes(plan: Plan) -> Sequence[str]:
    """Return what people call each term; where two are called alike, the terms' own names."""
    same = len(set(plan.labels)) < len(plan.labels) or "" in plan.labels
    return [term.key for term in plan.formula.terms] if same else plan.labels


def _curve(fields: Fields, term: Term, curve: Curve) -> Iterator[Any]:
    """Give missing first, then the flat start, each segment up to its upper knot, and the flat end."""
    metric, tree = term.metric, fields.tree
    unknown = [
        tree.make("SimplePredicate", field=metric, operator="isMissing"),
        _compared(fields, metric, "lessThan", -LARGEST),
        _compared(fields, metric, "greaterThan", LARGEST),
    ]
    yield _attribute(fields, term, tree.make("CompoundPredicate", *unknown, booleanOperator="or"), curve.missing)
    yield _attribute(fields, term, _compared(fields, metric, "lessOrEqual", float(curve.knots[0])), curve.values[0])
    for (start, end), value, slope in zip(pairwise(curve.knots), curve.values[:-1], curve.slopes, strict=True):
        here = _compared(fields, metric, "lessThan", float(end))
        yield _attribute(fields, term, here, value, (float(start), slope))
    yield _attribute(fields, term, tree.make("True"), curve.values[-1])


def _levels(fields: Fields, term: Term, levels: Levels) -> Iterator[Any]:
    field, tree = fields.level(term.metric), fields.tree
    yield _attribute(fields, term, tree.make("SimplePredicate", field=field, operator="isMissing"), levels.missing)
    for level, value in levels.values:
        here = tree.make("SimplePredicate", field=field, operator="equal", value=spelling(level))
        yield _attribute(fields, term, here, value)
    yield _attribute(fields, term, tree.make("True"), levels.other)


def _compared(fields: Fields, metric: str, operator: str, value: float) -> Any:
    return fields.tree.make("SimplePredicate", field=metric, operator=operator, value=value)


def _attribute(fields: Fields, term: Term, predicate: Any, value: float, rise: tuple[float, float] = (0.0, 0.0)) -> Any:
    """Return the case in which a predicate holds. rise: where the segment begins, and its slope."""
    tree, (start, slope) = fields.tree, rise
    if slope == 0.0 and term.when is None:
        return tree.make("Attribute", predicate, partialScore=100.0 * term.weight * float(value))
    health: Any = float(value)
    if slope != 0.0:
        health = tree.apply("+", health, tree.apply("*", tree.apply("-", term.metric, start), slope))
    if term.when is not None:
        health = fields.choice(term.when, health, float(term.otherwise or 0.0))
    points = tree.apply("*", 100.0 * term.weight, health)
    return tree.make("Attribute", predicate, tree.make("ComplexPartialScore", points))
