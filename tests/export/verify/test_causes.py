"""What another scorer likely did: found for every mistake that the catalogue knows, and for some made by hand."""

from __future__ import annotations

import math

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from chs_ml.export.verify import Answers, Batch, Scorer, Tally, likely_causes
from chs_ml.export.verify.causes import OF_OTHER_ROWS, habits_of
from chs_ml.formula import NOT_SCORED, formula_as_dict
from chs_ml.formula.columns import numbers
from chs_ml.formula.edges import frame_of
from chs_ml.formula.frames import Columns
from chs_ml.formula.kinds import kinds_of
from tests.export.conformance.formulas import by_hand as by_hand_file
from tests.export.conformance.formulas import everything
from tests.formula import drawn, reference

FILE = everything()
FORMULA = FILE.formula
AVERAGE = FILE.reference["mean_health"]


def customers(count=400, seed=3):
    """Rows of the big formula, usual ones and some with values missing, in another case, beyond every knot."""
    draw = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        row = {
            "logins": float(draw.uniform(0, 40)),
            "plan": str(draw.choice(["Про 😀", "it's", "1", "1.0", "IT'S", "ПРО 😀", "basic"])),
            "paid": str(draw.choice(["true", "false", "True", "never"])),
            "minutes": float(draw.choice([draw.uniform(-12, 1), draw.uniform(-2e6, 2e6)])),
            "service calls": float(draw.choice([0, 1, 3, 4, 9])),
            "region": str(draw.choice(["north", "100%", "south", "south ", "South", "west"])),
            "nps": float(draw.choice([0, 0.5, 3, 7.5, 10])),
            "days overdue": float(draw.choice([0, 90, 120], p=[0.6, 0.1, 0.3])),
            "vip": str(draw.choice(["yes", "no"], p=[0.15, 0.85])),
            "tenure": float(draw.choice([3, 30, 300])),
        }
        for name in row:
            if draw.random() < 0.12:
                row[name] = None
        rows.append(row)
    return rows


ROWS = customers()
FRAME = {
    name: column if kinds_of(FORMULA)[name] == "level" else numbers(column) for name, column in frame_of(ROWS).items()
}
FRAME["logins"][::40], FRAME["nps"][::50] = np.inf, -np.inf
for at, row in enumerate(ROWS):
    row |= {name: FRAME[name][at] for name in ("logins", "nps") if np.isinf(FRAME[name][at])}


def compared(given, formula=FORMULA, frame=FRAME):
    right = Scorer(formula).answers(frame)
    tally = Tally(formula, {})
    tally.add(Columns(frame), Batch(given, right, np.arange(len(right.numbers["score"])) + 1))
    return tally


def causes_of(given, formula=FORMULA, frame=FRAME):
    tally = compared(given, formula, frame)
    causes, unexplained = likely_causes(formula, tally.sample(), {}, AVERAGE)
    return tally, causes, unexplained


@pytest.mark.parametrize("seed", range(20))
def test_a_scorer_with_no_other_habit_is_the_formula(seed):
    formula = drawn.with_rules(drawn.formula(seed), seed)
    frame = drawn.rows(formula, seed, 200)
    scored, answers = formula.read(frame), Scorer(formula).answers(frame)
    assert answers.numbers["score"].tolist() == scored.score.tolist()
    assert answers.numbers["coverage"].tolist() == scored.coverage.tolist()
    if formula.link is not None:
        assert answers.numbers["churn_probability"].tolist() == scored.churn_probability.tolist()
    assert answers.texts["band"].tolist() == scored.band.tolist()
    assert answers.texts["band_by_score"].tolist() == scored.band_by_score.tolist()
    assert compared(answers, formula, frame).differ == 0


HABITS = {habit.says: habit for habit in habits_of(FORMULA, AVERAGE)}
TOLD = {says: habit for says, habit in HABITS.items() if compared(habit.scorer.answers(FRAME)).differ}


def test_which_habits_these_rows_do_not_tell_from_the_formula():
    """Most give what it gives: 0 is not above 3, the formula's own value for a missing flag is a half."""
    assert HABITS.keys() - TOLD.keys() == {
        "a missing 'paid' was scored as half",
        "a missing 'paid' fell through to the end of its curve",
        "a missing 'paid' fell through to the start of its curve",
        "a missing 'paid' was taken as a level not listed",
        "a level not listed of 'paid' was taken as missing",
        "a missing 'service calls' was taken as 0",
        "a missing 'nps' was scored as half",
        "a missing 'nps' was scored as the average customer",
        "a missing 'days overdue' was taken as 0",
        "a missing 'tenure' was taken as 0",
        "levels were compared after their letters were composed",
        "bands: a score just below a cut, by rounding, was not lifted over it",
    }


@pytest.mark.parametrize("says", TOLD)
def test_every_habit_is_found_by_its_answers(says):
    answers = TOLD[says].scorer.answers(FRAME)
    tally, causes, unexplained = causes_of(answers)
    assert unexplained == 0
    assert causes[0].explains == causes[0].of == tally.differ
    assert causes[0].against == 0
    assert tally.columns == compared(TOLD[causes[0].says].scorer.answers(FRAME)).columns


def by_hand(change=lambda row: row, formula=None, band=lambda answer: answer["band"]):
    """Answers of the reference, which is written from the design alone, to rows that somebody changed before."""
    written = formula_as_dict(FORMULA) if formula is None else formula
    answers = [reference.answer(written, change(dict(row))) for row in ROWS]
    return Answers(
        {
            "score": np.array([answer["score"] for answer in answers]),
            "churn_probability": np.array([1.0 - answer["retained"] for answer in answers]),
            "coverage": np.array([answer["coverage"] for answer in answers]),
        },
        {"band": np.array([band(answer) for answer in answers] + [None], dtype=object)[:-1]},
    )


def folded(row):
    listed = {"plan": ["Про 😀", "it's", "1"], "region": ["north", "100%", "south"], "paid": ["true", "false"]}
    for name, levels in listed.items():
        row[name] = next((level for level in levels if row[name] and level.lower() == row[name].lower()), row[name])
    return row


def nps_as_zero(row):
    return {**row, "nps": 0.0 if row["nps"] is None or np.isinf(row["nps"]) else row["nps"]}


def with_terms(**changed):
    written = formula_as_dict(FORMULA)
    return {**written, "terms": [{**term, **changed.get(term["metric"], {})} for term in written["terms"]]}


def not_listed(*names):
    return lambda row: {**row, **{name: "another" for name in names if row[name] is not None}}


CAST = "was taken as one that is not listed (as where a loader makes true/false or 1/0 of it)"
BY_HAND = {
    "nothing": (by_hand(), None),
    "a missing 'nps' was taken as 0": (by_hand(nps_as_zero), None),
    "a missing 'logins' was scored as perfect": (by_hand(formula=with_terms(logins={"missing": 1.0})), None),
    "levels were compared without regard to case": (by_hand(folded), None),
    "a level not listed of 'plan' was taken as missing": (by_hand(formula=with_terms(plan={"other": 0.6})), "plan"),
    f"every level of 'region' {CAST}": (by_hand(not_listed("region")), None),
    f"every level of 'paid', 'vip' {CAST}": (by_hand(not_listed("paid", "vip")), None),
    "rules were not applied": (by_hand(formula={**formula_as_dict(FORMULA), "rules": []}), None),
    "rules: the first had the last word": (
        by_hand(formula={**formula_as_dict(FORMULA), "rules": formula_as_dict(FORMULA)["rules"][::-1]}),
        None,
    ),
    "score_when was not applied: everybody was scored": (
        by_hand(formula={**formula_as_dict(FORMULA), "score_when": None}),
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("cause", BY_HAND)
def test_mistakes_made_by_hand_are_named(cause):
    given, coverage_aside = BY_HAND[cause]
    if coverage_aside:
        given = Answers({name: column for name, column in given.numbers.items() if name != "coverage"}, given.texts)
    tally = compared(given)
    if cause == "nothing":
        assert tally.differ == 0 and tally.sample() is None
        return
    _, causes, unexplained = causes_of(given)
    assert [one.says for one in causes] == [cause]
    assert (causes[0].explains, causes[0].against, unexplained) == (tally.differ, 0, 0)


RIGHT = Scorer(FORMULA).answers(FRAME)
SHOWN = {
    "score: on 0..1 instead of 0..100": ("score", lambda x: x / 100),
    "score: turned round, 100 for the unhealthiest": ("score", lambda x: 100 - x),
    "score: the log-odds of staying": ("score", lambda x: FORMULA.link.a + FORMULA.link.b * x / 100),
    "score: 8.5 × the formula's − 50: on another scale": ("score", lambda x: 8.5 * x - 50),
    "score: the formula's + 0.001": ("score", lambda x: x + 0.001),
    "score: the formula's − 0.4": ("score", lambda x: x - 0.4),
    "churn_probability: the formula's + 2e-05": ("churn_probability", lambda x: x + 0.00002),
    "score: rounded to 2 digits after the point": ("score", lambda x: np.round(x, 2)),
    "score: rounded to whole numbers": ("score", np.round),
    "score: cut off after 1 digit after the point": ("score", lambda x: np.floor(x * 10) / 10),
    "churn_probability: rounded to 5 digits that matter": (
        "churn_probability",
        lambda x: np.array([float(f"{one:.5g}") for one in x]),
    ),
    "score: kept as a 32-bit number": ("score", lambda x: x.astype(np.float32).astype(float)),
    "numbers differ from the sixth digit on, as with 32 bits": (
        "score",
        lambda x: x + 1e-5 * np.sin(np.arange(len(x)) + 0.1),
    ),
    "churn_probability: the chance to stay instead": ("churn_probability", lambda x: 1 - x),
    "churn_probability: in per cent instead of 0..1": ("churn_probability", lambda x: 100 * x),
    "churn_probability: rounded to 3 digits after the point": ("churn_probability", lambda x: np.round(x, 3)),
    "coverage: in per cent instead of 0..1": ("coverage", lambda x: 100 * x),
}


@pytest.mark.parametrize("said", SHOWN)
def test_right_numbers_that_are_shown_otherwise_are_told(said):
    column, show = SHOWN[said]
    given = Answers({**RIGHT.numbers, column: show(RIGHT.numbers[column])}, RIGHT.texts)
    tally, causes, unexplained = causes_of(given)
    assert [cause.says for cause in causes] == [said]
    assert (causes[0].explains, unexplained) == (tally.differ, 0)


def test_bands_under_other_names_are_told():
    colors = {band.name: band.color for band in FORMULA.bands} | {NOT_SCORED: "grey"}
    given = Answers({}, {"band": np.array([colors[name] for name in RIGHT.texts["band"]], dtype=object)})
    _, causes, unexplained = causes_of(given)
    assert ([cause.says for cause in causes], unexplained) == (["band: the colours instead of the names"], 0)


def test_two_mistakes_on_another_scale_are_told_apart():
    given = by_hand(lambda row: folded(nps_as_zero(row)))
    given = Answers({"score": given.numbers["score"] / 100.0}, {})
    _, causes, unexplained = causes_of(given)
    assert {cause.says for cause in causes} == {
        "several of these in one row",
        "score: on 0..1 instead of 0..100",
        "a missing 'nps' was taken as 0",
        "levels were compared without regard to case",
    }
    assert causes[-1].says == "several of these in one row" and causes[-1].explains > 0
    assert unexplained == 0


def test_what_everybody_writes_first_in_sql_is_seen_through():
    """GREATEST and LEAST pass NULL over: what nobody knows is as good as the most, or as bad where less is better."""
    formula = by_hand_file().formula
    draw = np.random.default_rng(7)
    rows = {"usage": draw.uniform(0, 1, 500), "nps": draw.uniform(0, 10, 500), "tickets": draw.uniform(0, 10, 500)}
    for column in rows.values():
        column[draw.random(500) < 0.1] = np.nan
    asked = pa.table({name: pa.array(column, from_pandas=True) for name, column in rows.items()})  # noqa: F841 - by SQL
    shares = ["LEAST(1, usage)", "LEAST(1, nps / 10)", "(1 - LEAST(1, tickets / 10))"]
    naive = " + ".join(
        f"{weight} * GREATEST(0, {share})" for weight, share in zip((0.3, 0.4, 0.3), shares, strict=True)
    )
    score = duckdb.sql(f"SELECT 100 * ({naive})::DOUBLE AS score FROM asked").fetchnumpy()["score"]
    tally, causes, unexplained = causes_of(Answers({"score": np.asarray(score)}, {}), formula, rows)
    assert [cause.says for cause in causes] == ["a missing value fell through to the end of its curve"]
    assert (causes[0].explains, causes[0].against, unexplained) == (tally.differ, 0, 0)


OTHERS = {
    "the next row's": np.roll(np.arange(400), 1),
    "sorted by themselves": np.argsort(RIGHT.numbers["score"]),
    "in no order": np.random.default_rng(2).permutation(400),
    "two taken for each other": np.concatenate([np.arange(30)[::-1], np.arange(30, 400)]),
    "the last one lost": np.concatenate([[0], np.arange(399)]),
}


@pytest.mark.parametrize("order", OTHERS)
@pytest.mark.parametrize("digits", [15, 3])
def test_the_answers_of_other_rows_are_told(order, digits):
    moved = RIGHT.only(OTHERS[order])
    given = Answers({**moved.numbers, "score": np.round(moved.numbers["score"], digits)}, moved.texts)
    tolerance = {"score": 1e-9 if digits == 15 else 0.5e-3 + 1e-9}
    tally = Tally(FORMULA, tolerance)
    tally.add(Columns(FRAME), Batch(given, RIGHT, np.arange(400) + 1))
    causes, unexplained = likely_causes(FORMULA, tally.sample(), tolerance, AVERAGE)
    assert [cause.says for cause in causes] == [OF_OTHER_ROWS]
    assert causes[0].explains + unexplained == tally.differ and unexplained <= 4


@pytest.mark.parametrize("band", [None, "red", "as it is"])
@pytest.mark.parametrize("coverage", [True, False])
def test_no_answer_where_a_metric_is_missing_is_told_whatever_the_band_then_is(band, coverage):
    none = ~np.isfinite(FRAME["tenure"])
    texts = RIGHT.texts["band"].copy()
    if band != "as it is":
        texts[none] = band
    numbers = {name: np.where(none, np.nan, RIGHT.numbers[name]) for name in ("score", "churn_probability")}
    known = {"coverage": RIGHT.numbers["coverage"]} if coverage else {}
    tally, causes, unexplained = causes_of(Answers({**numbers, **known}, {"band": texts}))
    assert [cause.says for cause in causes] == ["no answer where 'tenure' is missing"]
    assert (causes[0].explains, causes[0].against, unexplained) == (tally.differ, 0, 0)
    assert tally.differ == none.sum() > 0


def test_noise_has_no_cause():
    noise = np.random.default_rng(1).normal(size=len(ROWS))
    tally, causes, unexplained = causes_of(Answers({"score": RIGHT.numbers["score"] + noise}, {}))
    assert (causes, unexplained, tally.differ) == ([], len(ROWS), len(ROWS))


def test_what_a_cause_would_get_wrong_is_counted():
    """Some who never answered were taken as 0, most were not: it explains them, and would get the others wrong."""
    asked = FRAME["nps"]
    zero = by_hand(nps_as_zero).numbers["score"]
    asked = np.where(np.isfinite(asked), asked, np.nan)
    some = np.isnan(asked) & (np.arange(len(asked)) % 8 == 0)
    tally, causes, _ = causes_of(Answers({"score": np.where(some, zero, RIGHT.numbers["score"])}, {}))
    assert causes[0].says == "a missing 'nps' was taken as 0"
    assert causes[0].explains == tally.differ == some.sum()
    assert causes[0].against == (np.isnan(asked) & ~some).sum()


def test_differences_are_counted_and_rows_are_numbered():
    score, band = RIGHT.numbers["score"].copy(), RIGHT.texts["band"].copy()
    score[[4, 7, 9]] += [1.0, -2.5, math.nan]
    band[[7, 20]] = None
    tally = Tally(FORMULA, {}, listed=2)
    given = Answers({"score": score}, {"band": band})
    tally.add(Columns(FRAME), Batch(given, RIGHT, np.arange(400) + 1001, [f"c{at}" for at in range(400)]))
    assert (tally.rows, tally.differ) == (400, 4)
    found = tally.columns["score"]
    assert (found.rows, found.largest, found.unanswered, found.first) == (3, 2.5, 1, [1005, 1008, 1010])
    assert tally.columns["band"].first == [1008, 1021]
    assert [(line["row"], line["customer"]) for line in tally.listed] == [(1005, "c4"), (1008, "c7")]
    assert tally.listed[1]["band"] == {"given": None, "formula": RIGHT.texts["band"][7]}


def test_batches_add_up_to_the_whole():
    habit = next(one for one in habits_of(FORMULA, AVERAGE) if one.says == "a missing 'nps' was taken as 0")
    given, parts = habit.scorer.answers(FRAME), Tally(FORMULA, {})
    for start in range(0, 400, 64):
        rows = slice(start, min(start + 64, 400))
        frame = {name: column[rows] for name, column in FRAME.items()}
        parts.add(Columns(frame), Batch(given.only(rows), RIGHT.only(rows), np.arange(400)[rows] + 1))
    whole = compared(given)
    assert parts.columns == whole.columns and (parts.rows, parts.differ) == (whole.rows, whole.differ)
    assert likely_causes(FORMULA, parts.sample(), {}, AVERAGE) == likely_causes(FORMULA, whole.sample(), {}, AVERAGE)
