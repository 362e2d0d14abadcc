"""One formula with every kind of term, and the tiny calibration."""

from __future__ import annotations

import pytest

from chs_ml.formula import Band, Condition, Curve, Formula, Levels, Link, Term, WeightsFile
from tests import tiny

MANY, FEW = Condition("calls", above=3.0), Condition("calls", above=3.0, holds=False)


@pytest.fixture
def formula() -> Formula:
    return Formula(
        (
            Term("tenure", "relationship", "positive", 0.4, Curve((0.0, 12.0, 60.0), (0.0, 0.5, 1.0), 0.25)),
            Term("calls", "support", "negative", 0.2, Curve((0.0, 5.0), (1.0, 0.0), 0.5)),
            Term("plan", "relationship", "free", 0.2, Levels((("monthly", 0.0), ("yearly", 1.0)), 0.5, 0.5)),
            Term("charge", "payment", "negative", 0.1, Curve((10.0, 90.0), (1.0, 0.0), 0.5), when=MANY, otherwise=0.5),
            Term("charge", "payment", "positive", 0.1, Curve((10.0, 90.0), (0.0, 1.0), 0.5), when=FEW, otherwise=0.5),
        ),
        link=Link(-1.0, 5.0),
        bands=(Band("healthy", "green", 60.0), Band("unhealthy", "red", 0.0)),
    )


@pytest.fixture
def weights(formula) -> WeightsFile:
    average = {term.key: 0.5 for term in formula.terms}
    metrics = {"tenure": {"label": "Time with us"}}
    return WeightsFile(formula, "five", reference={"mean_health": average}, metrics=metrics)


@pytest.fixture(scope="session")
def done():
    return tiny.calibrated()
