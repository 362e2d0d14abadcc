"""What the leading comment says."""

from __future__ import annotations

from chs_ml.export.plan import Plan
from chs_ml.export.sql.dialects import EXECUTED, Dialect

SHOWN = 20


def head_of(plan: Plan, dialect: Dialect) -> list[str]:
    """Return its lines: which formula, which engine, what the columns have to be."""
    ran = "was run in the tests" if dialect.name in EXECUTED else "is generated and parsed back, and was not run"
    return [
        f"{plan.called}: health score by chs_ml, digest {plan.digest}.",
        f"For {dialect.name}: this kind of query {ran}.",
        *_columns(
            "Columns of numbers (NULL where unknown): ", [name for name, kind in plan.kinds.items() if kind == "number"]
        ),
        *_columns("Columns of texts: ", [name for name, kind in plan.kinds.items() if kind == "level"]),
    ]


def _columns(what: str, names: list[str]) -> list[str]:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return [f"{what}{', '.join(names[:SHOWN])}{more}."] if names else []
