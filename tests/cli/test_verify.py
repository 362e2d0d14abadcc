"""`chs-ml verify`: equal scores pass, others are counted, and what was done instead is named."""

from __future__ import annotations

import json
import re

import duckdb
import numpy as np
import pandas as pd
import pytest

from chs_ml.cli import comparing
from chs_ml.export.verify import tally
from chs_ml.formula import Curve, Formula, Term, WeightsFile
from chs_ml.formula.kinds import kinds_of
from tests import tiny


@pytest.fixture
def customers(tmp_path):
    frame = tiny.customers(300, seed=5).astype({"nps": "float64"})
    frame.to_csv(tmp_path / "t.csv", index=False)
    return frame


@pytest.fixture
def scored(run, done, tmp_path):
    """Score a frame as `chs-ml score` does, and return its output."""

    def score(frame):
        frame.to_parquet(tmp_path / "other.parquet")
        assert run("score", done.directory, tmp_path / "other.parquet", "-o", tmp_path / "o.parquet", "-q").code == 0
        return pd.read_parquet(tmp_path / "o.parquet")

    return score


@pytest.fixture
def verify(run, done, tmp_path):
    """Verify a frame against the table; return the answer, and what its JSON says."""

    def verified(frame, *words, table=True, name="s.csv"):
        path = tmp_path / name
        frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)
        against = ["--table", tmp_path / "t.csv"] if table else []
        told = run("verify", done.directory, path, *against, *words, "--json")
        answer = run("verify", done.directory, path, *against, *words)
        assert answer.code == told.code
        return answer, json.loads(told.out) if told.out else None

    return verified


@pytest.mark.parametrize("name", ["s.csv", "s.parquet"])
def test_equal_scores_are_equal_in_any_order(verify, scored, customers, name):
    answer, told = verify(scored(customers).sample(frac=1, random_state=1), name=name)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == f"{name}: equal within 1e-9 in all 300 rows\n"
    assert told["equal"] and told["compared"] == 300 and told["differing"] == 0 and told["causes"] == []
    assert {name: one["rows"] for name, one in told["columns"].items()} == {
        "score": 0, "churn_probability": 0, "coverage": 0, "band": 0, "band_by_score": 0,
    }  # fmt: skip


def test_a_missing_metric_taken_as_zero_is_named(verify, scored, customers):
    answer, told = verify(scored(customers.fillna({"nps": 0.0})))
    unknown = int(customers["nps"].isna().sum())
    assert answer.code == 1 and not told["equal"]
    assert f"s.csv: different in {unknown} of 300 rows" in answer.out
    assert re.search(rf"a missing 'nps' was taken as 0 +{unknown} of {unknown} rows", answer.out)
    assert [cause["says"] for cause in told["causes"]] == ["a missing 'nps' was taken as 0"]
    assert told["causes"][0] == {**told["causes"][0], "explains": unknown, "of": unknown, "against": 0}
    assert told["unexplained"] == 0


def test_levels_in_another_case_are_named(verify, scored, customers, tmp_path):
    """The table holds them in capitals, which are other levels to the formula; the scorer took them for the same."""
    right = scored(customers)
    customers.assign(plan=customers["plan"].str.upper()).to_csv(tmp_path / "t.csv", index=False)
    _, told = verify(right)
    assert told["causes"][0]["says"] == "levels were compared without regard to case"
    assert told["causes"][0]["explains"] == told["differing"] > 0


def test_levels_that_the_formula_has_not_seen_are_said_where_all_is_equal(verify, scored, customers, tmp_path):
    """Both sides may have read the same wrong levels: equal, and yet not what was meant."""
    strange = customers.assign(plan=np.where(np.arange(300) % 3 == 0, "true", customers["plan"]))
    right = scored(strange)
    strange.to_csv(tmp_path / "t.csv", index=False)
    said = "plan: 100 rows hold a level that the formula has not seen ('true'); scored as 'other'"
    answer, told = verify(right)
    assert (answer.code, told["equal"], told["notes"]) == (0, True, [said])
    assert said in " ".join(answer.out.split())
    answer, told = verify(pd.concat([strange, right[["score"]]], axis=1), table=False)
    assert (answer.code, told["notes"]) == (0, [said])


def test_levels_that_a_loader_made_true_and_false_of_are_named(verify, scored, customers):
    answer, told = verify(scored(customers.assign(plan=customers["plan"].notna().map({True: "true", False: None}))))
    assert answer.code == 1 and told["unexplained"] == 0 and told["notes"] == []
    assert [cause["says"] for cause in told["causes"]] == [
        "every level of 'plan' was taken as one that is not listed (as where a loader makes true/false or 1/0 of it)"
    ]


def test_a_probability_turned_round_and_a_score_on_another_scale_are_named(verify, scored, customers):
    right = scored(customers)
    wrong = right.assign(score=right["score"] / 100.0, churn_probability=1.0 - right["churn_probability"])
    _, told = verify(wrong)
    assert {cause["says"] for cause in told["causes"]} == {
        "score: on 0..1 instead of 0..100",
        "churn_probability: the chance to stay instead",
    }


def test_rounded_numbers_are_equal_where_that_is_asked(verify, scored, customers):
    right = scored(customers)
    rounded = right.assign(score=right["score"].round(2), churn_probability=right["churn_probability"].round(4))
    answer, told = verify(rounded)
    assert answer.code == 1 and told["causes"][0]["says"].endswith("digits after the point")
    answer, told = verify(rounded, "--rounded")
    said = "equal (score to 2 digits after the point, churn_probability to 4 digits, coverage "
    assert answer.code == 0 and said in " ".join(answer.out.split())
    assert told["digits"]["score"] == 2 and told["digits"]["churn_probability"] == 4
    off = rounded.assign(score=rounded["score"] + np.where(np.arange(300) == 7, 0.01, 0.0))
    answer, told = verify(off, "--rounded")
    assert answer.code == 1 and told["differing"] == 1 and told["columns"]["score"]["first"] == [8]


def test_numbers_in_full_are_compared_in_full_where_the_others_are_rounded(verify, scored, customers):
    """Sums of weights may all read 0.9999999999999997, which is no rounded number."""
    right = scored(customers)
    full = right.assign(coverage=right["coverage"] - 3e-16)
    answer, told = verify(full, "--rounded")
    assert answer.code == 0 and told["digits"] == {} and "equal within 1e-9 in all 300 rows" in answer.out
    answer, told = verify(full.assign(score=right["score"].round(1)), "--rounded")
    assert answer.code == 0 and told["digits"] == {"score": 1}
    said = "equal (score to 1 digit after the point, churn_probability and coverage within 1e-9) in all 300 rows"
    assert said in " ".join(answer.out.split())
    answer, told = verify(full.assign(coverage=right["coverage"] - 0.0123456789012345), "--rounded")
    assert answer.code == 1 and told["columns"]["coverage"]["rows"] == 300


def test_columns_may_have_other_names(verify, scored, customers):
    right = scored(customers)[["customer", "score", "band"]]
    mine = right.rename(columns={"customer": "account", "score": "health", "band": "colour"})
    words = ["--map", "customer=account", "--map", "score=health", "--map", "band=colour"]
    assert verify(mine, *words)[0].code == 0
    answer, _ = verify(mine)
    assert answer.code == 2 and "none of its columns is an answer" in answer.err and "--map score=COLUMN" in answer.err
    answer, _ = verify(mine, "--map", "score=helth")
    assert answer.code == 2 and "there is no column 'helth'" in answer.err
    answer, _ = verify(mine, *words, "--map", "scor=health")
    assert answer.code == 2 and "--map scor: there is no such metric and no such answer" in answer.err


def test_answers_may_stand_beside_the_metrics(verify, scored, customers):
    beside = pd.concat([customers, scored(customers)[["score", "churn_probability", "band"]]], axis=1)
    answer, told = verify(beside, table=False)
    assert answer.code == 0 and told["compared"] == 300
    wrong = beside.assign(score=beside["score"] + np.where(np.arange(300) == 41, 1.0, 0.0))
    answer, told = verify(wrong, "--list", "3", table=False)
    assert answer.code == 1 and told["columns"]["score"]["first"] == [42]
    assert told["list"][0]["customer"] == customers["id"][41]
    anonymous = wrong.drop(columns=["id"])
    answer, told = verify(anonymous, "--list", "3", table=False)
    assert answer.code == 1 and told["list"] == [{**told["list"][0], "row": 42, "customer": None}]


def test_an_absent_metric_is_refused_or_allowed(verify, scored, customers, tmp_path):
    fewer = customers.drop(columns=["nps"])
    right = scored(customers.assign(nps=np.nan))
    fewer.to_csv(tmp_path / "t.csv", index=False)
    answer, _ = verify(right)
    assert answer.code == 2 and "nps" in answer.err
    assert verify(right, "--allow-absent")[0].code == 0
    beside = pd.concat([fewer, right[["score"]]], axis=1)
    assert verify(beside, "--allow-absent", table=False)[0].code == 0
    answer, _ = verify(beside, table=False)
    assert answer.code == 2 and "1 of " in answer.err and "'nps'" in answer.err


def test_customers_who_are_missing_unknown_or_repeated_are_counted(verify, scored, customers):
    right = scored(customers)
    strangers = right.iloc[:5].assign(customer=[f"nobody {at}" for at in range(5)])
    answer, told = verify(pd.concat([right.iloc[20:], strangers, right.iloc[20:23]]))
    assert answer.code == 1 and not told["equal"] and told["differing"] == 0
    assert (told["compared"], told["missing"], told["unknown"], told["repeated"]) == (
        280,
        20,
        5,
        {"scores": 3, "table": 0},
    )
    assert "equal within 1e-9 in all 280 rows that were compared, but not complete" in answer.out
    assert (
        "20 rows of the table have no answer" in answer.out
        and "5 answers are to none of the rows of the table" in answer.out
    )
    answer, _ = verify(strangers)
    assert answer.code == 2 and "not one of its customers" in answer.err


def test_a_customer_who_stands_twice_in_the_table_is_counted(verify, scored, customers, tmp_path):
    right = scored(customers)
    pd.concat([customers, customers.iloc[:4]]).to_csv(tmp_path / "t.csv", index=False)
    answer, told = verify(right)
    assert answer.code == 1 and told["repeated"] == {"scores": 0, "table": 4} and told["compared"] == 300


def test_ids_stand_nowhere_unless_they_are_asked_for(verify, scored, customers):
    right = scored(customers)
    wrong = right.assign(score=right["score"] + np.where(np.arange(300) % 50 == 0, 3.0, 0.0))
    answer, told = verify(wrong)
    assert answer.code == 1 and "customer-" not in answer.out + answer.err + json.dumps(told)
    assert "1, 51, 101, 151, 201, …" in answer.out
    answer, told = verify(wrong, "--list", "2")
    assert right["customer"][50] in answer.out and right["customer"][100] not in answer.out
    assert [line["row"] for line in told["list"]] == [1, 51]
    assert told["list"][0]["score"]["given"] == pytest.approx(told["list"][0]["score"]["formula"] + 3.0)


def test_ids_that_score_made_harmless_are_found(customers, run, done, tmp_path):
    customers["id"] = [f"=1+{at}" for at in range(300)]
    customers.to_csv(tmp_path / "t.csv", index=False)
    assert run("score", done.directory, tmp_path / "t.csv", "-o", tmp_path / "made.csv").code == 0
    assert (tmp_path / "made.csv").read_text().splitlines()[1].startswith(("\"'=1+", "'=1+"))
    assert run("verify", done.directory, tmp_path / "made.csv", "--table", tmp_path / "t.csv").code == 0


def test_customers_are_told_apart_by_cutoff_where_there_are_several(verify, scored, customers, tmp_path):
    panel = pd.concat([
        customers.assign(cutoff="2026-03-31"),
        customers.assign(cutoff="2026-06-30", tenure=customers["tenure"] + 3),
    ])  # fmt: skip
    panel.to_csv(tmp_path / "t.csv", index=False)
    answer, told = verify(scored(panel).sample(frac=1, random_state=2))
    assert answer.code == 0 and told["compared"] == 600


def test_another_formulas_scores_are_told_to_be(verify, scored, customers):
    right = scored(customers)
    answer, told = verify(right.assign(digest="0" * 64, score=right["score"] * 0.9 + 3.0))
    assert "300 answers say that another formula made them" in answer.out
    assert told["digests_given"] == {"0" * 64: 300}
    said = f"another formula made them (digest {'0' * 12}…)"
    assert [(cause["says"], cause["explains"], cause["of"]) for cause in told["causes"]] == [
        (said, 300, 300),
        ("score: 0.9 × the formula's + 3: on another scale", 300, 300),
    ]
    noise = np.random.default_rng(0).normal(size=300)
    answer, told = verify(right.assign(digest="0" * 64, score=right["score"] + noise))
    assert [(cause["says"], cause["explains"], cause["of"]) for cause in told["causes"]] == [(said, 300, 300)]
    assert told["unexplained"] == 0 and "fit none" not in answer.out
    some = np.arange(300) % 3 == 0
    digest = right["digest"].where(~some, "0" * 64)
    wrong = right["score"] + np.where(some | (np.arange(300) == 40), 3.0, 0.0)
    for table in (True, False):
        beside = right.assign(digest=digest, score=wrong)
        answer, told = verify(
            beside if table else pd.concat([customers, beside[["score", "digest"]]], axis=1), table=table
        )
        assert [(cause["says"], cause["explains"], cause["of"]) for cause in told["causes"]] == [(said, 100, 101)]
        assert told["unexplained"] == 1 and "1 row fit none of the causes tried" in answer.out


def test_no_cause_is_made_up(verify, scored, customers):
    right = scored(customers)
    answer, told = verify(right.assign(score=right["score"] + np.random.default_rng(0).normal(size=300)))
    assert told["causes"] == [] and told["unexplained"] == 300
    assert "300 rows fit none of the causes tried." in answer.out


def test_causes_are_looked_for_in_as_many_rows_as_fit(verify, scored, customers, monkeypatch):
    monkeypatch.setattr(tally, "KEPT", 20)
    answer, told = verify(scored(customers.fillna({"nps": 0.0})))
    assert told["looked_at"] == 20 < told["differing"]
    assert "Looked for in the first 20 rows that differ." in answer.out


def test_every_other_dependable_answer_to_the_vectors_is_accepted(verify, run, done, tmp_path):
    assert run("export", done.directory, "vectors", "-o", tmp_path / "v.csv").code == 0
    assert run("score", done.directory, tmp_path / "v.csv", "-o", tmp_path / "o.parquet").code == 0
    right = pd.read_parquet(tmp_path / "o.parquet")
    answer, told = verify(right, table=False)
    assert answer.code == 0 and f"equal within 1e-9 in all {len(right)} vectors" in answer.out
    assert told["of"] == "vector" and told["compared"] + sum(told["vectors_left_out"].values()) == len(
        done.weights.vectors
    )
    assert told["vectors_left_out"]["NaN or infinity"] == 3 and "CSV cannot hold them" in answer.out
    answer, told = verify(right.iloc[:-2], table=False)
    assert answer.code == 1 and told["missing"] == 2 and "2 vectors of the weights file have no answer" in answer.out
    answer, told = verify(right.assign(score=right["score"] / 100.0), table=False)
    assert answer.code == 1 and told["causes"][0]["says"] == "score: on 0..1 instead of 0..100"
    stale = right.assign(customer=right["customer"].str.replace(r"[0-9a-f]{8}$", "00000000", regex=True))
    answer, _ = verify(stale, table=False)
    assert answer.code == 2 and "it answers vectors of another formula" in answer.err
    answer, _ = verify(right.assign(customer="somebody"), table=False)
    assert answer.code == 2 and "nothing to compare with: no --table" in answer.err


def test_another_engine_answers_the_vectors(run, done, tmp_path):
    """As the page of exports tells it: the exported query on a table with typed columns."""
    vectors, query = tmp_path / "vectors.csv", tmp_path / "score.sql"
    assert run("export", done.directory, "vectors", "-o", vectors).code == 0
    assert run("export", done.directory, "sql", "--dialect", "duckdb", "-o", query).code == 0
    kinds = kinds_of(done.formula)
    types = {name: {"number": "DOUBLE", "level": "VARCHAR"}[kind] for name, kind in kinds.items()}
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE customers AS SELECT * FROM read_csv('{vectors}', types={types})")
        connection.sql(query.read_text()).write_csv(str(tmp_path / "answers.csv"))
    answer = run("verify", done.directory, tmp_path / "answers.csv")
    assert answer.code == 0 and "equal within 1e-9 in all 29 vectors" in answer.out


def test_a_metric_that_is_called_as_an_answer_is_not_taken_for_one(run, tmp_path):
    terms = tuple(Term(name, "p", "free", 0.5, Curve((0.0, 9.0), (0.0, 1.0), 0.5)) for name in ("score", "logins"))
    WeightsFile(Formula(terms), "w").save(tmp_path / "w.json")
    (tmp_path / "s.csv").write_text("customer,score,logins\na,50,4.5\n", encoding="utf-8")
    both = run("verify", tmp_path / "w.json", tmp_path / "s.csv")
    assert both.code == 2 and "column 'score' is an answer, and a metric of the formula is called so too" in both.err
    (tmp_path / "t.csv").write_text("customer,score,logins\na,4.5,4.5\n", encoding="utf-8")
    apart = ["--table", tmp_path / "t.csv", "--customer", "customer"]
    assert run("verify", tmp_path / "w.json", tmp_path / "s.csv", *apart).code == 0


@pytest.mark.parametrize("which", ["s.csv", "t.csv"])
def test_a_row_without_an_id_is_refused(run, done, tmp_path, customers, which):
    (tmp_path / "s.csv").write_text("customer,score\na,5\nb,6\n", encoding="utf-8")
    lines = (tmp_path / which).read_text().splitlines()
    lines[2] = lines[2][lines[2].index(",") :]
    (tmp_path / which).write_text("\n".join(lines) + "\n", encoding="utf-8")
    answer = run("verify", done.directory, tmp_path / "s.csv", "--table", tmp_path / "t.csv")
    assert answer.code == 2 and "row 2 has no customer id" in answer.err


def test_bad_input_is_one_message(run, done, tmp_path, customers):
    (tmp_path / "s.csv").write_text("customer,score\n", encoding="utf-8")
    empty = run("verify", done.directory, tmp_path / "s.csv", "--table", tmp_path / "t.csv")
    assert empty.code == 2 and "no rows below the header" in empty.err
    (tmp_path / "s.csv").write_text("customer,score\na,#NUM!\n", encoding="utf-8")
    error = run("verify", done.directory, tmp_path / "s.csv", "--table", tmp_path / "t.csv")
    assert error.code == 2 and "score" in error.err
    assert run("verify", done.directory, tmp_path / "nowhere.csv").code == 2
    (tmp_path / "s.csv").write_text("score\n5\n", encoding="utf-8")
    nameless = run("verify", done.directory, tmp_path / "s.csv", "--table", tmp_path / "t.csv")
    assert nameless.code == 2 and "no column of customer ids" in nameless.err


def test_progress_is_shown_when_it_takes_long(verify, scored, customers, monkeypatch):
    from chs_ml.cli import verifying

    monkeypatch.setattr(verifying, "SOON", -1.0)
    answer, _ = verify(scored(customers))
    assert "reading the answers …" in answer.err and "comparing …" in answer.err
    assert verify(scored(customers), "-q")[0].err == ""


def test_tables_are_compared_batch_by_batch(verify, scored, customers, monkeypatch):
    """However the tables are cut, every row is compared once with its own."""
    seen = []
    found = comparing.Frame

    def counted(batch, **words):
        seen.append(len(batch))
        return found(batch, **words)

    from chs_ml.history import sources

    monkeypatch.setattr(comparing, "Frame", counted)
    monkeypatch.setattr(
        sources.open_batches, "__kwdefaults__", {**sources.open_batches.__kwdefaults__, "batch_rows": 64}
    )
    answer, told = verify(scored(customers).sample(frac=1, random_state=3))
    assert answer.code == 0 and told["compared"] == 300
    assert max(seen) <= 64 and sum(seen) == 600
    beside = pd.concat([customers, scored(customers)[["score", "band"]]], axis=1)
    assert verify(beside, table=False)[0].code == 0
