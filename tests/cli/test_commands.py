"""Each command: what it answers, as text and as JSON, and its exit code."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from chs_ml.formula import WeightsFile
from tests import tiny


def test_calibrate_ends_with_a_page_for_people(run, tmp_path, quick):
    answer = run("calibrate", tiny.write(tmp_path), "-o", tmp_path / "run", "--no-track")
    assert answer.code == 0
    for heading in (
        "Action",
        "Weight",
        "Moves",
        "Direction",
        "Churn",
        "Odds",
        "AUC",
        "equal weights",
        "Churn rate",
        "Files in",
    ):
        assert heading in answer.out
    assert re.search(r"\nTime with us +\d+\.\d%.* +\d+\.\d *\n", answer.out)
    assert re.search(r"\nTime with us +\+ .*1 → 5\d months +\d+% → +\d+% +-\d+ +× 0\.\d+", answer.out)
    assert "reading" in answer.err and "fitting all rows" in answer.err


def test_calibrate_as_json_and_quiet(run, tmp_path, quick):
    answer = run("calibrate", tiny.write(tmp_path), "-o", tmp_path / "run", "--no-track", "--json", "--quiet")
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert set(found) == {"directory", "files", "run_id", "digest", "weights", "evaluation"}
    assert "manifest.json" in found["files"] and found["run_id"] is None
    assert sum(term["weight"] for term in found["weights"]) == pytest.approx(1.0)
    assert found["digest"] == WeightsFile.load(tmp_path / "run" / "weights.json").digest


def test_show_a_run_and_a_file(run, done):
    by_run, by_file = run("show", done.directory), run("show", done.directory / "weights.json")
    assert by_run == by_file and "held out" in by_run.out and (by_run.code, by_run.err) == (0, "")
    found = json.loads(run("show", done.directory, "--json").out)
    assert found == json.loads((done.directory / "weights.json").read_bytes())


def test_show_takes_no_evaluation_of_another_run(run, done, tmp_path):
    (tmp_path / "weights.json").write_bytes((done.directory / "weights.json").read_bytes())
    other = {**done.evaluation.as_dict(), "choices": {"evaluated_formula": "0" * 64}}
    (tmp_path / "evaluation.json").write_text(json.dumps(other))
    assert "held out" not in run("show", tmp_path).out


GROUP = {
    "name": "small", "rows": 90, "churn_rate": 0.5, "low": 0.4, "high": 0.6, "mean_predicted": 0.5, "auc": 0.8,
    "auc_low": 0.7, "auc_high": 0.9, "words": None,
}  # fmt: skip


def test_show_says_of_segments_stages_and_interventions_what_calibrate_said(run, done, tmp_path):
    (tmp_path / "weights.json").write_bytes((done.directory / "weights.json").read_bytes())
    evaluation = json.loads((done.directory / "evaluation.json").read_bytes())
    evaluation["segments"] = [GROUP, {**GROUP, "name": "large", "words": "it ranks them less well"}]
    evaluation["stages"] = [{"name": "fewer than 5 customers", "rows": 4, "churn_rate": None}]
    evaluation["interventions"] = [{**GROUP, "name": "not touched"}, {**GROUP, "name": "touched", "auc": None}]
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation))
    said = " ".join(run("show", tmp_path).out.split())
    assert (
        "Segment large: it ranks them less well. Segments: 1 of 2 served alike, as far as can be told (small)" in said
    )
    assert "Stages" not in said and "fewer than 5" not in said
    fared = "90 rows, churn 50.0% (40.0% to 60.0%), 50.0% predicted"
    assert f"not touched {fared}, AUC 0.80 (0.70 to 0.90); touched {fared}. Who was saved" in said
    evaluation["interventions"] = evaluation["interventions"][:1]
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation))
    assert "Interventions" not in run("show", tmp_path).out


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ((), "["),
        ((), 5),
        (("choices",), None),
        (("holdout",), None),
        (("holdout", "rows"), "x"),
        (("holdout", "auc"), "x"),
        (("holdout", "brier"), 10**400),
        (("holdout", "uncertainty"), []),
        (("holdout", "uncertainty", "auc"), 5),
        (("holdout", "uncertainty", "auc", "low"), "x"),
        (("baselines",), []),
        (("baselines", "equal_weights"), None),
        (("bands",), 5),
        (("bands", 0), {}),
        (("bands", 0, "customers"), "x"),
        (("bands", 0, "low"), None),
        (("segments",), 5),
        (("segments",), [{"name": "small"}]),
        (("stages",), [{**GROUP, "words": 5}]),
        (("interventions",), [{**GROUP, "auc_high": None}]),
        (("interventions",), [{**GROUP, "low": "x"}]),
    ],
)
def test_show_leaves_out_the_figures_of_a_damaged_evaluation(run, done, tmp_path, where, value):
    (tmp_path / "weights.json").write_bytes((done.directory / "weights.json").read_bytes())
    evaluation = json.loads((done.directory / "evaluation.json").read_bytes())
    place = evaluation
    for step in where[:-1]:
        place = place[step]
    if where:
        place[where[-1]] = value
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation if where else value))
    answer = run("show", tmp_path)
    assert answer.code == 0 and "held out" not in answer.out and "Time with us" in answer.out
    assert "evaluation.json beside it cannot be read; figures are left out" in answer.err


def test_show_a_formula_written_by_hand(run, tmp_path):
    from chs_ml import write_formula
    from chs_ml.formula import Range

    formula = write_formula({"nps": Range(1.0, worst=0, best=10)})
    WeightsFile(formula, "mine", evidence=[{"metric": "nps", "when": None, "impact": 0.8}]).save(tmp_path / "w.json")
    answer = run("show", tmp_path / "w.json")
    assert answer.code == 0 and "+ rises" in answer.out and "association" not in answer.out


def test_check(run, tmp_path):
    spec = tiny.write(tmp_path)
    assert run("check", spec).code == 0
    assert json.loads(run("check", spec, "--json").out)["findings"] == []
    bad = tiny.write(tmp_path / "bad", tiny.customers().assign(logins=7))
    answer = run("check", bad)
    assert answer.code == 1 and "'logins'" in answer.out and "1 error," in answer.out


def test_init_proposes_a_spec_that_check_accepts_and_calibrate_runs(run, tmp_path, quick, monkeypatch):
    tiny.write(tmp_path)
    (tmp_path / "calibration.yaml").unlink()
    monkeypatch.chdir(tmp_path)
    frame = tiny.customers().rename(columns={"left": "churned"})
    frame.to_csv(tmp_path / "customers.csv", index=False)
    assert run("init", "customers.csv", "-o", "calibration.yaml").code == 0
    assert run("check", "calibration.yaml").code == 0
    assert run("calibrate", "calibration.yaml", "-o", "out", "--no-track", "-q").code == 0
    again = run("init", "customers.csv", "-o", "calibration.yaml")
    assert again.code == 2 and "exists already" in again.err
    assert yaml.safe_load(run("init", "customers.csv").out)["data"]["customer"] == "id"


def test_the_schema(run):
    assert json.loads(run("init", "--schema").out)["type"] == "object"
    assert run("init").code == 2


def test_explain(run, done, table):
    answer = run("explain", done.directory, table, "--customer", "customer-10007")
    assert answer.code == 0 and "customer-10007" in answer.out and "By pillar" in answer.out
    pillars = [int(score) for score in re.findall(r"[a-z] (\d+)\b", answer.out.split("By pillar, of 100 each:")[1])[:4]]
    assert len(pillars) == 4 and pillars == sorted(pillars)
    found = json.loads(run("explain", done.directory, table, "--customer", "customer-10007", "--json").out)
    assert found["score"] == pytest.approx(sum(part["points"] for part in found["parts"]))
    expected = done.formula.score(tiny.customers().iloc[[7]])[0]
    assert found["score"] == pytest.approx(expected, abs=1e-12)


def test_explain_somebody_who_is_not_there(run, done, table):
    answer = run("explain", done.directory, table, "--customer", "nobody")
    assert answer.code == 2 and "no customer 'nobody'" in answer.err


def test_explain_the_last_of_several_rows(run, done, tmp_path):
    frame = tiny.customers().head(3).assign(id="twin")
    frame.to_csv(tmp_path / "t.csv", index=False)
    answer = run("explain", done.directory, tmp_path / "t.csv", "--customer", "twin", "--json")
    assert "3 rows of this customer; the last one" in answer.err
    assert json.loads(answer.out)["score"] == pytest.approx(done.formula.score(frame)[2])
    assert run("explain", done.directory, tmp_path / "t.csv", "--customer", "twin", "-q").err == ""


def test_export(run, done, tmp_path):
    assert run("export", done.directory, "json").out.encode() == (done.directory / "weights.json").read_bytes()
    assert run("export", done.directory, "csv", "-o", tmp_path / "w.csv").code == 0
    assert (tmp_path / "w.csv").read_bytes() == (done.directory / "weights.csv").read_bytes()
    listed = run("export", "--list").out.splitlines()
    assert [line.split()[0] for line in listed][:4] == ["json", "csv", "markdown", "points"]
    assert list(json.loads(run("export", "--list", "--json").out)) == [line.split()[0] for line in listed]
    told = json.loads(run("export", done.directory, "csv", "-o", tmp_path / "w.csv", "--json").out)
    assert told == {"target": "csv", "output": str(tmp_path / "w.csv")}
    assert run("export", done.directory, "csv", "--json").code == 2
    assert run("export", done.directory, "jsn").code == 2
    assert run("export", done.directory).code == 2


def test_version_and_help(run):
    assert run().code == 2
    help_page = run("--help").out
    for command in ("init", "check", "calibrate", "show", "score", "explain", "export", "track"):
        assert command in help_page


@pytest.mark.parametrize(
    "words",
    [
        ("show", "nowhere.json"),
        ("calibrate", "nowhere.yaml"),
        ("check", "nowhere.yaml"),
        ("init", "nowhere.csv"),
        ("score", "nowhere.json", "nowhere.csv", "-o", "out.csv"),
        ("explain", "nowhere.json", "nowhere.csv", "--customer", "1"),
        ("export", "nowhere.json", "csv"),
        ("track", "nowhere"),
        ("nonsense",),
        ("score",),
        ("show", "weights.json", "--nonsense"),
    ],
)
def test_what_is_not_there_is_a_message_and_exit_code_2(run, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    answer = run(*words)
    assert answer.code == 2 and answer.err and not answer.out
    assert list(tmp_path.iterdir()) == []
