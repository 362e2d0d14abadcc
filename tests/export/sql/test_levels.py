"""Levels in columns of every type, spelled as engines spell them."""

from __future__ import annotations

import sqlite3
import time

import duckdb
import numpy as np
import pytest

from chs_ml.export import Options
from chs_ml.export.sql import to_sql
from chs_ml.export.sql.levels import readings_of
from chs_ml.formula import Band, Condition, Curve, Formula, Levels, Rule, Term, WeightsFile

TEXTS = [
    "1", "1.0", "1.00", "1.000000", "01", "1.", "1.0 ", "1e0", "10", "10.0", "10.00", "10.01", "100", "0", "0.0", "-5",
    "-5.0", "-5.00", "-0", "true", "True", "TRUE", "tRuE", "true ", "false", "FALSE", "gold", "Gold", "gold ", "", " ",
    None, "2.5", "2.50", "NULL", "|",
]  # fmt: skip
TABLES = [
    ("1", "gold"),
    ("1.0", "0"),
    ("1", "1.0"),
    ("10.0", "1.00"),
    ("-5", "0.0"),
    ("true", "false"),
    ("True", "1"),
    ("TRUE", "gold"),
    ("tRUE", "2.5"),
]


def file_of(table: tuple[str, ...], *others: str) -> WeightsFile:
    values = tuple((level, 0.25 * (at + 1)) for at, level in enumerate(table))
    terms = [Term("plan", "usage", "free", 0.5, Levels(values, 0.0, 1.0))]
    bands = (Band("other side", "red", 0.0),)
    rules = []
    for other in others:
        when = Condition("plan", level=other)
        terms.append(Term(f"x{other}", "usage", "positive", 0.5, Curve((0.0, 1.0), (0.0, 1.0), 1.0), when=when,
                          otherwise=0.0))  # fmt: skip
        rules.append(Rule(Condition("plan", level=other, holds=False), "other side"))
    terms = terms if others else [Term("plan", "usage", "free", 1.0, terms[0].shape)]
    return WeightsFile(Formula(tuple(terms), None, bands, tuple(rules)), "levels")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("other", [None, "1.0", "True", "gold"])
def test_a_text_means_what_it_means_to_the_formula(table, other):
    try:
        weights = file_of(table, *([other] if other else []))
    except ValueError:  # levels that differ only in case
        return
    connection = duckdb.connect()
    connection.execute("CREATE TABLE customers (customer INTEGER, plan VARCHAR COLLATE NOCASE, \"x1.0\" DOUBLE, "
                       '"xTrue" DOUBLE, xgold DOUBLE)')  # fmt: skip
    connection.executemany("INSERT INTO customers (customer, plan) VALUES (?, ?)", list(enumerate(TEXTS)))
    found = connection.sql(to_sql(weights) + " ORDER BY customer").fetchnumpy()
    asked = weights.formula.read({"plan": TEXTS, **{name: [None] * len(TEXTS) for name in weights.formula.metrics[1:]}})
    np.testing.assert_allclose(found["score"], asked.score, atol=1e-9)
    np.testing.assert_allclose(found["coverage"], asked.coverage, atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("INTEGER", [0, 1, 10, -5, None]),
        ("DOUBLE", [0.0, 1.0, 10.0, -5.0, 2.5, None]),
        ("DECIMAL(9, 3)", [0, 1, 10, -5, None]),
        ("BOOLEAN", [True, False, None]),
    ],
)
def test_numbers_and_flags_are_levels_too(kind, cells):
    for table in (("0", "1", "10"), ("1.0", "-5"), ("true", "False"), ("2.5", "0.0")):
        weights = file_of(table)
        connection = duckdb.connect()
        connection.execute(f"CREATE TABLE customers (customer INTEGER, plan {kind})")
        connection.executemany("INSERT INTO customers VALUES (?, ?)", list(enumerate(cells)))
        found = connection.sql(to_sql(weights) + " ORDER BY customer").fetchnumpy()
        np.testing.assert_allclose(found["score"], weights.formula.score({"plan": cells}), atol=1e-9)


def test_sqlite_compares_case_whatever_the_column_says():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE customers (customer INTEGER, plan TEXT COLLATE NOCASE)")
    connection.executemany("INSERT INTO customers VALUES (?, ?)", [(0, "GOLD"), (1, "gold"), (2, "gold ")])
    text = to_sql(file_of(("gold", "silver")), Options(dialect="sqlite"))
    assert [row[1] for row in connection.execute(text)] == [0.0, 25.0, 0.0]


def test_a_level_of_one_spelling_is_compared_as_it_is():
    assert readings_of(file_of(("gold", "007", "1e3")).formula)["plan"].spellings == ()


def test_a_thousand_whole_numbers_are_written_in_a_moment():
    numbers = [str(at) for at in range(1000)]
    shape = Levels(tuple((level, at / 1000.0) for at, level in enumerate(numbers)), 0.0, 1.0)
    weights = WeightsFile(Formula((Term("plan", "usage", "free", 1.0, shape),)), "many")
    start = time.process_time()
    text = to_sql(weights, Options(dialect="sqlite"))
    assert time.process_time() - start < 3.0
    asked = [*numbers, "7.0", "12.00", "1000", "07", ""]
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE customers (customer INTEGER, plan TEXT)")
    connection.executemany("INSERT INTO customers VALUES (?, ?)", list(enumerate(asked)))
    found = [row[1] for row in connection.execute(text)]
    np.testing.assert_allclose(found, weights.formula.score({"plan": asked}), atol=1e-9)
