"""What the papers say of how sure the weights are, in words; nobody checked them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chs_ml.explain.sureness import (
    LIES_HELD,
    LIES_OUTSIDE,
    MEANING,
    PULLED,
    SYMBOL,
    doubts_of,
    left_out,
    nothing_is_evident,
    sureness_in_words,
    sureness_of,
)
from chs_ml.export.evidence import VERDICTS
from chs_ml.formula import WeightsFile
from tests.explain.sure import sure_file

HOSTILE = ["x", None, True, [1.0], {}, 10**400, 55, [[]], [{}], [{"metric": 5, "why": "no evidence"}]]


def test_what_is_known_of_a_weight():
    sure = sureness_of(sure_file())
    tenure, calls, plan = (sure[name] for name in ("tenure", "calls", "plan"))
    assert (tenure.interval, str(tenure), tenure.like) == ((0.3, 0.5), "✓ clear", ("Age",))
    assert calls.outside and str(calls) == "~ weak"
    assert plan.interval is None and str(plan) == "? not enough evidence, pinned"
    assert plan.pinned == "by Oksana: agreed in the review"


def test_every_verdict_has_a_sign_of_its_own():
    assert tuple(SYMBOL) == VERDICTS and len(set(SYMBOL.values())) == len(VERDICTS)
    assert tuple(MEANING) == VERDICTS


def test_only_verdicts_that_are_there_are_explained(formula):
    lines = [{"metric": name, "when": None, "verdict": "clear"} for name in ("tenure", "calls", "plan")]
    (said,) = sureness_in_words(WeightsFile(formula, "w", evidence=lines))
    assert said == f"✓ clear: {MEANING['clear']}"


def test_under_an_anchor_the_pull_is_named_where_a_weight_lies_outside():
    pulled = replace(sure_file(), training={"anchor": {"strength": 3.0}})
    assert LIES_OUTSIDE + PULLED in sureness_in_words(pulled)
    assert LIES_OUTSIDE in sureness_in_words(replace(sure_file(), training={"anchor": {"strength": 0.0}}))


def test_what_stands_below_a_table_of_weights():
    rule, *said = sureness_in_words(sure_file())
    assert rule == " ".join(f"{SYMBOL[verdict]} {verdict}: {MEANING[verdict]}" for verdict in VERDICTS)
    assert said == [
        LIES_OUTSIDE,
        "Pinned: plan, by Oksana: agreed in the review",
        "Left out, as the others leave no evidence for it: Region; partner.",
        "Left out, same information as another: Age (as Time with us).",
        "No weight: shoe_size.",
    ]


def test_nothing_is_said_where_nothing_is_recorded(formula):
    assert sureness_in_words(WeightsFile(formula, "bare")) == []


def test_why_there_is_no_interval_comes_first(formula):
    weights = WeightsFile(formula, "w", training={"intervals": "no weight has an interval: the sum is uncertain."})
    assert sureness_in_words(weights) == ["No weight has an interval: the sum is uncertain."]


@pytest.mark.parametrize("value", HOSTILE)
def test_papers_of_the_wrong_type_say_nothing(formula, value):
    line = {"metric": "tenure", "when": None, "low": value, "high": value, "outside": value, "together_with": value}
    verdict = {"metric": "calls", "when": None, "verdict": value}
    training = {"left_out": value, "intervals": value if value != "x" else 5, "doubts": value}
    weights = WeightsFile(formula, "odd", evidence=[line, verdict], training=training)
    assert sureness_in_words(weights) == [] and left_out(weights) == [] and doubts_of(weights) == []
    sure = sureness_of(weights)["tenure"]
    assert sure.interval is None and not sure.outside and sure.like == ()


@pytest.mark.parametrize("ends", [(0.5, 0.3), (0.1, 1e9), (float("-1e300"), 0.1), (0.1, None)])
def test_an_interval_that_is_none(formula, ends):
    line = {"metric": "tenure", "when": None, "low": ends[0], "high": ends[1], "outside": True}
    sure = sureness_of(WeightsFile(formula, "odd", evidence=[line]))["tenure"]
    assert sure.interval is None and not sure.outside


NOTHING_LEFT = "No weight, as beside the others nothing is left for it in its direction"


def left(**said):
    return {"metric": "age", "why": "no weight", "verdict": "contradicts its direction", **said}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (left(), "No weight: age (clearly goes the other way than declared; check its direction)."),
        (left(declared=True), "No weight: age (clearly goes the other way than declared; check its direction)."),
        (left(declared=False), f"{NOTHING_LEFT}: age."),
        (left(verdict="not enough evidence"), f"{NOTHING_LEFT}: age."),
        (left(verdict=["contradicts its direction"]), "No weight: age."),
        (left(verdict=None), "No weight: age."),
    ],
)
def test_a_direction_that_is_the_wrong_way_round_is_named(formula, line, said):
    assert sureness_in_words(WeightsFile(formula, "w", training={"left_out": [line]})) == [said]


@pytest.mark.parametrize(
    ("kind", "marked"), [("complete", True), ("quasi-complete", True), ("none", False), (1, False)]
)
def test_a_metric_that_separates_is_marked(formula, kind, marked):
    line = {"metric": "tenure", "when": None, "verdict": "clear", "separates": kind}
    weights = WeightsFile(formula, "w", evidence=[line])
    assert str(sureness_of(weights)["tenure"]) == ("✓ clear ‡" if marked else "✓ clear")
    assert (LIES_HELD in sureness_in_words(weights)) is marked


@pytest.mark.parametrize(
    ("verdicts", "nothing"),
    [
        (["not enough evidence"] * 4, True),
        ([*["not enough evidence"] * 3, "weak"], False),
        ([*["not enough evidence"] * 3, None], False),
        ([None] * 4, False),
    ],
)
def test_nothing_is_evident_only_where_that_is_said_of_every_weight(verdicts, nothing):
    file = sure_file()
    lines = [{**line, "verdict": verdict} for line, verdict in zip(file.evidence, verdicts, strict=True)]
    assert nothing_is_evident(WeightsFile(file.formula, "w", evidence=lines)) is nothing


def test_doubts_call_metrics_as_people_do(formula):
    labels = {"Online_Backup": "Backup", "Online_Backup_2": "Second backup", "internet": "Net", "Net2": "The net"}
    said = "Online_Backup, Online_Backup_2: 'Net2' stands in exactly the rows in which Net2 is 'No' and internet was."
    metrics = {name: {"label": label} for name, label in labels.items()}
    (doubt,) = doubts_of(WeightsFile(formula, "w", metrics=metrics, training={"doubts": [said]}))
    assert doubt == (
        "Backup, Second backup: 'Net2' stands in exactly the rows in which The net is 'No' and internet was."
    )
