"""Totango: dimensions with weights, and metrics that are Good (100), Average (60) or Poor (0).

Source: support.totango.com, "Configure profiles for multidimensional health" (ratings, weighted averages, rounding);
every metric has conditions for Good and for Poor.
"""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.errors import FormulaError
from chs_ml.export.markdown import plain
from chs_ml.export.vendors.cells import Cell, cells_of, example, stand_in, steps_in_words
from chs_ml.export.vendors.measures import Measure, Typed, in_groups, limit_of, shares_of, typed_of
from chs_ml.export.vendors.page import Platform, cuts, page_of, table
from chs_ml.formula import WeightsFile
from chs_ml.formula.points_card import StepPoints

RATINGS = {100: "Good", 60: "Average", 0: "Poor"}
TOTANGO = Platform(
    "Totango",
    "totango",
    (
        "Settings > Data Management > Health Designer > Multidimensional Health: one dimension a pillar.",
        "'% of health' is the dimension's weight, '% of dimension' the metric's; each adds up to 100.",
        "Type the conditions of Good and of Poor. What meets neither is Average.",
        "Send a value for every customer: a metric without one is left out or counted as Totango is set, not as the "
        "formula does. The last column says what to send.",
        "Totango rounds each dimension's score and the total to whole numbers: up to one point beside what is said "
        "below.",
    ),
    "A metric with a condition in brackets needs an attribute of its own, filled before it is sent: with the metric "
    "where the condition holds, and elsewhere with what the last column says.",
)


def to_totango(weights: WeightsFile) -> str:
    """Return the page to type a health profile from, as Markdown.

    FormulaError names a term of which no value is Good, or none Poor: Totango asks for both.
    """
    typed = totango_typed(weights)
    tables = [_group(name, measures) for name, measures in typed.groups.items()]
    return page_of(TOTANGO, typed, tables, _bands(typed))


def totango_typed(weights: WeightsFile) -> Typed:
    """Return the measures with what the three ratings and whole per cents make of the card's points."""
    typed = typed_of(weights)
    for measure in typed.measures:
        _check(measure)
    return in_groups(typed, _ratings)


def _check(measure: Measure) -> None:
    rated = _ratings(measure)
    there = {rated[cell.at] for cell in cells_of(measure) if cell.known}
    for rating in (100, 0):
        if rating not in there:
            raise FormulaError(
                f"target 'totango' cannot hold {measure.term.key!r}: none of its known values is "
                f"{RATINGS[rating]} ({rating}), and Totango asks for a condition of it. Give the metric "
                "missing: neutral, or import scores: chs-ml score --for totango"
            )


def _ratings(measure: Measure) -> list[int]:
    """Return each cell's rating; a special one has that of the known cell whose points are nearest."""
    return [_nearest(measure, cell if cell.known else stand_in(measure, cell)) for cell in cells_of(measure)]


def _nearest(measure: Measure, cell: Cell) -> int:
    share = 100.0 * measure.term.cells[cell.at] / measure.term.most
    return min(RATINGS, key=lambda rating: abs(rating - share))


def _group(name: str, measures: tuple[Measure, ...]) -> list[str]:
    rows = [_row(one, share) for one, share in zip(measures, shares_of(measures), strict=True)]
    header = ("Metric", ">% of dimension", "Good", "Poor", "Send where there is none")
    return [f"### {plain(name)}: {limit_of(measures)} % of health", "", *table(header, rows)]


def _row(measure: Measure, share: int) -> tuple[str, ...]:
    rated = _ratings(measure)
    good, poor = (", ".join(_joined(measure, rated, rating)) for rating in (100, 0))
    special = [(cell, stand_in(measure, cell)) for cell in cells_of(measure) if not cell.known]
    sent = [f"{cell.where}: {example(measure, there)} ({RATINGS[rated[cell.at]]})" for cell, there in special]
    return (measure.label, str(share), good, poor, "; ".join(sent))


def _joined(measure: Measure, rated: list[int], rating: int) -> Iterator[str]:
    """Give the values of a rating, neighbouring steps as one: 'from 3 to under 5'."""
    shape = measure.term.shape
    if not isinstance(shape, StepPoints):
        yield from (cell.where for cell in cells_of(measure) if cell.known and rated[cell.at] == rating)
        return
    keep = [at for at in range(len(shape.edges)) if rated[at] != rated[at + 1]]
    where = steps_in_words([shape.edges[at] for at in keep])
    yield from (words for words, at in zip(where, [*keep, len(shape.edges)], strict=True) if rated[at] == rating)


def _bands(typed: Typed) -> Iterator[str]:
    yield from (f"{cut}." for cut in cuts(typed))
    bands = len(typed.card.bands)
    if bands not in {0, len(RATINGS)}:
        yield f"Totango's scale has three ranks (good, average, poor); the formula has {bands} bands."
