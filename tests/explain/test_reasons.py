"""Reasons of whole columns against one row at a time."""

from __future__ import annotations

import numpy as np
import pytest

from chs_ml.explain.reasons import WORTH_SAYING, reasons_of
from chs_ml.formula import Curve, Formula, Term
from tests import tiny


def brute(formula, row, average, count):
    """Sort one row's losses the plain way; of equal ones the first in the formula."""
    lost = [
        (100 * term.weight * (n - average[term.key]), at)
        for at, (term, n) in enumerate(zip(formula.terms, row, strict=True))
    ]
    worst = sorted(one for one in lost if one[0] < -WORTH_SAYING)[:count]
    lost = [(formula.terms[at].metric, min(max(round(-change), 1), 100)) for change, at in worst]
    said = [f"{metric}: -{points} {'point' if points == 1 else 'points'}" for metric, points in lost]
    return said + [""] * (count - len(said))


@pytest.mark.parametrize("count", [1, 3, 6])
def test_reasons_equal_sorting_each_row(done, count):
    frame, formula = tiny.customers(200, seed=3), done.formula
    health = [term.health(frame) for term in formula.terms]
    average = done.weights.reference["mean_health"]
    names = [term.metric for term in formula.terms]
    columns = reasons_of(formula, health, average, names, count)
    assert len(columns) == count
    for row in range(len(frame)):
        assert [column[row] for column in columns] == brute(formula, [n[row] for n in health], average, count)


def test_without_an_average_a_term_is_measured_against_its_best(formula):
    health = [np.array([0.0, 1.0]) for _ in formula.terms]
    first, second = reasons_of(formula, health, {}, [term.key for term in formula.terms], 2)
    assert first.tolist() == ["tenure: -40 points", ""] and second.tolist() == ["calls: -20 points", ""]


def test_of_equal_losses_the_earlier_term_comes_first_whatever_pushes_in():
    terms = tuple(
        Term(name, "usage", "positive", weight, Curve((0.0, 1.0), (0.0, 1.0), 0.5))
        for name, weight in (("a", 0.25), ("b", 0.25), ("c", 0.4), ("d", 0.1))
    )
    health = [np.zeros(1) for _ in terms]
    found = reasons_of(Formula(terms), health, {}, list("abcd"), 3)
    assert [column[0] for column in found] == ["c: -40 points", "a: -25 points", "b: -25 points"]
