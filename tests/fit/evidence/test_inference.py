"""Intervals, ranks and verdicts: the delta method against draws, and the rules of every verdict."""

from __future__ import annotations

import numpy as np
import pytest

from chs_ml.fit.basis import Basis
from chs_ml.fit.evidence.companion import Companion
from chs_ml.fit.evidence.contrasts import TWO_SIDED, Contrast, Places
from chs_ml.fit.evidence.inference import Known, inference_of, verdict_of


def said(moves, covariance, **more):
    """Contrasts that are the coefficients themselves."""
    count = len(moves)
    companion = Companion(Basis(()), np.asarray(moves, float), np.eye(count), np.asarray(covariance, float), 500)
    errors = np.sqrt(np.diag(covariance))
    contrasts = [
        Contrast(f"m{at}", np.eye(count)[at], move, error, 0.5)
        for at, (move, error) in enumerate(zip(moves, errors, strict=True))
    ]
    weights = more.pop("weights", {f"m{at}": move / sum(moves) for at, move in enumerate(moves)})
    return inference_of(companion, contrasts, weights, **more)


SPREAD = 0.01 * np.array([[4.0, 1.0, 0.0], [1.0, 2.0, -0.5], [0.0, -0.5, 1.0]])
MOVES = [3.0, 2.0, 1.0]


def test_intervals_of_weights_are_those_of_draws():
    draws = np.random.default_rng(0).multivariate_normal(MOVES, SPREAD, 200_000)
    shares = draws / draws.sum(1, keepdims=True)
    for at, term in enumerate(said(MOVES, SPREAD).terms):
        half = TWO_SIDED * shares[:, at].std()
        assert term.high - term.low == pytest.approx(2 * half, rel=0.02)
        assert (term.low + term.high) / 2 == pytest.approx(MOVES[at] / 6)


def test_ranks_are_sure_where_contrasts_are_far_apart_and_open_where_not():
    apart = said(MOVES, 1e-4 * np.eye(3)).terms
    assert [(term.rank_low, term.rank_high) for term in apart] == [(1, 1), (2, 2), (3, 3)]
    close = said([1.0, 1.0, 1.0], 0.01 * np.eye(3)).terms
    assert {(term.rank_low, term.rank_high) for term in close} == {(1, 3)}


def test_no_weight_has_an_interval_where_the_sum_is_uncertain():
    inference = said([1.0, 0.5], np.eye(2))
    assert "1.1 standard errors" in inference.no_intervals
    for term in inference.terms:
        assert (term.low, term.high, term.rank_low, term.rank_high, term.outside) == (None, None, None, None, False)
        assert term.contrast_low < term.contrast < term.contrast_high


def test_a_weight_outside_its_interval_is_marked():
    terms = said(MOVES, 1e-4 * np.eye(3), weights={"m0": 0.5, "m1": 0.45, "m2": 0.05}).terms
    assert [term.outside for term in terms] == [False, True, True]


def test_none_of_those_that_say_the_same_is_clear_alone():
    first, second, _ = said(MOVES, SPREAD, known={"m0": Known(alike=("charge",))}).terms
    assert (first.verdict, first.together_with) == ("weak", ("charge",))
    assert (second.verdict, second.together_with) == ("clear", ())


@pytest.mark.parametrize(
    ("z", "whole", "declared", "verdict"),
    [
        (1.7, 0.5, True, "clear"),
        (1.7, 0.5, False, "weak"),
        (2.0, 0.5, False, "clear"),
        (1.3, 0.5, True, "weak"),
        (0.5, 0.05, True, "weak"),
        (0.5, 0.5, True, "not enough evidence"),
        (-1.7, 0.5, True, "contradicts its direction"),
        (-1.5, 0.5, True, "not enough evidence"),
        (-1.5, 0.09, True, "weak"),
    ],
)
def test_verdicts_on_signed_curves(z, whole, declared, verdict):
    assert verdict_of(Contrast("x", np.ones(1), z, 1.0, whole), declared=declared) == verdict


def test_the_largest_of_many_differences_has_to_be_larger():
    many = Places(np.zeros(10), np.eye(10))
    assert verdict_of(Contrast("x", np.ones(1), 2.5, 1.0, 0.2, many), declared=False) == "not enough evidence"
    assert verdict_of(Contrast("x", np.ones(1), 2.5, 1.0, 0.05, many), declared=False) == "weak"
    assert verdict_of(Contrast("x", np.ones(1), 3.5, 1.0, 0.05, many), declared=False) == "clear"


def test_nothing_says_nothing():
    assert said([], np.zeros((0, 0))).terms == ()


def test_one_metric_is_the_whole_score_and_has_no_interval():
    inference = said([2.0], np.eye(1) * 0.01)
    assert "one metric" in inference.no_intervals
    assert (inference.terms[0].low, inference.terms[0].verdict) == (None, "clear")


def test_what_separates_has_no_interval():
    first, second, _ = said(MOVES, SPREAD, known={"m0": Known(separates="complete")}).terms
    assert (first.low, first.high, first.outside, first.separates) == (None, None, False, "complete")
    assert second.low is not None


@pytest.mark.parametrize(
    ("along", "declared", "against"),
    [(-1.7, True, True), (-1.6, True, False), (-1.9, False, False), (-2.0, False, True)],
)
def test_a_curve_against_its_direction_is_no_clear_one_whatever_its_missing_value_says(along, declared, against):
    [one, other, _] = said(MOVES, SPREAD, known={"m0": Known(declared=declared, along=along)}).terms
    assert (one.verdict, other.verdict) == ("contradicts its direction" if against else "clear", "clear")
    nominal, _, _ = said(MOVES, SPREAD, known={"m0": Known(declared=declared)}).terms
    assert (one.low, one.high, one.contrast, one.z) == (nominal.low, nominal.high, nominal.contrast, nominal.z)
