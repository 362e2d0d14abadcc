"""What the leading comment says."""

from __future__ import annotations

from textwrap import wrap

from chs_ml.export.plan import Plan
from chs_ml.export.sql.dialects import EXECUTED, Dialect

WIDTH = 110


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
    return [line for words in said for line in wrap(words, WIDTH)]
