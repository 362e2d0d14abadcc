"""HubSpot: score groups with a limit each, criteria that add points.

Source: knowledge.hubspot.com, "Create a health score in the customer success workspace" (groups, points, limits).
"""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.export.markdown import plain
from chs_ml.export.vendors.cells import NO_VALUE, cells_of, sent
from chs_ml.export.vendors.measures import Measure, Typed, limit_of, typed_of
from chs_ml.export.vendors.page import OWN_FIELD, Platform, cuts, page_of, table
from chs_ml.formula import WeightsFile

STATUSES = 3
HUBSPOT = Platform(
    "HubSpot",
    "hubspot",
    (
        "Service > Customer Success > settings > Health scores > Create a health score > Start from scratch.",
        "One property group a pillar, with the limit (max points) that stands beside it; the limits add up to 100. No "
        "customer reaches more than the limit, so it cuts nothing off.",
        "One criterion a line: the measure's property, the value, the points to add. Lines of 0 points need no typing.",
        f"'{NO_VALUE}' is the operator 'is unknown'.",
    ),
    OWN_FIELD.format(platform="HubSpot"),
)


def to_hubspot(weights: WeightsFile) -> str:
    """Return the page to type a health score from, as Markdown; FormulaError where no card can be made."""
    typed = typed_of(weights)
    tables = [_group(name, measures) for name, measures in typed.groups.items()]
    return page_of(HUBSPOT, typed, tables, _bands(typed))


def _group(name: str, measures: tuple[Measure, ...]) -> list[str]:
    rows = [row for measure in measures for row in _rows(measure)]
    return [
        f"### {plain(name)}: limit {limit_of(measures)}",
        "",
        *table(("Property", "Value", ">Points", "Or send"), rows),
    ]


def _rows(measure: Measure) -> Iterator[tuple[str, ...]]:
    for cell in cells_of(measure):
        first = measure.label if cell.at == 0 else ""
        yield (first, cell.where, f"+{measure.term.cells[cell.at]}", sent(measure, cell))


def _bands(typed: Typed) -> Iterator[str]:
    yield from (f"{cut}." for cut in cuts(typed))
    bands = len(typed.card.bands)
    if bands not in {0, STATUSES}:
        yield f"HubSpot knows three statuses (healthy, neutral, at-risk); the formula has {bands} bands."
