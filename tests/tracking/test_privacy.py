"""Nothing about a customer, a password or somebody's disk gets into the store."""

from __future__ import annotations

import pytest

from chs_ml.errors import TrackingError
from chs_ml.tracking import track_run

from .conftest import seal

PASSWORD = "hunter2-planted"


def everything_in(folder):
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_planted_ids_and_passwords_are_nowhere(store, run_directory, work, monkeypatch, capfd):
    ids = [f"CUST-{number:06d}" for number in range(1000)]
    (run_directory / "customers.csv").write_text("customerID\n" + "\n".join(ids))  # beside the run, not in its manifest
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    monkeypatch.setenv("WAREHOUSE_URL", f"postgresql://user:{PASSWORD}@host/db")
    track_run(run_directory, "telco", note=print)
    kept = everything_in(work) + "".join(capfd.readouterr()).encode()
    assert len(kept) > 900_000
    assert PASSWORD.encode() not in kept
    assert not [one for one in ids if one.encode() in kept]


def test_paths_of_somebodys_disk_are_not_in_the_database(store, run_directory, work):
    track_run(run_directory, "telco")
    database = (work / "mlflow.db").read_bytes()
    assert b"customers.csv" in database
    assert b"old.json" in database
    assert b"secret-place" not in database


@pytest.mark.parametrize("file", ["spec.yaml", "evaluation.json"])
def test_a_file_with_a_password_is_not_sent(store, run_directory, work, file):
    text = (run_directory / file).read_text(encoding="utf-8")
    (run_directory / file).write_text(text.replace("customers.csv", f"postgresql://me:{PASSWORD}@host/db"))
    seal(run_directory)
    with pytest.raises(TrackingError, match=f"{file} holds an address with a password, so nothing was sent") as caught:
        track_run(run_directory, "telco")
    assert PASSWORD not in str(caught.value)
    assert PASSWORD.encode() not in everything_in(work)


def test_a_variable_in_place_of_a_password_is_fine(store, run_directory):
    text = (run_directory / "spec.yaml").read_text(encoding="utf-8")
    (run_directory / "spec.yaml").write_text(text.replace("customers.csv", '"postgresql://me:${SECRET}@host/db"'))
    seal(run_directory)
    assert track_run(run_directory, "telco").alias == "challenger"
