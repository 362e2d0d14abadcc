"""What is asked for, and what is written: dialects, tables, keys, comments."""

from __future__ import annotations

import re
from dataclasses import replace

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from chs_ml.errors import FormulaError
from chs_ml.export import Options, export
from chs_ml.export.sql import DIALECTS, relation_of, scoring_sql, to_sql
from chs_ml.export.sql.dialects import EXECUTED, GENERATED, dialect_of
from chs_ml.formula import Band, Curve, Formula, ScoreWhen, Term, WeightsFile
from tests.export.conformance.formulas import by_hand, everything, one_term

OUTPUTS = (
    "customer, score, churn_probability, band, band_by_score, coverage, reason_1, reason_2, reason_3, formula, digest"
)


def test_the_query_has_the_columns_of_chs_ml_score():
    connection = duckdb.connect()
    connection.execute("CREATE TABLE customers AS SELECT 'Оля' AS customer, 0.8 AS usage, 6 AS nps, 3 AS tickets")
    found = connection.sql(to_sql(by_hand()))
    assert ", ".join(found.columns) == OUTPUTS
    [row] = found.fetchall()
    weights = by_hand()
    assert row[:2] == ("Оля", pytest.approx(69.0, abs=1e-9))
    assert row[2:] == (None, None, None, 1.0, "nps: -16 points", "tickets: -9 points", "usage: -6 points", weights.name,
                       weights.digest)  # fmt: skip


def test_the_dialects_are_those_that_were_run_and_those_that_were_not():
    assert {*EXECUTED, *GENERATED} == set(DIALECTS)
    assert not set(EXECUTED) & set(GENERATED)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_text_is_one_statement_with_the_named_columns(dialect):
    [tree] = sqlglot.parse(to_sql(everything(), Options(dialect=dialect)), read=dialect)
    assert isinstance(tree, exp.Select)
    assert ", ".join(tree.named_selects) == OUTPUTS
    again = tree.sql(dialect)
    assert sqlglot.parse_one(again, read=dialect).sql(dialect) == again
    [tested] = sqlglot.parse(to_sql(everything(), Options(dialect=dialect, self_test=True)), read=dialect)
    assert tested.named_selects[:3] == ["vector", "expected_score", "got_score"]


def test_the_dialect_is_duckdbs_unless_another_is_asked_for():
    weights = everything()
    assert to_sql(weights) == to_sql(weights, Options(dialect="DuckDB"))
    assert to_sql(weights, Options(dialect="mariadb")) == to_sql(weights, Options(dialect="mysql"))


@pytest.mark.parametrize(("asked", "near"), [("snowflak", "snowflake"), ("postgre", "postgres"), ("mssqll", "mssql")])
def test_an_unknown_dialect_names_the_nearest(asked, near):
    with pytest.raises(FormulaError, match=f"^no dialect is called '{asked}'. Did you mean '{near}'\\?$"):
        to_sql(everything(), Options(dialect=asked))


def test_a_dialect_that_is_like_none_gets_all_of_them():
    with pytest.raises(FormulaError, match=r"^no dialect is called 'cobol'\. There are: duckdb, .*oracle.*\.$"):
        to_sql(everything(), Options(dialect="cobol"))


@pytest.mark.parametrize("said", ["[dbo].[customers]", "`my-project.ds.customers`"])
def test_a_table_in_an_engine_s_own_quotes_is_refused(said):
    with pytest.raises(
        FormulaError, match=r"leave the signs of quoting out; every part is quoted as the dialect has it$"
    ):
        to_sql(everything(), Options(table=said))


def test_the_comment_warns_of_yes_and_no_that_a_loader_makes_booleans_of():
    comment = to_sql(everything())
    assert "As texts, not booleans, which some loaders make of yes and no: vip." in comment
    assert "As texts, not booleans" not in to_sql(one_term())


def test_the_comment_says_which_formula_for_which_engine_and_what_the_columns_are():
    weights = everything()
    text = to_sql(weights, Options(dialect="postgres"))
    comment = text[: text.index("*/")]
    for said in ("2026Q4", "chs_ml", weights.digest, "postgres", "was run in the tests"):
        assert said in comment
    assert "numbers, NULL where unknown: logins, minutes, service calls, nps, days overdue, tenure." in comment
    assert "texts, whole numbers or flags: plan, paid, region, vip." in comment
    assert "parsed back, and was not run" in to_sql(weights, Options(dialect="oracle"))


def test_tables_and_keys_are_quoted_as_said():
    text = to_sql(everything(), Options(dialect="snowflake", table='raw."my.table"', key='the "id"'))
    assert 'FROM "raw"."my.table" AS "t"' in text
    assert '"t"."the ""id""" AS "customer"' in text
    assert '"t"."customer_id" AS "customer"' in to_sql(everything())
    assert '"t"."customer" AS "customer"' in to_sql(by_hand())


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "is no name of a table"),
        ("a..b", "is no name of a table"),
        ("a.", "is no name of a table"),
        (".a", "is no name of a table"),
        ('"a', "is no name of a table"),
        ('"a"b', "is no name of a table"),
        ('""', "is no name of a table"),
        ("a.b.c.d", "is no name of a table"),
        ("a\nb", "control character"),
        ("a\\b", "no target can quote"),
        ("chs_told", "say it with its schema"),
        ("CHS_READ", "say it with its schema"),
    ],
)
def test_what_is_no_name_of_a_table_is_refused(said, why):
    with pytest.raises(FormulaError, match=why):
        to_sql(everything(), Options(table=said))


@pytest.mark.parametrize(
    ("dialect", "name", "why"),
    [
        ("postgres", "я" * 32, "63 bytes at most"),
        ("spark", "${x}", "beginning of a variable"),
        ("mysql", "😀", "beyond U\\+FFFF"),
        ("mysql", "x ", "no blanks around it"),
        ("bigquery", "a.b", "a name has none of"),
        ("oracle", 'a"b', 'a name has none of "'),
        ("duckdb", "Usage", "'usage' and 'Usage' are one column in duckdb"),
    ],
)
def test_a_name_that_an_engine_would_read_as_another_is_refused(dialect, name, why):
    weights = by_hand()
    first, second, *others = weights.formula.terms
    terms = (first, replace(second, metric=name), *others)
    with pytest.raises(FormulaError, match=why):
        to_sql(replace(weights, formula=replace(weights.formula, terms=terms), vectors=[]), Options(dialect=dialect))


def test_a_label_that_no_text_can_hold_is_refused():
    weights = replace(by_hand(), metrics={"nps": {"label": "two\nlines"}})
    with pytest.raises(FormulaError, match=r"^metric 'nps': label 'two\\nlines' holds the control character"):
        to_sql(weights)


def test_hostile_words_end_no_comment_and_begin_no_template():
    name = "*/ ; DROP TABLE x; /* {{ x }} ${y} {% endraw %} -- */* //**/"
    weights = replace(by_hand(), name=name, label=None)
    text = to_sql(weights)
    comment = text[: text.index("WITH")]
    assert not re.search(r"\{\{|\}\}|\$\{|\{%|%\}|--", comment)
    assert comment.count("*/") == comment.count("/*") == 1
    assert ";" not in comment
    assert [type(found) for found in sqlglot.parse(text, read="duckdb")] == [exp.Select]


def test_the_key_is_a_name_too():
    with pytest.raises(FormulaError, match=r"^--key 'a\\nb' holds the control character"):
        to_sql(by_hand(), Options(key="a\nb"))


def test_another_relation_takes_the_tables_place():
    text = scoring_sql(by_hand(), dialect_of("duckdb"), relation_of("{{ ref('customers') }}"), "id")
    assert "FROM {{ ref('customers') }} AS \"t\"" in text


def test_the_target_takes_its_options():
    assert export(by_hand(), "sql", Options(dialect="duckdb", table="a.b", key="id", self_test=False))


def test_coverage_a_last_digit_below_the_limit_is_enough():
    terms = tuple(
        Term(f"m{at}", "usage", "positive", weight, Curve((0.0, 1.0), (0.0, 1.0), 0.5))
        for at, weight in enumerate((0.1, 0.7, 0.2))
    )
    weights = WeightsFile(Formula(terms, bands=(Band("all", "green", 0.0),), score_when=ScoreWhen(0.8)), "coverage")
    assert 0.1 + 0.7 < 0.8
    connection = duckdb.connect()
    connection.execute("CREATE TABLE customers AS SELECT 1 AS customer, 1.0 AS m0, 1.0 AS m1, NULL AS m2")
    assert connection.sql(f"SELECT band FROM ({to_sql(weights)})").fetchall() == [("all",)]
