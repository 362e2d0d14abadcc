"""The page in Markdown: whatever people have named stands there as they wrote it."""

from __future__ import annotations

import pytest

from chs_ml.export import export
from chs_ml.export.markdown import plain
from chs_ml.formula import Curve, Formula, Term, WeightsFile

HOSTILE = "~~s~~ a|b &lt; <i> *x*"
ESCAPED = r"\~\~s\~\~ a\|b \&lt; \<i\> \*x\*"


@pytest.mark.parametrize("target", ["markdown", "gainsight"])
def test_a_label_stands_as_it_was_written(target):
    formula = Formula((Term("usage", "a", "positive", 1.0, Curve((0.0, 10.0), (0.0, 1.0), 0.5)),))
    text = export(WeightsFile(formula, "one", metrics={"usage": {"label": HOSTILE}}), target)
    assert ESCAPED in text and "~~" not in text


def test_a_line_stays_a_line():
    assert plain("a\r\nb\u2028c") == "a b c"
