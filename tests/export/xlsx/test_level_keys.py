"""A level is found as the formula finds it: by text, by number, by truth."""

from __future__ import annotations

import pytest

from chs_ml.errors import FormulaError
from chs_ml.export.xlsx.level_keys import check_level_keys, key_of, number_keys, read_level
from chs_ml.formula.columns import level_positions

LEVELS = ("1", "2.50", "True", "007", "pro", "1e3", "Базовий", "-0")
VALUES = [1, 1.0, "1", "1.0", "1.00", "01", "1e0", 2.5, "2.5", "2.50", True, False, "true", "TRUE", "tRUE", "false",
          7, "7", "007", "Pro", "pro", "pro ", 1000, "1e3", "1000", "Базовий", 0.0, "0", "-0", "-0.0", " ", "", None,
          float("nan"), float("inf"), "1.0.0", "1.", ".0", "abc.0", "x"]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_found_at_the_place_where_the_formula_finds_it(value):
    keys, numbers, read = [key_of(level) for level in LEVELS], number_keys(LEVELS), read_level(value)
    table = numbers if isinstance(read, float) else keys
    found = -1 if read == "" else table.index(read) if read in table else len(LEVELS)
    assert found == level_positions([value], LEVELS)[0]


@pytest.mark.parametrize(
    ("levels", "why"),
    [
        (("1", "1.0"), r"levels '1' and '1.0' are one number to target 'xlsx'; merge them"),
        (("tRuE",), r"level 'tRuE' is read as 'true' by target 'xlsx'; rename it"),
        (("1234567890123456.0",), r"level '1234567890123456.0' has more digits than the 15 that a cell keeps"),
        (("7", "-1234567890123456"), r"level '-1234567890123456' has more digits than the 15 that a cell keeps"),
    ],
)
def test_levels_that_a_sheet_takes_for_others_are_refused(levels, why):
    with pytest.raises(FormulaError, match=f"^term 'plan': {why}"):
        check_level_keys("term 'plan'", levels)


def test_a_level_of_as_many_digits_as_a_cell_keeps_is_taken():
    check_level_keys("term 'plan'", ("-123456789012345", "000012345678901234567890", "A12345678901234567890"))
