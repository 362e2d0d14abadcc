"""The suite itself: the formula passes, and one that is a little wrong does not."""

from __future__ import annotations

import pytest

from chs_ml.formula import WeightsFile
from chs_ml.formula.edges import frame_of
from tests.export.conformance.formulas import FIXED, drawn_file
from tests.export.conformance.suite import Answer, check, with_many


class Itself:
    name = "the formula"
    skips: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, off: float = 0.0) -> None:
        self.off = off

    def answers(self, weights: WeightsFile, rows):
        scored = weights.formula.read(frame_of(rows))
        chances = [None] * len(rows) if scored.churn_probability is None else scored.churn_probability.tolist()
        return [
            Answer(score + self.off, chance, band)
            for score, chance, band in zip(scored.score.tolist(), chances, scored.band.tolist(), strict=True)
        ]


@pytest.mark.parametrize("name", FIXED)
def test_the_formula_answers_its_own_vectors(name):
    assert check(Itself(), with_many(FIXED[name]())) >= 15
    assert check(Itself(), drawn_file(7)) >= 10


def test_a_score_that_is_off_by_little_is_found():
    with pytest.raises(AssertionError, match=r"^the formula: \d+ of \d+ vectors differ"):
        check(Itself(off=1e-6), FIXED["everything"]())
