"""The sheet that tests the workbook: rows made from the formula, with what it must say of them, beside what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from chs_ml.export.xlsx.book import Sheet
from chs_ml.export.xlsx.cells import Cell, in_row
from chs_ml.export.xlsx.customers import color_bands
from chs_ml.export.xlsx.layout import FIRST, HEAD, TEST, TEST_HEADS, TEST_WORKINGS, Layout
from chs_ml.export.xlsx.level_keys import LARGEST, SMALLEST
from chs_ml.export.xlsx.styles import band_style
from chs_ml.export.xlsx.values import Values
from chs_ml.export.xlsx.workings import Workings
from chs_ml.formula import Formula, WeightsFile
from chs_ml.formula.edges import conditions_of
from chs_ml.formula.vectors import TOLERANCE, read_input

ALIKE = 1e-14
"""In shares of the larger: numbers that a sheet may take for one."""
DIFFERS, SAME = "differs", "same"
DIFFER = Cell(TEST, 2, 0)
"""The cell that says how many rows differ."""
BESIDE_A_KNOT = "ulp_edge"
"""The tag of vectors whose inputs lie a last digit beside a knot: a sheet's < takes them for equal."""


@dataclass(frozen=True)
class Trials:
    """The vectors that a sheet can hold. left_out: how many it cannot."""

    vectors: Sequence[Mapping[str, Any]]
    rows: Sequence[dict[str, Any]]
    left_out: int

    @classmethod
    def of(cls, weights: WeightsFile) -> Trials:
        """Return the trials that travel in a weights file."""
        inputs = [
            {name: read_input(one["inputs"][name]) for name in weights.formula.metrics} for one in weights.vectors
        ]
        asked = [
            (vector, row)
            for vector, row in zip(weights.vectors, inputs, strict=True)
            if BESIDE_A_KNOT not in vector["tags"]
            and not beside_a_threshold(weights.formula, row)
            and all(map(_fits, row.values()))
        ]
        vectors, rows = [vector for vector, _ in asked], [row for _, row in asked]
        return cls(vectors, rows, len(weights.vectors) - len(asked))


def beside_a_threshold(formula: Formula, row: Mapping[str, Any]) -> bool:
    """Return whether a number is so near to a threshold that a sheet, whose ``>`` has 15 digits, takes it for that."""
    edges = [(when.metric, when.above) for when in conditions_of(formula) if when.above is not None]
    edges += formula.score_when.floors if formula.score_when else ()
    return any(isinstance(row[name], float) and _alike(row[name], edge) for name, edge in edges)


def _alike(number: float, edge: float) -> bool:
    return number != edge and abs(number - edge) <= ALIKE * max(abs(number), abs(edge))


def trial_workings(layout: Layout, trials: Trials) -> Workings:
    """Return the workings of the trials."""
    given = {name: len(TEST_HEADS) + at for at, name in enumerate(layout.metrics)}
    ids = [float(at + 1) for at in range(len(trials.rows))]
    return Workings(layout, TEST_WORKINGS, TEST, given, ids, trials.rows, Values.of(layout, trials.rows))


def write_standing(sheet: Sheet, row: int, layout: Layout, trials: Trials) -> None:
    """Write how the self-test and the sum of weights stand, as they do when nothing is changed."""
    said = f"Self-test: 0 of {len(trials.rows)} rows differ. Formula: weights sum to 1."
    sheet.formula(row, 0, f'"Self-test: "&{DIFFER}&". Formula: "&{layout.sum_says}&"."', said, "note line")


def write_self_test(sheet: Sheet, layout: Layout, workings: Workings, trials: Trials) -> None:
    """Write a row for each trial, and above them how many differ."""
    count = len(trials.rows)
    sheet.text(0, 0, "Self-test", "title")
    sheet.text(1, 0, "Customers made up at the formula's edges, with what the formula says of them, beside what this "
                     "workbook calculates. It must differ in none.", "note line")  # fmt: skip
    verdicts = Cell("", FIRST, 8).down(max(1, count)).here
    sheet.page.merge_range(2, 0, 2, 1, "", sheet.book.style("strong"))
    said = f"0 of {count} rows differ"
    sheet.formula(2, 0, f'COUNTIF({verdicts},"{DIFFERS}")&" of {count} rows differ"', said, "strong")
    sheet.text(3, 0, _left_out(trials), "note line")
    sheet.texts(HEAD, 0, [*TEST_HEADS, *layout.metrics])
    sheet.page.set_row(0, 24)
    sheet.page.set_row(HEAD, 45)
    for at, (vector, row) in enumerate(zip(trials.vectors, trials.rows, strict=True)):
        _row(sheet, workings, FIRST + at, vector)
        for place, name in enumerate(layout.metrics):
            style = "text value" if layout.plan.kinds[name] == "level" else "number"
            sheet.given(FIRST + at, len(TEST_HEADS) + place, row[name], style)
    last = FIRST + max(1, count) - 1
    for column in (6, 7):
        color_bands(sheet, layout, (FIRST, column, last, column))
    red = {"type": "cell", "criteria": "==", "value": f'"{DIFFERS}"'}
    sheet.page.conditional_format(FIRST, 8, last, 8, {**red, "format": sheet.book.difference(band_style("red"))})
    fine = {"type": "text", "criteria": "begins with", "value": "0 of"}
    for rule, color in ((fine, "green"), ({**fine, "criteria": "not containing"}, "red")):
        style = sheet.book.difference(band_style(color))
        sheet.page.conditional_format(2, 0, 2, 0, {**rule, "format": style})
    sheet.widths(8, 34, 14, 14, 17, 17, 16, 16, 9)
    sheet.page.freeze_panes(FIRST, 1)
    sheet.printed(landscape=True, title=layout.plan.called, last=(last, len(TEST_HEADS) - 1), repeat=HEAD)


def _row(sheet: Sheet, workings: Workings, row: int, vector: Mapping[str, Any]) -> None:
    at, place = workings.columns, row - FIRST
    sheet.number(row, 0, place + 1, "quiet")
    sheet.text(row, 1, ", ".join(vector["tags"]).replace("_", " "), "note line")
    chance, band = vector["churn_probability"], vector["band"] or ""
    sheet.number(row, 2, vector["score"], "exact")
    sheet.formula(row, 3, workings.cell(at.score, row), float(vector["score"]), "exact")
    sheet.given(row, 4, chance, "exact")
    sheet.formula(row, 5, workings.cell(at.probability, row), "" if chance is None else float(chance), "exact")
    sheet.text(row, 6, band, "indented")
    sheet.formula(row, 7, workings.cell(at.band, row), band, "indented")
    near = [_near(2, 3, row), _near(4, 5, row) if chance is not None else f'{in_row(5, row)}=""']
    same = f"AND({','.join(near)},EXACT({in_row(6, row)},{in_row(7, row)}))"
    sheet.formula(row, 8, f'IF({same},"{SAME}","{DIFFERS}")', SAME, "indented")


def _near(one: int, two: int, row: int) -> str:
    left, right = in_row(one, row), in_row(two, row)
    return f"IF(ISNUMBER({right}),ABS({left}-{right})<={TOLERANCE:.0E},FALSE)"


def _fits(value: Any) -> bool:
    if not isinstance(value, float) or not isfinite(value) or value == 0.0:
        return True
    return SMALLEST <= abs(value) <= LARGEST


def _left_out(trials: Trials) -> str:
    said = "NaN and infinity stand as empty cells. "
    if not trials.left_out:
        return said
    return (
        f"{said}{trials.left_out} of {trials.left_out + len(trials.rows)} rows of the weights file are left out: "
        "numbers a last digit beside a knot or a threshold, or larger or smaller than a cell holds."
    )
