"""What is said of the weights holds on simulated panels; the long run is benchmarks/results/recovery.md."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.recovery import efficiency, studies, study
from chs_ml.fit.selection import Settings
from chs_ml.history.known_worlds import coverage_world

QUICK = Settings(ramps=8, size=1.0, bend=0.0)
NOISE = slice(8, 12)


def over(found, which):
    return np.array([getattr(one, which) for one in found])


@pytest.mark.slow
@pytest.mark.parametrize(("customers", "cutoffs"), [(5000, 2), (1000, 4)])
def test_intervals_cover_noise_leaves_and_signs_hold(customers, cutoffs):
    """Twenty panels; wide bounds: 240 intervals that hang together within a panel."""
    found = studies(coverage_world(customers, cutoffs), QUICK, range(20))
    assert 0.89 <= over(found, "contrast").mean() <= 1.0
    assert 0.89 <= over(found, "weight").mean() <= 1.0
    assert over(found, "clear")[:, NOISE].mean() <= 0.12
    assert over(found, "clear")[:, 0].mean() >= 0.9
    assert over(found, "final")[:, NOISE].sum(1).mean() <= 0.07
    assert over(found, "final")[:, NOISE].sum(1).mean() < 0.7 * over(found, "plain")[:, NOISE].sum(1).mean()
    assert np.abs((over(found, "final") - over(found, "true")).mean(0)).max() <= 0.06
    assert over(found, "outside").mean() <= 0.05
    assert over(found, "wrong_signs").sum() == 0


@pytest.mark.slow
def test_rows_of_a_customer_are_not_independent():
    """Customers who keep their own ways over twelve cutoffs: intervals as if they did not are too narrow."""
    found = studies(coverage_world(1000, 12, 2.0), QUICK, range(10))
    naive, clustered = over(found, "naive").mean(), over(found, "contrast").mean()
    assert naive <= clustered - 0.1
    assert clustered >= 0.85


@pytest.mark.slow
def test_free_coefficients_are_as_precise_as_can_be():
    ratios = efficiency(20_000, 40)
    assert np.sqrt(np.mean(ratios**2)) <= 1.1


def test_a_study_is_the_same_each_time():
    world = coverage_world(400, 2)
    one, other = study(world, QUICK, 3), study(world, QUICK, 3)
    np.testing.assert_array_equal(one.final, other.final)
    np.testing.assert_array_equal(one.contrast, other.contrast)
