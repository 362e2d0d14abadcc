"""Whole points: the range, the sum by hand, directions, what is lost."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chs_ml.errors import DataError, FormulaError
from chs_ml.formula import Band, Condition, Curve, Formula, Levels, Link, Term
from chs_ml.formula.points_card import PointsCard, StepPoints
from chs_ml.formula.step_edges import MOST_STEPS, STEP_COST, best_edges, candidate_edges, roundest
from chs_ml.formula.whole_points import MOST_ROWS, shared_out
from tests.formula import drawn

SEEDS = st.integers(0, 10_000)
TOTALS = st.sampled_from([1, 7, 10, 100])
BANDS = (Band("healthy", "green", 60.0), Band("at risk", "yellow", 35.0), Band("bad", "red", 0.0))


def by_hand(card, row):
    """Add up one customer's points from the printed lines, as a person would: no numpy, no card code."""
    total = 0
    for term in dict.fromkeys(line.term for line in card.rows()):
        lines = [line for line in card.rows() if line.term == term]
        value = row[lines[0].metric]
        special = {line.case: line.points for line in lines if line.case}
        card_term = next(each for each in card.terms if each.key == term)
        if card_term.when is not None and not holds(card_term.when, row):
            total += special["otherwise"]
            continue
        if any(line.level is not None or line.case == "other" for line in lines):
            levels = {line.level: line.points for line in lines if line.level is not None}
            total += special["missing"] if value in (None, "") else levels.get(value, special["other"])
            continue
        if value in (None, "") or not math.isfinite(value):
            total += special["missing"]
            continue
        total += [line.points for line in lines if line.start is not None and value >= line.start][-1]
    return total


def holds(when, row):
    value = row[when.metric]
    if when.level is not None:
        return (value == when.level) == when.holds
    above = value not in (None, "") and math.isfinite(value) and value > when.above
    return above == when.holds


def plain_rows(formula, seed, count=60):
    """Rows whose levels a person and the package read alike: no '1' beside 1.0, no 'PRO' beside 'pro'."""
    return drawn.rows(formula, seed, count)


def outcomes(seed, count=60):
    return np.r_[[0, 1], np.random.default_rng(seed).integers(0, 2, count - 2)]


def given_rows(seed, formula, kind):
    rows = plain_rows(formula, seed)
    return {"none": (), "rows": (rows,), "outcomes": (rows, outcomes(seed))}[kind], rows


@given(SEEDS, TOTALS, st.sampled_from(["none", "rows", "outcomes"]))
@settings(max_examples=25, deadline=None)
def test_the_table_adds_up_by_hand_within_its_range(seed, total, kind):
    formula = drawn.formula(seed)
    given_to, rows = given_rows(seed, formula, kind)
    card = formula.to_points(total, *given_to)
    score = card.score(rows)
    assert sum(term.most for term in card.terms) == total
    assert all(min(term.cells) == 0 for term in card.terms)
    assert score.dtype.kind == "i"
    assert score.min() >= 0
    assert score.max() <= total
    assert score.tolist() == [by_hand(card, row) for row in drawn.by_row(rows)]
    assert PointsCard.from_dict(card.as_dict()) == card
    assert {term.key for term in card.terms} | set(card.left_out) == {term.key for term in formula.terms}


@given(SEEDS, TOTALS)
@settings(max_examples=10, deadline=None)
def test_the_order_of_rows_does_not_matter(seed, total):
    formula = drawn.formula(seed)
    rows, churned = plain_rows(formula, seed), outcomes(seed)
    order = np.random.default_rng(seed).permutation(len(churned))
    turned = {name: [column[at] for at in order] for name, column in rows.items()}
    first, second = formula.to_points(total, rows, churned), formula.to_points(total, turned, churned[order])
    assert (first.terms, first.bands, first.left_out) == (second.terms, second.bands, second.left_out)
    assert formula.to_points(total, rows, churned) == first


@given(SEEDS, st.sampled_from(["none", "rows", "outcomes"]))
@settings(max_examples=10, deadline=None)
def test_what_rises_keeps_rising(seed, kind):
    draw = np.random.default_rng(seed)
    values = np.sort(draw.random((3, 6)), axis=1)
    shapes = [Curve(tuple(range(6)), tuple(line[:: 1 - 2 * (at % 2)].tolist()), 0.4) for at, line in enumerate(values)]
    terms = tuple(Term(f"m{at}", "", "negative" if at % 2 else "positive", 1 / 3, shape)
                  for at, shape in enumerate(shapes))  # fmt: skip
    formula = Formula(terms, Link(-2.0, 5.0))
    rows = {f"m{at}": draw.normal(2.5, 2.0, 300) for at in range(3)}
    card = formula.to_points(30, *{"none": (), "rows": (rows,), "outcomes": (rows, outcomes(seed, 300))}[kind])
    for term in card.terms:
        assert isinstance(term.shape, StepPoints)
        steps = np.diff(term.shape.points)
        assert len(steps) < MOST_STEPS
        assert (steps < 0).all() if term.metric == "m1" else (steps > 0).all()


WHOLE = Formula(
    (
        Term("tickets", "", "negative", 0.3, Curve((0.0, 1.0, 2.0, 5.0), (1.0, 0.9, 0.5, 0.0), 0.8)),
        Term("plan", "", "free", 0.45, Levels((("monthly", 0.0), ("yearly", 1.0)), 0.4, 0.2)),
        Term("nps", "", "positive", 0.25, Curve((0.0, 10.0), (0.0, 1.0), 0.6), when=Condition("plan", level="yearly"),
             otherwise=0.2),
    ),
    Link(-2.0, 6.0),
    BANDS,
)  # fmt: skip


def whole_rows(count=500):
    draw = np.random.default_rng(3)
    return {
        "tickets": draw.choice([0.0, 1.0, 2.0, 5.0, np.nan], count),
        "plan": draw.choice(["monthly", "yearly", "trial", ""], count),
        "nps": draw.choice([0.0, 10.0, np.nan], count),
    }


def test_a_formula_that_is_whole_loses_nothing():
    rows = whole_rows()
    card = WHOLE.to_points(100, rows)
    assert card.score(rows).tolist() == np.rint(WHOLE.score(rows)).astype(int).tolist()
    assert np.abs(card.score(rows) - WHOLE.score(rows)).max() < 1e-9
    assert card.churn_probability(rows) == pytest.approx(WHOLE.churn_probability(rows), abs=1e-7)
    assert (card.band_by_score(rows) == WHOLE.band(rows)).all()
    assert card.losses.auc_lost == 0.0
    assert card.losses.log_loss_lost == pytest.approx(0.0, abs=1e-12)
    assert card.losses.largest_change < 1e-9
    assert (card.losses.change_band, card.losses.share_changing_band) == (0, 0.0)


def test_the_search_loses_less_than_the_start_on_what_it_looks_at():
    for seed in range(20):
        formula = drawn.formula(seed)
        rows = plain_rows(formula, seed, 200)
        if formula.link is None:
            continue
        searched, rounded = formula.to_points(20, rows), formula.to_points(20)
        expected = 1.0 - formula.churn_probability(rows)
        losses = [
            -np.mean(expected * np.log(1 - p) + (1 - expected) * np.log(p))
            for p in (card.churn_probability(rows) for card in (searched, rounded))
        ]
        assert losses[0] <= losses[1] + 1e-4  # their steps differ
        assert losses[0] == pytest.approx(searched.losses.log_loss, abs=1e-9)


def test_outcomes_that_are_not_known_yet_count_for_nothing():
    rows = whole_rows()
    churned = np.where(np.arange(500) % 5 == 0, np.nan, outcomes(1, 500))
    fewer = {name: column[np.arange(500) % 5 != 0] for name, column in rows.items()}
    one = WHOLE.to_points(50, rows, churned)
    assert one.terms == WHOLE.to_points(50, fewer, churned[np.arange(500) % 5 != 0]).terms


def test_many_rows_are_thinned_and_the_card_says_so():
    rows = whole_rows(MOST_ROWS + 5)
    card = WHOLE.to_points(10, rows)
    assert card.notes == (f"the points were chosen on 50,000 of {MOST_ROWS + 5:,} rows, taken at equal distances",)
    assert card.losses.rows == MOST_ROWS + 5


def test_a_formula_written_by_hand_has_points_but_no_probability():
    formula = Formula(WHOLE.terms, None, BANDS)
    rows = whole_rows()
    card = formula.to_points(100, rows)
    assert card.score(rows).tolist() == np.rint(formula.score(rows)).astype(int).tolist()
    assert card.losses.log_loss is None
    with pytest.raises(FormulaError, match="no link to churn"):
        card.churn_probability(rows)
    assert formula.to_points(100, rows, outcomes(0, 500)).link is not None


def test_separated_outcomes_leave_a_finite_link():
    rows = whole_rows()
    churned = (WHOLE.score(rows) < 50).astype(float)
    assert np.isfinite(WHOLE.to_points(20, rows, churned).churn_probability(rows)).all()
    assert np.isfinite(Formula(WHOLE.terms).to_points(20, rows, churned).churn_probability(rows)).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"total": 0}, "total 0: a card adds up to a whole number from 1 to 1000"),
        ({"total": 10.0}, "total 10.0"),
        ({"total": True}, "total True"),
        ({"churned": [1, 0]}, "outcomes were given without the rows"),
        ({"frame": whole_rows(), "churned": [1, 0]}, "2 outcomes for 500 rows"),
        ({"frame": whole_rows(), "churned": np.ones(500)}, "all alike"),
        ({"frame": whole_rows(), "churned": np.arange(500.0)}, "an outcome is 1"),
    ],
)
def test_what_cannot_be_is_refused(wrong, message):
    with pytest.raises(FormulaError, match=message):
        WHOLE.to_points(**wrong)


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(DataError, match="nps"):
        WHOLE.to_points(100, {"tickets": [1.0], "plan": ["yearly"]})
    with pytest.raises(DataError, match="plan"):
        WHOLE.to_points(100).score({"tickets": [1.0], "nps": [1.0]})


@given(st.lists(st.floats(0, 50), min_size=1, max_size=20), st.integers(1, 1000))
def test_shared_out_sums_and_stays_within_one(exact, total):
    shares = np.array(exact) + 1e-3
    shares *= total / shares.sum()
    found = shared_out(shares, total)
    assert found.sum() == total
    assert (np.abs(found - shares) < 1.0 + 1e-9).all()


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_the_roundest_number_lies_in_its_gap(low, width):
    high = low + width
    assert low < roundest(low, high) <= high


@pytest.mark.parametrize(("low", "high", "found"), [(2, 3, 3), (11, 13, 12), (18.3, 26.1, 20), (0.31, 0.47, 0.4),
                                                    (-3, 2, 0), (987, 1020, 1000), (4, 7, 5)])  # fmt: skip
def test_the_roundest_number(low, high, found):
    assert roundest(low, high) == found


def test_cuts_are_the_best_there_are():
    """Against every pair of cuts tried by brute force."""
    draw = np.random.default_rng(0)
    x, value, weight = np.arange(12.0), np.sort(draw.random(12)), draw.random(12)
    candidates = candidate_edges(x, np.ones(12))

    def error(edges):
        cell = np.searchsorted(edges, x, side="right")
        mean = np.bincount(cell, weight * value) / np.bincount(cell, weight)
        return (weight * (value - mean[cell]) ** 2).sum()

    found = best_edges(x, value, 10 * STEP_COST * weight, candidates)
    best = min(error(np.array([a, b])) for a in candidates for b in candidates if a < b)
    assert len(found) >= 1
    if len(found) == 2:
        assert error(found) == pytest.approx(best)
    assert 10 * error(found) + len(found) <= 10 * best + 2 + 1e-9


# What is read was checked by nobody


def broken(change):
    value = WHOLE.to_points(100, whole_rows()).as_dict()
    change(value)
    return value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: card.pop("total"), "total: is not there"),
        (lambda card: card.update(total=99), "add up to 100; they must add up to 99"),
        (lambda card: card.update(total=float("nan")), "points card"),
        (lambda card: card["terms"][0].update(points=[1.5]), "must be a whole number"),
        (lambda card: card["terms"][0].update(points=[-1]), "must be a whole number"),
        (lambda card: card["terms"][0].update(edges=[3.0, 2.0, 1.0]), "strictly increasing"),
        (lambda card: card["terms"][0].update(kind="curve"), "none of"),
        (lambda card: card["terms"].append(card["terms"][0]), "add up to"),
        (lambda card: card["terms"][2].update(when=None), "go together"),
        (lambda card: card["terms"][1]["levels"].append(["yearly"]), "a pair of a level and its points"),
        (lambda card: card.update(bands="green"), "must be a list"),
        (lambda card: card.update(link={"a": 1}), "link"),
        (lambda card: card.update(surprise=1), "unknown key"),
    ],
)
def test_a_damaged_card_is_refused(change, message):
    with pytest.raises(FormulaError, match=message):
        PointsCard.from_dict(broken(change))


@pytest.mark.parametrize("value", [None, 3, "card", [], {}, {"terms": {}}])
def test_what_is_no_card_is_refused(value):
    with pytest.raises(FormulaError, match="points card"):
        PointsCard.from_dict(value)
