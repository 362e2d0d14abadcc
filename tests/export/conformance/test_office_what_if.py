"""What people do with the workbook, in LibreOffice: look without calculating, change a parameter, paste what is odd."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace

import pytest

from chs_ml.export.plan import plan_of
from chs_ml.export.xlsx import workbook
from chs_ml.export.xlsx.layout import CUSTOMERS, FIRST, FORMULA, ONE, OVERVIEW, TEST, WEIGHT, Layout
from chs_ml.formula import WeightsFile
from chs_ml.formula.edges import frame_of
from tests.export.conformance.formulas import everything
from tests.export.conformance.xlsx_office import answers_in, recalculated, stale_book
from tests.export.xlsx.opened import opened

pytestmark = pytest.mark.slow
USUAL = {"logins": 3.0, "plan": "it's", "paid": True, "minutes": 0.1, "service calls": 5.0, "region": "north",
         "nps": 8.0, "days overdue": 0.0, "vip": "no", "tenure": 40.0}  # fmt: skip
ODD = [
    {**USUAL, "plan": 1, "paid": "TRUE", "logins": True},
    {**USUAL, "nps": "n/a"},
    {**USUAL, "tenure": "12"},
    {**USUAL, "vip": "yes", "paid": "  "},
    {},
    {**USUAL, "nps": "  ", "plan": "IT'S"},
]
CUT = 60.0
SHEET_OF_CUSTOMERS, SHEET_OF_FORMULA = "xl/worksheets/sheet3.xml", "xl/worksheets/sheet5.xml"


def changed(content: bytes, cells: dict[str, float]) -> bytes:
    """The workbook with other numbers in cells of the sheet of the formula, as if somebody had typed them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            text = before.read(name)
            if name == SHEET_OF_FORMULA:
                for cell, number in cells.items():
                    was = re.compile(rf'(<c r="{cell}"[^>]*><v>)[^<]*'.encode())
                    text, count = was.subn(rb"\g<1>" + repr(number).encode(), text)
                    assert count == 1, cell
            after.writestr(name, text)
    return out.getvalue()


def exchanged_heads(content: bytes) -> bytes:
    """The workbook with the heads of its first two metrics exchanged, as a table in another order brings them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            text = before.read(name)
            if name == SHEET_OF_CUSTOMERS:
                cells = [re.search(rf'(<c r="{cell}"[^>]*><v>)([^<]*)'.encode(), text) for cell in ("B5", "C5")]
                for one, other in (cells, cells[::-1]):
                    text = text.replace(one[0], one[1] + other[2])
            after.writestr(name, text)
    return out.getvalue()


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    weights = everything()
    layout = Layout.of(plan_of(weights))
    first, second, cut = (place.here.replace("$", "") for place in
                          (layout.of_term(0, WEIGHT), layout.of_term(1, WEIGHT), layout.band(0, WEIGHT)))  # fmt: skip
    usual = stale_book(weights, [USUAL, {**USUAL, "logins": 30.0, "plan": "Про 😀", "service calls": 1.0}])
    contents = {
        "shown": workbook(weights, None, rows=6),
        "what if": changed(usual, {first: 0.1, second: 0.2, cut: CUT}),
        "sum": changed(usual, {first: 0.25}),
        "odd": stale_book(weights, ODD),
        "heads": exchanged_heads(usual),
    }
    return contents, recalculated(tmp_path_factory.mktemp("what_if") / "office", contents)


def exchanged() -> WeightsFile:
    weights = everything()
    one, two, *rest = weights.formula.terms
    terms = (replace(one, weight=two.weight), replace(two, weight=one.weight), *rest)
    bands = (replace(weights.formula.bands[0], start=CUT), *weights.formula.bands[1:])
    return replace(weights, formula=replace(weights.formula, terms=terms, bands=bands), vectors=[])


def test_what_is_shown_without_calculating_is_what_calculating_gives(books):
    contents, calculated = books
    compared = 0
    for sheet, cells in opened(contents["shown"]).items():
        for (row, column), cell in cells.items():
            if cell.formula is None:
                continue
            line = calculated["shown"][sheet][row]
            got = line[column] if column < len(line) else None
            same = got == cell.value if isinstance(cell.value, str) else got == pytest.approx(cell.value, abs=1e-9)
            assert same, (sheet, row, column, cell, got)
            compared += 1
    assert compared > 2000


def test_another_weight_and_another_cut_give_the_other_formulas_answers(books):
    found, weights = books[1]["what if"], exchanged()
    rows = [USUAL, {**USUAL, "logins": 30.0, "plan": "Про 😀", "service calls": 1.0}]
    scored = weights.formula.read(frame_of(rows))
    for at, line in enumerate(answers_in(found[CUSTOMERS])):
        assert line["score"] == pytest.approx(scored.score[at], abs=1e-9)
        assert line["churn_probability"] == pytest.approx(scored.churn_probability[at], abs=1e-9)
        assert (line["band"], line["band_by_score"]) == (scored.band[at], scored.band_by_score[at])
    assert not re.match(r"0 of", found[TEST][2][0])
    assert found[CUSTOMERS][2][0].startswith("The Self-test differs")


def test_weights_that_do_not_sum_to_1_are_told(books):
    row = Layout.of(plan_of(everything())).sum_row
    assert books[1]["what if"][FORMULA][row][6] == "weights sum to 1"
    assert books[1]["sum"][FORMULA][row][6].startswith("they must sum to 100 %")


def test_text_for_a_number_is_an_error_word_and_never_a_score(books):
    lines = answers_in(books[1]["odd"][CUSTOMERS])
    assert [line["score"] for line in lines[1:3]] == ["not a number: nps", "not a number: tenure"]
    for line in lines[1:3]:
        assert line["reason_1"] == line["score"]  # where there is room to read it
        assert {value for name, value in line.items() if name not in ("score", "reason_1")} == {""}, line
    assert books[1]["odd"][OVERVIEW][4][:4] == [
        4.0,
        pytest.approx(mean(0, 3, 4, 5)),
        pytest.approx(mean(0, 3, 4, 5, of=1)),
        2.0,
    ]


def mean(*rows, of=0):
    scored = everything().formula.read(frame_of([{**dict.fromkeys(USUAL), **ODD[row]} for row in rows]))
    return float((scored.score, scored.churn_probability)[of].mean())


def test_numbers_booleans_and_blanks_are_read_as_the_formula_reads_them(books):
    lines = answers_in(books[1]["odd"][CUSTOMERS])
    for at in (0, 3, 4, 5):
        row = {**dict.fromkeys(USUAL), **ODD[at]}
        scored = everything().formula.read(frame_of([row]))
        assert lines[at]["score"] == pytest.approx(scored.score[0], abs=1e-9), row
        assert lines[at]["coverage"] == pytest.approx(scored.coverage[0], abs=1e-9), row
        assert lines[at]["band"] == scored.band[0], row


def test_one_customer_can_be_followed_from_its_cells(books):
    sheet, weights = books[1]["what if"][ONE], exchanged()
    points = [row[5] for row in sheet[10 : 10 + len(weights.formula.terms)]]
    assert sheet[2][1] == "c1" and sheet[2][2] == f"row {FIRST + 2} of Customers"
    assert sum(points) == pytest.approx(sheet[5][0], abs=1e-9)
    assert [row[3] * row[4] * 100 for row in sheet[10 : 10 + len(points)]] == pytest.approx(points)
    assert sheet[11 + len(points)][0] == "The points add up to the score."


def test_columns_in_another_order_are_told_by_their_heads(books):
    said = {name: books[1][name][CUSTOMERS][2][0] for name in ("shown", "odd", "heads")}
    assert said["heads"].startswith("2 heads are not the metric that the formula reads there")
    assert said["shown"] == said["odd"] == ""
