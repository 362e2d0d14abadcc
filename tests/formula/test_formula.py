"""The laws of the formula, against a scorer that shares no line with it."""

from __future__ import annotations

from dataclasses import replace
from math import fsum

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chs_ml.errors import DataError, FormulaError
from chs_ml.formula import Band, Condition, Curve, Formula, Levels, Link, ScoreWhen, Term, formula_as_dict
from tests.formula import drawn, reference

SEEDS = st.integers(0, 2**32 - 1)
HALF = Curve((0.0, 10.0), (0.0, 1.0), 0.5)


def term(metric="nps", weight=1.0, **given):
    return Term(metric, "usage", "positive", weight, given.pop("shape", HALF), **given)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


@given(SEEDS)
@settings(max_examples=60)
def test_every_answer_equals_the_reference(seed):
    formula = drawn.with_rules(drawn.formula(seed), seed)
    frame = drawn.rows(formula, seed, 60)
    scored, written = formula.read(frame), formula_as_dict(formula)
    for i, row in enumerate(drawn.by_row(frame)):
        want = reference.answer(written, row)
        assert scored.score[i] == pytest.approx(want["score"], abs=1e-12)
        assert scored.coverage[i] == pytest.approx(want["coverage"], abs=1e-12)
        assert scored.band[i] == want["band"]
        if formula.link is not None:
            assert scored.churn_probability[i] == pytest.approx(1.0 - want["retained"], abs=1e-12)


def test_the_affine_law_on_ten_thousand_rows_with_conditions():
    checked = 0
    for seed in range(40):
        formula = drawn.formula(seed)
        if formula.link is None or not any(term.when for term in formula.terms):
            continue
        frame, written = drawn.rows(formula, seed, 500), formula_as_dict(formula)
        law = sigmoid(formula.link.a + formula.link.b * formula.score(frame) / 100.0)
        retained = np.array([reference.answer(written, row)["retained"] for row in drawn.by_row(frame)])
        assert np.abs(law - retained).max() <= 1e-12
        assert np.abs(1.0 - formula.churn_probability(frame) - retained).max() <= 1e-12
        checked += len(retained)
    assert checked >= 10_000


@given(SEEDS)
@settings(max_examples=60)
def test_scores_weights_and_contributions(seed):
    formula = drawn.formula(seed)
    frame = drawn.rows(formula, seed, 40)
    score = formula.score(frame)
    assert score.min() >= 0.0
    assert score.max() <= 100.0 + 1e-9
    assert abs(fsum(term.weight for term in formula.terms) - 1.0) <= 1e-12
    assert sum(formula.contributions(frame).values()) == pytest.approx(score, abs=1e-9)
    assert ((formula.coverage(frame) >= 0.0) & (formula.coverage(frame) <= 1.0)).all()


def test_two_sides_of_a_split_apply_to_exactly_one_each():
    for condition in (Condition("calls", above=3.0), Condition("plan", level="free")):
        frame = {"calls": [3.0, 3.0000000000000004, None, np.nan, np.inf], "plan": ["free", "Free", None, "", "pro"]}
        other = replace(condition, holds=False)
        assert (condition.applies(frame) ^ other.applies(frame)).all()
        assert not condition.applies(frame)[2:4].any()


def test_the_same_answers_for_every_kind_of_frame():
    formula = drawn.with_rules(drawn.formula(7), 7)
    frame = drawn.rows(formula, 7, 300)
    wanted = formula.read({name: np.array(column, dtype=object) for name, column in frame.items()})
    text = {name for name in frame if name.startswith(("t ", "other text"))}
    numeric = {
        name: [reference.number(value) for value in column] for name, column in frame.items() if name not in text
    }
    clean = {**frame, **numeric}
    pandas = pd.DataFrame({name: pd.Series(clean[name], dtype="str" if name in text else "Float64") for name in clean})
    frames = {
        "dict of lists": frame,
        "pandas": pandas,
        "pandas float": pandas.astype({name: "float64" for name in numeric}),
        "pandas category": pandas.astype({name: "category" for name in text}),
        "pandas object": pandas.astype(object),
        "pandas string": pandas.astype({name: "string" for name in text}),
        "arrow": pa.Table.from_pandas(pandas),
        "arrow dictionary": pa.Table.from_pandas(pandas.astype({name: "category" for name in text})),
        "arrow chunks": pa.concat_tables([pa.Table.from_pandas(pandas[:100]), pa.Table.from_pandas(pandas[100:])]),
        "arrow batch": pa.RecordBatch.from_pandas(pandas),
    }
    for kind, one in frames.items():
        got = formula.read(one)
        for name in ("score", "churn_probability", "coverage", "band", "not_scored_because"):
            assert np.array_equal(getattr(got, name), getattr(wanted, name)), (kind, name)


def test_no_rows_give_no_answers():
    formula = drawn.with_rules(drawn.formula(7), 7)
    for frame in ({name: [] for name in formula.metrics}, pd.DataFrame({name: [] for name in formula.metrics})):
        scored = formula.read(frame)
        assert len(scored.score) == len(scored.band) == len(scored.coverage) == 0


def test_a_column_that_is_absent_is_an_error_unless_allowed():
    formula = Formula((term("nps", 0.5), term("logins_30d", 0.5)))
    with pytest.raises(DataError, match=r"'logins_30d' is not in the table.*Did you mean column 'logins_30'") as error:
        formula.score({"logins_30": [1]})
    assert len(error.value.problems) == 2
    assert formula.read({"nps": [10]}, allow_absent=True).score.tolist() == [75.0]
    assert formula.read(pd.DataFrame({"nps": [10]}), allow_absent=True).coverage.tolist() == [0.5]


def test_a_doubled_column_is_an_error():
    frame = pd.DataFrame([[1, 2]], columns=["nps", "nps"])
    with pytest.raises(DataError, match="'nps' stands more than once"):
        Formula((term(),)).score(frame)


def test_a_column_named_by_a_number_is_not_the_text():
    with pytest.raises(DataError, match="column '0' is not in the table"):
        Formula((term("0"),)).score(pd.DataFrame([[1.0]]))


def test_bands_hold_from_their_cut_with_a_billionth_to_spare():
    formula = Formula((term(),), bands=(Band("high", "green", 69.0), Band("low", "red", 0.0)))
    below = 6.9 - 1e-9
    assert formula.band({"nps": [6.9, np.nextafter(6.9, 0), below, 0, 10]}).tolist() == [
        "high",
        "high",
        "low",
        "low",
        "high",
    ]


def test_a_formula_without_bands_gives_none_and_says_not_scored_where_it_must():
    formula = Formula((term(),), score_when=ScoreWhen(0.5))
    assert formula.band({"nps": [10, None]}).tolist() == [None, "not scored"]
    assert formula.read({"nps": [10, None]}).not_scored_because.tolist() == ["", "coverage is below 0.5"]


def test_pillar_scores_are_scores_of_their_terms():
    formula = Formula((term("a", 0.25), term("b", 0.5), Term("c", "payment", "positive", 0.25, HALF)))
    scores = formula.pillar_scores({"a": [10], "b": [1], "c": [5]})
    assert {name: values.tolist() for name, values in scores.items()} == {"usage": [40.0], "payment": [50.0]}


def test_each_column_is_read_once():
    class Counting(dict):
        reads = 0

        def __getitem__(self, name):
            Counting.reads += 1
            return super().__getitem__(name)

    formula = drawn.with_rules(drawn.formula(7), 7)
    formula.read(Counting(drawn.rows(formula, 7, 5)))
    assert Counting.reads == len(formula.metrics)


@pytest.mark.parametrize(
    ("build", "match"),
    [
        (lambda: Formula(()), "one term or more"),
        (lambda: Formula((term(weight=0.5),)), r"weights sum to 0\.5"),
        (lambda: Formula((term(weight=0.5), term(weight=0.5))), "'nps' stands twice"),
        (lambda: term(weight=0.0), r"weight 0\.0 is outside"),
        (lambda: term(weight=float("nan")), "weight nan is outside"),
        (lambda: term(weight=1.1), r"weight 1\.1 is outside"),
        (lambda: term(""), "name of its metric"),
        (lambda: term(when=Condition("x", above=1.0)), "'when' and 'otherwise' go together"),
        (lambda: term(when=Condition("x", above=1.0), otherwise=2.0), r"otherwise 2\.0 is outside"),
        (lambda: replace(term(), direction="up"), "direction 'up' is none of"),
        (lambda: Link(0.0, -1.0), "b must be positive"),
        (lambda: Link(699.0, 2.0), "below 700"),
        (lambda: Link(float("nan"), 2.0), "below 700"),
        (lambda: Formula((term(),)).churn_probability({"nps": [1]}), "no link to churn"),
        (lambda: Link(0.0, 1.0).score_at(1.0), r"1\.0 must lie between"),
        (
            lambda: Formula((term("a", 0.5), Term("a", "", "free", 0.5, Levels((("x", 1.0),), 0, 0), when=Condition(
                "b", above=1.0), otherwise=0.0))),
            "'a' is read as a number in one place",
        ),
        (
            lambda: Formula((Term("plan", "", "free", 1.0, Levels((("Yes", 1.0),), 0, 0), when=Condition(
                "plan", level="yes "), otherwise=0.0),)),
            "'Yes' and 'yes ' differ only",
        ),
    ],
)  # fmt: skip
def test_refusals(build, match):
    with pytest.raises(FormulaError, match=match):
        build()


def test_score_at_inverts_the_link():
    link = Link(-2.0, 6.0)
    assert link.churn_probability(np.array([link.score_at(0.05)]))[0] == pytest.approx(0.05, abs=1e-14)
