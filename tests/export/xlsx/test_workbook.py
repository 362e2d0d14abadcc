"""The workbook as a file: what it keeps for readers that do not calculate, and what it refuses."""

from __future__ import annotations

import io
import math
import re
import zipfile
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from lxml import etree

from chs_ml.errors import FormulaError
from chs_ml.export import export
from chs_ml.export.plan import Plan, plan_of
from chs_ml.export.xlsx import to_xlsx, workbook
from chs_ml.export.xlsx.examples import examples_of
from chs_ml.export.xlsx.layout import CURVES, CUSTOMERS, FIRST, FORMULA, HEAD, ONE, READ_ME, TEST, WORKINGS
from chs_ml.export.xlsx.limits import check_fits
from chs_ml.export.xlsx.self_test import beside_a_threshold
from chs_ml.formula import Band, Curve, Formula, Levels, Rule, ScoreWhen, Term, WeightsFile
from chs_ml.formula.conditions import Condition
from chs_ml.formula.edges import frame_of
from chs_ml.formula.kinds import kinds_of
from tests.export.conformance import hostile
from tests.export.conformance.formulas import FIXED, everything, one_term
from tests.export.xlsx.opened import opened


@cache
def book_of(name):
    """The workbook of a fixed formula, opened."""
    return opened(to_xlsx(FIXED[name]()))


def said(sheets, name):
    """Every text of a sheet, in one."""
    return "\n".join(str(cell.value) for cell in sheets[name].values())


def test_the_same_file_gives_the_same_bytes_dated_as_it_was_created():
    weights = replace(one_term(), created="2026-03-31T09:30:00+03:00")
    written = to_xlsx(weights)
    assert written == to_xlsx(WeightsFile.loads(weights.dumps()))
    with zipfile.ZipFile(io.BytesIO(written)) as file:
        assert b"2026-03-31T06:30:00Z" in file.read("docProps/core.xml")
        assert {one.date_time[0] for one in file.infolist()} == {1980}


@pytest.mark.parametrize("name", FIXED)
def test_a_reader_that_does_not_calculate_sees_what_the_formula_says(name):
    weights = FIXED[name]()
    sheet = book_of(name)[CUSTOMERS]
    rows = list(examples_of(plan_of(weights)).values())
    scored = weights.formula.read(frame_of(rows))
    head = {sheet[HEAD, column].value: column for column in range(60) if (HEAD, column) in sheet}
    for at in range(len(rows)):
        assert sheet[FIRST + at, head["score"]].value == pytest.approx(scored.score[at], abs=1e-12)
        assert sheet[FIRST + at, head["coverage"]].value == pytest.approx(scored.coverage[at], abs=1e-12)
        if "band" in head:
            assert sheet[FIRST + at, head["band"]].value == scored.band[at]
    assert sheet[FIRST + len(rows), head["score"]].value == ""
    assert sheet[FIRST + 499, head["score"]].formula
    assert (FIRST + 500, head["score"]) not in sheet


def test_the_examples_reach_from_the_worst_to_the_best():
    weights = everything()
    rows = examples_of(plan_of(weights))
    best, average, mixed, worst = weights.formula.score(frame_of(list(rows.values())))
    assert list(rows) == ["example: best", "example: average", "example: mixed", "example: worst"]
    assert worst < 10 < average < best and worst < mixed < best
    expected = 100 * sum(t.weight * n for t, n in zip(weights.formula.terms, plan_of(weights).averages, strict=True))
    assert abs(average - expected) < 12


@settings(max_examples=8, deadline=None)
@given(hostile.FILES)
def test_no_text_of_a_formula_stands_in_a_cells_formula(weights):
    try:
        sheets = opened(workbook(weights, None, rows=4))
    except FormulaError as refused:
        assert re.match(r"^term .*: levels? .* target 'xlsx'", str(refused)), refused
        return
    formulas = [cell.formula for cells in sheets.values() for cell in cells.values() if cell.formula]
    letters = re.compile(r"[A-Za-z0-9$!:'\"().,;=<>&*/+_\- ×%−…?]*")
    odd = [formula for formula in formulas if not letters.fullmatch(formula)]
    assert not odd, odd[0]
    assert max(map(len, formulas)) < 8192
    assert not any("cmd" in formula or "HYPERLINK" in formula for formula in formulas)
    assert weights.customer == sheets[CUSTOMERS][HEAD, 0].value


KNOWN = {"ABS", "AND", "AVERAGE", "COUNT", "COUNTA", "COUNTIF", "EXACT", "EXP", "FIND", "IF", "IFERROR", "INDEX", "INT",
         "ISBLANK", "ISLOGICAL", "ISNUMBER", "LEFT", "LEN", "LOWER", "MATCH", "MAX", "MID", "MIN", "OR", "ROUND", "ROW",
         "ROWS", "SMALL", "SUBSTITUTE", "SUM", "SUMPRODUCT", "TRIM", "VALUE"}  # fmt: skip


@pytest.mark.parametrize("name", FIXED)
def test_every_function_is_one_that_excel_2007_and_libreoffice_have(name):
    formulas = [cell.formula for cells in book_of(name).values() for cell in cells.values() if cell.formula]
    plain = [re.sub(r'"[^"]*"', '""', formula) for formula in formulas]
    assert {function for formula in plain for function in re.findall(r"([A-Z][A-Z0-9.]*)\(", formula)} <= KNOWN


@pytest.mark.parametrize("sheet", [CUSTOMERS, WORKINGS])
def test_formulas_can_be_filled_down(sheet):
    cells = book_of("everything")[sheet]
    first = {column: cell.formula for (row, column), cell in cells.items() if row == FIRST and cell.formula}
    assert len(first) >= 8
    for column, formula in first.items():
        down = re.sub(rf"(\$[A-Z]+){FIRST + 1}\b", rf"\g<1>{FIRST + 499 + 1}", formula)
        assert cells[FIRST + 499, column].formula == down != formula


def test_every_part_is_xml_and_every_name_points_to_a_sheet():
    with zipfile.ZipFile(io.BytesIO(to_xlsx(everything()))) as file:
        for name in file.namelist():
            etree.fromstring(file.read(name))
        book = etree.fromstring(file.read("xl/workbook.xml"))
    spaces = {"m": book.nsmap[None]}
    sheets = {sheet.get("name") for sheet in book.iterfind(".//m:sheet", spaces)}
    names = {one.get("name"): one.text for one in book.iterfind(".//m:definedName", spaces)}
    assert {"band_1", "band_2", "band_3", "customer_list"} <= set(names)
    for text in names.values():
        for sheet in re.findall(r"(?:^|,)'?([^'!,]+)'?!", text):
            assert sheet in sheets


def test_the_first_sheet_explains_itself():
    weights = replace(everything(), created="2026-03-31T09:30:00+00:00", owner="Olena")
    sheets = opened(workbook(weights, None, rows=500))
    text = said(sheets, READ_ME)
    phrases = ["association, not effect", "2026Q4", weights.digest, "2026-03-31", "Olena", "500 customers", "at risk",
               "(green)", "not scored", "not a number: METRIC", "Unknown is not zero", "fill it down"]  # fmt: skip
    for phrase in phrases:
        assert phrase in text, phrase
    assert next(iter(sheets)) == READ_ME
    assert re.search(r"0 of \d+ rows differ", text)


def test_nothing_is_asked_of_bands_and_churn_that_the_formula_has_not():
    sheets = book_of("by hand")
    head = {cell.value for (row, _), cell in sheets[CUSTOMERS].items() if row == HEAD}
    assert {"score", "coverage", "reason_3"} <= head and not head & {"band", "band_by_score", "churn_probability"}
    assert "churn" not in said(sheets, FORMULA)


def test_one_customer_adds_up_to_the_score():
    weights, sheet = everything(), book_of("everything")[ONE]
    score = sheet[5, 0].value
    points = [sheet[row, 5].value for row in range(10, 10 + len(weights.formula.terms))]
    assert math.fsum(points) == pytest.approx(score) == pytest.approx(sheet[10 + len(points), 5].value)
    assert sheet[11 + len(points), 0].value == "The points add up to the score."


def test_every_vector_is_tested_or_counted_as_left_out():
    weights, sheets = everything(), book_of("everything")
    asked = int(re.match(r"0 of (\d+) rows differ", sheets[TEST][2, 0].value)[1])
    left = int(re.search(r"(\d+) of (\d+) rows of the weights file are left out", said(sheets, TEST))[1])
    assert asked + left == len(weights.vectors) and left < asked


def test_what_lies_a_last_digit_beside_a_threshold_is_left_out():
    formula = everything().formula
    row = {**dict.fromkeys(formula.metrics), "service calls": 3.0, "tenure": 30.0}
    assert not beside_a_threshold(formula, row)
    assert not beside_a_threshold(formula, {**row, "service calls": 3.0000001})
    assert beside_a_threshold(formula, {**row, "service calls": math.nextafter(3.0, 4.0)})
    assert beside_a_threshold(formula, {**row, "tenure": math.nextafter(30.0, 0.0)})


def term(name, shape, weight=1.0):
    return Term(name, "usage", "free", weight, shape)


def file_of(*terms, **more):
    return WeightsFile(Formula(terms, **more), "test")


USUAL = Curve((0.0, 1.0), (0.0, 1.0), 0.5)


@pytest.mark.parametrize(
    ("weights", "why"),
    [
        (file_of(term("mass", Curve((0.0, 1e308), (0.0, 1.0), 0.5))), r"^term 'mass': 1e\+308 fits into no cell of"),
        (file_of(term("tiny", Curve((1e-310, 1.0), (0.0, 1.0), 0.5))), r"^term 'tiny': 1e-310 fits into no cell"),
        (file_of(term("near", Curve((1.0, 1.0000000001), (0.0, 1.0), 0.5))), r"^term 'near': knots .* too close"),
        (file_of(term("plan", Levels((("1", 1.0), ("1.0", 0.0)), 0.5, 0.5))), r"^term 'plan': levels '1' and '1.0'"),
        (
            file_of(
                term("x", USUAL),
                bands=(Band("good", "green", 50.0), Band("bad", "red", 0.0)),
                rules=(Rule(Condition("late", above=1e308), "bad"),),
            ),
            r"^rule on 'late': 1e\+308 fits into no cell",
        ),
        (file_of(term("x", USUAL), score_when=ScoreWhen(None, (("age", -1e308),))), r"^floor of 'age': -1e\+308"),
    ],
)  # fmt: skip
def test_what_a_sheet_cannot_hold_is_refused_by_name(weights, why):
    with pytest.raises(FormulaError, match=why):
        export(weights, "xlsx")


def test_more_terms_than_a_sheet_has_columns_are_refused_by_the_first_that_does_not_fit():
    count = 6000
    formula = Formula(tuple(term(f"m{at}", USUAL, 1.0 / count) for at in range(count)))
    names = tuple(one.metric for one in formula.terms)
    plan = Plan(formula, kinds_of(formula), names, (1.0,) * count, "wide", "0" * 64, "customer")
    with pytest.raises(FormulaError, match=r"^term 'm3456': target 'xlsx' has no column left for it\. .* 3,456 terms"):
        check_fits(plan, 0)


def test_a_file_that_contradicts_itself_is_refused():
    weights = one_term()
    wrong = replace(weights, vectors=[{**weights.vectors[0], "score": 3.25}])
    with pytest.raises(FormulaError, match=r"^the weights file contradicts itself: vector 0: score is"):
        to_xlsx(wrong)


def test_a_level_that_is_called_like_an_error_is_kept_as_none():
    levels = Levels((("#REF!", 1.0), ("#N/A", 0.0)), 0.5, 0.5)
    sheets = opened(workbook(file_of(term("plan", levels)), None, rows=4))
    kept = [cell.value for cells in sheets.values() for cell in cells.values() if cell.formula]
    assert not {"#REF!", "#N/A"} & set(kept)
    assert {"#REF!", "#N/A"} <= {cell.value for cell in sheets[CURVES].values()}


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "xlsxwriter", None)
    with pytest.raises(FormulaError, match=r"needs xlsxwriter, which is not installed: pip install 'chs-ml\[xlsx\]'"):
        to_xlsx(one_term())
