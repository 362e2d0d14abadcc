"""A formula of sixty terms with sixteen knots each is a query that engines read, and one of 301 is refused."""

from __future__ import annotations

import sqlite3

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from chs_ml.errors import FormulaError
from chs_ml.export import Options
from chs_ml.export.sql import to_sql
from chs_ml.formula import Curve, Formula, Link, ScoreWhen, Term, WeightsFile


def wide(terms: int, knots: int) -> WeightsFile:
    draw = np.random.default_rng(terms)
    weights = draw.random(terms) + 0.1
    weights /= weights.sum()
    parts = [
        Term(f"metric {at}", "usage", "positive", float(weight),
             Curve(tuple(np.cumsum(draw.random(knots)).tolist()), tuple(np.sort(draw.random(knots)).tolist()), 0.5))
        for at, weight in enumerate(weights)
    ]  # fmt: skip
    return WeightsFile(Formula(tuple(parts), Link(-2.0, 5.0), score_when=ScoreWhen(0.4)), "wide")


def test_sixty_terms_of_sixteen_knots():
    weights = wide(60, 16)
    text = to_sql(weights)
    assert len(text) < 256 * 1024, "longer than ClickHouse reads unless it is told to"
    frame = {name: np.random.default_rng(at).random(500) * 10.0 for at, name in enumerate(weights.formula.metrics)}
    connection = duckdb.connect()
    connection.register("customers", pa.table({"customer": np.arange(500), **frame}))
    found = connection.sql(f"SELECT score FROM ({text}) ORDER BY customer").fetchnumpy()["score"]
    np.testing.assert_allclose(found, weights.formula.score(frame), atol=1e-9)


def test_more_terms_than_sqlite_takes_arguments():
    weights = wide(150, 2)
    text = to_sql(weights, Options(dialect="sqlite", self_test=True))
    assert sqlite3.connect(":memory:").execute(text).fetchall() == []


def test_a_sum_that_no_engine_reads_is_refused():
    with pytest.raises(FormulaError, match=r"^target 'sql' holds 300 terms, and the formula has 301: engines read no"):
        to_sql(wide(301, 2))
