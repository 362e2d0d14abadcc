"""A calibration from raw history: the same panel whatever the order of rows, the file's form or the threads."""

from __future__ import annotations

import json
import re
from io import StringIO

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from chs_ml.calibration.checks import examine
from chs_ml.calibration.story import calibrate
from chs_ml.cli.by_segment import print_interventions
from chs_ml.history.asof import build
from chs_ml.history.demo import write_demo
from chs_ml.history.panel import load_panel
from chs_ml.spec import load_spec


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("history") / "demo"
    write_demo(folder, customers=700, quarters=5, seed=4)
    return folder


@pytest.fixture(scope="module")
def panel(folder):
    return load_panel(load_spec(folder / "calibration.yaml"))


@pytest.fixture(scope="module")
def done(folder):
    path = folder / "quick.yaml"
    text = (folder / "calibration.yaml").read_text()
    path.write_text(text + "calibration: {ramps: 4, strength: {size: 1, bend: 3}, splits: 0}\n")
    return calibrate(load_spec(path), folder.parent / "run", track=False)


def test_the_run_knows_where_every_row_came_from(done, folder):
    sources = {source["name"]: source for source in done.evaluation.data["sources"]}
    assert set(sources) == {
        "accounts.parquet", "events.parquet", "surveys.csv", "tickets.csv", "invoices.csv", "plans.parquet",
        "interventions.csv",
    }  # fmt: skip
    assert sources["events.parquet"]["rows"] == pq.read_metadata(folder / "events.parquet").num_rows
    assert all(re.fullmatch("[0-9a-f]{64}", source["sha256"]) for source in sources.values())
    assert (done.weights.customer, done.weights.training["cutoff"]) == ("customer", "cutoff")


def test_the_run_s_own_spec_gives_the_same_panel(done, panel):
    again = load_panel(load_spec(done.directory / "spec.yaml"))
    assert again.digest == panel.digest == done.evaluation.data["digest"]


def test_customers_who_were_touched_are_told_apart(done):
    told = {group.name: group for group in done.evaluation.interventions}
    assert set(told) == {"touched", "not touched"}
    assert sum(group.rows for group in told.values()) == done.evaluation.holdout.rows
    kept = json.loads((done.directory / "evaluation.json").read_text())["interventions"]
    assert [group["name"] for group in kept] == list(told)
    page = Console(file=StringIO(), width=200)
    print_interventions(page, done.evaluation.as_dict())
    said = page.file.getvalue()
    assert re.search(r"not touched [\d,]+ rows, churn \d+\.\d% \(.*; touched [\d,]+ rows, churn", said)
    assert "Who was saved counts as retained" in said


def test_no_customer_stands_in_what_is_kept(done, panel):
    ids = set(panel.customer.tolist())
    for name in ("weights.json", "evaluation.json", "spec.yaml"):
        assert not ids & set(re.findall(r"C-\d+", (done.directory / name).read_text()))


def test_what_check_understood_is_the_panel(folder, panel):
    found = examine(load_spec(folder / "calibration.yaml"))
    assert found.understood.rows == panel.rows and found.understood.cutoffs[2] == 5
    assert {one.code for one in found.findings} <= {"interventions-in-horizon", "customers-on-both-sides"}


def test_the_order_of_rows_and_the_form_of_files_change_nothing(folder, panel, tmp_path):
    draw = np.random.default_rng(0)
    text = (folder / "calibration.yaml").read_text()
    for path in folder.glob("*.*"):
        if path.suffix not in {".csv", ".parquet"}:
            continue
        read = pd.read_parquet if path.suffix == ".parquet" else lambda path: pd.read_csv(path, dtype=str)
        table = read(path)
        table = table.iloc[draw.permutation(len(table))]
        if path.suffix == ".csv":
            table.to_parquet(tmp_path / f"{path.stem}.parquet")
            text = text.replace(path.name, f"{path.stem}.parquet")
        else:
            table.to_csv(tmp_path / f"{path.stem}.csv", index=False)
            text = text.replace(path.name, f"{path.stem}.csv")
    (tmp_path / "calibration.yaml").write_text(text)
    assert load_panel(load_spec(tmp_path / "calibration.yaml")).digest == panel.digest


@pytest.mark.parametrize("setting", ["SET threads = 1", "SET threads = 4", "SET nested_loop_join_threshold = 1"])
def test_threads_and_ways_of_joining_change_nothing(folder, panel, setting, monkeypatch):
    connect = duckdb.connect

    def connected(*given, **more):
        connection = connect(*given, **more)
        connection.execute(setting)
        return connection

    monkeypatch.setattr(build.duckdb, "connect", connected)
    monkeypatch.setattr(build, "FEW_CUTOFFS", 1 if "threshold" in setting else build.FEW_CUTOFFS)
    assert load_panel(load_spec(folder / "calibration.yaml")).digest == panel.digest


def test_an_hour_of_work_leaves_nothing_behind(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(build.tempfile, "tempdir", str(tmp_path))
    load_panel(load_spec(folder / "calibration.yaml"))
    assert list(tmp_path.iterdir()) == []
