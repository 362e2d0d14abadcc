"""The page of one customer: every term of the score, from the value to the points, to be followed by eye."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import floor, log10

from chs_ml.export.labels import heaviest_first
from chs_ml.export.plan import REASONS
from chs_ml.export.xlsx.book import Sheet
from chs_ml.export.xlsx.cells import Cell
from chs_ml.export.xlsx.customers import color_bands, column_of
from chs_ml.export.xlsx.layout import (
    AVERAGE,
    CURVES,
    CUSTOMERS,
    FIRST,
    LOOKED,
    NAME_OF_CUSTOMERS,
    ONE,
    WEIGHT,
    Layout,
    holding,
)
from chs_ml.export.xlsx.styles import GAIN, ROOM
from chs_ml.export.xlsx.values import NOT_KNOWN, OTHER, Values
from chs_ml.export.xlsx.workings import SCORED, Workings
from chs_ml.formula import Curve, WeightsFile

HEADS = ["Action", "Value", "Where it lies on its curve", "Health", "× Weight", "= Points", "At most",
         "Average customer", "Against average", "Not reached"]  # fmt: skip
CHOSEN, FOUND = Cell(ONE, 2, 1), Cell(ONE, 2, 9)
SAYS_NOT_KNOWN, SAYS_OTHER, SAYS_ELSEWHERE = (
    "not known",
    "none of those listed",
    "does not apply here, so its health is fixed",
)
TOP = 10
CHARTED = 30
"""Terms, of the heaviest, that a chart shows legibly."""


@dataclass(frozen=True)
class _Page:
    """What the page reads. shown: the place, among the rows that are filled, of the customer first shown."""

    layout: Layout
    workings: Workings
    shown: int

    def of(self, column: int) -> str:
        """Return the chosen customer's cell of a column of the workings."""
        return f"INDEX({Cell(self.workings.sheet, FIRST, column).down(LOOKED)},{FOUND.here})"

    def customer(self, column: int) -> str:
        """Return the chosen customer's cell of a column of the customers."""
        return f"INDEX({Cell(CUSTOMERS, FIRST, column).down(LOOKED)},{FOUND.here})"

    def known(self, formula: str, instead: str = '""') -> str:
        """Return the formula, '' where nobody is found."""
        return f"IF({FOUND.here}>{LOOKED},{instead},{formula})"

    def readable(self, formula: str) -> str:
        """Return the formula, '' where the customer cannot be scored."""
        return self.known(f'IF({self.of(self.workings.columns.STATE)}<>"{SCORED}","",{formula})')


def write_one_customer(sheet: Sheet, weights: WeightsFile, workings: Workings, shown: int) -> None:
    """Write the choice, the answers, a line for each term, and a chart of its points; ``shown`` is chosen first."""
    page = _Page(workings.layout, workings, shown)
    _choice(sheet, page)
    _answers(sheet, page)
    sheet.texts(TOP - 1, 0, HEADS[:3])
    sheet.text(TOP - 1, 1, HEADS[1], "head number")
    sheet.texts(TOP - 1, 3, HEADS[3:9], "head number")
    sheet.text(TOP - 1, 9, HEADS[9], "note")
    terms = [page.layout.terms.index(term) for term in heaviest_first(weights)]
    for place, at in enumerate(terms):
        _line(sheet, page, TOP + place, at)
    _sums(sheet, page, TOP + len(terms))
    end = TOP + len(terms)
    sheet.page.conditional_format(TOP, 8, end - 1, 8, {
        "type": "data_bar", "bar_color": "#9CCDB9", "bar_negative_color": "#E3A79E", "bar_solid": True,
        "bar_axis_color": "#6B7785"})  # fmt: skip
    _chart(sheet, page, min(len(terms), CHARTED), end + 3)
    sheet.widths(33, 20, 40, 8, 9, 9, 8, 10, 16, 11)
    sheet.page.set_row(0, 24)
    sheet.page.set_row(TOP - 1, 30)
    rows = 4 + (70 + 24 * min(len(terms), CHARTED)) // 20
    sheet.printed(landscape=False, title=page.layout.plan.called, last=(end + 3 + rows, 8))


def _choice(sheet: Sheet, page: _Page) -> None:
    ids = Cell(page.workings.sheet, FIRST, page.workings.columns.USED).down(LOOKED)
    sheet.text(0, 0, "One customer", "title")
    sheet.text(1, 0, "Choose a customer in the yellow cell, or type an id; every number below follows.", "note line")
    sheet.text(2, 0, "Customer", "strong")
    said = page.workings.ids[page.shown] if page.workings.ids else ""
    sheet.given(CHOSEN.row, CHOSEN.column, said, "input choice")
    sheet.page.set_row(CHOSEN.row, 24)
    sheet.page.data_validation(CHOSEN.row, CHOSEN.column, CHOSEN.row, CHOSEN.column, {
        "validate": "list", "source": f"={NAME_OF_CUSTOMERS}", "show_error": False})  # fmt: skip
    rest = f"({LOOKED + FIRST + 1}-ROW({ids}))"
    first = f"{LOOKED + 1}-SUMPRODUCT(MAX(EXACT({ids},{CHOSEN.here})*{rest}))"
    sheet.formula(FOUND.row, FOUND.column, f'IF({CHOSEN.here}="",{LOOKED + 1},{first})', page.shown + 1.0, "quiet")
    several = f"SUMPRODUCT(--EXACT({ids},{CHOSEN.here}))"
    first_of = f'IF({several}>1,"the first of "&{several}&" with this id, ","")'
    many = f'{first_of}&"row "&({FOUND.here}+{FIRST})&" of {CUSTOMERS}"'
    nobody = f'"nobody on sheet {CUSTOMERS} has this id"'
    sheet.formula(2, 2, page.known(many, nobody), f"row {page.shown + FIRST + 1} of {CUSTOMERS}", "quiet line")


def _answers(sheet: Sheet, page: _Page) -> None:
    at, layout, shown = page.workings.columns, page.layout, page.shown
    values = page.workings.values
    scored = values.scored if values else None
    sheet.text(4, 0, "Score, of 100", "label")
    sheet.page.set_row(5, 28)
    sheet.formula(5, 0, page.known(page.of(at.score)), float(scored.score[shown]) if scored else "", "big")
    if layout.plan.formula.link is not None:
        sheet.text(4, 1, "Churn probability", "label")
        chance = scored.churn_probability if scored else None
        said = "" if chance is None else float(chance[shown])
        sheet.formula(5, 1, page.known(page.of(at.probability)), said, "big share")
    if column_of(layout, at, "band") >= 0:
        sheet.text(4, 2, "Band", "label")
        sheet.formula(5, 2, page.known(page.of(at.band)), scored.band[shown] if scored else "", "big text")
        color_bands(sheet, layout, (5, 2, 5, 2))
    sheet.text(4, 3, "Coverage", "label")
    covered = float(scored.coverage[shown]) if scored else ""
    sheet.formula(5, 3, page.known(page.of(at.coverage)), covered, "medium share")
    sheet.wide(6, (0, 2), "What costs most points against the average customer", "label")
    first = column_of(layout, at, "reason_1")
    told = [page.customer(first + place) for place in range(REASONS)]
    joined = "&".join([told[0], *(f'IF({one}="","","; "&{one})' for one in told[1:])])
    because = str(scored.not_scored_because[shown]) if scored else ""
    reasons = [because] * bool(because) + ([column[shown] for column in values.reasons] if values else [])
    sheet.formula(7, 0, page.known(joined), "; ".join(filter(None, reasons[:REASONS])), "strong")


def _line(sheet: Sheet, page: _Page, row: int, at: int) -> None:
    layout, shown = page.layout, page.shown
    term, values = layout.terms[at], page.workings.values
    weight, average = layout.of_term(at, WEIGHT), layout.of_term(at, AVERAGE)
    health = values.health[at][shown] if values else 0.0
    points, most = 100.0 * term.weight * health, 100.0 * term.weight
    usual = most * layout.plan.averages[at]
    cell = f"{row + 1}"
    sheet.text(row, 0, layout.plan.labels[at], "line strong")
    value = page.customer(1 + layout.metrics.index(term.metric))
    given = page.workings.given[shown].get(term.metric) if page.workings.given else None
    shown_value = "(empty)" if given in (None, "") or given != given else given  # noqa: PLR0124 - NaN
    where = _where_said(page, at, values) if values else ""
    sheet.tall(row, (layout.plan.labels[at], 31), (where, 43), (str(shown_value), 20))
    sheet.formula(row, 1, page.known(f'IF(ISBLANK({value}),"(empty)",{value})'), shown_value, "line value")
    sheet.formula(row, 2, page.readable(_where(page, at)), where, "line wrap")
    sheet.formula(row, 3, page.readable(page.of(page.workings.columns.health + at)), health, "line health")
    sheet.formula(row, 4, str(weight), float(term.weight), "line share")
    sheet.formula(row, 5, page.readable(f"100*E{cell}*D{cell}"), points, "line points")
    sheet.formula(row, 6, f"100*E{cell}", most, "line points")
    sheet.formula(row, 7, f"100*E{cell}*{average}", usual, "line points")
    sheet.formula(row, 8, page.readable(f"F{cell}-H{cell}"), points - usual, "line signed")
    sheet.formula(row, 9, page.readable(f"G{cell}-F{cell}"), most - points, "faint points")


def _sums(sheet: Sheet, page: _Page, row: int) -> None:
    values, shown, layout = page.workings.values, page.shown, page.layout
    score = float(values.scored.score[shown]) if values else 0.0
    usual = sum(100.0 * term.weight * n for term, n in zip(layout.terms, layout.plan.averages, strict=True))
    last = row
    sheet.texts(row, 0, ["Sum", "", "", ""], "sum text")
    total = {
        4: (1.0, "sum share"),
        5: (score, "sum"),
        6: (100.0, "sum"),
        7: (usual, "sum"),
        8: (score - usual, "sum signed"),
    }
    for column, (value, style) in total.items():
        letter = "ABCDEFGHI"[column]
        sheet.formula(row, column, f"SUM({letter}{TOP + 1}:{letter}{last})", value, style)
    own = page.of(page.workings.columns.score)
    agree = f'IF(ABS(F{row + 1}-{own})<=0.000000001,"The points add up to the score.","The points do not add up.")'
    sheet.formula(row + 1, 0, page.readable(agree), "The points add up to the score.", "note line")


def _where(page: _Page, at: int) -> str:
    """Return the formula of a text that says between which knots a number lies, or among which levels a level."""
    term = page.layout.terms[at]
    step = page.of(page.workings.columns.steps + at)
    found = f'IF({step}="{NOT_KNOWN}","{SAYS_NOT_KNOWN}",{_known(page, at, step)})'
    if term.when is None:
        return found
    holds = page.of(page.workings.columns.conditions + page.layout.conditions.index(holding(term.when)))
    elsewhere = f'"{SAYS_ELSEWHERE}"'
    return f"IF({holds},{found},{elsewhere})" if term.when.holds else f"IF({holds},{elsewhere},{found})"


def _known(page: _Page, at: int, step: str) -> str:
    shelf, shape = page.layout.shelves[at], page.layout.terms[at].shape
    if not isinstance(shape, Curve):
        levels = Cell(CURVES, shelf.top, 1).down(len(shape.values))
        ends = [f"INDEX({levels},MATCH({most}({shelf.values}),{shelf.values},0))" for most in ("MAX", "MIN")]
        return f'IF({step}="{OTHER}","{SAYS_OTHER}; ","")&"best: "&{ends[0]}&", worst: "&{ends[1]}'
    count = f"ROWS({shelf.knots})"
    first = f'"up to "&{_knot(page, at, "1")}'
    last = f'"from "&{_knot(page, at, count)}&" on"'
    between = f'"between "&{_knot(page, at, step)}&" and "&{_knot(page, at, f"{step}+1")}'
    return f"IF({step}=0,{first},IF({step}={count},{last},{between}))"


def _knot(page: _Page, at: int, place: str) -> str:
    """Return the formula of '18 (0.54)': a knot, and the health there."""
    shelf, shape = page.layout.shelves[at], page.layout.terms[at].shape
    digits = _digits(shape) if isinstance(shape, Curve) else 0
    knot, health = f"ROUND(INDEX({shelf.knots},{place}),{digits})", f"ROUND(INDEX({shelf.values},{place}),2)"
    return f'{knot}&" ("&{health}&")"'


def _digits(curve: Curve) -> int:
    """Return how many decimals tell the knots apart."""
    gap = float(min(high - low for low, high in pairwise(curve.knots)))
    if all(float(knot).is_integer() for knot in curve.knots):
        return 0
    return max(0, min(15, 1 - floor(log10(gap))))


def _where_said(page: _Page, at: int, values: Values) -> str:
    """Return what the formula of ``_where`` says of the customer first shown."""
    term, step = page.layout.terms[at], values.steps[at][page.shown]
    if term.when is not None:
        holds = values.conditions[page.layout.conditions.index(holding(term.when))][page.shown]
        if holds != term.when.holds:
            return SAYS_ELSEWHERE
    if step == NOT_KNOWN:
        return SAYS_NOT_KNOWN
    if not isinstance(term.shape, Curve):
        health = [value for _, value in term.shape.values]
        best, worst = (term.shape.names[health.index(end)] for end in (max(health), min(health)))
        unlisted = f"{SAYS_OTHER}; " if step == OTHER else ""
        return f"{unlisted}best: {best}, worst: {worst}"
    said = [
        f"{round(float(knot), _digits(term.shape)):.15g} ({round(float(health), 2):.15g})"
        for knot, health in zip(term.shape.knots, term.shape.values, strict=True)
    ]
    if step == 0:
        return f"up to {said[0]}"
    return f"from {said[-1]} on" if step == len(said) else f"between {said[step - 1]} and {said[step]}"


def _chart(sheet: Sheet, page: _Page, count: int, row: int) -> None:
    names = Cell(ONE, TOP, 0).down(count)
    chart = sheet.book.chart({"type": "bar", "subtype": "stacked"})
    for column, name, color in ((5, "Points", GAIN), (9, "Not reached", ROOM)):
        chart.add_series({
            "name": name, "categories": f"={names}", "values": f"={Cell(ONE, TOP, column).down(count)}",
            "fill": {"color": color}, "gap": 40})  # fmt: skip
    chart.set_title({"name": "Points of each action, of what it can give", "name_font": {"size": 11}, "overlay": False})
    chart.set_y_axis({"reverse": True, "num_font": {"size": 9}, "line": {"none": True}, "major_tick_mark": "none"})
    grid = {"visible": True, "line": {"color": ROOM}}
    axis = {"num_font": {"size": 9}, "num_format": "0", "major_gridlines": grid, "line": {"none": True}}
    chart.set_x_axis({**axis, "label_position": "high"})
    chart.set_legend({"position": "bottom", "font": {"size": 9}})
    chart.set_size({"width": 960, "height": 90 + 24 * count})
    sheet.page.insert_chart(
        row, 0, chart, {"x_offset": 4, "y_offset": 4, "description": "Bar chart of points per action"}
    )
