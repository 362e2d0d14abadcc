"""The first sheet: what the score is, how to use the workbook, and what one must not read into it."""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.export.evidence import evidence_by_term, impact_in_words
from chs_ml.export.labels import heaviest_first, label_of
from chs_ml.export.markdown import ASSOCIATION, HEADINGS
from chs_ml.export.words import mark, shape_in_words
from chs_ml.export.xlsx.book import Sheet
from chs_ml.export.xlsx.layout import (
    CURVES,
    CUSTOMERS,
    FORMULA,
    HEAD,
    LOOKED,
    ONE,
    OVERVIEW,
    TEST,
    TEST_WORKINGS,
    WEIGHT,
    WORKINGS,
    Layout,
)
from chs_ml.export.xlsx.self_test import Trials, write_standing
from chs_ml.export.xlsx.styles import LEFT, band_style
from chs_ml.formula import WeightsFile

Line = tuple[str, str]
MOST_NAMED = 40
"""Terms named on this sheet; all of them are on the sheet of the formula."""


def write_read_me(sheet: Sheet, weights: WeightsFile, layout: Layout, trials: Trials, rows: int) -> None:
    """Write the page, from the top down. rows: for which formulas are filled down."""
    sheet.text(0, 0, f"Customer health score: {layout.plan.called}", "title")
    sheet.page.set_row(0, 28)
    write_standing(sheet, 1, layout, trials)
    row = _chapter(sheet, 3, "What the score is", _score(layout))
    row = _actions(sheet, weights, layout, row)
    row = _bands(sheet, layout, row)
    row = _chapter(sheet, row, "What it does not say", _caution())
    row = _sheets(sheet, row)
    row = _chapter(sheet, row, "How to score customers", _how_to(rows, layout))
    row = _chapter(sheet, row, "What if", _what_if())
    row = _chapter(sheet, row, "Where it comes from", _origin(weights, layout))
    sheet.widths(36, 10, 92)
    sheet.printed(landscape=False, title=layout.plan.called, last=(row - 2, 2))


def _chapter(sheet: Sheet, row: int, title: str, lines: Iterator[Line]) -> int:
    sheet.texts(row, 0, [title, "", ""], "chapter")
    for topic, said in lines:
        row += 1
        sheet.text(row, 0, topic, "topic")
        sheet.wide(row, (1, 2), said, "wrap")
        sheet.tall(row, (said, 106), (topic, 34))
    return row + 2


def _score(layout: Layout) -> Iterator[Line]:
    yield "Score, 0 to 100", "How healthy a customer is: 100 is the best that the formula can see, 0 the worst."
    yield (
        "How it is made",
        f"Every action has a health from 0 to 1, read off its curve (sheet {CURVES}), and a weight (sheet {FORMULA})."
        " Score = 100 × the sum of weight × health. Weights sum to 1.",
    )
    if layout.plan.formula.link is not None:
        said = "The probability that the customer leaves, as learned from customers who left and who stayed."
        yield "churn_probability", said
    yield (
        "Unknown is not zero",
        "An empty cell, or one with an empty text, is a value that is not known. It counts with the action's health for"
        f" 'not known' (sheet {CURVES}), never as 0. Coverage says which share of the weights is known.",
    )


def _actions(sheet: Sheet, weights: WeightsFile, layout: Layout, row: int) -> int:
    terms, evidence = heaviest_first(weights), evidence_by_term(weights)
    sheet.texts(row, 0, ["What adds, what subtracts", "", ""], "chapter")
    row += 1
    for sign, heading in HEADINGS.items():
        mine = [term for term in terms if mark(term) == sign][:MOST_NAMED]
        if mine:
            sheet.texts(row, 0, [heading, "Weight", "Shape, and the churn that goes with it"], "head")
            row += 1
        for term in mine:
            at = layout.terms.index(term)
            said = [shape_in_words(term), " ".join(impact_in_words(evidence[term.key]).split())]
            sheet.text(row, 0, label_of(weights, term), "line strong")
            sheet.formula(row, 1, str(layout.of_term(at, WEIGHT)), float(term.weight), "line share")
            sheet.text(row, 2, "; ".join(filter(None, said)), "line wrap")
            sheet.tall(row, ("; ".join(said), 94), (label_of(weights, term), 34))
            row += 1
    if len(terms) > MOST_NAMED:
        sheet.text(row, 0, f"All {len(terms)} actions are on sheet {FORMULA}.", "note line")
        row += 1
    return row + 1


def _bands(sheet: Sheet, layout: Layout, row: int) -> int:
    bands = layout.plan.formula.bands
    if not bands:
        return row
    sheet.texts(row, 0, ["Bands", "", ""], "chapter")
    for at, band in enumerate(bands):
        row += 1
        sheet.text(row, 0, band.name, {**LEFT, **band_style(band.color)})
        sheet.formula(row, 1, str(layout.band(at, WEIGHT)), float(band.start), "line points")
        above = f"and below {bands[at - 1].start:g}" if at else "and more"
        sheet.text(row, 2, f"Score from {band.start:g} {above} ({band.color})", "line wrap")
    if layout.plan.formula.score_when is not None:
        row += 1
        sheet.text(row, 0, "not scored", "not scored")
        sheet.text(row, 1, "", "line")
        sheet.text(row, 2, "Too little is known of the customer; the first reason says what.", "line wrap")
    return row + 2


def _caution() -> Iterator[Line]:
    yield (
        "Association, not effect",
        f"{ASSOCIATION} Whoever changes an action need not change churn by as much: only an experiment tells.",
    )
    yield (
        "Reasons",
        "Up to three actions that cost most points against the average of the customers learned from, half a point and "
        "more; the weightiest first. They say what the score is made of, not why a customer leaves.",
    )


def _how_to(rows: int, layout: Layout) -> Iterator[Line]:
    yield (
        f"Paste into {CUSTOMERS}",
        f"Values only (Paste special: Values): {layout.plan.customer} first, then the metrics in the order of heads. "
        f"Best with their heads, onto row {HEAD + 1}: a red line says where one is not the metric expected. Delete the "
        f"examples that are left. Formulas are ready for {rows:,} customers.",
    )
    yield (
        "More customers",
        f"Select the last row of {WORKINGS} and fill it down as far as you need; then the grey answer cells in the last"
        f" row of {CUSTOMERS} as far: both sheets have the same rows. Counts, and {ONE}, look at {LOOKED:,} rows.",
    )
    yield (
        "Text for a number",
        "Where a metric is a number, text ('n/a', or a number stored as text) is refused: score and reason_1 say 'not"
        " a number: METRIC', and nothing else is said of that customer. Mend the cell, or empty it.",
    )
    yield (
        "Levels",
        "Levels are told apart by case and blanks, as in the source: 'Pro' is not 'pro'. The number 1 and the text '1' "
        "are one level, TRUE and 'true' likewise. A level that is not listed is 'any other', and lowers coverage.",
    )
    yield (
        "Print",
        f"Each sheet prints one page wide; of {CUSTOMERS} the ids and answers of the first rows. To print more, set "
        "another print area.",
    )


def _what_if() -> Iterator[Line]:
    yield (
        "Yellow cells",
        f"Weights, curves, cuts, rules and floors are cells of {FORMULA} and {CURVES}. Change one, and scores, bands, "
        "reasons and charts follow. Weights must go on summing to 1: below them it says so, in green or in red.",
    )
    yield (
        "Then it is another formula",
        f"Its scores are yours, not those of the digest below: {TEST} counts the rows that differ, and {CUSTOMERS} says"
        " it in red. What the change does to churn it cannot say: the link to churn was learned with the old weights.",
    )
    yield (
        "How to check",
        f"{TEST} holds customers made up at the formula's edges, with what the formula says of them. Unchanged, none "
        "differs: this workbook computes the score of every other export of the digest, to a billionth of a point.",
    )


def _origin(weights: WeightsFile, layout: Layout) -> Iterator[Line]:
    yield "Formula", layout.plan.called
    if weights.label and weights.label != weights.name:
        yield "Calibration", weights.name
    if weights.owner:
        yield "Owner", weights.owner
    yield "Created", weights.created or "not recorded"
    yield "Digest (SHA-256)", layout.plan.digest
    yield "Written by", "chs-ml export xlsx"


def _sheets(sheet: Sheet, row: int) -> int:
    sheet.texts(row, 0, ["The sheets", "", ""], "chapter")
    for name, said in _SHEETS.items():
        row += 1
        sheet.page.write_url(row, 0, f"internal:'{name}'!A1", sheet.book.style("link"), name)
        sheet.wide(row, (1, 2), said, "wrap")
    return row + 2


_SHEETS = {
    OVERVIEW: "How many customers are in each band, and how their scores lie.",
    CUSTOMERS: "Paste customers here; score, band and reasons stand beside each.",
    ONE: "Choose one, and follow the score from the value of each action to its points.",
    FORMULA: "Weights, link to churn, bands, conditions, rules: change a yellow cell to play what-if.",
    CURVES: "Health of each action at each of its values or levels.",
    WORKINGS: f"The steps between {CUSTOMERS} and its answers: values as read, step on the curve, health, points.",
    TEST: "Does this workbook compute the formula? How many rows differ, in one cell.",
    TEST_WORKINGS: "The steps of the self-test.",
}
