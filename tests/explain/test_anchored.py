"""What a formula was anchored to, in words, from papers that nobody checked."""

from __future__ import annotations

import pytest

from chs_ml.explain.anchored import FLATTERED, anchor_in_words, is_pulled
from chs_ml.formula import WeightsFile

ANCHOR = {
    "file": "weights-2026Q3.json",
    "strength": 12.345,
    "kept": ["tenure", "calls"],
    "let_go": ["plan"],
    "new": ["age", "charge"],
    "changed_kind": [],
    "left": [],
    "gone": ["old"],
}


@pytest.fixture
def anchored(formula):
    def made(anchor):
        return WeightsFile(formula, "w", metrics={"age": {"label": "Age"}}, training={"anchor": anchor})

    return made


def test_what_became_of_each_metric(anchored):
    assert anchor_in_words(anchored(ANCHOR)) == [
        "Anchored to weights-2026Q3.json (strength 12.3): 2 metrics are pulled towards it; changed since, so let go: "
        "plan; new: Age, charge; no longer in the spec: old."
    ]
    assert "): 1 metric is pulled" in anchor_in_words(anchored({**ANCHOR, "kept": ["tenure"]}))[0]


def test_an_anchor_that_pulls_nothing_says_so(anchored):
    (said,) = anchor_in_words(anchored({"file": "w.json", "strength": 0.0, "kept": ["tenure"]}))
    assert said == "Anchored to w.json, which pulls nothing: the new customers are better told without."
    assert not is_pulled(anchored({"strength": 0.0})) and is_pulled(anchored({"strength": 0.1}))


def test_figures_that_may_flatter_are_named(anchored):
    assert anchor_in_words(anchored({**ANCHOR, "seen_holdout": True}))[1:] == [FLATTERED]


@pytest.mark.parametrize("value", [None, "x", 5, [], {}, {"file": 5}, {"strength": "much"}])
def test_papers_of_the_wrong_type_say_nothing(anchored, value):
    assert anchor_in_words(anchored(value)) == [] and not is_pulled(anchored(value))


@pytest.mark.parametrize("value", [None, "x", [1], {}])
def test_lists_of_the_wrong_type_name_nobody(anchored, value):
    lists = dict.fromkeys(("kept", "let_go", "new", "gone"), value)
    (said,) = anchor_in_words(anchored({"file": "w.json", "strength": 2.0, **lists}))
    assert said == "Anchored to w.json (strength 2): 0 metrics are pulled towards it."
