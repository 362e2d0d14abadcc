"""Each term's health n_j: its curve or its levels as one CASE, and how much of the formula is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from chs_ml.export.sql.dialects import Dialect
from chs_ml.export.sql.places import Places
from chs_ml.export.sql.tree import Node, case, is_null, less, minus, plus, times
from chs_ml.formula import Curve, Term

NOTHING = 1e-200
"""A difference of health that nobody sees, and whose product with a weight no engine takes for too small."""
SEEN = 1e-14
Whens = Iterator[tuple[Node, Node]]


def health_of(term: Term, places: Places) -> Node:
    """Return n_j of a term: ``otherwise`` where its condition is not as asked, ``missing`` where nothing is known."""
    shape, number = term.shape, places.dialect.health
    whens = [*_condition(term, places), (is_null(places.read(term.metric)), number(shape.missing))]
    if isinstance(shape, Curve):
        along = _along(shape, places.read(term.metric), places.dialect)
        return case(*whens, *along, otherwise=number(shape.values[-1]))
    values = [number(value) for _, value in shape.values]
    return case(
        *whens, *zip(places.levels(term.metric, shape.names), values, strict=True), otherwise=number(shape.other)
    )


def known_share(term: Term, places: Places) -> Node:
    """Return the term's weight where its metric is known, else 0; a level that is not listed is not known."""
    weight, nothing = places.dialect.weight(term.weight), places.dialect.number(0.0)
    if isinstance(term.shape, Curve):
        return case((is_null(places.read(term.metric)), nothing), otherwise=weight)
    return case((places.listed(term.metric, term.shape.names), weight), otherwise=nothing)


def _condition(term: Term, places: Places) -> Whens:
    if term.when is not None and term.otherwise is not None:
        yield places.holds(replace(term.when, holds=not term.when.holds)), places.dialect.health(term.otherwise)


def _along(curve: Curve, x: Node, dialect: Dialect) -> Whens:
    """Give a curve up to its last knot: flat before the first, then line by line."""
    knot = dialect.exactly if _is_steep(curve) else dialect.number
    yield less(x, knot(curve.knots[0])), dialect.health(curve.values[0])
    lines = zip(pairwise(curve.knots), curve.values, curve.slopes, strict=False)
    for (start, stop), value, slope in lines:
        if abs(slope) * (stop - start) < NOTHING:
            yield less(x.copy(), knot(stop)), dialect.health(value)
            continue
        if dialect.underflows and float(np.spacing(abs(start))) * abs(slope) < NOTHING:
            yield less(x.copy(), dialect.number(start + NOTHING / abs(slope))), dialect.health(value)
        way = minus(x.copy(), knot(start)) if start else x.copy()
        risen = times(way, dialect.number(slope))
        yield less(x.copy(), knot(stop)), plus(dialect.health(value), risen) if value else risen


def _is_steep(curve: Curve) -> bool:
    """Return whether a knot that is read a bit off would be seen in the score."""
    return max(map(abs, curve.slopes)) * float(np.spacing(max(map(abs, curve.knots)))) > SEEN
