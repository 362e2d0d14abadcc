"""What is said of levels while scoring is what the formula does with them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from chs_ml.formula.columns import level_codes


@pytest.mark.parametrize("text", ["true", "1.0"])
def test_a_level_that_is_read_is_not_called_unseen(text: str) -> None:
    from chs_ml.cli.oddities import Oddities
    from chs_ml.formula import Formula, Levels, Link, Term

    levels = ("True", "1")
    term = Term("flag", "usage", "free", 1.0, Levels(tuple((level, 0.5) for level in levels), 0.0, 0.0))
    formula = Formula((term,), Link(0.0, 1.0))
    column = pa.array([text, "never seen"])
    assert level_codes(column, levels).tolist()[1] == 2
    oddities = Oddities(formula)
    oddities._count_levels("flag", column)
    assert "never seen" in " ".join(oddities.notes())
    assert f"'{text}'" not in " ".join(oddities.notes())
