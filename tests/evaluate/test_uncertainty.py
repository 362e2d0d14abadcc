"""Wilson's interval."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from chs_ml.evaluate import wilson


@given(st.integers(1, 5000), st.floats(0, 1))
def test_equals_statsmodels(count, share):
    churned = round(count * share)
    low, high = wilson(churned / count, count)
    assert (low, high) == pytest.approx(proportion_confint(churned, count, method="wilson"), abs=1e-12)
    assert 0 <= low <= churned / count <= high <= 1


def test_known_values():
    """Newcombe (1998), table I: 81 of 263, and 0 of 20."""
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
