"""The self-test: what it asks, what it leaves out and says so, and that it finds what is wrong."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace

import duckdb
import pytest

from chs_ml.errors import FormulaError
from chs_ml.export import Options
from chs_ml.export.sql import DIALECTS, to_sql
from tests.export.conformance.formulas import FIXED, by_hand, everything


def asked_of(text: str) -> tuple[int, int]:
    found = re.search(r"(\d+) of (\d+) vectors asked", text)
    assert found
    return int(found[1]), int(found[2])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_vectors_that_a_dialect_cannot_hold_are_counted(dialect):
    weights = everything()
    asked, there = asked_of(to_sql(weights, Options(dialect=dialect, self_test=True)))
    odd = {"empty_string", *(["needs_nan"] if DIALECTS[dialect].nan is None else [])}
    assert there == len(weights.vectors)
    assert asked == sum(not odd & set(vector["tags"]) for vector in weights.vectors) > there * 0.8


def test_the_engine_answers_nothing_where_all_is_right_and_the_row_where_it_is_not():
    for make in FIXED.values():
        text = to_sql(make(), Options(self_test=True))
        assert duckdb.sql(text).fetchall() == []
        assert (
            sqlite3.connect(":memory:").execute(to_sql(make(), Options(dialect="sqlite", self_test=True))).fetchall()
            == []
        )
    for was, wrong in (
        ("0.2E0 * ", "0.200001E0 * "),  # a weight
        ("THEN 'at risk'", "THEN 'At risk'"),  # a band
        ("0.05E0 * \"score\"", "0.050001E0 * \"score\""),  # the link
        ("CASE WHEN \"known\" > 1.0E0", "CASE WHEN \"known\" > 1.0E-3"),  # coverage, by which some are not scored
    ):  # fmt: skip
        text = to_sql(everything(), Options(self_test=True))
        assert was in text
        assert duckdb.sql(text.replace(was, wrong)).fetchall(), was


def test_an_answer_that_is_no_number_is_a_mismatch():
    text = to_sql(by_hand(), Options(self_test=True))
    for nothing in ("CAST(NULL AS DOUBLE)", "CAST('nan' AS DOUBLE)"):
        wrong = re.sub(r'\* 100\.0E0 AS "score"', f'* {nothing} AS "score"', text)
        assert wrong != text
        assert len(duckdb.sql(wrong).fetchall()) == asked_of(text)[0]


def test_texts_that_somebody_put_into_a_files_vectors_are_left_out():
    weights = everything()
    first, *others = weights.vectors
    changed = {**first, "inputs": {**first["inputs"], "plan": "two\nlines"}}
    asked, there = asked_of(to_sql(weights, Options(self_test=True)))
    text = to_sql(replace(weights, vectors=[changed, *others]), Options(self_test=True))
    assert asked_of(text) == (asked - 1, there)


def test_a_file_none_of_whose_vectors_can_be_asked_is_refused():
    weights = by_hand()
    odd = [vector for vector in weights.vectors if "empty_string" in vector["tags"]]
    with pytest.raises(FormulaError, match=r"^none of the 1 vectors can be written in duckdb"):
        to_sql(replace(weights, vectors=odd), Options(self_test=True))


def test_a_score_that_is_off_by_three_billionths_comes_back():
    weights = by_hand()
    first = next(one for one in weights.vectors if 1.0 < one["score"] < 99.0 and one["tags"] != ["empty_string"])
    off = [{**one, "score": one["score"] + 3e-9} if one is first else one for one in weights.vectors]
    text = to_sql(replace(weights, vectors=off), Options(self_test=True))
    assert "within 1e-09" in text
    assert len(duckdb.sql(text).fetchall()) == 1
