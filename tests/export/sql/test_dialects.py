"""The idioms of dialects whose engines are not at hand, and of those where a wrong one would pass unseen."""

from __future__ import annotations

import re
import sqlite3

import numpy as np
import pytest
from sqlglot import exp

from chs_ml.export import Options
from chs_ml.export.sql import DIALECTS, to_sql
from chs_ml.formula import Curve, Formula, Levels, Term, WeightsFile
from chs_ml.formula.edges import EXTREMES
from tests.export.conformance.formulas import everything


def written(dialect: str, *, self_test: bool = False) -> str:
    return to_sql(everything(), Options(dialect=dialect, self_test=self_test))


@pytest.mark.parametrize(
    ("dialect", "idioms"),
    [
        ("duckdb", ['"g2" COLLATE C', 'CAST("t"."logins" AS DOUBLE)']),
        ("postgres", ['"g2" COLLATE "C"', "OFFSET 0", "CAST('1.7976931348623157E+308' AS DOUBLE PRECISION)"]),
        ("sqlite", ["AS MATERIALIZED (", "CAST(NULLIF(\"t\".\"logins\", '') AS REAL)", "MIN("]),
        ("mysql", ["CAST(CAST(`g2` AS CHAR CHARACTER SET utf8mb4) AS BINARY)", "LIMIT 18446744073709551615"]),
        ("clickhouse", ["Nullable(Float64)", "Nullable(String)"]),
        ("spark", ["CAST(`t`.`logins` AS DOUBLE)", "CAST(`t`.`plan` AS STRING)"]),
        ("snowflake", ['CAST("t"."logins" AS DOUBLE)', "CAST('1.7976931348623157E+308' AS DOUBLE)"]),
        ("bigquery", ["CAST(`t`.`logins` AS FLOAT64)", "CAST(`t`.`plan` AS STRING)", "AS INT64)"]),
        ("redshift", ["\"g2\" || '|'", "NULLIF((", "'Про 😀|'", "OFFSET 0"]),
        ("tsql", ["([g2] + N'|') COLLATE Latin1_General_100_BIN2", "N'Про 😀|'", "CAST([t].[logins] AS FLOAT)",
                  "CAST([t].[plan] AS NVARCHAR(4000))"]),
        ("trino", ['CAST("t"."logins" AS DOUBLE)', 'CAST("t"."plan" AS VARCHAR)']),
        ("oracle", ['TO_BINARY_DOUBLE("t"."logins")', "TO_BINARY_DOUBLE('1.7976931348623157E+308')",
                    'FROM "customers" "t"', 'CAST("t"."plan" AS VARCHAR2(4000))']),
    ],
)  # fmt: skip
def test_a_dialects_own_words(dialect, idioms):
    text = re.sub(r"\s+", " ", written(dialect))
    text = text.replace("( ", "(").replace(" )", ")")
    assert [idiom for idiom in idioms if idiom not in text] == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_dialect_says_what_engines_read_each_in_its_way(dialect):
    for text in (written(dialect), written(dialect, self_test=True)):
        code = re.sub(r"'(?:\\.|''|[^'\\])*'|/\*.*?\*/", "", text, flags=re.DOTALL)
        assert "--" not in code
        assert not re.search(r"(?<![\w.\"`\]])\d+\.\d+(?![\dE])", code), "a number without an exponent is a decimal"
        assert not re.search(r"- ?-", code)


def test_oracle_reads_literals_from_dual():
    text = written("oracle", self_test=True)
    assert text.count("FROM DUAL") == text.count("UNION ALL") + 1


@pytest.mark.parametrize("dialect", ["spark", "databricks"])
def test_no_variable_is_seen_within_a_text(dialect):
    table = Levels((("${y}", 1.0), ("a$b", 0.0)), 0.5, 0.5)
    weights = WeightsFile(Formula((Term("plan", "usage", "free", 1.0, table),)), "${x} {{ y }}")
    text = to_sql(weights, Options(dialect=dialect))
    assert "${" not in text
    assert re.search(r"CONCAT\(\s*'\$', '\{y\}'\s*\)|'\$' \|\| '\{y\}'", text)


def test_postgres_is_asked_for_no_product_that_is_too_small_for_a_double():
    curve = Curve((0.0, 1e-3, 5.0, 1e300), (0.0, 0.5, 0.5, 1.0), 0.5)
    weights = WeightsFile(Formula((Term("x", "usage", "positive", 1.0, curve),)), "small")
    guard = "WHEN \"m1\" < CAST('2E-203' AS DOUBLE PRECISION)\n      THEN 0.0E0"
    assert guard in to_sql(weights, Options(dialect="postgres"))
    assert "E-203" not in to_sql(weights, Options(dialect="duckdb"))


def test_what_is_written_for_databricks_is_what_spark_was_asked():
    assert written("databricks").replace("databricks", "spark") == written("spark")


def test_sqlite_reads_a_number_to_its_last_bit():
    draw = np.random.default_rng(0)
    values = [*(draw.normal(size=3000) * 10.0 ** draw.integers(-9, 9, 3000)).round(12).tolist(), *EXTREMES, 0.1, -1e300]
    connection, sqlite = sqlite3.connect(":memory:"), DIALECTS["sqlite"]
    for at in range(0, len(values), 100):
        some = values[at : at + 100]
        text = sqlite.written(exp.select(*map(sqlite.exactly, some)))
        assert list(connection.execute(text).fetchone()) == some
    assert sqlite.exactly(2.5).sql("sqlite") == "2.5E0"
