"""Planhat: a health score from 0 to 10 that starts at 5; factors add to it or subtract.

Source: help.planhat.com, "How health is calculated" (0 to 10, 5 is neutral, what lies outside is cut) and "Setting up
your health factors" (conditions less than, more than, equal to, not equal to; every one that holds counts).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chs_ml.export.markdown import plain
from chs_ml.export.vendors.cells import ANY_OTHER, cells_of, number
from chs_ml.export.vendors.measures import TOTAL, Measure, Typed, typed_of
from chs_ml.export.vendors.page import Platform, page_of, table
from chs_ml.formula import WeightsFile
from chs_ml.formula.points_card import StepPoints

BASE = 5.0
PLANHAT = Platform(
    "Planhat",
    "planhat",
    (
        "Global Tools > Data > Company > Health: one factor a line, with hard conditions. Every factor that holds "
        "counts, so the lines of one measure add up.",
        "'3 or more' is Planhat's 'more than' with the last value under 3: 2 where the field counts, 2.99 where it has "
        "cents.",
        "Impacts are in tenths of a health point. Planhat's help shows whole ones; whether tenths are taken is not "
        "written there. Try one first.",
        "A customer without a value meets no condition and keeps the base, which is what these impacts are counted "
        "from.",
    ),
    "A measure with a condition in brackets needs a field of its own, filled before it is sent: with the metric where "
    "the condition holds, and empty elsewhere.",
)


def to_planhat(weights: WeightsFile) -> str:
    """Return the page to type a health profile from, as Markdown; FormulaError where no card can be made."""
    typed = planhat_typed(weights)
    rows = [row for measure in typed.measures for row in _rows(measure)]
    return page_of(PLANHAT, typed, [table(("Factor", "Condition", ">Impact"), rows)], _bands(typed))


def planhat_typed(weights: WeightsFile) -> Typed:
    """Return the measures; what meets no condition of Planhat's is worth the same, whatever the card says of it."""
    typed = typed_of(weights)
    beside = 10.0 * BASE - sum(map(_neutral, typed.measures))
    return replace(typed.given(_held), ends=(max(0.0, -beside), min(100.0, 100.0 - beside)))


def _held(measure: Measure) -> list[float]:
    neutral, values = _neutral(measure), [float(points) for points in measure.term.cells]
    for cell in cells_of(measure):
        if not cell.known or cell.where == ANY_OTHER:
            values[cell.at] = neutral
    return values


def _neutral(measure: Measure) -> float:
    """Return the points of a customer who meets no condition: outside a split, else of an unlisted or no value."""
    term = measure.term
    if term.otherwise is not None:
        return float(term.otherwise)
    return float(term.shape.missing if isinstance(term.shape, StepPoints) else term.shape.other)


def _rows(measure: Measure) -> Iterator[tuple[str, ...]]:
    lines = [(said, impact) for said, impact in _impacts(measure) if impact]
    for at, (said, impact) in enumerate(lines):
        yield (measure.label if at == 0 else "", said, f"{impact / 10.0:+.1f}")


def _impacts(measure: Measure) -> Iterator[tuple[str, float]]:
    """Give conditions and points; of steps every condition that holds adds up to the step's points above neutral."""
    neutral, shape = _neutral(measure), measure.term.shape
    if not isinstance(shape, StepPoints):
        yield from ((f"equal to {level}", worth - neutral) for level, worth in shape.levels)
        return
    points, edges = shape.points, [number(edge) for edge in shape.edges]
    if not edges:
        yield "any number", points[0] - neutral
        return
    middle = min(range(len(edges)), key=lambda at: abs(points[at] - neutral) + abs(points[at + 1] - neutral))
    for at, edge in enumerate(edges):
        if at < middle:
            yield f"less than {edge}", float(points[at] - points[at + 1])
        elif at == middle:
            yield f"less than {edge}", points[at] - neutral
            yield f"{edge} or more", points[at + 1] - neutral
        else:
            yield f"{edge} or more", float(points[at + 1] - points[at])


def _bands(typed: Typed) -> Iterator[str]:
    """Give the cuts on Planhat's scale, which lies beside the card's by the points that nobody's factor gives."""
    moved = BASE - sum(map(_neutral, typed.measures)) / 10.0
    for band in typed.card.bands[:-1]:
        yield f"{plain(band.name)}: from {band.start / 10.0 + moved:.1f} of 10."
    if typed.card.bands:
        yield f"{plain(typed.card.bands[-1].name)}: below that."
    if moved:
        yield f"Planhat's number is a tenth of the score, {moved:+.1f}."
    low, high = typed.ends
    if high < TOTAL:
        yield f"Scores above {high:.0f} of 100 all show as 10."
    if low > 0:
        yield f"Scores below {low:.0f} of 100 all show as 0."
