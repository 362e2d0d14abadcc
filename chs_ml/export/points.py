"""The formula in whole points, for a vendor's platform or a pencil: a line for each step, level and special case."""

from __future__ import annotations

import csv
import io

from chs_ml.errors import FormulaError
from chs_ml.export.csv import harmless
from chs_ml.formula import WeightsFile
from chs_ml.formula.points_card import CardRow, PointsCard

COLUMNS = ("term", "metric", "when", "from", "level", "case", "points")


def card_of(weights: WeightsFile) -> PointsCard:
    """Return the card that the file's papers hold; FormulaError where there is none, or what is wrong with it."""
    kept = weights.reference.get("whole_points")
    if isinstance(kept, dict) and isinstance(kept.get("note"), str):
        raise FormulaError(f"the weights file holds no card of whole points: {kept['note'][:400]}")
    if kept is None:
        raise FormulaError(
            "the weights file holds no card of whole points: it was written by hand or by an earlier version. "
            "Calibrate again, or make one in Python: Formula.load(file).to_points(100, frame, churned)"
        )
    card = PointsCard.from_dict(kept)
    unknown = [term.key for term in card.terms if term.key not in {own.key for own in weights.formula.terms}]
    if unknown:
        raise FormulaError(
            f"the card of whole points has a term {unknown[0]!r} that the formula has not. Calibrate again"
        )
    return card


def to_points(weights: WeightsFile) -> str:
    """Return CSV text with a header: add the points of the one line per term that fits a customer.

    from: where a step begins; it holds up to the next one. level: of a category. case: ``lowest`` (below the first
    ``from``), ``other`` (a level not listed), ``missing``, ``otherwise`` (the condition does not hold).
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in card_of(weights).rows())
    return out.getvalue()


def _cells(row: CardRow) -> list[str]:
    lowest = row.start == float("-inf")
    start = "" if row.start is None or lowest else repr(row.start).removesuffix(".0")
    words = [harmless(text) for text in (row.term, row.metric, row.when)]
    return [*words, start, harmless(row.level or ""), "lowest" if lowest else row.case or "", str(row.points)]
