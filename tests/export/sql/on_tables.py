"""A formula that fits a table, written from its quantiles and levels: nothing is learned."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from chs_ml.formula import Band, Condition, Curve, Formula, Levels, Link, Rule, ScoreWhen, Term, WeightsFile
from chs_ml.formula.columns import texts


def formula_on(table: pa.Table, metrics: list[str], levels: set[str], split_by: str) -> WeightsFile:
    """Return a weights file with a curve or levels for each metric; the first one is split by a level or a median."""
    shapes = {name: _levels(table[name]) if name in levels else _curve(table[name]) for name in metrics}
    level = shapes[split_by].names[0] if split_by in levels else None
    above = None if level else shapes[split_by].knots[1]
    sides = [Condition(split_by, above, level, holds=holds) for holds in (True, False)]
    parts = [(name, None, None) for name in metrics[1:]] + [(metrics[0], side, 0.25) for side in sides]
    weights = np.linspace(1.0, 2.0, len(parts))
    weights /= weights.sum()
    terms = tuple(
        Term(name, "usage", "free", float(weight), shapes[name], when=when, otherwise=otherwise)
        for weight, (name, when, otherwise) in zip(weights, parts, strict=True)
    )
    bands = (Band("healthy", "green", 55.0), Band("at risk", "yellow", 45.0), Band("unhealthy", "red", 0.0))
    rules = (Rule(sides[0], "at risk", "looked at by hand"),)
    formula = Formula(terms, Link(-2.0, 5.0), bands, rules, ScoreWhen(0.9))
    mean = {term.key: float(np.mean(term.health(table))) for term in terms}
    return WeightsFile(formula, "on a table", customer="customer", reference={"mean_health": mean})


def _curve(column: pa.ChunkedArray) -> Curve:
    values = column.cast(pa.float64()).drop_null().to_numpy()
    knots = np.unique(np.quantile(values, np.linspace(0.01, 0.99, 8)))
    knots = knots if len(knots) > 1 else np.array([knots[0], knots[0] + 1.0])
    health = np.sqrt(np.linspace(0.0, 1.0, len(knots)))
    return Curve(tuple(knots.tolist()), tuple(health.tolist()), 0.5)


def _levels(column: pa.ChunkedArray) -> Levels:
    names = sorted({text for text in texts(column) if text is not None})
    return Levels(tuple((name, (at + 1) / (len(names) + 1)) for at, name in enumerate(names)), 0.0, 0.5)
