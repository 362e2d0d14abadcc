"""What is read is never written over, and what must not be seen is not said."""

from __future__ import annotations

import os
import shutil
import signal

import pytest

from chs_ml.formula import atomic
from tests import tiny


@pytest.fixture
def mine(tmp_path):
    """A run of one's own, and the table that it was learned from."""
    done = tiny.calibrated()
    shutil.copytree(done.directory, tmp_path / "run")
    shutil.copyfile(done.directory.parents[1] / "customers.csv", tmp_path / "customers.csv")
    return tmp_path


@pytest.mark.parametrize("kept", ["weights.json", "spec.yaml", "weights.csv", "manifest.json"])
def test_export_spares_every_file_of_the_run(run, mine, kept):
    before = (mine / "run" / kept).read_bytes()
    for weights in (mine / "run", mine / "run" / "weights.json"):
        answer = run("export", weights, "csv", "-o", mine / "run" / kept)
        assert answer.code == 2 and "is read, and would be lost. Choose another -o." in answer.err
    assert (mine / "run" / kept).read_bytes() == before
    assert run("export", mine / "run", "csv", "-o", mine / "run" / "more.csv").code == 0


@pytest.mark.parametrize("more", [(), ("--for", "hubspot")])
def test_score_spares_the_weights_file_whatever_it_is_called(run, mine, more):
    weights = mine / "weights.csv"
    shutil.copyfile(mine / "run" / "weights.json", weights)
    before = weights.read_bytes()
    answer = run("score", weights, mine / "customers.csv", "-o", weights, *more)
    assert answer.code == 2 and "would be lost" in answer.err and weights.read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ("score", "W", "postgresql://u:PASSW0RD@127.0.0.1:1/db", "-o", "a.csv"),
        ("score", "mysql+pymysql://u:PASSW0RD@h/db", "T", "-o", "a.csv"),
        ("verify", "W", "postgresql:/u:PASSW0RD@h/db"),
        ("export", "W", "csv", "-o", "postgresql://u:PASSW0RD@h/db"),
        ("check", "postgresql://u:PASSW0RD@h/db"),
    ],
)
def test_a_connection_string_is_refused_and_not_repeated(run, mine, words):
    places = {"W": mine / "run", "T": mine / "customers.csv"}
    answer = run(*[places.get(word, word) for word in words])
    assert answer.code == 2 and "PASSW0RD" not in answer.err + answer.out
    assert answer.err.startswith("chs-ml: a connection string is no argument of chs-ml, and is not repeated here.")


@pytest.mark.parametrize(("target", "name"), [("csv", "w.csv"), ("python", "w.py")])
def test_stopped_while_a_file_takes_its_place_nobody_is_told_that_nothing_was_written(
    run, mine, monkeypatch, target, name
):
    whole = os.replace

    def replaced_and_stopped(*places):
        whole(*places)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(atomic.os, "replace", replaced_and_stopped)
    answer = run("export", mine / "run", target, "-o", mine / name)
    assert answer.code == 130 and answer.err == f"chs-ml: stopped; {mine / name} is whole, or as it was before\n"
    assert (mine / name).stat().st_size > 100
