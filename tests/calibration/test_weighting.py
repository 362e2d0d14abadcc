"""Row weights and the true churn rate: what they move, and what they must not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from chs_ml.calibration.weighting import at_base_rate, normalised, row_weights, standing_of, weighting_of
from chs_ml.errors import DataError
from chs_ml.formula import Curve, Formula, Link, Term

FORMULA = Formula((Term("usage", "usage", "positive", 1.0, Curve((0.0, 1.0), (0.0, 1.0), 0.5)),), Link(-1.0, 3.0))


def _spec(recency: int | None = None, revenue: bool = False, base_rate: float | None = None) -> SimpleNamespace:
    asked = SimpleNamespace(recency=recency, revenue=revenue)
    return SimpleNamespace(calibration=SimpleNamespace(row_weights=asked, base_rate=base_rate))


def _panel(churned: list[float], **columns: object) -> SimpleNamespace:
    return SimpleNamespace(
        **{"rows": len(churned), "churned": np.array(churned), "cutoff": None, "revenue": None} | columns
    )


def test_a_row_half_a_life_older_counts_half() -> None:
    cutoff = np.array(["2025-06-29", "2025-03-31", "2024-12-31"], dtype="datetime64[D]")
    weight = row_weights(_panel([0, 1, 0], cutoff=cutoff), _spec(recency=90))
    assert weight.mean() == pytest.approx(1.0)
    assert weight[1:] / weight[0] == pytest.approx([0.5, 0.25])


def test_age_and_revenue_multiply() -> None:
    cutoff = np.array(["2025-01-31", "2025-01-01"], dtype="datetime64[D]")
    panel = _panel([0, 1], cutoff=cutoff, revenue=np.array([10.0, 30.0]))
    weight = row_weights(panel, _spec(recency=30, revenue=True))
    assert weight == pytest.approx([0.8, 1.2])


def test_without_wishes_every_row_counts_once() -> None:
    panel = _panel([0, 1], revenue=np.array([1.0, np.nan]))
    assert row_weights(panel, _spec()).tolist() == [1.0, 1.0]
    assert standing_of(panel, _spec()) is None
    assert weighting_of(panel, panel, _spec()) == {}


@pytest.mark.parametrize("unit", [1.0, 1e305, 1e-305])
def test_weights_of_any_size_are_1_on_average(unit: float) -> None:
    assert normalised(unit * np.array([1.0, 2.0, 3.0] * 200)).tolist() == pytest.approx([0.5, 1.0, 1.5] * 200)


@pytest.mark.parametrize(
    ("weight", "problem"),
    [
        ([1.0, -2.0], r"row weights: found -2\.0; a weight is a finite number of at least 0"),
        ([np.nan, 1.0], "row weights: found nan"),
        ([np.inf, 1.0], "row weights: found inf"),
        ([0.0, 0.0], "every weight is 0, so that no row counts"),
    ],
)
def test_what_cannot_be_a_weight_is_refused(weight: list[float], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        normalised(np.array(weight))


def test_standing_brings_the_rows_to_the_true_rate() -> None:
    panel = _panel([1, 1, 1, 0])
    standing = standing_of(panel, _spec(base_rate=0.05))
    assert standing.mean() == pytest.approx(1.0)
    assert np.average(panel.churned, weights=standing) == pytest.approx(0.05)


def test_the_link_moves_by_the_difference_in_log_odds_and_the_weights_stay() -> None:
    moved = at_base_rate(FORMULA, _panel([1, 0]), _spec(base_rate=0.05))
    assert moved.link.a == pytest.approx(-1.0 + np.log(19.0))
    assert (moved.link.b, moved.terms) == (FORMULA.link.b, FORMULA.terms)
    assert at_base_rate(FORMULA, _panel([1, 0]), _spec()) is FORMULA


def test_n_eff_is_kishs() -> None:
    panel = _panel([1, 0, 0, 0], revenue=np.array([3.0, 1.0, 0.0, 0.0]))
    told = weighting_of(panel, panel, _spec(revenue=True))
    assert told["training"] == {"rows": 4, "n_eff": pytest.approx(1.6), "churn_rate_seen": 0.25}
    assert told["holdout"]["n_eff"] == pytest.approx(4.0)
