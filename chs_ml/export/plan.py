"""A formula as every target writes it down: what it reads, what people call its parts, and how reasons are told."""

from __future__ import annotations

from dataclasses import dataclass

from chs_ml.export.evidence import mean_health
from chs_ml.export.labels import label_of
from chs_ml.formula import Formula, WeightsFile
from chs_ml.formula.kinds import Kind, kinds_of

REASONS = 3
WORTH_SAYING = 0.5
"""Points below the average customer from which a term is a reason."""
MOST_POINTS = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """What a target needs beside the formula.

    kinds: of every metric that is read, in the order in which targets take them. labels, averages: of each term, in
    the formula's order; an average is the mean health among the customers learned from, 1 where it is not recorded.
    called: the formula's label, or its name. customer: the id column's name in the source.
    """

    formula: Formula
    kinds: dict[str, Kind]
    labels: tuple[str, ...]
    averages: tuple[float, ...]
    called: str
    digest: str
    customer: str


def plan_of(weights: WeightsFile) -> Plan:
    """Return the plan of a weights file."""
    formula, average = weights.formula, mean_health(weights)
    return Plan(
        formula=formula,
        kinds=kinds_of(formula),
        labels=tuple(label_of(weights, term) for term in formula.terms),
        averages=tuple(average.get(term.key, 1.0) for term in formula.terms),
        called=weights.label or weights.name,
        digest=weights.digest,
        customer=weights.customer or "customer",
    )
