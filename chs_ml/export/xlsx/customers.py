"""The sheet that people paste customers into, with what the formula says of each beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chs_ml.export.labels import labels_of
from chs_ml.export.plan import REASONS
from chs_ml.export.xlsx.book import Sheet
from chs_ml.export.xlsx.cells import Cell, letters
from chs_ml.export.xlsx.layout import (
    CUSTOMERS,
    FIRST,
    HEAD,
    NAME_OF_BAND,
    NAME_OF_CUSTOMERS,
    TEST,
    TEST_HEADS,
    Columns,
    Layout,
)
from chs_ml.export.xlsx.styles import band_style, only_color
from chs_ml.export.xlsx.workings import Workings
from chs_ml.formula import NOT_SCORED, Levels, WeightsFile

PRINTED = 40
"""Rows of customers on paper, unless somebody prints more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One column of answers. column: of the workings that it shows."""

    name: str
    style: str
    width: float
    column: int


def answers_of(layout: Layout, at: Columns) -> list[Answer]:
    """Return the columns of answers that the formula gives."""
    formula = layout.plan.formula
    found = [Answer("score", "output points", 9, at.score)]
    if formula.link is not None:
        found.append(Answer("churn_probability", "output share", 18, at.probability))
    if formula.bands or formula.score_when is not None:
        found.append(Answer("band", "output", 14, at.band))
    if formula.bands:
        found.append(Answer("band_by_score", "output", 16, at.band_by_score))
    found.append(Answer("coverage", "output whole share", 10, at.coverage))
    return found + [Answer(f"reason_{place + 1}", "output", 36, at.reasons + place) for place in range(REASONS)]


def column_of(layout: Layout, at: Columns, name: str) -> int:
    """Return the customers' column of an answer, -1 where the formula does not give it."""
    names = [answer.name for answer in answers_of(layout, at)]
    return 1 + len(layout.metrics) + names.index(name) if name in names else -1


def write_customers(sheet: Sheet, weights: WeightsFile, workings: Workings, rows: int) -> None:
    """Write heads, the customers given, and answers for so many rows."""
    layout, ids, given = workings.layout, workings.ids, workings.given
    answers = answers_of(layout, workings.columns)
    _heads(sheet, weights, workings, rows)
    styles = ["input text" if layout.plan.kinds[name] == "level" else "input" for name in layout.metrics]
    for row in range(rows):
        at = FIRST + row
        sheet.given(at, 0, ids[row] if row < len(ids) else None, "input text")
        for place, (name, style) in enumerate(zip(layout.metrics, styles, strict=True)):
            sheet.given(at, 1 + place, given[row].get(name) if row < len(given) else None, style)
        for place, (answer, formula) in enumerate(zip(answers, _formulas(workings, at), strict=True)):
            value = _value(workings, answer, row) if row < len(workings.ids) else ""
            sheet.formula(at, 1 + len(layout.metrics) + place, formula, value, answer.style)
    last = FIRST + rows - 1
    for name in ("band", "band_by_score"):
        column = column_of(layout, workings.columns, name)
        if column >= 0:
            color_bands(sheet, layout, (FIRST, column, last, column))
    score = column_of(layout, workings.columns, "score")
    wrong = {"type": "text", "criteria": "begins with", "value": "not a number"}
    sheet.page.conditional_format(
        FIRST, score, last, score, {**wrong, "format": sheet.book.difference(band_style("red"))}
    )
    sheet.book.name(NAME_OF_CUSTOMERS, Cell(CUSTOMERS, FIRST, 0).down(rows))


def color_bands(sheet: Sheet, layout: Layout, area: tuple[int, int, int, int]) -> None:
    """Colour cells of an area by the band whose word they hold; the word stays."""
    first = f"{letters(area[1])}{area[0] + 1}"
    bands = layout.plan.formula.bands
    for at, band in enumerate(bands):
        rule = {"type": "formula", "criteria": f"=EXACT({first},{NAME_OF_BAND.format(at + 1)})"}
        sheet.page.conditional_format(*area, {**rule, "format": sheet.book.difference(band_style(band.color))})
    grey = only_color("not scored")
    rule = {"type": "formula", "criteria": f'=EXACT({first},"{NOT_SCORED}")'}
    sheet.page.conditional_format(*area, {**rule, "format": sheet.book.difference(grey)})


def name_bands(sheet: Sheet, layout: Layout) -> None:
    """Give each band's word a name, since a condition's formula may not point to another sheet."""
    for at in range(len(layout.plan.formula.bands)):
        sheet.book.name(NAME_OF_BAND.format(at + 1), layout.band(at, 0))


def _formulas(workings: Workings, row: int) -> Iterator[str]:
    columns = workings.columns
    because = workings.cell(columns.floors, row) if workings.layout.plan.formula.score_when else ""
    for answer in answers_of(workings.layout, columns):
        own = workings.cell(answer.column, row)
        place = answer.column - columns.reasons
        if place < 0 or not because:
            yield own
        else:
            yield f'IF({because}<>"",{workings.cell(answer.column - 1, row) if place else because},{own})'


def _value(workings: Workings, answer: Answer, row: int) -> Any:
    values = workings.values
    if values is None:
        return ""
    place = answer.column - workings.columns.reasons
    if place >= 0:
        because = values.scored.not_scored_because[row]
        told = [because, *(column[row] for column in values.reasons)] if because else [c[row] for c in values.reasons]
        return told[place]
    found = getattr(values.scored, answer.name)[row]
    return "" if found is None else found if isinstance(found, str) else float(found)


def _heads(sheet: Sheet, weights: WeightsFile, workings: Workings, rows: int) -> None:
    layout, labels = workings.layout, labels_of(weights)
    sheet.text(0, 0, "Customers", "title")
    sheet.text(
        1, 0, f"Paste customers into the yellow cells, values only, from row {FIRST + 1} on: the id first, then each "
        f"metric. {rows:,} rows are ready. An empty cell is an unknown value, not 0. "
        "The − above the heads folds the metrics away.",
        "note line",
    )  # fmt: skip
    sheet.formula(2, 0, _status(layout), "", "warning")
    sheet.page.set_row(0, 24)
    sheet.page.set_row(HEAD - 1, 38)
    sheet.page.set_row(HEAD, 32)
    sheet.text(HEAD, 0, layout.plan.customer, "head")
    sheet.text(HEAD - 1, 0, "one row per customer", "label")
    for place, name in enumerate(layout.metrics):
        unit = weights.metrics.get(name, {}).get("unit")
        said = f"{labels.get(name, name)}, {unit}" if unit else labels.get(name, name)
        sheet.text(HEAD - 1, 1 + place, said, "label")
        sheet.text(HEAD, 1 + place, name, "head" if layout.plan.kinds[name] == "level" else "head number")
        width = min(26, max(11, len(name) + 3, _longest(layout, name) + 2))
        sheet.page.set_column(1 + place, 1 + place, width, None, {"level": 1})
    sheet.page.set_column(0, 0, max(18, min(30, len(layout.plan.customer) + 4)))
    for place, answer in enumerate(answers_of(layout, workings.columns)):
        column = 1 + len(layout.metrics) + place
        sheet.text(HEAD - 1, column, "calculated" if place == 0 else "", "label")
        sheet.text(HEAD, column, answer.name, "head")
        sheet.page.set_column(column, column, answer.width)
    sheet.page.freeze_panes(FIRST, 1)
    _printed(sheet, layout, len(answers_of(layout, workings.columns)), rows)


def _printed(sheet: Sheet, layout: Layout, answers: int, rows: int) -> None:
    """Print the id and the answers of the first customers; many metrics would make the print too small to read."""
    first = 1 + len(layout.metrics)
    sheet.printed(landscape=True, title=layout.plan.called, last=(FIRST + min(rows, PRINTED) - 1, first + answers - 1))
    sheet.page.print_area(HEAD, first, FIRST + min(rows, PRINTED) - 1, first + answers - 1)
    sheet.page.repeat_rows(HEAD)
    sheet.page.repeat_columns(0)


def _longest(layout: Layout, name: str) -> int:
    shapes = [term.shape for term in layout.terms if term.metric == name]
    return max((len(level) for shape in shapes if isinstance(shape, Levels) for level in shape.names), default=0)


def _status(layout: Layout) -> str:
    """Say aloud, above the customers, where pasted heads are not the formula's, or parameters not as exported."""
    mine, count = Cell(CUSTOMERS, HEAD, 1), len(layout.metrics)
    expected = Cell(TEST, HEAD, len(TEST_HEADS)).across(count)
    changed = "The Self-test differs: a weight, a curve or a cut was changed, so these are what-if scores."
    wrong = '" heads are not the metric that the formula reads there. The Self-test has them in order."'
    differ = f"SUMPRODUCT(1-EXACT({mine.across(count).here},{expected}))"
    return f'IF({differ}>0,{differ}&{wrong},IF(LEFT({Cell(TEST, 2, 0)},2)="0 ","","{changed}"))'
