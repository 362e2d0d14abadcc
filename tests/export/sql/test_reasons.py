"""Reasons: the three terms that cost most, ties to the earlier one, points rounded half to even."""

from __future__ import annotations

import duckdb
import pytest

from chs_ml.export.sql import to_sql
from chs_ml.formula import Curve, Formula, Term, WeightsFile

LINE = Curve((0.0, 1.0), (0.0, 1.0), 0.0)


def reasons(weights: list[float], lost: list[float], averages: list[float] | None = None) -> list[str]:
    """Score one customer who is at the average but for the points that he lost."""
    averages = averages or [1.0] * len(weights)
    names = [f"m{at}" for at in range(len(weights))]
    terms = tuple(Term(name, "usage", "positive", weight, LINE) for name, weight in zip(names, weights, strict=True))
    reference = {"mean_health": dict(zip(names, averages, strict=True))}
    text = to_sql(WeightsFile(Formula(terms), "reasons", reference=reference))
    cells = [
        min(mean, 1.0) - points / 100.0 / weight for weight, points, mean in zip(weights, lost, averages, strict=True)
    ]
    connection = duckdb.connect()
    columns = ", ".join(f"CAST({cell!r} AS DOUBLE) AS {name}" for cell, name in zip(cells, names, strict=True))
    connection.execute(f"CREATE TABLE customers AS SELECT 1 AS customer, {columns}")
    [row] = connection.sql(to_sql_reasons(text)).fetchall()
    return [*row]


def to_sql_reasons(text: str) -> str:
    return f"SELECT reason_1, reason_2, reason_3 FROM ({text})"


QUARTERS = [0.25, 0.25, 0.25, 0.25]


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ([0.0, 0.0, 0.0, 0.0], ["", "", ""]),
        ([0.25, 0.0, 0.0, 0.0], ["", "", ""]),
        ([0.75, 0.0, 1.0, 1.25], ["m3: -1 point", "m2: -1 point", "m0: -1 point"]),
        ([1.5, 2.5, 3.5, 4.5], ["m3: -4 points", "m2: -4 points", "m1: -2 points"]),
        ([5.0, 5.0, 5.0, 5.0], ["m0: -5 points", "m1: -5 points", "m2: -5 points"]),
        ([5.0, 7.0, 5.0, 7.0], ["m1: -7 points", "m3: -7 points", "m0: -5 points"]),
        ([2.0, 2.0, 9.0, 2.0], ["m2: -9 points", "m0: -2 points", "m1: -2 points"]),
        ([12.5, 13.5, 0.0, 25.0], ["m3: -25 points", "m1: -14 points", "m0: -12 points"]),
    ],
)
def test_the_weightiest_come_first(lost, said):
    assert reasons(QUARTERS, lost) == said


def test_of_two_terms_there_is_no_third_reason():
    assert reasons([0.5, 0.5], [3.0, 10.0]) == ["m1: -10 points", "m0: -3 points", ""]
    assert reasons([1.0], [3.0]) == ["m0: -3 points", "", ""]


def test_a_half_is_rounded_to_the_even_number():
    assert reasons([0.5, 0.5], [12.5, 37.5]) == ["m1: -38 points", "m0: -12 points", ""]


def test_no_more_than_a_hundred_points_are_said():
    assert reasons([0.5, 0.5], [50.0, 0.0], [7.0, 1.0]) == ["m0: -100 points", "", ""]
