"""`check` and `init` as a newcomer meets them: what was understood, what is open, nothing silently."""

from __future__ import annotations

import json

import pytest

from tests import tiny


def test_check_says_first_what_it_understood(run, tmp_path):
    frame = tiny.customers()
    frame.loc[:9, "left"] = ""
    answer = run("check", tiny.write(tmp_path, frame))
    assert answer.code == 0
    for part in (
        "customers.csv: CSV, delimiter ',', decimal '.', utf-8",
        "600 rows, 600 customers (id column 'id')",
        "  not known yet        10",
        "tenure",
        "1 … 59",
        "2 levels: monthly · yearly",
        "category (audit)",
        "note: column 'left': 10 rows have no outcome yet; scored, not fitted",
    ):
        assert part in answer.out
    assert "  churned " in answer.out and "'yes'" in answer.out and "%" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80
    assert answer.out.endswith("0 errors, 0 warnings\n")


def test_check_as_json(run, tmp_path):
    found = json.loads(run("check", tiny.write(tmp_path), "--json").out)
    assert set(found) == {"understood", "findings"} and found["findings"] == []
    told = found["understood"]
    assert told["churned"] + told["retained"] == told["rows"] == 600
    assert told["churn_rate"] == told["churned"] / 600
    assert told["outcomes"]["churned"] == {"yes": told["churned"]}
    assert {column["name"]: column["kind"] for column in told["columns"]}["plan"] == "category"


def test_check_says_what_is_wrong_with_the_anchor(run, tmp_path):
    spec = tiny.write(tmp_path, calibration={"anchor": {"file": "gone.json"}})
    answer = run("check", spec)
    assert answer.code == 1 and "error  bad-anchor  calibration.anchor.file 'gone.json' cannot be read" in answer.out
    answer = run("check", spec, "--json")
    [found] = json.loads(answer.out)["findings"]
    assert answer.code == 1 and (found["code"], found["remedy"]) == ("bad-anchor", "Check the path")


def test_check_tells_every_problem_and_counts_them_rightly(run, tmp_path):
    frame = tiny.customers().drop(columns="tenure").assign(logins=7)
    frame.loc[3, "left"] = "maybe"
    answer = run("check", tiny.write(tmp_path, frame))
    assert answer.code == 1
    for code in ("missing-column", "unknown-outcome", "constant-metric"):
        assert f"error  {code}  " in answer.out
    assert "3 errors, 0 warnings" in answer.out and "unlisted" in answer.out
    one = run("check", tiny.write(tmp_path / "one", tiny.customers().assign(logins=7)))
    assert one.out.endswith("\n1 error, 0 warnings\n")


@pytest.mark.parametrize("content", [b"PK\x03\x04", b""])
def test_check_of_what_is_no_table_says_only_that(run, tmp_path, content):
    spec = tiny.write(tmp_path)
    (tmp_path / "customers.csv").write_bytes(content)
    answer = run("check", spec)
    assert answer.code == 1 and "1 error, 0 warnings" in answer.out and "outcome" not in answer.out
    assert json.loads(run("check", spec, "--json").out)["understood"] is None


def test_check_says_that_a_spec_that_does_not_load_hides_the_data(run, tmp_path):
    spec = tiny.write(tmp_path)
    spec.write_text(spec.read_text(encoding="utf-8").replace("category", "categorical"), encoding="utf-8")
    answer = run("check", spec)
    assert answer.code == 2 and "'categorical'" in answer.err and "the data was not looked at" in answer.err


def test_init_says_what_it_could_not_recognise(run, tmp_path):
    tiny.customers().rename(columns={"left": "x", "id": "y"}).to_csv(tmp_path / "t.csv", index=False)
    shown, written = run("init", tmp_path / "t.csv"), run("init", tmp_path / "t.csv", "-o", tmp_path / "c.yaml")
    for answer in (shown, written):
        assert answer.code == 0
        assert "note: no column looks like the outcome. It may be 'x', 'plan', 'region'." in answer.err
        assert "note: no column looks like a customer's id" in answer.err
    assert "note:" not in run("init", tmp_path / "t.csv", "-q").err


def test_init_of_a_folder_proposes_a_history(run, tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "accounts.csv").write_text(
        "account_id,start\n" + "".join(f"{at},2023-01-0{at}\n" for at in range(1, 9))
    )
    (tmp_path / "raw" / "events.csv").write_text(
        "account_id,time\n" + "".join(f"{at},2024-12-0{at}\n" for at in range(1, 9))
    )
    answer = run("init", tmp_path / "raw", "-o", tmp_path / "c.yaml")
    assert answer.code == 0 and "note: accounts.csv has no day of departure" in answer.err
    assert "table: raw/events.csv" in (tmp_path / "c.yaml").read_text(encoding="utf-8")
    assert run("init", tmp_path / "raw", "-o", tmp_path / "c.yaml").code == 2
