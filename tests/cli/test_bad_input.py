"""Bad input of every kind: a message on stderr, exit code 2, no traceback, nothing written, no customer named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests import tiny

DAMAGES = {
    "no rows": lambda frame: frame.iloc[:0],
    "one class": lambda frame: frame.assign(left="no"),
    "missing column": lambda frame: frame.drop(columns="tenure"),
    "duplicate customers": lambda frame: pd.concat([frame, frame.head(3)]),
    "constant metric": lambda frame: frame.assign(logins=7),
    "all missing metric": lambda frame: frame.assign(nps=None),
    "infinite": lambda frame: frame.assign(logins=np.where(frame.index == 9, "inf", frame["logins"])),
    "text in numbers": lambda frame: frame.assign(tenure=np.where(frame.index == 9, "many", frame["tenure"])),
    "no id": lambda frame: frame.assign(id=np.where(frame.index == 9, "", frame["id"])),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_calibrate(run, tmp_path, damage):
    spec = tiny.write(tmp_path, DAMAGES[damage](tiny.customers()))
    before = sorted(tmp_path.iterdir())
    answer = run("calibrate", spec, "-o", tmp_path / "run", "--no-track", "-q")
    assert answer.code == 2 and answer.err.startswith("chs-ml: "), answer
    assert not answer.out and "customer-1" not in answer.err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("damage", ["no rows", "missing column", "text in numbers", "no id"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_score_and_explain(run, done, tmp_path, damage, kind):
    frame = DAMAGES[damage](tiny.customers())
    table = tmp_path / f"t.{kind}"
    if kind == "csv":
        frame.to_csv(table, index=False)
    else:
        frame.astype({"nps": "float64"}).replace({"": None}).to_parquet(table)
    answer = run("score", done.directory, table, "-o", tmp_path / "out.csv", "-q")
    assert answer.code == 2 and answer.err.startswith("chs-ml: ") and "customer-1" not in answer.err, answer
    assert list(tmp_path.iterdir()) == [table]
    answer = run("explain", done.directory, table, "--customer", "nobody")
    assert answer.code == 2 and answer.err.startswith("chs-ml: ")


def test_infinite_numbers_are_missing_where_a_file_has_a_type_for_them(run, done, tmp_path):
    frame = tiny.customers().astype({"nps": "float64", "logins": "float64"})
    frame.loc[3, "logins"] = np.inf
    frame.to_parquet(tmp_path / "t.parquet")
    answer = run("score", done.directory, tmp_path / "t.parquet", "-o", tmp_path / "out.parquet", "-q")
    assert answer.code in (0, 2)
    if answer.code == 0:
        score = pd.read_parquet(tmp_path / "out.parquet")["score"]
        assert score.tolist() == done.formula.score(frame).tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "chs-ml"),
        ("{", "chs-ml"),
        ("name: [", "chs-ml"),
        ("nam: tiny", "nam"),
        ("\0", "chs-ml"),
    ],
)
def test_a_broken_spec(run, tmp_path, content, message):
    (tmp_path / "calibration.yaml").write_text(content)
    for command in ("calibrate", "check"):
        answer = run(command, tmp_path / "calibration.yaml")
        assert answer.code == 2 and message in answer.err


def test_a_spec_whose_table_is_missing(run, tmp_path):
    answer = run("calibrate", tiny.respec(tmp_path))
    assert answer.code == 2 and "customers.csv" in answer.err


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"format": "chs-ml/weights", "version": "9.0"}'])
def test_a_broken_weights_file(run, tmp_path, table, content):
    (tmp_path / "w.json").write_bytes(content)
    for words in (["show"], ["export"], ["score"], ["explain"]):
        more = {"export": ["csv"], "score": [table, "-o", tmp_path / "o.csv"], "explain": [table, "--customer", "x"]}
        answer = run(words[0], tmp_path / "w.json", *more.get(words[0], []))
        assert answer.code == 2 and answer.err.startswith("chs-ml: ") and not answer.out
    assert list(tmp_path.iterdir()) == [tmp_path / "w.json"]


@pytest.mark.slow
def test_ten_thousand_columns(run, tmp_path, monkeypatch):
    """Ten thousand columns in the table are read past; ten thousand metrics are more than people can read."""
    from chs_ml.calibration import judging

    monkeypatch.setattr(judging, "BASELINES", {})
    spec = tiny.write(tmp_path)
    head, *lines = (tmp_path / "customers.csv").read_text(encoding="utf-8").splitlines()
    names, more = ",".join(f"c{at}" for at in range(10_000)), ",".join(str(at % 7) for at in range(10_000))
    wide = [f"{head},{names}", *(f"{line},{more}" for line in lines)]
    (tmp_path / "customers.csv").write_text("\n".join(wide) + "\n", encoding="utf-8")
    assert run("calibrate", spec, "-o", tmp_path / "run", "--no-track", "-q").code == 0
    spec = tiny.respec(tmp_path, metrics=[{"name": f"c{at}"} for at in range(10_000)])
    answer = run("calibrate", spec, "-o", tmp_path / "other", "--no-track", "-q")
    assert answer.code == 2 and "10,000 metrics" in answer.err


def test_an_output_that_cannot_be_written(run, done, table, tmp_path):
    (tmp_path / "file").write_text("mine")
    for words in (
        ("calibrate", tiny.write(tmp_path / "spec"), "-o", tmp_path / "file", "--no-track"),
        ("score", done.directory, table, "-o", tmp_path / "file" / "out.csv"),
        ("score", done.directory, table, "-o", tmp_path / "nowhere" / "out.parquet"),
        ("score", done.directory, table, "-o", tmp_path / "out.txt"),
        ("score", done.directory, table, "-o", table),
        ("export", done.directory, "csv", "-o", tmp_path / "nowhere" / "out.csv"),
        ("init", table, "-o", tmp_path / "nowhere" / "calibration.yaml"),
    ):
        answer = run(*words)
        assert answer.code == 2 and "chs-ml: " in answer.err, words
    assert (tmp_path / "file").read_text() == "mine"
    assert table.read_text(encoding="utf-8").startswith("id,left,")
