"""ChurnZero: factors whose points add up to 100, each with tiers of its own points.

Source: support.churnzero.com, "Setting up ChurnScore Factors" (factor total points, point allocation, ends of tiers).
"""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.export.vendors.cells import cells_of, sent
from chs_ml.export.vendors.measures import Measure, Typed, typed_of
from chs_ml.export.vendors.page import OWN_FIELD, Platform, cuts, page_of, table
from chs_ml.formula import WeightsFile

CHURNZERO = Platform(
    "ChurnZero",
    "churnzero",
    (
        "Health > ChurnScores: one factor a measure. The total points of all factors add up to 100, as ChurnZero asks.",
        "Point allocation: a tier a line. 'Share' is the part of the factor's points that the tier gives.",
        "A tier of ChurnZero holds its top end and not its bottom end; here 'from 3' holds 3. So type as a tier's top "
        "the last value under the next line's: for 'under 3', 2 where the field counts, 2.99 where it has cents.",
        "Where a factor has no tier for an empty field, send the value in the last column instead.",
    ),
    OWN_FIELD.format(platform="ChurnZero"),
)


def to_churnzero(weights: WeightsFile) -> str:
    """Return the page to type a ChurnScore from, as Markdown; FormulaError where no card can be made."""
    typed = typed_of(weights)
    rows = [row for measure in typed.measures for row in _rows(measure)]
    header = ("Factor", ">Total points", "Value", ">Points", ">Share", "Or send")
    return page_of(CHURNZERO, typed, [table(header, rows)], _bands(typed))


def _rows(measure: Measure) -> Iterator[tuple[str, ...]]:
    most = measure.term.most
    for cell in cells_of(measure):
        points = measure.term.cells[cell.at]
        first = (measure.label, str(most)) if cell.at == 0 else ("", "")
        yield (*first, cell.where, str(points), f"{points / most:.1%}".replace(".0%", "%"), sent(measure, cell))


def _bands(typed: Typed) -> Iterator[str]:
    yield from (f"{cut}." for cut in cuts(typed))
