from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chs_ml.history.numbers import NumberReader, parse_numbers
from chs_ml.history.readings import Form, read_category, read_metric

CSV = Form("t.csv", None, may_hold_commas=False)
SEMICOLON = Form("t.csv", None, may_hold_commas=True)


def _column(*values: object) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.sampled_from(".,"))
def test_every_float_reads_back_exactly(values, decimal):
    text = pa.array([repr(value).replace(".", decimal) for value in values])
    parsed = parse_numbers(text, decimal)
    assert parsed.values.tolist() == [value + 0.0 for value in values]


@pytest.mark.parametrize("text", ["1", "+1", "-1", "1.", ".5", "1e3", "1E-3", "00012", " 7 "])
def test_these_are_numbers(text):
    reading = read_metric("x", _column(text, "0"), None, CSV)
    assert (reading.kind, reading.troubles) == ("number", [])
    assert reading.values[0] == float(text)


@pytest.mark.parametrize("text", ["0x10", "1_000", "1 000", "1,5", "12%", "$3", "٣", "1d3", "--1", "1.2.3", "infinit"])
def test_these_are_none(text):
    assert parse_numbers(pa.array([text]), ".").odd.tolist() == [0]


@pytest.mark.parametrize("word", ["NA", "N/A", "NaN", "nan", "NULL", "null", "None", "-", "", "  "])
def test_missing_words_are_missing_in_numbers_and_levels_in_categories(word):
    numbers = read_metric("x", _column("1", word, "2"), None, CSV)
    assert math.isnan(numbers.values[1])
    assert numbers.kind == "number"
    levels = read_metric("x", _column("a", word, "b"), None, CSV)
    assert levels.values.to_pylist() == ["a", word.strip() or None, "b"]


def test_missing_words_are_said_aloud():
    assert read_metric("x", _column("1", "NA", "2", "NA", "-"), None, CSV).notes == [
        "column 'x': read as missing: 1 × -, 2 × NA"
    ]


def test_blanks_around_levels_are_removed_and_said():
    reading = read_category("plan", _column("pro ", "pro", " free"))
    assert reading.values.to_pylist() == ["pro", "pro", "free"]
    assert reading.notes == ["column 'plan': blanks around 2 values were removed"]


def test_nearly_all_numbers_is_damage_and_fewer_is_a_category():
    numbers = [str(i) for i in range(19)]
    assert read_metric("x", _column(*numbers, "many"), None, CSV).troubles[0].code == "not-a-number"
    assert read_metric("x", _column("1", "2", "many"), None, CSV).kind == "category"
    assert read_metric("x", _column(*numbers, "many"), "category", CSV).kind == "category"
    assert read_metric("x", _column("1", "2", "many"), "number", CSV).troubles[0].shown == ("'many'",)


@pytest.mark.parametrize(
    ("values", "form", "outcome"),
    [
        (["1,5", "2", "3,25"], SEMICOLON, [1.5, 2.0, 3.25]),
        (["0,125", "0,250"], SEMICOLON, [0.125, 0.25]),
        (["1,5", "2,5"], Form("t", ",", may_hold_commas=False), [1.5, 2.5]),
        (["1,500", "2,250"], SEMICOLON, "decimal-comma"),
        (["1,5", "2,5"], CSV, "decimal-comma"),
        (["1,5", "2.5"], SEMICOLON, "mixed-decimals"),
        (["1,5", "2.5"], Form("t", ",", may_hold_commas=True), "mixed-decimals"),
        (["1.5", "2,5"], Form("t", ".", may_hold_commas=True), "mixed-decimals"),
        (["1.234,5", "2", "3"], Form("t", ",", may_hold_commas=True), "not-a-number"),
    ],
)
def test_decimal_commas(values, form, outcome):
    reading = read_metric("x", _column(*values), "number", form)
    if isinstance(outcome, str):
        assert [one.code for one in reading.troubles] == [outcome]
    else:
        assert reading.values.tolist() == outcome
        assert not reading.troubles


def test_decimal_commas_found_out_are_said():
    assert read_metric("x", _column("1", "1,5"), None, SEMICOLON).notes == ["column 'x': decimal commas, as in 1,5"]


def test_a_category_of_lists_is_not_taken_for_numbers():
    assert read_metric("x", _column("1,2,3", "a", "b"), None, CSV).kind == "category"


@pytest.mark.parametrize(
    ("column", "kind", "values"),
    [
        (pa.array([1, None]), "number", [1.0, None]),
        (pa.array([1.5, float("nan")]), "number", [1.5, None]),
        (pa.array(["1.5", None]), "number", [1.5, None]),
        (pa.array([True, None]), "category", ["true", None]),
        (pa.array([1, 2]).cast(pa.decimal128(21, 2)), "number", [1.0, 2.0]),
    ],
)
def test_types_of_parquet(column, kind, values):
    reading = read_metric("x", pa.chunked_array([column]), None, CSV)
    assert reading.kind == kind
    found = reading.values.tolist() if kind == "number" else reading.values.to_pylist()
    assert pd.Series(found, dtype=object).fillna("").tolist() == ["" if one is None else one for one in values]


def test_said_kinds_win_over_types_of_parquet():
    assert read_metric("x", _column(1.0, None, 2.5), "category", CSV).values.to_pylist() == ["1", None, "2.5"]
    assert read_metric("x", _column(True, False), "number", CSV).values.tolist() == [1.0, 0.0]


def test_floats_that_are_not_finite_are_refused():
    (found,) = read_metric("x", _column(1.0, np.inf, -np.inf), None, CSV).troubles
    assert (found.code, found.rows, found.total) == ("not-finite", (1, 2), 2)


@pytest.mark.parametrize("column", [pa.array([0], pa.timestamp("us")), pa.array([0], pa.date32()), pa.array([[1]])])
def test_dates_and_lists_are_no_metric(column):
    (found,) = read_metric("x", pa.chunked_array([column]), None, CSV).findings
    assert found.code == "not-a-metric"
    assert "role: exclude" in found.remedy


def test_a_reader_remembers_the_comma():
    reader = NumberReader("x", None, may_hold_commas=True)
    assert reader.read(pa.array(["1", "1,5"]))[0].to_pylist() == [1.0, 1.5]
    assert reader.read(pa.array(["1,500"]))[0].to_pylist() == [1.5]
    assert reader.read(pa.array(["1.5"]))[1][0].code == "mixed-decimals"


@pytest.mark.parametrize(
    ("odd", "code"), [("багато", "not-a-number"), ("1.234,5", "not-a-number"), ("2.5", "mixed-decimals")]
)
def test_one_odd_cell_among_decimal_commas_is_named_and_nothing_else(odd, code):
    cells = [f"{i},7" for i in range(600)]
    cells[398] = odd
    for kind in (None, "number"):
        (found,) = read_metric("x", _column(*cells), kind, SEMICOLON).troubles
        assert (found.code, found.rows, found.shown, found.total) == (code, (398,), (repr(odd),), 1)
    assert "kind: category" in found.remedy or code != "not-a-number"


def test_commas_and_words_are_told_apart():
    cells = [f"{i},7" for i in range(40)] + ["багато"]
    word, commas = read_metric("x", _column(*cells), None, CSV).troubles
    assert (word.code, word.shown) == ("not-a-number", ("'багато'",))
    assert (commas.code, commas.total) == ("decimal-comma", 40)
