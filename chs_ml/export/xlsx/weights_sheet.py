"""The sheet of the formula: weights, the link to churn, bands, conditions, rules, and what must be known."""

from __future__ import annotations

from chs_ml.export.evidence import evidence_by_term, interval_of, verdict_of
from chs_ml.export.labels import condition_in_words, labels_of
from chs_ml.export.words import shape_in_words
from chs_ml.export.xlsx.book import Sheet
from chs_ml.export.xlsx.cells import Cell
from chs_ml.export.xlsx.curves import NO_KEY
from chs_ml.export.xlsx.layout import (
    ACTION,
    AVERAGE,
    INTERVAL,
    METRIC,
    MOST,
    VERDICT,
    WEIGHT,
    WEIGHTS_AT,
    Layout,
)
from chs_ml.export.xlsx.level_keys import key_of, number_keys
from chs_ml.export.xlsx.styles import LEFT, band_style
from chs_ml.formula import Term, WeightsFile

HEADS = ["Action", "Metric", "Pillar", "How it counts", "Weight", "Most points", "Average health", "95 % interval",
         "Verdict"]  # fmt: skip
SUMS_TO_1 = "weights sum to 1"
SIGNS = {"positive": "+ more is healthier", "negative": "- less is healthier"}


def write_formula_sheet(sheet: Sheet, weights: WeightsFile, layout: Layout) -> None:
    """Write every parameter but the curves into a cell of its own."""
    sheet.text(0, 0, "Formula", "title")
    sheet.text(1, 0, "Score = 100 × the sum, over all actions, of weight × health. Health goes from 0 to 1 along each "
                     "action's curve: see Curves.", "note line")  # fmt: skip
    sheet.text(2, 0, "Yellow cells may be changed to play what-if: every sheet calculates with them. The Self-test "
                     "then says that this is another formula.", "note line")  # fmt: skip
    _weights(sheet, weights, layout)
    _link(sheet, layout)
    _bands(sheet, layout)
    _conditions(sheet, weights, layout)
    _rules(sheet, weights, layout)
    _floors(sheet, layout)
    sheet.widths(38, 22, 14, 44, 12, 12, 12, 18, 22)
    sheet.page.set_row(0, 24)
    sheet.page.freeze_panes(WEIGHTS_AT, 1)
    score_when = layout.plan.formula.score_when
    last = layout.floors_row + (4 + len(score_when.floors) if score_when else 0)
    sheet.printed(landscape=True, title=layout.plan.called, last=(last, VERDICT))


def _weights(sheet: Sheet, weights: WeightsFile, layout: Layout) -> None:
    head = WEIGHTS_AT - 1
    sheet.texts(head, 0, HEADS[:WEIGHT])
    sheet.texts(head, WEIGHT, HEADS[WEIGHT:INTERVAL], "head number")
    sheet.texts(head, INTERVAL, HEADS[INTERVAL:])
    sheet.page.set_row(head, 30)
    evidence = evidence_by_term(weights)
    for at, term in enumerate(layout.terms):
        row, line = WEIGHTS_AT + at, evidence[term.key]
        interval = interval_of(line)
        sheet.text(row, ACTION, layout.plan.labels[at], "line strong")
        sheet.texts(row, METRIC, [term.metric, term.pillar, how_it_counts(term)], "line wrap")
        sheet.tall(row, (layout.plan.labels[at], 36), (term.metric, 20), (how_it_counts(term), 42))
        sheet.number(row, WEIGHT, term.weight, "input share")
        sheet.formula(row, MOST, f"100*{layout.of_term(at, WEIGHT).here}", 100.0 * term.weight, "line points")
        sheet.number(row, AVERAGE, layout.plan.averages[at], "input health")
        said = "" if interval is None else f"{100 * max(0.0, interval[0]):.1f}% to {100 * min(1.0, interval[1]):.1f}%"
        sheet.text(row, INTERVAL, said, "line")
        sheet.text(row, VERDICT, verdict_of(line), "line")
    first, row = layout.of_term(0, WEIGHT).down(len(layout.terms)).here, layout.sum_row
    total = float(sum(term.weight for term in layout.terms))
    sheet.texts(row, 0, ["Sum", "", "", ""], "sum text")
    sheet.formula(row, WEIGHT, f"SUM({first})", total, "sum share")
    wrong = '"they must sum to 100 %: change other weights too, or scores cannot be compared"'
    says = f'IF(ABS({Cell("", row, WEIGHT).here}-1)<=0.000000001,"{SUMS_TO_1}",{wrong})'
    sheet.formula(row, MOST + 1, says, SUMS_TO_1, "indented")
    sheet.formula(row, MOST, f"100*{Cell('', row, WEIGHT).here}", 100.0 * total, "sum")
    place = layout.sum_says
    for criteria, color in (("==", "green"), ("!=", "red")):
        rule = {"type": "cell", "criteria": criteria, "value": f'"{SUMS_TO_1}"'}
        style = sheet.book.difference({"font_color": band_style(color)["font_color"], "bold": True})
        sheet.page.conditional_format(place.row, place.column, place.row, place.column, {**rule, "format": style})
    share = {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 1, "error_title": "Weight",
             "error_message": "A weight is a share of the score, from 0 % to 100 %."}  # fmt: skip
    sheet.page.data_validation(WEIGHTS_AT, WEIGHT, row - 1, WEIGHT, share)


def how_it_counts(term: Term) -> str:
    """Return '+ more is healthier', or the shape in words where it goes neither way."""
    return SIGNS.get(term.direction) or f"± {shape_in_words(term)}"


def _link(sheet: Sheet, layout: Layout) -> None:
    link = layout.plan.formula.link
    if link is None:
        return
    row = layout.link_row
    _chapter(sheet, row, "From the score to churn")
    sheet.text(row + 1, ACTION, "a", "line strong")
    sheet.text(row + 1, METRIC, "churn_probability = 1 / (1 + EXP(a + b × score / 100))", "note line")
    sheet.number(row + 1, WEIGHT, link.a, "input")
    sheet.text(row + 2, ACTION, "b", "line strong")
    sheet.number(row + 2, WEIGHT, link.b, "input")


def _bands(sheet: Sheet, layout: Layout) -> None:
    if not layout.plan.formula.bands:
        return
    _chapter(sheet, layout.bands_row, "Bands, the healthiest first")
    sheet.texts(layout.bands_row + 1, 0, ["Band", "Colour", "", "", "Score from"])
    for at, band in enumerate(layout.plan.formula.bands):
        row = layout.band(at, 0).row
        sheet.text(row, 0, band.name, {**LEFT, **band_style(band.color)})
        sheet.text(row, 1, band.color, "line")
        sheet.number(row, WEIGHT, band.start, "input")
    note = "A cut holds with a tolerance of a billionth, so that every scorer agrees on it."
    sheet.text(layout.band(len(layout.plan.formula.bands), 0).row, 0, note, "note line")


def _conditions(sheet: Sheet, weights: WeightsFile, layout: Layout) -> None:
    if not layout.conditions:
        return
    _chapter(sheet, layout.conditions_row, "Conditions, of curves and rules; an unknown metric meets none")
    heads = ["Condition", "Metric", "", "", "Above", "", "", "Level found by text", "Level found by number"]
    sheet.texts(layout.conditions_row + 1, 0, heads)
    sheet.page.set_row(layout.conditions_row + 1, 30)
    labels = labels_of(weights)
    for when in layout.conditions:
        row = layout.condition(when, 0).row
        sheet.text(row, ACTION, condition_in_words(when, labels), "line strong")
        sheet.text(row, METRIC, when.metric, "line")
        if when.above is not None:
            sheet.number(row, WEIGHT, when.above, "input")
            continue
        level = str(when.level)
        number = number_keys([level])[0]
        sheet.text(row, INTERVAL, key_of(level), "quiet")
        if number is None:
            sheet.text(row, VERDICT, NO_KEY, "quiet")
        else:
            sheet.number(row, VERDICT, number, "quiet")


def _rules(sheet: Sheet, weights: WeightsFile, layout: Layout) -> None:
    formula = layout.plan.formula
    if not formula.rules:
        return
    _chapter(sheet, layout.rules_row, "Rules, after the cuts: the last that holds decides the band; the score stays")
    sheet.texts(layout.rules_row + 1, 0, ["Where", "Band", "Because", "", "Place of the band"])
    sheet.page.set_row(layout.rules_row + 1, 30)
    labels, names = labels_of(weights), [band.name for band in formula.bands]
    for at, rule in enumerate(formula.rules):
        row = layout.rule(at, 0).row
        sheet.text(row, 0, condition_in_words(rule.when, labels), "line strong")
        sheet.formula(row, 1, f"INDEX({layout.band(0, 0).down(len(names)).here},E{row + 1})", rule.band, "line")
        sheet.text(row, 2, rule.because, "line")
        sheet.number(row, WEIGHT, names.index(rule.band) + 1, "input")


def _floors(sheet: Sheet, layout: Layout) -> None:
    when = layout.plan.formula.score_when
    if when is None:
        return
    _chapter(sheet, layout.floors_row, "What must be known of a customer; otherwise the band is: not scored")
    sheet.texts(layout.floors_row + 1, 0, ["What", "Metric", "", "", "At least"])
    row = layout.coverage.row
    sheet.text(row, 0, "Coverage", "line strong")
    sheet.text(row, METRIC, "the share of the weights whose metric is known", "line")
    if when.coverage is None:
        sheet.text(row, WEIGHT, "not asked", "quiet")
    else:
        sheet.number(row, WEIGHT, when.coverage, "input")
    for at, (name, floor) in enumerate(when.floors):
        cell = layout.floor(at, METRIC)
        sheet.text(cell.row, 0, f"Floor of {name}", "line strong")
        sheet.text(cell.row, METRIC, name, "line")
        sheet.number(cell.row, WEIGHT, floor, "input")


def _chapter(sheet: Sheet, row: int, text: str) -> None:
    sheet.texts(row, 0, [text, *[""] * VERDICT], "chapter")
