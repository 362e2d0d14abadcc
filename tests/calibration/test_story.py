"""A whole calibration of a small simulated table: what it leaves, and what it must not be moved by."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from chs_ml import Formula, calibrate, load_spec
from chs_ml.errors import DataError, FitError, OutputError, SpecError
from chs_ml.formula import NOT_SCORED
from tests import tiny

FIGURES = {
    "rows", "churn_rate", "auc", "log_loss", "brier", "calibration_slope", "calibration_intercept", "lift_top_decile",
}  # fmt: skip


def test_the_run_directory_is_whole_and_its_manifest_right(done):
    files = {path.relative_to(done.directory).as_posix() for path in done.directory.rglob("*") if path.is_file()}
    pictures = {"figures/weights.svg", "figures/curves.svg", "figures/bands.svg"}
    assert files == {"weights.json", "weights.csv", "evaluation.json", "spec.yaml", "manifest.json"} | pictures
    manifest = json.loads((done.directory / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["files"]) == files - {"manifest.json"}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((done.directory / name).read_bytes()).hexdigest() == digest
    assert not [path for path in done.directory.parent.iterdir() if path != done.directory]


def test_the_evaluation_has_the_keys_that_scripts_rely_on(done):
    evaluation = json.loads((done.directory / "evaluation.json").read_text(encoding="utf-8"))
    assert evaluation == done.evaluation.as_dict()
    assert set(evaluation["holdout"]) >= FIGURES
    assert set(evaluation["baselines"]) == {"equal_weights", "logistic_regression", "gradient_boosting"}
    assert all(set(figures) >= FIGURES for figures in evaluation["baselines"].values())
    assert [band["name"] for band in evaluation["bands"]] == ["healthy", "at risk", "unhealthy"]
    assert all(set(band) >= {"customers", "churn_rate", "low", "high"} for band in evaluation["bands"])
    assert set(evaluation["data"]) >= {"rows", "customers", "churned", "digest", "sources"}
    assert set(evaluation["data"]["sources"][0]) >= {"name", "rows", "newest", "read_at", "sha256"}
    assert set(evaluation["audit"]) == {"region"}


def test_the_weights_file_carries_its_papers(done):
    weights = done.weights
    assert weights.formula is done.formula
    assert Formula.load(done.directory / "weights.json") == done.formula
    assert [line["metric"] for line in weights.evidence] == [term.metric for term in done.formula.terms]
    assert all(set(line) >= {"metric", "when", "shape", "impact", "moves"} for line in weights.evidence)
    assert weights.metrics["tenure"]["label"] == "Time with us"
    assert weights.metrics["nps"]["missing_share"] == pytest.approx(0.4, abs=0.06)
    assert weights.training["rows"] == tiny.ROWS
    assert len(weights.training["data_digest"]) == len(weights.training["spec_digest"]) == 64
    assert set(weights.reference["mean_health"]) == {term.key for term in done.formula.terms}
    assert done.run_id is None and done.not_tracked is None


def test_what_was_simulated_is_found(done):
    directions = {term.metric: term.direction for term in done.formula.terms}
    assert directions["tenure"] == directions["logins"] == "positive"
    assert directions["tickets"] == "negative"
    assert max(done.formula.terms, key=lambda term: term.weight).metric in {"tenure", "tickets"}
    levels = dict(next(term for term in done.formula.terms if term.metric == "plan").shape.values)
    assert levels["yearly"] > levels["monthly"]


def test_the_spec_of_the_run_loads_and_calibrates_to_the_same_weights(done, tmp_path, quick):
    spec = load_spec(done.directory / "spec.yaml")
    again = calibrate(spec, tmp_path / "again", track=False)
    assert again.weights.digest == done.weights.digest
    assert again.evaluation.data["digest"] == done.evaluation.data["digest"]


def test_paths_with_variables_stay_as_they_were_written(tmp_path, quick, monkeypatch):
    monkeypatch.setenv("TABLES", str(tmp_path))
    spec = tiny.write(tmp_path, data={**tiny.SPEC["data"], "table": "${TABLES}/customers.csv"})
    calibrate(spec, tmp_path / "out", track=False)
    assert load_spec(tmp_path / "out" / "spec.yaml").data.table.file == "${TABLES}/customers.csv"
    assert str(tmp_path) not in (tmp_path / "out" / "spec.yaml").read_text(encoding="utf-8")


def test_the_default_directory_is_runs_and_the_name(tmp_path, quick, monkeypatch):
    spec = tiny.write(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert calibrate(spec, track=False).directory.as_posix() == "runs/tiny"
    assert (tmp_path / "runs" / "tiny" / "manifest.json").is_file()


def test_the_holdout_moves_neither_the_evaluated_formula_nor_its_bands(tmp_path, quick):
    """Turn every outcome of the holdout round: what is judged must not have seen it."""
    from chs_ml.calibration.rows import split
    from chs_ml.history.panel import load_panel

    spec = tiny.write(tmp_path / "before")
    before = calibrate(spec, tmp_path / "a", track=False)
    said = load_spec(spec)
    held_out = set(split(load_panel(said).known(), said).holdout.customer)
    assert 0.2 < len(held_out) / tiny.ROWS < 0.4
    frame = tiny.customers()
    turned = np.where(frame["left"] == "yes", "no", "yes")
    frame["left"] = np.where(frame["id"].isin(held_out), turned, frame["left"])
    after = calibrate(tiny.write(tmp_path / "after", frame), tmp_path / "b", track=False)
    assert after.evaluation.choices == before.evaluation.choices  # the digest of formula and bands among them
    assert after.evaluation.holdout.auc < 0.5 < before.evaluation.holdout.auc
    assert after.weights.digest != before.weights.digest


def test_bands_by_share_by_score_and_by_probability(tmp_path, quick):
    names = ("healthy", "green"), ("at risk", "yellow"), ("unhealthy", "red")
    (a, b, c) = ({"name": name, "color": color} for name, color in names)
    cuts = {
        "share": [{**a, "top": "25%"}, b, {**c, "bottom": "10%"}],
        "score": [{**a, "from": 70}, b, {**c, "below": 40}],
        "probability": [{**a, "churn_below": 0.2}, {**b, "churn_below": 0.6}, c],
        "70/80": "70/80",
    }
    spec, found = tiny.write(tmp_path), {}
    for name, bands in cuts.items():
        spec = tiny.respec(tmp_path, bands=bands)
        found[name] = calibrate(spec, tmp_path / "run", track=False)
    frame = tiny.customers()
    by_share = found["share"].formula.band(frame)
    assert np.mean(by_share == "healthy") == pytest.approx(0.25, abs=0.01)
    assert np.mean(by_share == "unhealthy") == pytest.approx(0.10, abs=0.01)
    assert [band.start for band in found["score"].formula.bands] == [70.0, 40.0, 0.0]
    assert [band.start for band in found["70/80"].formula.bands] == [80.0, 70.0, 0.0]
    formula = found["probability"].formula
    churn, band = formula.churn_probability(frame), formula.band(frame)
    assert (churn[band == "healthy"] <= 0.2 + 1e-3).all() and (churn[band == "unhealthy"] >= 0.6 - 1e-3).all()
    assert ((churn > 0.2 - 1e-3) & (churn < 0.6 + 1e-3))[band == "at risk"].all()


def test_a_band_by_a_probability_that_no_score_has_is_refused(tmp_path, quick):
    bands = [{"name": "healthy", "color": "green", "churn_below": 1e-9}, {"name": "rest", "color": "red"}]
    with pytest.raises(SpecError, match="churn_below 1e-09 is a probability that no score has"):
        calibrate(tiny.write(tmp_path, bands=bands), tmp_path / "run", track=False)
    assert not (tmp_path / "run").exists()


def test_rules_and_who_is_scored_are_in_the_file_and_in_the_evaluation(tmp_path, quick):
    rule = {"when": {"metric": "tickets", "above": 3}, "band": "unhealthy", "because": "policy of 2026"}
    spec = tiny.write(tmp_path, rules=[rule], score_when={"coverage": 0.5, "tenure": {"from": 6}})
    run = calibrate(spec, tmp_path / "run", track=False)
    formula, frame = Formula.load(run.directory / "weights.json"), tiny.customers()
    scored = formula.read(frame)
    young, angry = frame["tenure"].to_numpy() < 6, frame["tickets"].to_numpy() > 3
    assert (scored.band[young] == NOT_SCORED).all() and (scored.band[angry & ~young] == "unhealthy").all()
    assert set(scored.not_scored_because[young]) == {"tenure is below 6 or unknown"}
    evaluation = run.evaluation.as_dict()
    assert evaluation["bands"][-1]["name"] == NOT_SCORED and evaluation["bands"][-1]["customers"] > 0
    assert [line["name"] for line in evaluation["rules"]] == ["tickets > 3"]


def test_the_score_in_use_today_stands_among_the_baselines(tmp_path, quick):
    frame = tiny.customers()
    frame["today"] = 100 - 10 * frame["tickets"]
    by_column = calibrate(tiny.write(tmp_path, frame, baseline={"column": "today"}), tmp_path / "run", track=False)
    current = by_column.evaluation.baselines["current"]
    assert current.figures.auc < by_column.evaluation.holdout.auc
    own = tiny.respec(tmp_path, baseline={"formula": "run/weights.json"})
    by_formula = calibrate(own, tmp_path / "second", track=False)
    assert by_formula.evaluation.baselines["current"].figures == by_formula.evaluation.holdout
    assert load_spec(tmp_path / "second" / "spec.yaml").baseline.formula == "../run/weights.json"


def test_a_strong_anchor_keeps_the_weights_close(tmp_path, quick):
    """With every term kept: what has no evidence in these rows leaves whatever the anchor says of it."""
    recipe = {**tiny.SPEC["calibration"], "evidence": "all"}
    earlier = calibrate(tiny.write(tmp_path, calibration=recipe), tmp_path / "earlier", track=False).formula
    other = tiny.customers(seed=7)
    distance = {}
    for strength in (None, 1.0, 1e6):
        anchor = {"file": "earlier/weights.json", "strength": strength} if strength else {}
        spec = tiny.write(tmp_path, other, calibration={**recipe, "anchor": anchor})
        formula = calibrate(spec, tmp_path / "later", track=False).formula
        distance[strength] = np.abs(formula.churn_probability(other) - earlier.churn_probability(other)).mean()
    assert distance[1e6] < distance[1.0] < distance[None], distance
    assert distance[1e6] < 0.02


def test_outcomes_not_known_yet_are_left_out_of_the_fit_and_counted_aloud(tmp_path, quick):
    frame = tiny.customers()
    open_yet, trial = frame.index[:40], frame.index[40:60]
    frame.loc[open_yet, "left"] = None
    frame.loc[trial, "left"] = "trial"
    outcome = {**tiny.SPEC["data"]["outcome"], "exclude": ["trial"]}
    spec = tiny.write(tmp_path / "all", frame, data={**tiny.SPEC["data"], "outcome": outcome})
    run = calibrate(spec, tmp_path / "run", track=False)
    assert run.evaluation.data["rows"] == tiny.ROWS - 60 and run.evaluation.data["not_known_yet"] == 40
    assert any("40 rows have no outcome yet" in note for note in run.notes)
    assert any("20 rows were excluded (trial)" in note for note in run.notes)
    known = tiny.write(tmp_path / "known", frame.drop([*open_yet, *trial]))
    assert calibrate(known, tmp_path / "other", track=False).weights.digest == run.weights.digest


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: f.iloc[:0], "no rows"),
        (lambda f: f.assign(left="no"), "all 600 rows are retained; a fit needs both"),
        (lambda f: f.assign(left=["yes"] * 9 + ["no"] * 591), r"only \d of (the )?4\d\d .* churned: .* 10 or more"),
        (lambda f: f.drop(columns="tenure"), "'tenure' is missing"),
        (lambda f: f.assign(id="one"), "the same customer in line 2 and line 3"),
        (lambda f: f.assign(logins=7), "'logins'"),
        (lambda f: f.assign(nps=None), "nps"),
        (lambda f: f.assign(logins="many"), "logins"),
    ],
)
def test_bad_tables_are_refused_and_leave_nothing(tmp_path, quick, damage, message):
    spec = tiny.write(tmp_path, damage(tiny.customers()))
    with pytest.raises((DataError, FitError), match=message) as refused:
        calibrate(spec, tmp_path / "runs" / "tiny", track=False)
    assert "customer-1" not in str(refused.value)
    assert not (tmp_path / "runs").exists()


def test_a_metric_in_a_small_unit_is_learned_like_any_other(tmp_path, quick):
    """An error rate from 0 to 0.002: a whole unit of it would multiply the odds by more than a double holds."""
    frame = tiny.customers()
    frame["errors"] = 0.0002 * frame["tickets"].clip(upper=10)
    metrics = [
        {"name": "errors", "direction": "negative"},
        *(m for m in tiny.SPEC["metrics"] if m["name"] != "tickets"),
    ]
    spec = tiny.write(tmp_path, frame, metrics=metrics, calibration={"ramps": 1, "strength": {"size": 1.0}})
    evidence = calibrate(spec, tmp_path / "run", track=False).weights.evidence
    impact = {line["metric"]: line["impact"] for line in evidence}
    assert impact["errors"]["per_unit"] is None and impact["errors"]["odds_ratio"] > 1.0
    assert 0.5 < impact["tenure"]["per_unit"] < 1.0


def test_a_direction_declared_the_wrong_way_round_is_named(tmp_path, quick):
    metrics = [{**m, **({"direction": "positive"} if m["name"] == "tickets" else {})} for m in tiny.SPEC["metrics"]]
    run = calibrate(tiny.write(tmp_path, metrics=metrics), tmp_path / "run", track=False)
    (left,) = (line for line in run.weights.training["left_out"] if line["metric"] == "tickets")
    assert left["verdict"] == "contradicts its direction" and left["declared"] is True
    assert any("'tickets' clearly goes the other way than declared (-" in note for note in run.notes)


def test_a_target_that_is_no_run_is_refused_before_the_table_is_read(tmp_path):
    (tmp_path / "kept.txt").write_text("mine")
    spec = tiny.respec(tmp_path)  # there is no table
    with pytest.raises(OutputError, match="is a file or a link"):
        calibrate(spec, tmp_path / "kept.txt", track=False)
    assert (tmp_path / "kept.txt").read_text() == "mine"


def test_a_failure_while_drawing_leaves_nothing(tmp_path, quick, monkeypatch):
    from chs_ml.calibration import story

    monkeypatch.setattr(story, "pictures_of", lambda weights, evaluation: 1 / 0)
    with pytest.raises(ZeroDivisionError, match="division"):
        calibrate(tiny.write(tmp_path), tmp_path / "runs" / "tiny", track=False)
    assert not (tmp_path / "runs").exists()


def test_progress_is_told(tmp_path, quick):
    steps = []
    calibrate(tiny.write(tmp_path), tmp_path / "run", track=False, progress=lambda *step: steps.append(step))
    assert [what for what, done, _ in steps if done == 0] == [
        "reading",
        "looking for splits",
        "looking at the evidence",
        "fitting baselines",
        "fitting all rows",
    ]
    assert {what for what, done, total in steps if done == total} >= {"reading", "fitting baselines"}


def test_cyrillic_names_and_values(tmp_path):
    frame = tiny.customers().rename(columns={"tenure": "Стаж $мес", "plan": "Тариф", "id": "Клиент", "left": "Ушёл"})
    frame["Тариф"] = frame["Тариф"].map({"monthly": "Помесячный", "yearly": "Годовой"})
    metrics = [
        {"name": "Стаж $мес", "direction": "positive"},
        {"name": "Тариф", "kind": "category"},
        {"name": "logins"},
    ]
    data = {"table": "customers.csv", "customer": "Клиент", "outcome": {"column": "Ушёл", "churned": ["yes"]}}
    run = calibrate(tiny.write(tmp_path, frame, data=data, metrics=metrics), tmp_path / "Прогон", track=False)
    assert Formula.load(run.directory / "weights.json").metrics == ("Стаж $мес", "Тариф", "logins")
    assert "Помесячный" in (run.directory / "weights.json").read_text(encoding="utf-8")
    assert "Стаж $мес" in (run.directory / "figures" / "weights.svg").read_text(encoding="utf-8")


def test_the_form_of_the_table_is_kept_as_far_as_it_was_said(done, tmp_path, quick):
    assert done.weights.training["table"] == {}
    spec = tiny.write(tmp_path, data={**tiny.SPEC["data"], "table": {"file": "t.csv", "encoding": "windows-1251"}})
    tiny.customers().replace("monthly", "щомісячний").to_csv(tmp_path / "t.csv", index=False, encoding="cp1251")
    run = calibrate(spec, tmp_path / "run", track=False)
    assert run.weights.training["table"] == {"encoding": "cp1251"}


def test_planted_ids_are_nowhere_in_a_run(done):
    ids = tiny.customers()["id"].tolist()
    for path in done.directory.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not [one for one in ids if one in text], path.name
