"""Cuts by share where scores pile up: rounding for people never moves a pile across."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from chs_ml.calibration.cuts import banded
from chs_ml.formula import Curve, Formula, Link, Term
from chs_ml.spec import Band, Cut

SHAPE = Curve((0.0, 3.0), (0.0, 1.0), 0.5)
FORMULA = Formula((Term("flags", "usage", "positive", 1.0, SHAPE),), Link(-1.0, 3.0))


def _spec(share: float) -> SimpleNamespace:
    bands = (Band(name="healthy", color="green"), Band(name="others", color="red"))
    return SimpleNamespace(cuts=(Cut("share", share),), bands=bands, rules=(), score_when=None)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_a_band_by_share_holds_the_whole_pile_that_its_cut_falls_on(share: float) -> None:
    flags = np.repeat([0.0, 1.0, 2.0], [40, 30, 30])
    formula = banded(FORMULA, FORMULA.score({"flags": flags}), _spec(share))
    held = float((formula.band({"flags": flags}) == "healthy").mean())
    assert held == (0.3 if share <= 0.3 else 0.6)
    assert formula.bands[0].start == int(formula.bands[0].start * 100) / 100
