from __future__ import annotations

import hashlib
import json

import pyarrow.parquet as pq
import pytest

from chs_ml.errors import DataError, OutputError
from chs_ml.history.demo import company, write_demo, writing
from chs_ml.history.demo.company import Company
from chs_ml.history.demo.past import past_of


def digests(directory) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(company, "LARGEST_BATCH", 40)
    monkeypatch.setattr(company, "PILOT", 80)


def test_the_same_seed_gives_the_same_bytes_whatever_the_processes(tmp_path, small_batches):
    one = write_demo(tmp_path / "one", customers=100, quarters=2, seed=5)
    two = write_demo(tmp_path / "two", customers=100, quarters=2, seed=5, processes=2)
    assert digests(one.directory) == digests(two.directory)
    assert (one.rows, one.at_risk, one.churned) == (two.rows, two.at_risk, two.churned)


def test_another_seed_gives_another_company():
    one, two = (past_of(Company(20, 1, seed).batches[0]) for seed in (1, 2))
    assert one.tables["events"].at.tolist() != two.tables["events"].at.tolist()


def test_a_folder_with_tables_spec_truth_and_guide(written):
    names = set(digests(written.demo.directory))
    assert names == {
        *("accounts.parquet", "plans.parquet", "events.parquet", "surveys.csv", "tickets.csv", "invoices.csv"),
        *("interventions.csv", "calibration.yaml", "README.md", "truth/truth.json"),
    }
    assert "truth" not in written.demo.spec.read_text(encoding="utf-8").split("name: demo")[1]
    guide = (written.demo.directory / "README.md").read_text(encoding="utf-8")
    assert all(name in guide for name in names - {"README.md"})
    assert not [path for path in written.demo.directory.parent.iterdir() if path.name.startswith(".")]


def test_counts_are_those_of_the_files(written):
    assert written.demo.rows == {name: len(written.table(name)) for name in written.demo.rows}
    assert written.table("accounts")["account_id"].nunique() == 1500


def test_each_batch_is_a_row_group(tmp_path, small_batches):
    demo = write_demo(tmp_path / "demo", customers=100, quarters=1)
    assert pq.ParquetFile(demo.directory / "events.parquet").num_row_groups == 3


def test_events_are_about_as_many_as_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(company, "PILOT", 400)
    demo = write_demo(tmp_path / "demo", customers=400, quarters=3, events=600_000)
    assert demo.rows["events"] == pytest.approx(600_000, rel=0.12)
    assert json.loads(demo.truth.read_text(encoding="utf-8"))["company"]["activity"] > 1.5


def test_fewer_events_than_customers_leave_anyhow_are_refused(tmp_path):
    with pytest.raises(
        DataError, match=r"events: found 1,000; 500 customers over 2 quarters leave about .* at the least"
    ):
        write_demo(tmp_path / "demo", customers=500, quarters=2, events=1000)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"customers": 0}, "customers: found 0; a company has one or more"),
        ({"quarters": 0}, "quarters: found 0; give 1 to 40"),
        ({"seed": -1}, "seed -1 is below 0"),
    ],
)
def test_sizes_of_no_company_are_refused(tmp_path, said, match):
    with pytest.raises(DataError, match=match):
        write_demo(tmp_path / "demo", **said)


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists and is not empty"):
        write_demo(tmp_path, customers=10)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(OutputError, match="is a file or a link"):
        write_demo(tmp_path / "mine.txt", customers=10)
    with pytest.raises(OutputError, match="does not exist"):
        write_demo(tmp_path / "no" / "demo", customers=10)


def test_an_empty_folder_is_filled(tmp_path, small_batches):
    (tmp_path / "demo").mkdir()
    said: list[str] = []
    demo = write_demo(tmp_path / "demo", customers=60, quarters=1, progress=said.append)
    assert demo.spec.exists()
    assert said[-1].startswith("Batch 2 of 2: ")


def test_a_batch_that_fails_leaves_nothing(tmp_path, small_batches, monkeypatch):
    def fails(batch, planted):
        if batch.number == 1:
            raise RuntimeError("power cut")
        return finish(batch, planted)

    finish = writing.finish
    monkeypatch.setattr(writing, "finish", fails)
    with pytest.raises(RuntimeError, match="power cut"):
        write_demo(tmp_path / "demo", customers=100, quarters=1)
    assert not any(tmp_path.iterdir())


def test_interventions_that_help_are_in_the_truth(tmp_path, small_batches):
    demo = write_demo(tmp_path / "demo", customers=60, quarters=2, intervention_effect=0.5)
    assert json.loads(demo.truth.read_text(encoding="utf-8"))["intervention_effect"] == 0.5
    assert "adds 0.5 to the log-odds" in (demo.directory / "README.md").read_text(encoding="utf-8")
