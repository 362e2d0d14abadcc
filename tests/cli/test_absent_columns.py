"""A table that lacks a column: the message says what the column is, and which option helps."""

from __future__ import annotations

from tests import tiny


def test_score_names_the_id_column_and_the_options(run, done, tmp_path):
    tiny.customers(20).drop(columns=["id", "nps"]).to_csv(tmp_path / "t.csv", index=False)
    answer = run("score", done.directory, tmp_path / "t.csv", "-o", tmp_path / "o.csv")
    assert answer.code == 2
    assert "column 'id' is missing; it is the customer id column. " in answer.err
    assert "Known here: 'left', 'tenure', " in answer.err and "--customer COLUMN." in answer.err
    assert "column 'nps' is missing; it is the metric 'nps'. " in answer.err
    assert 'Say --map "nps=COLUMN", or --allow-absent to take it as missing.' in answer.err


def test_explain_has_another_option_for_the_id_column(run, done, tmp_path):
    tiny.customers(20).rename(columns={"id": "Код"}).to_csv(tmp_path / "t.csv", index=False)
    answer = run("explain", done.directory, tmp_path / "t.csv", "--customer", "x")
    assert answer.code == 2 and "--column COLUMN" in answer.err and "--customer COLUMN" not in answer.err


def test_check_and_calibrate_offer_to_correct_the_spec(run, tmp_path):
    spec = tiny.write(tmp_path, tiny.customers().drop(columns=["id", "tenure"]))
    for answer in (run("check", spec), run("calibrate", spec, "-o", tmp_path / "run", "--no-track")):
        text = " ".join((answer.out + answer.err).split())
        assert "column 'id' is missing; it is data.customer" in text and "--customer" not in text
        assert "column 'tenure' is missing; it is a metric" in text and "Correct the spec" in text
    assert "600 rows (id column 'id' could not be read)" in run("check", spec).out
