"""Each term's health n_j: its curve or its levels as one CASE, and how much of the formula is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from chs_ml.export.sql.dialects import Dialect
from chs_ml.export.sql.places import Places
from chs_ml.export.sql.tree import Node, among, case, is_null, less, minus, number, plus, times
from chs_ml.formula import Curve, Levels, Term

NOTHING = 1e-200
"""A difference of health that nobody sees, and whose product with a weight no engine takes for too small."""
Whens = Iterator[tuple[Node, Node]]


def health_of(term: Term, places: Places) -> Node:
    """Return n_j of a term: ``otherwise`` where its condition is not as asked, ``missing`` where nothing is known."""
    whens = [*_condition(term, places)]
    whens.append((is_null(places.read(term.metric)), number(term.shape.missing)))
    if isinstance(term.shape, Curve):
        steps = [*_along(term.shape, places.read(term.metric), places.dialect)]
        return case(*whens, *steps, otherwise=number(term.shape.values[-1]))
    return case(*whens, *_levels(term.metric, term.shape, places), otherwise=number(term.shape.other))


def known_share(term: Term, places: Places) -> Node:
    """Return the term's weight where its metric is known, else 0; a level that is not listed is not known."""
    unknown: Node = is_null(places.read(term.metric))
    if isinstance(term.shape, Levels):
        reading, table = places.readings[term.metric], term.shape.names
        texts = dict.fromkeys(text for level in table for text in reading.texts(table, level))
        listed = among(places.read(term.metric), [places.dialect.level(text) for text in texts])
        return case((listed, number(term.weight)), otherwise=number(0.0))
    return case((unknown, number(0.0)), otherwise=number(term.weight))


def _condition(term: Term, places: Places) -> Whens:
    if term.when is not None and term.otherwise is not None:
        yield places.holds(replace(term.when, holds=not term.when.holds)), number(term.otherwise)


def _levels(metric: str, levels: Levels, places: Places) -> Whens:
    for level, value in levels.values:
        yield places.is_level(metric, levels.names, level), number(value)


def _along(curve: Curve, x: Node, dialect: Dialect) -> Whens:
    """Give a curve up to its last knot: flat before the first, then line by line."""
    yield less(x, dialect.number(curve.knots[0])), number(curve.values[0])
    lines = zip(pairwise(curve.knots), curve.values, curve.slopes, strict=False)
    for (start, stop), value, slope in lines:
        if abs(slope) * (stop - start) < NOTHING:
            yield less(x.copy(), dialect.number(stop)), number(value)
            continue
        if dialect.underflows and float(np.spacing(abs(start))) * abs(slope) < NOTHING:
            yield less(x.copy(), dialect.number(start + NOTHING / abs(slope))), number(value)
        yield less(x.copy(), dialect.number(stop)), _line(x.copy(), start, value, dialect.number(slope), dialect)


def _line(x: Node, start: float, value: float, slope: Node, dialect: Dialect) -> Node:
    risen = times(minus(x, dialect.number(start)) if start else x, slope)
    return plus(number(value), risen) if value else risen
