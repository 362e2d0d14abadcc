"""Where contributions are largest and smallest, and what decides between equals."""

from __future__ import annotations

import numpy as np
import pytest

from chs_ml.fit.basis import Basis, CurveBasis, LevelsBasis
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.wishes.extents import extents_of, learnable, places_of, tied, weights_at


def curve(direction, missing=False, ramps=3):
    return CurveBasis(MetricPlan("x", direction), np.arange(ramps + 1.0), np.full(ramps + missing, 0.5), missing)


def levels(count=3, missing=False):
    names = tuple(f"level {at}" for at in range(count))
    return LevelsBasis(
        MetricPlan("plan"), names, (False,) * count, np.full(count + missing, 1 / max(count, 1)), missing
    )


def extent(metric, own, pull=None):
    """The one extent of a basis of this metric, at these coefficients."""
    own = np.array(own, dtype=np.float64)
    drawn_to = np.zeros_like(own) if pull is None else np.array(pull, dtype=np.float64)
    (found,) = extents_of(Basis((metric,)), np.append(0.0, own), np.append(0.0, drawn_to))
    return found


def test_a_directed_curve_has_its_ends_whatever_the_coefficients():
    for own in ([0.0, 0.0, 0.0], [1.0, 0.0, 2.0]):
        np.testing.assert_array_equal(extent(curve("positive"), own).range, [1.0, 1.0, 1.0])
        np.testing.assert_array_equal(extent(curve("negative"), -np.array(own)).range, [-1.0, -1.0, -1.0])


@pytest.mark.parametrize("missing", [5.0, -5.0, 0.5])
def test_a_learned_missing_value_may_be_an_end(missing):
    own = np.array([1.0, 0.0, 2.0, missing])
    found = extent(curve("positive", missing=True), own)
    assert found.range @ own == pytest.approx(max(3.0, missing) - min(0.0, missing))
    assert (found.holds @ own >= 0.0).all()


def test_a_free_curve_turns_round():
    own = np.array([2.0, -3.0, 0.5])
    found = extent(curve("free"), own)
    assert found.range @ own == pytest.approx(3.0)
    assert (found.holds @ own >= 0.0).all()
    assert (found.holds @ -own).min() < 0.0


def test_levels_are_held_between_the_highest_and_the_lowest():
    own = np.array([0.3, -1.0, 2.0])
    found = extent(levels(), own)
    assert (found.top, found.bottom) == (2, 1)
    assert len(found.holds) == 3
    assert (found.holds @ own >= 0.0).all()


def test_between_equals_the_pull_decides():
    assert extent(levels(), [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]).top == 1
    assert extent(levels(), [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]).top == 0
    assert extent(levels(), [0.0, 0.0, 0.0], [0.0, 1.0, -1.0]).range.tolist() == [0.0, 1.0, -1.0]


def test_a_tie_is_noticed():
    basis = Basis((levels(),))
    for own, answer in (([1.0, 1.0, 0.0], True), ([1.0, 0.5, 0.0], False)):
        beta = np.append(0.0, own)
        assert tied(extents_of(basis, beta, np.zeros(4)), basis, beta) == answer


def test_every_pair_of_places_is_listed():
    assert [place.ends for place in places_of(curve("positive"))] == [(1, 0)]
    assert [place.ends for place in places_of(curve("negative"))] == [(0, 1)]
    assert {place.ends for place in places_of(curve("positive", missing=True))} == {(1, 0), (1, 2), (2, 0)}
    assert len(places_of(levels(3))) == 6
    assert len(places_of(levels(2, missing=True))) == 6


def test_weights_and_what_can_have_one():
    basis = Basis((curve("positive"), levels()))
    assert weights_at(basis, np.array([9.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.5])) == {"x": 0.75, "plan": 0.25}
    assert set(weights_at(basis, np.array([9.0, *[1e-9] * 6])).values()) == {0.0}
    assert learnable(levels()) and not learnable(levels(1)) and not learnable(levels(0))
