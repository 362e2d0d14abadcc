"""Reading columns of every kind."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chs_ml.errors import DataError
from chs_ml.formula.columns import column_names, level_codes, level_text, numbers, row_count, texts
from chs_ml.history.sources import open_batches

NAN = float("nan")


@pytest.mark.parametrize(
    "column",
    [
        [1.5, None, "", "  ", NAN, float("inf"), -float("inf"), "2", True],
        (1.5, None, "", "  ", NAN, np.inf, -np.inf, "2", True),
        np.array([1.5, None, "", " ", NAN, np.inf, -np.inf, "2", True], dtype=object),
        pd.Series([1.5, None, "", pd.NA, pd.NaT, np.inf, "-inf", "2", True], dtype=object),
        pd.Series(["1.5", None, "", " ", "nan", "inf", "-inf", "2", "1"], dtype="str"),
        pa.array(["1.5", None, "", " ", "nan", "inf", "-inf", "2", "1"]),
        pa.chunked_array([["1.5", None, "", " "], ["nan", "inf", "-inf", "2", "1"]]).dictionary_encode(),
        pd.Series([1.5, *[None] * 6, 2, 1], dtype="Float64"),
        pa.array([Decimal("1.5"), *[None] * 6, Decimal(2), Decimal(1)]),
        [1.5, None, None, None, None, None, None, np.float32(2), np.int8(1)],
    ],
    ids=lambda column: type(column).__name__,
)
def test_every_form_of_missing_is_one(column):
    assert np.array_equal(numbers(column), [1.5, NAN, NAN, NAN, NAN, NAN, NAN, 2.0, 1.0], equal_nan=True)


@pytest.mark.parametrize(
    "column",
    [pd.Series([True, False]), pd.Series([True, False], dtype="boolean"), pa.array([True, False]), [True, False]],
)
def test_truth_is_a_number(column):
    assert numbers(column).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("value", ["abc", "1_000", "1,5", "0x10", [1], 10**400, pd.Timestamp("2026-01-01")])
def test_what_is_no_number_is_named(value):
    column = np.empty(1, dtype=object)
    column[0] = value
    with pytest.raises(DataError, match=r"metric 'nps': .* is not a number"):
        numbers(column, "nps")


NUMERIC = ["1", "2.5", "true"]


@pytest.mark.parametrize(
    ("column", "codes"),
    [
        ([1, 1.0, 2.5, "1", "1.0", None, NAN, np.inf, "", True], [0, 0, 1, 0, 0, -1, -1, -1, -1, 2]),
        (pd.Series([1, 1.0, 2.5, "1", "1.0", None, NAN, np.inf, "", True], dtype=object),
         [0, 0, 1, 0, 0, -1, -1, -1, -1, 2]),
        (pd.Series([1, 2, 1]), [0, 3, 0]),
        (pd.Series([1.0, 2.5, NAN]), [0, 1, -1]),
        (pd.Series([1, None], dtype="Int64"), [0, -1]),
        (pa.array([1, 7, None]), [0, 3, -1]),
        (pa.chunked_array([[1.0], [2.5, None]]), [0, 1, -1]),
        (np.array([1.0, 2.5, NAN, np.inf]), [0, 1, -1, -1]),
        (pd.Series(["1", "x", None, ""], dtype="str"), [0, 3, -1, -1]),
        (pd.Series(["1", "x", None], dtype="category"), [0, 3, -1]),
        (pd.Series([True, False]), [2, 3]),
        (pa.array([True, False, None]), [2, 3, -1]),
    ],
)  # fmt: skip
def test_levels_of_every_kind(column, codes):
    assert level_codes(column, NUMERIC).tolist() == codes


def test_levels_written_as_floats_and_in_title_case():
    assert level_codes(pd.Series([1, 2]), ["2.0", "1.0"]).tolist() == [1, 0]
    assert level_codes([True, False], ["False", "True"]).tolist() == [1, 0]
    assert level_codes(["True", "true", "1"], ["True"]).tolist() == [0, 0, 1]


def test_text_is_a_level_by_its_truth_or_as_a_whole_number_only():
    assert level_codes(["1", "1.0", "01", "1e0", "-1.00", "1.5"], ["1", "-1"]).tolist() == [0, 0, 2, 2, 1, 2]
    assert level_codes(["7", "007", "7.0"], ["007"]).tolist() == [1, 0, 1]
    assert level_codes(["1", "1.0"], ["1.0", "1"]).tolist() == [1, 0]
    assert level_codes(["9007199254740993", "9007199254740993.0"], ["9007199254740992"]).tolist() == [1, 1]
    assert level_codes(["TRUE", "false", "yes"], ["True", "FALSE", "Yes"]).tolist() == [0, 1, 3]


CELLS = st.sampled_from([st.booleans(), st.integers(-9, 9), st.integers(-9, 9) | st.none()])


@given(CELLS.flatmap(lambda cells: st.lists(cells, min_size=1, max_size=9)), st.booleans())
def test_a_level_is_the_same_in_csv_parquet_and_pandas(tmp_path_factory, values, trained_on_csv):
    frame = pd.DataFrame({"id": range(len(values)), "x": values})
    folder = tmp_path_factory.mktemp("same")
    frame.to_csv(folder / "t.csv", index=False)
    frame.to_parquet(folder / "t.parquet")
    read = {name: pa.Table.from_batches(open_batches(folder / name))["x"] for name in ("t.csv", "t.parquet")}
    trained = read["t.csv" if trained_on_csv else "t.parquet"]
    levels = trained.drop_null().unique().to_pylist()
    expected = level_codes(trained, levels).tolist()
    assert all((code == -1) == pd.isna(value) for code, value in zip(expected, frame["x"], strict=True))
    for column in (*read.values(), frame["x"], pd.read_csv(folder / "t.csv")["x"]):
        assert level_codes(column, levels).tolist() == expected


def test_a_level_that_is_a_list_is_named():
    with pytest.raises(DataError, match="a level is text"):
        level_codes([["a"], ["b", "c"]], ["a"])


def test_level_text():
    values = [None, "", "a", 1, 1.0, 2.5, True, np.bool_(False), NAN, pd.NaT, pd.NA, np.int64(3)]
    assert [level_text(value) for value in values] == [
        None, None, "a", "1", "1", "2.5", "true", "false", None, None, None, "3"]  # fmt: skip
    assert texts(pd.Series(["a", None, ""], dtype="str")).tolist() == ["a", None, None]


def test_rows_and_names():
    assert row_count({}) == 0
    assert row_count({"a": [1, 2]}) == row_count(pd.DataFrame({"a": [1, 2]})) == row_count(pa.table({"a": [1, 2]})) == 2
    assert (
        column_names(pa.table({"a": [1]})) == column_names({"a": 1}) == column_names(pd.DataFrame({"a": [1]})) == ["a"]
    )
