"""Names of cells, and numbers that keep their digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chs_ml.export.xlsx.cells import Cell, Exact, in_row, letters, row_of
from tests.export.xlsx.opened import place


@given(st.integers(0, 16_383))
def test_letters_read_back_as_the_column(column):
    assert place(f"{letters(column)}1") == (0, column)


@pytest.mark.parametrize(
    ("column", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")]
)
def test_letters(column, name):
    assert letters(column) == name


def test_a_sheet_with_a_blank_or_a_dash_in_its_name_is_quoted():
    assert str(Cell("Curves", 6, 2)) == "Curves!$C$7"
    assert str(Cell("One customer", 6, 2).down(3)) == "'One customer'!$C$7:$C$9"
    assert str(Cell("Self-test", 0, 0).across(2)) == "'Self-test'!$A$1:$B$1"
    assert (in_row(2, 6), in_row(2, 6, "Curves"), row_of(2, 2, 6)) == ("$C7", "Curves!$C7", "$C7:$D7")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_digit_is_lost_whatever_is_asked(number):
    assert float(f"{Exact(number):.16G}") == number
