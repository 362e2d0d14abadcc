"""Scoring a table: equal to the formula, whole or not at all, in constant memory."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chs_ml.cli import oddities, reading, scoring
from chs_ml.cli.reading import Columns, Form
from chs_ml.cli.scoring import score_table
from chs_ml.errors import ChsError, DataError, OutputError
from chs_ml.formula import Curve, Formula, ScoreWhen, Term, WeightsFile
from tests import tiny

COLUMNS = [
    "customer", "score", "churn_probability", "band", "band_by_score", "coverage", "reason_1", "reason_2", "reason_3",
    "formula", "digest", "as_of",
]  # fmt: skip


def read(path):
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, keep_default_na=False)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("out", ["out.csv", "out.parquet"])
def test_scores_equal_the_formula(run, done, tmp_path, kind, out):
    frame, table = tiny.customers(300, seed=5), tmp_path / f"t.{kind}"
    frame.to_csv(table, index=False) if kind == "csv" else frame.to_parquet(table)
    answer = run("score", done.directory, table, "-o", tmp_path / out, "--json")
    found, scored = read(tmp_path / out), done.formula.read(frame)
    assert answer.code == 0 and list(found.columns) == COLUMNS
    assert found["customer"].tolist() == frame["id"].tolist()
    assert found["score"].tolist() == scored.score.tolist()
    assert found["churn_probability"].tolist() == scored.churn_probability.tolist()
    assert found["band"].tolist() == scored.band.tolist()
    assert found["coverage"].tolist() == scored.coverage.tolist()
    assert set(found["digest"]) == {done.weights.digest} and set(found["formula"]) == {"tiny"}
    assert set(found["as_of"]) == {datetime.now(UTC).date().isoformat()}
    assert found["reason_1"].str.contains(r"^$|^.+: -(?:1 point|\d+ points)$").all() and (found["reason_1"] != "").any()
    told = json.loads(answer.out)
    assert told["rows"] == 300 and sum(told["bands"].values()) == 300
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([table.name, out])


def test_names_of_columns_may_differ(run, done, tmp_path):
    frame = tiny.customers(50).rename(columns={"id": "Клієнт", "tenure": "months, total", "plan": "Тариф"})
    frame.to_csv(tmp_path / "t.csv", index=False)
    words = ["score", done.directory, tmp_path / "t.csv", "-o", tmp_path / "o.parquet"]
    absent = run(*words)
    assert absent.code == 2 and "tenure" in absent.err
    answer = run(*words, "--customer", "Клієнт", "--map", "tenure=months, total", "--map", "plan=Тариф")
    assert answer.code == 0
    assert read(tmp_path / "o.parquet")["score"].tolist() == done.formula.score(tiny.customers(50)).tolist()
    wrong = run(*words, "--customer", "Клієнт", "--map", "tenur=months, total")
    assert wrong.code == 2 and "the formula has no such metric" in wrong.err
    assert run(*words, "--map", "tenure").code == 2


def test_absent_columns_may_be_allowed(run, done, tmp_path):
    frame = tiny.customers(50).drop(columns=["tenure", "nps"])
    frame.to_csv(tmp_path / "t.csv", index=False)
    words = ["score", done.directory, tmp_path / "t.csv", "-o", tmp_path / "o.parquet"]
    refused = run(*words)
    assert refused.code == 2 and "tenure" in refused.err and "nps" in refused.err
    assert run(*words, "--allow-absent").code == 0
    expected = done.formula.read(frame, allow_absent=True)
    assert read(tmp_path / "o.parquet")["score"].tolist() == expected.score.tolist()


def test_text_that_a_spreadsheet_would_run_is_made_harmless_in_csv_only(run, done, tmp_path):
    frame = tiny.customers(6)
    frame["id"] = ["=1+1", "+1", "-1", "@x", "plain", "a=b"]
    frame.to_csv(tmp_path / "t.csv", index=False)
    for out in ("o.csv", "o.parquet"):
        assert run("score", done.directory, tmp_path / "t.csv", "-o", tmp_path / out).code == 0
    assert read(tmp_path / "o.csv")["customer"].tolist() == ["'=1+1", "'+1", "'-1", "'@x", "plain", "a=b"]
    assert read(tmp_path / "o.parquet")["customer"].tolist() == frame["id"].tolist()


def test_a_table_in_another_encoding_is_read_as_it_was_in_training(run, done, tmp_path):
    frame = tiny.customers(50).assign(plan=np.where(np.arange(50) % 2, "monthly", "Річний"))
    frame["nps"] = frame["nps"].astype("float64") + 0.5
    frame.to_csv(tmp_path / "t.csv", index=False, encoding="cp1251", sep=";", decimal=",")
    words = [tmp_path / "t.csv", "-o", tmp_path / "o.parquet"]
    refused = run("score", done.directory, *words)
    assert refused.code == 2 and "--encoding cp1251" in refused.err
    thousands = run("score", done.directory, *words, "--encoding", "cp1251", "--decimal", ".")
    assert thousands.code == 2 and "nps" in thousands.err
    expected = done.formula.score(frame).tolist()
    said = ["--encoding", "cp1251", "--delimiter", ";", "--decimal", ","]
    assert run("score", done.directory, *words, *said).code == 0
    assert read(tmp_path / "o.parquet")["score"].tolist() == expected
    learned = replace(done.weights, training={"table": {"encoding": "cp1251", "decimal": ","}})
    learned.save(tmp_path / "w.json")
    assert run("score", tmp_path / "w.json", *words).code == 0
    assert read(tmp_path / "o.parquet")["score"].tolist() == expected
    one = ["--customer", "customer-10000"]
    assert run("explain", done.directory, words[0], *one).code == 2
    assert run("explain", done.directory, words[0], *one, *said).code == 0
    assert run("explain", tmp_path / "w.json", words[0], *one).code == 0
    assert run("score", tmp_path / "w.json", *words, "--encoding", "utf-8").code == 2


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"encoding": "cp99"}, "--encoding 'cp99' is not known"),
        ({"encoding": "hex"}, "--encoding 'hex' is not known"),
        ({"delimiter": "x"}, "--delimiter 'x' is none of"),
        ({"decimal": ";"}, "--decimal ';' is neither"),
    ],
)
def test_a_form_that_no_file_has(said, message):
    with pytest.raises(ChsError, match=message):
        Form(**said)
    assert Form(delimiter="tab").delimiter == "\t"


def test_levels_not_seen_and_customers_twice_are_counted_aloud(run, done, tmp_path):
    frame = tiny.customers(50)
    frame.loc[:4, "plan"] = ["weekly", "daily", "weekly", "\x1b[31m", "hourly"]
    frame.loc[5, "plan"] = None
    frame.loc[[7, 9], "id"] = "customer-10001"
    frame.to_csv(tmp_path / "t.csv", index=False)
    words = ["score", done.directory, tmp_path / "t.csv", "-o", tmp_path / "o.csv"]
    said = run(*words).err
    assert "note: plan: 5 rows hold a level that the formula has not seen (" in said and " and more)" in said
    assert "note: 2 rows repeat the id of another; every row is scored" in said
    assert "\x1b" not in said and "customer-1" not in said
    found = json.loads(run(*words, "--json", "-q").out)
    assert (
        found["repeated"] == 2 and found["unseen"]["plan"]["rows"] == 5 and len(found["unseen"]["plan"]["levels"]) == 3
    )
    tiny.customers(50).to_csv(tmp_path / "t.csv", index=False)
    assert "note" not in run(*words).err
    assert "note" not in run(*words, "--customer", "id").err


def test_repeated_ids_are_looked_for_in_bounded_memory(done, monkeypatch):
    monkeypatch.setattr(oddities, "MOST_IDS", 5)
    odd = oddities.Oddities(done.formula)
    for ids in (["a", "b", "a"], ["c", "b", "a"], ["a"]):
        odd.count(pa.record_batch({"x": ids}), pa.array(ids))
    assert odd.repeated() == 2 and "2 rows repeat the id of another among the first 5 rows" in odd.notes()[0]


def test_a_folder_that_is_not_there_is_named(run, done, table, tmp_path):
    for words in (("score", done.directory, table), ("export", done.directory, "csv")):
        answer = run(*words, "-o", tmp_path / "nodir" / "s.csv")
        assert answer.code == 2 and f"folder '{tmp_path / 'nodir'}' does not exist" in answer.err
        assert ".part" not in answer.err


def bare(**more) -> WeightsFile:
    term = Term("logins", "usage", "positive", 1.0, Curve((0.0, 10.0), (0.0, 1.0), 0.5))
    return WeightsFile(Formula((term,), **more), "bare")


def score_frame(weights, frame, folder, columns=Columns()):  # noqa: B008
    frame.to_parquet(folder / "t.parquet")
    totals = score_table(weights, folder / "t.parquet", folder / "o.parquet", columns, date(2026, 1, 31))
    return totals, pq.read_table(folder / "o.parquet").to_pydict()


def test_without_an_id_a_link_and_bands(tmp_path):
    totals, found = score_frame(bare(), pd.DataFrame({"logins": [1.0, 5.0]}), tmp_path)
    assert (totals.rows, totals.bands) == (2, {})
    assert found["customer"] == ["1", "2"] and found["score"] == [10.0, 50.0]
    assert found["churn_probability"] == [None, None] == found["band"] and found["as_of"] == ["2026-01-31"] * 2


def test_who_is_not_scored_is_told_why_first(tmp_path):
    weights = bare(score_when=ScoreWhen(floors=(("logins", 2.0),)))
    totals, found = score_frame(weights, pd.DataFrame({"logins": [1.0, 5.0]}), tmp_path)
    assert found["band"] == ["not scored", None] and totals.bands == {"not scored": 1}
    assert found["reason_1"] == ["logins is below 2 or unknown", "logins: -50 points"]
    assert found["reason_2"] == ["logins: -90 points", ""]


def quarters(**columns) -> pd.DataFrame:
    days = [date(2025, 9, 30), date(2025, 12, 31)]
    return pd.DataFrame({"id": ["a", "a", "b"], "logins": [1.0, 5.0, 7.0], "cutoff": [*days, days[1]], **columns})


@pytest.mark.parametrize(("said", "column"), [({}, "cutoff"), ({"cutoff": None}, "cutoff"), ({"cutoff": "day"}, "day")])
@pytest.mark.parametrize("form", [date.isoformat, lambda day: day, lambda day: datetime(day.year, day.month, day.day)])
def test_where_the_table_has_cutoffs_each_row_is_as_of_its_own(tmp_path, said, column, form):
    """The column is that of the training; where that had none, the one that `chs-ml panel` writes."""
    frame = quarters().rename(columns={"cutoff": column})
    frame[column] = frame[column].map(form)
    totals, found = score_frame(replace(bare(), training=said, customer="id"), frame, tmp_path)
    assert found["as_of"] == ["2025-09-30", "2025-12-31", "2025-12-31"]
    assert (totals.repeated, totals.notes) == (0, ())
    assert totals.what == "3 rows at 2 cutoffs, 2025-09-30 to 2025-12-31"
    totals, _ = score_frame(replace(bare(), training=said, customer="id"), frame[1:], tmp_path)
    assert totals.what == "2 customers as of 2025-12-31"


def test_a_table_without_the_column_of_the_training_is_as_of_the_day_of_scoring(tmp_path):
    weights = replace(bare(), training={"cutoff": "day"}, customer="id")
    totals, found = score_frame(weights, quarters(), tmp_path)
    assert found["as_of"] == ["2026-01-31"] * 3 and totals.cutoffs == ()
    assert totals.repeated == 1 and totals.what == "3 customers"


def test_a_customer_twice_at_one_cutoff_is_told(tmp_path):
    totals, found = score_frame(replace(bare(), customer="id"), quarters(cutoff=["2025-12-31"] * 3), tmp_path)
    assert found["as_of"] == ["2025-12-31"] * 3
    assert totals.notes == ("1 row repeats the id of another at the same cutoff; every row is scored",)


@pytest.mark.parametrize("bad", [None, "soon", "2025-02-30"])
def test_a_cutoff_that_is_no_date_is_refused_where_it_stands(tmp_path, bad):
    quarters(cutoff=["2025-09-30", bad, "2025-12-31"]).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match=f"t.csv: column 'cutoff': line 3 has '{bad or ''}'; a cutoff is a date as in"):
        score_table(
            replace(bare(), customer="id"), tmp_path / "t.csv", tmp_path / "o.csv", Columns(), date(2026, 1, 31)
        )


def test_a_metric_that_is_called_cutoff_is_a_metric(tmp_path):
    term = Term("cutoff", "usage", "positive", 1.0, Curve((0.0, 10.0), (0.0, 1.0), 0.5))
    _, found = score_frame(WeightsFile(Formula((term,)), "bare"), pd.DataFrame({"cutoff": [1.0, 5.0]}), tmp_path)
    assert found["score"] == [10.0, 50.0] and found["as_of"] == ["2026-01-31"] * 2


def test_a_raw_table_is_told_to_be_one_in_one_message(tmp_path):
    terms = [Term(f"m{at}", "usage", "positive", 0.25, Curve((0.0, 10.0), (0.0, 1.0), 0.5)) for at in range(4)]
    learned = WeightsFile(Formula(tuple(terms)), "bare", customer="customer")
    raw = replace(learned, training={"sources": [{"name": "accounts.csv"}, {"name": "events.csv"}]})
    events = pd.DataFrame({"id": ["a"], "at": ["2025-01-01"], "m0": [1.0]})
    said = (
        r"^t.parquet: 3 of the formula's 4 metrics are absent; .+: chs-ml panel SPEC --as-of DATE --no-outcome -o \S+$"
    )
    with pytest.raises(DataError, match=said):
        score_frame(raw, events, tmp_path)
    with pytest.raises(DataError, match=r"column 'customer' is missing.*\n.*column 'm1' is missing"):
        score_frame(replace(raw, training={"sources": [{"name": "t.csv"}]}), events, tmp_path)
    with pytest.raises(DataError, match=r"^t.parquet: column 'm3' is missing"):  # a panel of which one is not there
        score_frame(raw, pd.DataFrame({"customer": ["a"], "m0": [1.0], "m1": [1.0], "m2": [1.0]}), tmp_path)


def test_many_batches_are_one_file(done, tmp_path, monkeypatch):
    monkeypatch.setattr("chs_ml.history.sources.BATCH_ROWS", 64)
    monkeypatch.setattr(reading, "open_batches", small_batches(reading.open_batches))
    frame = tiny.customers(500, seed=8)
    totals, found = score_frame(done.weights, frame, tmp_path)
    assert totals.rows == 500 and found["score"] == done.formula.score(frame).tolist()


def small_batches(original):
    return lambda *words, **named: original(*words, **named, batch_rows=64)


def test_trouble_in_the_last_batch_leaves_the_old_file_and_nothing_else(done, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "open_batches", small_batches(reading.open_batches))
    frame = tiny.customers(200)
    frame["tenure"] = frame["tenure"].astype(str)
    frame.loc[199, "tenure"] = "many"
    frame.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "o.csv").write_text("old")
    with pytest.raises(DataError, match="tenure"):
        score_table(done.weights, tmp_path / "t.csv", tmp_path / "o.csv", Columns(), date(2026, 1, 31))
    assert (tmp_path / "o.csv").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.csv", "t.csv"]


@pytest.mark.parametrize("error", [RuntimeError("unforeseen"), KeyboardInterrupt()])
def test_whatever_happens_nothing_half_written_is_left(done, tmp_path, monkeypatch, error):
    def broken(weights, batch, columns, before, as_of):
        if before:
            raise error
        return usual(weights, batch, columns, before, as_of)

    usual = scoring.scored_batch
    monkeypatch.setattr(scoring, "scored_batch", broken)
    monkeypatch.setattr(reading, "open_batches", small_batches(reading.open_batches))
    tiny.customers(200).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(type(error), match=f"^{error}$"):
        score_table(done.weights, tmp_path / "t.csv", tmp_path / "o.csv", Columns(), date(2026, 1, 31))
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(("out", "message"), [("o.txt", "written as .csv or .parquet"), (".", "written as .csv")])
def test_endings(done, table, tmp_path, out, message):
    with pytest.raises(OutputError, match=message):
        score_table(done.weights, table, tmp_path / out, Columns(), date(2026, 1, 31))


def test_a_folder_as_output(done, table, tmp_path):
    (tmp_path / "o.csv").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        score_table(done.weights, table, tmp_path / "o.csv", Columns(), date(2026, 1, 31))


PEAK = """
import resource, sys
from datetime import date
from pathlib import Path
from chs_ml.cli.reading import Columns
from chs_ml.cli.scoring import score_table
from chs_ml.formula import WeightsFile
weights = WeightsFile.load(sys.argv[1])
totals = score_table(weights, Path(sys.argv[2]), Path(sys.argv[3]), Columns(), date(2026, 1, 31))
print(totals.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
def test_memory_does_not_grow_with_the_table(done, tmp_path):
    """Two million rows take no more than 200,000 do, but for what a file's own index costs."""
    part = tiny.customers(50_000)
    part["nps"] = part["nps"].astype("float64")
    peaks = {}
    for parts in (4, 40):
        path = tmp_path / f"{parts}.parquet"
        with pq.ParquetWriter(path, pa.Table.from_pandas(part, preserve_index=False).schema) as writer:
            for _ in range(parts):
                writer.write_table(pa.Table.from_pandas(part, preserve_index=False))
        command = [
            sys.executable,
            "-c",
            PEAK,
            str(done.directory / "weights.json"),
            str(path),
            str(tmp_path / "o.parquet"),
        ]
        rows, peak = map(int, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
        assert rows == parts * 50_000
        peaks[parts] = peak / 1024
    assert peaks[40] < peaks[4] + 60, peaks
    assert np.isfinite(list(peaks.values())).all()
