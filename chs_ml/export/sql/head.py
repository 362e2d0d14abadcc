"""What the leading comment says."""

from __future__ import annotations

from textwrap import wrap

from chs_ml.export.plan import Plan
from chs_ml.export.sql.dialects import EXECUTED, Dialect
from chs_ml.formula import Formula, Levels
from chs_ml.formula.edges import conditions_of

WIDTH = 110
ANSWERS = frozenset({"yes", "no", "y", "n", "t", "f", "on", "off"})
"""Levels that are read as booleans where the types of a file are guessed; a boolean then is another level."""


def head_of(plan: Plan, dialect: Dialect) -> list[str]:
    """Return its lines: which formula, for which engine."""
    ran = "was run in the tests" if dialect.name in EXECUTED else "is generated and parsed back, and was not run"
    return [
        f"{plan.called}: health score by chs_ml, digest {plan.digest}.",
        f"For {dialect.name}: this kind of query {ran}.",
    ]


def columns_of(plan: Plan) -> list[str]:
    """Return lines that say what the table's columns have to be."""
    numbers = [name for name, kind in plan.kinds.items() if kind == "number"]
    levels = [name for name, kind in plan.kinds.items() if kind == "level"]
    said = [f"Columns of numbers, NULL where unknown: {', '.join(numbers)}."] if numbers else []
    said += [f"Columns of texts, whole numbers or flags: {', '.join(levels)}."] if levels else []
    words = [name for name in levels if any(level.lower() in ANSWERS for level in _levels_of(plan.formula, name))]
    said += [f"As texts, not booleans, which some loaders make of yes and no: {', '.join(words)}."] if words else []
    return [line for words in said for line in wrap(words, WIDTH)]


def _levels_of(formula: Formula, metric: str) -> list[str]:
    """Return the levels that terms and conditions of the formula know of a metric."""
    shapes = [term.shape for term in formula.terms if term.metric == metric]
    asked = [when.level for when in conditions_of(formula) if when.metric == metric and when.level is not None]
    return [*asked, *(level for shape in shapes if isinstance(shape, Levels) for level in shape.names)]
