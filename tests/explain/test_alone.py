"""A metric by itself beside the others: said where it differs, and only there."""

from __future__ import annotations

import pytest

from chs_ml.explain.alone import WHY_ROUND, alone_of, differences_in_words
from chs_ml.formula import WeightsFile

IMPACT = {"start": "19.2", "end": "114.8 $", "odds_ratio": 0.15}


def line(odds_ratio, low, high, beside=0.15):
    alone = {"odds_ratio": odds_ratio, "low": low, "high": high}
    return {"metric": "tenure", "when": None, "alone": alone, "impact": {**IMPACT, "odds_ratio": beside}}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((2.8, 2.4, 3.3), "the other way round"),
        ((1.2, 0.9, 1.5), "Alone weaker"),  # by itself nothing is clear
        ((0.01, 0.005, 0.02), "Alone stronger"),
        ((0.5, 0.4, 0.6), "Alone weaker"),
        ((0.2, 0.1, 0.3), None),
        ((0.09, 0.05, 0.2), None),
    ],
)
def test_what_differs_is_said(formula, found, words):
    weights = WeightsFile(formula, "w", evidence=[line(*found)], metrics={"tenure": {"label": "Monthly charges"}})
    said = differences_in_words(weights)
    said = [sentence for sentence in said if sentence != WHY_ROUND]
    assert len(said) == (words is not None)
    assert all(words in sentence and "Monthly charges" in sentence for sentence in said)


def test_the_sentence_has_both_figures_and_the_interval(formula):
    weights = WeightsFile(formula, "w", evidence=[line(2.84, 2.4, 3.31)], metrics={"tenure": {"label": "Charges"}})
    assert differences_in_words(weights) == [
        "Charges, 19.2 → 114.8 $: alone, churn odds × 2.8 (2.4 to 3.3); beside the others × 0.15, the other way round.",
        WHY_ROUND,
    ]


def test_why_signs_turn_round_is_said_once(formula):
    lines = [line(2.84, 2.4, 3.31), {**line(2.84, 2.4, 3.31), "metric": "calls"}]
    said = differences_in_words(WeightsFile(formula, "w", evidence=lines))
    assert len(said) == 3 and said.count(WHY_ROUND) == 1 and said[2] == WHY_ROUND


def test_those_that_only_differ_in_size_share_a_sentence(formula):
    lines = [line(0.01, 0.005, 0.02), {**line(0.01, 0.005, 0.02), "metric": "calls"}]
    said = differences_in_words(WeightsFile(formula, "w", evidence=lines))
    assert said == ["Alone stronger by more than a factor of two, as the others carry part of it: tenure; calls."]


@pytest.mark.parametrize("value", [None, "x", 0.0, -1.0, True, 10**400, 1e300, [1.0]])
def test_what_others_wrote_otherwise_says_nothing(value):
    good = line(2.8, 2.4, 3.3)
    assert alone_of(good) is not None
    assert alone_of({**good, "alone": {**good["alone"], "low": value}}) is None
    assert alone_of({**good, "alone": value}) is None
    assert alone_of({**good, "impact": value}) is None
    assert alone_of({**good, "impact": {**IMPACT, "odds_ratio": value}}) is None
    assert alone_of({**good, "impact": {**IMPACT, "start": value if value != "x" else 5}}) is None
