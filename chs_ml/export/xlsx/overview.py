"""The overview: how many customers are in each band, and how the scores lie."""

from __future__ import annotations

from collections import Counter
from typing import Any

from chs_ml.export.xlsx.book import Sheet
from chs_ml.export.xlsx.cells import Area, Cell
from chs_ml.export.xlsx.customers import column_of
from chs_ml.export.xlsx.layout import CUSTOMERS, FIRST, LOOKED, OVERVIEW, WEIGHT, Layout
from chs_ml.export.xlsx.self_test import Trials, write_standing
from chs_ml.export.xlsx.styles import GAIN, LEFT, ROOM, band_color, band_style
from chs_ml.export.xlsx.workings import Workings
from chs_ml.formula import NOT_SCORED

TOP = 8


def write_overview(sheet: Sheet, layout: Layout, workings: Workings, trials: Trials) -> None:
    """Write totals, a table and a chart of customers per band, and one of customers per ten points."""
    values = workings.values
    scored = values.scored if values else None
    scores = _answers(workings, "score")
    count = len(workings.ids)
    sheet.text(0, 0, f"Overview: {layout.plan.called}", "title")
    sheet.text(1, 0, f"Counts the customers on sheet {CUSTOMERS}; a new workbook shows four examples that are nobody.",
               "note line")  # fmt: skip
    sheet.texts(3, 0, ["Customers scored", "Mean score", "Mean churn probability", "Cannot be read"], "label")
    mean = float(scored.score.mean()) if scored and count else ""
    sheet.formula(4, 0, f"COUNT({scores})", count, "big count")
    sheet.formula(4, 1, f'IF(COUNT({scores})=0,"",AVERAGE({scores}))', mean, "big")
    if layout.plan.formula.link is not None:
        chances = _answers(workings, "churn_probability")
        chance = scored.churn_probability if scored and count else None
        said = "" if chance is None else float(chance.mean())
        sheet.formula(4, 2, f'IF(COUNT({chances})=0,"",AVERAGE({chances}))', said, "big share")
    wrong = f'SUMPRODUCT(--(LEFT({scores},3)="not"))'
    sheet.formula(4, 3, wrong, 0, "big count")
    write_standing(sheet, 5, layout, trials)
    row = TOP
    if layout.plan.formula.bands:
        row = _bands(sheet, layout, workings) + 3
    _tens(sheet, workings, row)
    sheet.widths(24, 14, 24, 16, 4, 12, 12, 12, 12)
    sheet.page.set_row(0, 24)
    sheet.page.set_row(4, 30)
    sheet.printed(landscape=False, title=layout.plan.called, last=(row + 14, 9))


def _answers(workings: Workings, name: str) -> Area:
    column = column_of(workings.layout, workings.columns, name)
    return Cell(CUSTOMERS, FIRST, column).down(LOOKED)


def _bands(sheet: Sheet, layout: Layout, workings: Workings) -> int:
    """Write the table and the chart of bands; return the last row that they take."""
    formula, values = layout.plan.formula, workings.values
    counts = Counter(values.scored.band.tolist() if values else ())
    bands = _answers(workings, "band")
    sheet.text(TOP, 0, "Band", "head")
    sheet.texts(TOP, 1, ["Score from", "Customers", "Share"], "head number")
    names = [band.name for band in formula.bands] + ([NOT_SCORED] if formula.score_when else [])
    total = f"MAX(1,SUM({Cell('', TOP + 1, 2).down(len(names)).here}))"
    for at, name in enumerate(names):
        row, cell = TOP + 1 + at, Cell("", TOP + 1 + at, 2).here
        if at < len(formula.bands):
            sheet.formula(row, 0, str(layout.band(at, 0)), name, {**LEFT, **band_style(formula.bands[at].color)})
            sheet.formula(row, 1, str(layout.band(at, WEIGHT)), float(formula.bands[at].start), "line points")
        else:
            sheet.text(row, 0, name, "not scored")
        sheet.formula(row, 2, f"SUMPRODUCT(--EXACT({bands},{Cell('', row, 0).here}))", counts[name], "count")
        sheet.formula(row, 3, f"{cell}/{total}", counts[name] / max(1, sum(counts.values())), "whole share")
    chart = sheet.book.chart({"type": "column"})
    colors = [band_color(band.color) for band in formula.bands] + ["#9E9E9E"]
    chart.add_series({
        "name": "Customers", "categories": f"={Cell(OVERVIEW, TOP + 1, 0).down(len(names))}",
        "values": f"={Cell(OVERVIEW, TOP + 1, 2).down(len(names))}", "gap": 60,
        "points": [{"fill": {"color": color}} for color in colors[: len(names)]],
        "data_labels": {"value": True, "font": {"size": 10, "bold": True}}})  # fmt: skip
    _plain(chart, "Customers per band")
    row = TOP + len(names) + 2
    chart.set_size({"width": 640, "height": 280})
    sheet.page.insert_chart(row, 0, chart, {"description": "Column chart of customers per band"})
    return row + 14


def _tens(sheet: Sheet, workings: Workings, row: int) -> None:
    values = workings.values
    scores = _answers(workings, "score")
    found = [min(9, int(score // 10)) for score in (values.scored.score.tolist() if values else ())]
    sheet.texts(row, 0, ["Score from", "to", "Customers"], "head number")
    for ten in range(10):
        at = row + 1 + ten
        sheet.number(at, 0, 10.0 * ten, "line")
        sheet.number(at, 1, 10.0 * ten + 10.0, "line")
        least = f'COUNTIF({scores},">="&A{at + 1})'
        beyond = f'-COUNTIF({scores},">="&B{at + 1})' if ten < 9 else ""
        sheet.formula(at, 2, least + beyond, found.count(ten), "count")
    chart = sheet.book.chart({"type": "column"})
    chart.add_series({
        "name": "Customers", "categories": f"={Cell(OVERVIEW, row + 1, 0).down(10)}",
        "values": f"={Cell(OVERVIEW, row + 1, 2).down(10)}", "gap": 15, "fill": {"color": GAIN}})  # fmt: skip
    _plain(chart, "Customers per ten points of score")
    chart.set_size({"width": 380, "height": 230})
    sheet.page.insert_chart(row, 3, chart, {"x_offset": 12, "description": "Column chart of customers per ten points"})


def _plain(chart: Any, title: str) -> None:
    """Set a chart that needs no explanation: a title, counts, no legend."""
    chart.set_title({"name": title, "name_font": {"size": 11}})
    chart.set_legend({"none": True})
    chart.set_x_axis({"num_font": {"size": 9}, "major_tick_mark": "none"})
    grid = {"visible": True, "line": {"color": ROOM}}
    chart.set_y_axis(
        {"num_font": {"size": 9}, "num_format": "#,##0", "major_gridlines": grid, "min": 0, "line": {"none": True}}
    )
