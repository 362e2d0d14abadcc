"""Metrics that are measured in one pass over a table's rows: those that look equally far back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chs_ml.spec.history import PastTable
from chs_ml.spec.measures import ALL, Measure

DIFFERENT = frozenset({"days_active", "distinct"})
"""Kinds that count different values: each goes alone, since engines keep all values of every such count at once."""


@dataclass(frozen=True, slots=True)
class Group:
    """reach: days before the cutoff, None as far as the start. types: of rows that any metric counts, None for all."""

    name: str
    measures: tuple[Measure, ...]
    reach: int | None
    types: tuple[str, ...] | None


def groups_of(table: str, past: PastTable, measures: Sequence[Measure]) -> list[Group]:
    """Return the groups of a table's metrics, in the order in which the metrics name them."""
    found: dict[str, list[Measure]] = {}
    for measure in measures:
        found.setdefault(group_of(measure, table), []).append(measure)
    return [Group(name, tuple(inside), reach_of(inside[0]), _types(past, inside)) for name, inside in found.items()]


def group_of(measure: Measure, table: str) -> str:
    """Return the name of the group in which a metric is measured."""
    if measure.kind in DIFFERENT:
        return f"chs_different_{measure.name}"
    return f"chs_measured_{table}_{reach_of(measure) or 'ever'}"


def reach_of(measure: Measure) -> int | None:
    """Return how many days before the cutoff a metric looks at; None where as far as the start."""
    return measure.window and measure.window * (2 if measure.kind == "trend" else 1)


def _types(past: PastTable, measures: Sequence[Measure]) -> tuple[str, ...] | None:
    found: dict[str, None] = {}
    for measure in measures:
        among_all = measure.kind == "share" and not measure.among
        if past.type is None or ALL in measure.what or among_all or measure.kind == "days_late":
            return None
        found |= dict.fromkeys((*measure.what, *measure.among))
    return tuple(found)
