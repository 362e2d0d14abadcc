"""Which terms leave, in which order, and which stay."""

from __future__ import annotations

import numpy as np
import pytest

from chs_ml.fit.basis import Basis, CurveBasis
from chs_ml.fit.evidence.companion import Companion
from chs_ml.fit.evidence.contrasts import Contrast, Places
from chs_ml.fit.evidence.leaving import RULES, without_evidence
from chs_ml.fit.table import MetricPlan

USUAL, STRICT = RULES["usual"], RULES["strict"]


def companion(slopes, correlation=0.0):
    """Lines with slopes in standard errors; the intercept knows nothing of them."""
    count = len(slopes)
    lines = [
        CurveBasis(MetricPlan(f"m{at}", "free"), np.array([0.0, 1.0]), np.array([0.5]), missing_learned=False)
        for at in range(count)
    ]
    covariance = np.full((count + 1,) * 2, correlation) + (1 - correlation) * np.eye(count + 1)
    covariance[0, 1:] = covariance[1:, 0] = 0.0
    hessian = np.linalg.inv(covariance)
    return Companion(Basis(tuple(lines)), np.array([0.0, *slopes]), hessian, hessian, 100)


SIGNS = {f"m{at}": 1 for at in range(9)}


def left(slopes, rule=USUAL, keep=(), correlation=0.0):
    return [one.metric for one in without_evidence(companion(slopes, correlation), SIGNS, rule, keep, SIGNS)]


def test_the_weakest_leaves_first():
    assert left([5.0, 0.5, -0.1, 1.0]) == ["m2", "m1", "m3"]


def test_kept_terms_and_the_last_one_stay():
    assert left([5.0, 0.5, -0.1], keep=["m2"]) == ["m1"]
    assert left([0.2, 0.1]) == ["m1"]


def test_nothing_leaves_where_everything_is_to_stay():
    assert left([5.0, 0.0], rule=RULES["all"]) == []


@pytest.mark.parametrize(
    ("z", "whole", "signed", "usual", "strict"),
    [
        (1.3, 0.5, True, False, True),
        (1.2, 0.09, True, False, True),
        (1.2, 0.11, True, True, True),
        (1.7, 0.5, True, False, False),
        (-3.0, 0.003, True, False, False),  # against its direction, but something is there
        (9.0, 0.5, False, True, True),  # the largest difference is always large: only the whole counts
    ],
)
def test_the_rules(z, whole, signed, usual, strict):
    contrast = Contrast("x", np.ones(1), z, 1.0, whole, None if signed else Places(np.zeros(3), np.eye(3)))
    assert [rule.lets_go(contrast, declared=True) for rule in (USUAL, STRICT)] == [usual, strict]


@pytest.mark.parametrize(("z", "usual", "strict"), [(1.5, True, True), (1.7, False, True), (2.0, False, False)])
def test_a_direction_that_the_data_chose_needs_more(z, usual, strict):
    contrast = Contrast("x", np.ones(1), z, 1.0, 0.5)
    assert [rule.lets_go(contrast, declared=False) for rule in (USUAL, STRICT)] == [usual, strict]


def test_one_of_two_that_hide_each_other_stays():
    """Alike in the data, neither has evidence beside the other; once one has left, the other has."""
    assert len(left([4.0, 1.0, 1.2], correlation=-0.0)) == 2
    slopes = np.array([9.0, 1.1, 1.2])
    covariance = np.array([[1.0, 0, 0], [0, 1.0, -0.97], [0, -0.97, 1.0]])
    hessian = np.eye(4)
    hessian[1:, 1:] = np.linalg.inv(covariance)
    alike = Companion(companion(slopes).basis, np.array([0.0, *slopes]), hessian, hessian, 100)
    assert [one.metric for one in without_evidence(alike, SIGNS, USUAL, (), SIGNS)] == ["m1"]


def test_what_the_companion_said_goes_along():
    (one,) = without_evidence(companion([5.0, 0.5]), SIGNS, USUAL, (), SIGNS)
    assert one.why == "no evidence"
    assert one.contrast.z == pytest.approx(0.5)
    assert one.contrast.low < 0 < one.contrast.high
