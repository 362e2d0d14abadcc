"""The sheet of curves: health at each point of a metric, or for each of its levels, and where nothing is known."""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.export.labels import condition_in_words, labels_of
from chs_ml.export.xlsx.book import Sheet
from chs_ml.export.xlsx.layout import CURVES_AT, WEIGHT, Layout
from chs_ml.export.xlsx.level_keys import key_of, number_keys
from chs_ml.formula import Curve, Term, WeightsFile

HEADS = ["Action", "Value", "Health, 0 to 1", "Points", "Place", "Found by text", "Found by number"]
NOTES = (
    "Health of each action: 0 is the worst that it can be, 1 the best. Between two values of a number health runs in a "
    "straight line; before the first and after the last it stays level.",
    "Points = 100 × weight × health. Yellow cells may be changed to play what-if; the values of a number must go on "
    "rising from line to line.",
)
NO_KEY = "–"


def write_curves(sheet: Sheet, weights: WeightsFile, layout: Layout) -> None:
    """Write a block of lines for each term, in the formula's order."""
    sheet.text(0, 0, "Curves", "title")
    for row, note in enumerate(NOTES, 1):
        sheet.wide(row, (0, 3), note)
        sheet.tall(row, (note, 88))
    sheet.texts(CURVES_AT - 1, 0, HEADS[:2])
    sheet.texts(CURVES_AT - 1, 2, HEADS[2:4], "head number")
    sheet.texts(CURVES_AT - 1, 4, HEADS[4:])
    last = CURVES_AT
    for at in range(len(layout.terms)):
        last = _block(sheet, weights, layout, at)
    bar = {"type": "data_bar", "bar_color": "#9CCDB9", "bar_solid": True, "min_type": "num", "max_type": "num",
           "min_value": 0, "max_value": 1}  # fmt: skip
    sheet.page.conditional_format(CURVES_AT, 2, last, 2, bar)
    health = {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 1,
              "error_title": "Health", "error_message": "Health is a number from 0 (worst) to 1 (best)."}  # fmt: skip
    sheet.page.data_validation(CURVES_AT, 2, last, 2, health)
    sheet.widths(38, 26, 16, 9, 7, 22, 16)
    sheet.page.set_row(0, 24)
    sheet.page.freeze_panes(CURVES_AT, 1)
    sheet.printed(landscape=False, title=layout.plan.called, last=(last, 3), repeat=CURVES_AT - 1)
    sheet.page.set_column(4, 6, 14, None, {"level": 1, "hidden": False})


def _block(sheet: Sheet, weights: WeightsFile, layout: Layout, at: int) -> int:
    term, shelf = layout.terms[at], layout.shelves[at]
    unit = weights.metrics.get(term.metric, {}).get("unit")
    label = layout.plan.labels[at] + (f", {unit}" if unit else "")
    _keys(sheet, term, shelf.top)
    row = shelf.top
    for row, (value, health) in enumerate(_lines(weights, term), shelf.top):
        first = row == shelf.top
        sheet.text(row, 0, label if first else "", "group" if first else "text")
        if isinstance(value, float):
            sheet.number(row, 1, value, "input")
        else:
            own = row - shelf.top < _size(term)
            sheet.text(row, 1, value, ("group line" if first else "indented") if own else "quiet text")
        sheet.number(row, 2, health, "input health")
        formula = f"100*{layout.of_term(at, WEIGHT)}*C{row + 1}"
        sheet.formula(row, 3, formula, 100.0 * term.weight * health, "points")
    return row


def _lines(weights: WeightsFile, term: Term) -> Iterator[tuple[float | str, float]]:
    if isinstance(term.shape, Curve):
        yield from ((float(knot), float(n)) for knot, n in zip(term.shape.knots, term.shape.values, strict=True))
    else:
        yield from ((level, float(n)) for level, n in term.shape.values)
    yield "not known", float(term.shape.missing)
    if not isinstance(term.shape, Curve):
        yield "any other", float(term.shape.other)
    if term.when is not None and term.otherwise is not None:
        yield f"unless {condition_in_words(term.when, labels_of(weights))}", float(term.otherwise)


def _keys(sheet: Sheet, term: Term, top: int) -> None:
    if isinstance(term.shape, Curve):
        return
    numbers = number_keys(term.shape.names)
    for at, (level, number) in enumerate(zip(term.shape.names, numbers, strict=True)):
        sheet.number(top + at, 4, at + 1, "quiet")
        sheet.text(top + at, 5, key_of(level), "quiet")
        if number is None:
            sheet.text(top + at, 6, NO_KEY, "quiet")
        else:
            sheet.number(top + at, 6, number, "quiet")


def _size(term: Term) -> int:
    return len(term.shape.knots) if isinstance(term.shape, Curve) else len(term.shape.values)
