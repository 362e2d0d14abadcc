"""Cuts by share where scores pile up: rounding for people never moves a pile across."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from chs_ml.calibration.cuts import Ranked, banded, bands_left_out
from chs_ml.errors import SpecError
from chs_ml.formula import Curve, Formula, Link, Term
from chs_ml.spec import Band, Cut

SHAPE = Curve((0.0, 3.0), (0.0, 1.0), 0.5)
FORMULA = Formula((Term("flags", "usage", "positive", 1.0, SHAPE),), Link(-1.0, 3.0))


def _spec(share: float, said: bool = True) -> SimpleNamespace:
    bands = (Band(name="healthy", color="green"), Band(name="others", color="red"))
    return SimpleNamespace(cuts=(Cut("share", share),), bands=bands, rules=(), score_when=None, bands_said=said)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_a_band_by_share_holds_the_whole_pile_that_its_cut_falls_on(share: float) -> None:
    flags = np.repeat([0.0, 1.0, 2.0], [40, 30, 30])
    formula = banded(FORMULA, FORMULA.score({"flags": flags}), _spec(share))
    held = float((formula.band({"flags": flags}) == "healthy").mean())
    assert held == (0.3 if share <= 0.3 else 0.6)
    assert formula.bands[0].start == int(formula.bands[0].start * 100) / 100


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 100, 101, 1000])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.3, 0.5, 0.75, 0.9])
def test_rows_that_count_alike_are_cut_at_the_higher_quantile(rows: int, share: float) -> None:
    for digits in (1, 6):
        score = np.random.default_rng(rows).random(rows).round(digits) * 100
        assert Ranked.of(score).best(share) == np.quantile(score, 1.0 - share, method="higher")
        assert Ranked.of(score, np.full(rows, 0.3)).best(share) == Ranked.of(score).best(share)


def test_a_row_that_stands_for_more_customers_takes_their_place() -> None:
    draw = np.random.default_rng(1)
    score, standing = draw.random(5000) * 100, draw.choice([0.2, 1.8], 5000)
    standing[score > 50] *= 2.0
    for share in (0.05, 0.25, 0.6):
        held = score >= Ranked.of(score, standing).best(share)
        assert standing[held].sum() / standing.sum() == pytest.approx(share, abs=1e-3)


def test_of_bands_that_nobody_chose_one_is_left_out_where_nobody_could_be_in_it() -> None:
    flags = np.repeat([0.0, 3.0], [95, 5])
    spec = _spec(0.25, said=False)
    formula = banded(FORMULA, FORMULA.score({"flags": flags}), spec)
    assert [(band.name, band.start) for band in formula.bands] == [("healthy", 0.0)]
    assert bands_left_out(formula, spec) == ["bands: scores pile up, so that no customer could be others; left out"]
    with pytest.raises(SpecError, match="Scores pile up there; use fewer bands"):
        banded(FORMULA, FORMULA.score({"flags": flags}), _spec(0.25))
