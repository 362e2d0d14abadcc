"""A calibration that is pulled towards an earlier one: what it says of every metric, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chs_ml import calibrate, load_spec
from chs_ml.errors import ChsError, DataError, FitError, FormulaError
from tests import tiny

RECIPE = {**tiny.SPEC["calibration"], "evidence": "all"}


@pytest.fixture(scope="session")
def earlier(tmp_path_factory):
    """The run directory of last quarter."""
    folder = tmp_path_factory.mktemp("earlier")
    return calibrate(tiny.write(folder, calibration=RECIPE), folder / "run", track=False).directory


@pytest.fixture
def secret(tmp_path, quick, monkeypatch):
    """A folder that the variable OLD names, and that nobody is to read in a message."""
    folder = tmp_path / "hunter2"
    folder.mkdir()
    monkeypatch.setenv("OLD", str(folder))
    return folder


@pytest.fixture
def anchored(tmp_path, quick, earlier):
    """Calibrate other customers anchored to last quarter; ``change`` is done to the table, ``renew`` to the metrics."""

    def run(change=lambda frame: frame, renew=lambda metrics: metrics, **anchor):
        said = {"file": str(earlier / "weights.json"), **anchor}
        metrics = renew({metric["name"]: dict(metric) for metric in tiny.SPEC["metrics"]})
        spec = tiny.write(
            tmp_path,
            change(tiny.customers(seed=7)),
            calibration={**RECIPE, "anchor": said},
            metrics=[{**metric, "name": name} for name, metric in metrics.items()],
        )
        return calibrate(spec, tmp_path / "run", track=False)

    return run


def test_what_became_of_each_metric_is_in_the_papers_and_said(anchored, earlier):
    def renew(metrics):
        metrics["minutes"] = {**metrics.pop("logins"), "was": "logins", "unit_factor": 60}
        metrics["plan"] = {**metrics["plan"], "name": "plan"}
        del metrics["nps"]
        return {**metrics, "visits": {}}

    def change(frame):
        frame["minutes"] = 60 * frame["logins"]
        frame["visits"] = np.random.default_rng(1).poisson(4, len(frame))
        return frame

    done = anchored(change, renew, strength=20)
    said = json.loads((done.directory / "evaluation.json").read_text(encoding="utf-8"))["choices"]["anchor"]
    assert said["digest"] == json.loads((earlier / "weights.json").read_text(encoding="utf-8"))["digest"]
    assert (said["strength"], said["chosen"], said["tried"]) == (20.0, False, [])
    assert said["kept"] == ["tenure", "tickets", "plan", "minutes"]
    assert (said["renamed"], said["rescaled"]) == ({"minutes": "logins"}, {"minutes": 60.0})
    assert (said["new"], said["gone"], said["let_go"], said["changed_kind"]) == (["visits"], ["nps"], [], [])
    assert done.weights.training["anchor"] == said
    note = next(note for note in done.notes if note.startswith("anchor "))
    for words in ("strength 20 (as the spec says)", "logins → minutes", "minutes × 60", "not in the anchor: visits"):
        assert words in note
    assert "no longer in the spec: nps" in note


def test_the_strength_is_chosen_and_its_path_kept(anchored):
    choices = anchored().evaluation.choices
    said = choices["anchor"]
    assert said["chosen"] and [one["strength"] for one in said["tried"]][-1] == 0.0
    assert [one["strength"] for one in said["tried"] if one["chosen"]] == [said["strength"]]
    assert said["strength"] > 0.0
    strengths = [one["strength"] for one in said["tried"]]
    assert strengths == sorted(strengths, reverse=True)
    taken = next(one for one in said["tried"] if one["chosen"])
    assert taken["behind_best"] <= taken["standard_error"]
    stronger = said["tried"][: said["tried"].index(taken)]
    assert all(one["behind_best"] > one["standard_error"] for one in stronger)


def test_a_metric_that_has_become_a_category_is_a_new_one(anchored):
    def renew(metrics):
        return {**metrics, "tickets": {"kind": "category"}}

    said = anchored(renew=renew, strength=5).evaluation.choices["anchor"]
    assert said["changed_kind"] == ["tickets"] and "tickets" not in said["gone"]


def test_levels_that_are_no_longer_there_and_new_ones_do_not_matter(anchored):
    def change(frame):
        frame["plan"] = frame["plan"].replace({"yearly": "forever"})
        frame["nps"] = frame["nps"].fillna(5)
        return frame

    assert "plan" in anchored(change, strength=5).evaluation.choices["anchor"]["kept"]


def test_metrics_in_other_units_are_refused_all_at_once(anchored):
    def change(frame):
        return frame.assign(tenure=100 * frame["tenure"], logins=100 * frame["logins"])

    with pytest.raises(DataError, match=r"metric 'tenure': the anchor saw 1 … .*looks like another unit") as refused:
        anchored(change)
    assert [problem.split("'")[1] for problem in refused.value.problems] == ["tenure", "logins"]
    assert all("unit_factor" in problem and "another name" in problem for problem in refused.value.problems)


def test_a_unit_that_is_said_and_differs_is_refused(anchored):
    def renew(metrics):
        return {**metrics, "tenure": {**metrics["tenure"], "unit": "weeks"}}

    with pytest.raises(DataError, match=r"the anchor has it in 'months', the spec in 'weeks'. Say unit_factor"):
        anchored(renew=renew)


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda file: {**file, "version": "2.0"}, "version 2.0 is not known; this chs_ml reads 1.x"),
        (lambda file: {**file, "format": "other"}, "this is no weights file of chs_ml"),
        (lambda file: [file], "calibration.anchor.file '.{OLD}/weights.json'"),
        (lambda file: {**file, "formula": {**file["formula"], "link": None}, "digest": None}, "has no link to churn"),
    ],
)
def test_a_file_that_is_no_anchor_is_refused_by_the_name_it_has_in_the_spec(tmp_path, secret, earlier, edit, problem):
    file = json.loads((earlier / "weights.json").read_text(encoding="utf-8"))
    (secret / "weights.json").write_text(json.dumps(edit(file)), encoding="utf-8")
    spec = tiny.write(tmp_path, calibration={**RECIPE, "anchor": {"file": "${OLD}/weights.json"}})
    with pytest.raises((FormulaError, FitError), match=problem) as refused:
        calibrate(spec, tmp_path / "run", track=False)
    assert refused.value.exit_code == 2 and "hunter2" not in str(refused.value)


@pytest.mark.parametrize("section", ["anchor", "baseline"])
def test_a_file_that_is_not_there_is_named_as_written(tmp_path, quick, monkeypatch, section):
    monkeypatch.setenv("OLD", str(tmp_path / "hunter2.json"))
    named = {"calibration": {**RECIPE, "anchor": {"file": "${OLD}"}}, "baseline": {"formula": "${OLD}"}}
    key = {"anchor": "calibration", "baseline": "baseline"}[section]
    spec = tiny.write(tmp_path, **{key: named[key]})
    with pytest.raises(ChsError, match=r"'\$\{OLD\}' cannot be read: No such file") as refused:
        calibrate(spec, tmp_path / "run", track=False)
    assert "hunter2" not in str(refused.value)


def test_the_run_says_which_rule_chose_the_strength_and_what(tmp_path, quick):
    tried = {}
    for strength in ("auto", "best"):
        spec = tiny.write(tmp_path, calibration={"ramps": "auto", "strength": strength, "evidence": "all"})
        choices = calibrate(spec, tmp_path / strength, track=False).evaluation.choices
        assert load_spec(tmp_path / strength / "spec.yaml").calibration.strength == strength
        chosen = [one for one in choices["tried"] if one["chosen"]]
        assert len(chosen) == 1 and chosen[0]["ramps"] == choices["ramps"]
        tried[strength] = (choices["rule"], chosen[0])
    assert tried["best"][0] == "best" and tried["best"][1]["behind_best"] == 0.0
    assert tried["auto"][0].startswith("simplest within one standard error")
    assert tried["auto"][1]["behind_best"] <= tried["auto"][1]["standard_error"]


@pytest.mark.parametrize(
    ("was", "nearest"), [("loginz", r"Did you mean 'logins'\?"), ("nonsense", "Known here: 'tenure', 'logins'")]
)
def test_a_past_that_the_anchor_never_had_is_refused_with_the_nearest_name(anchored, was, nearest):
    def renew(metrics):
        return {**metrics, "tenure": {**metrics["tenure"], "was": was}}

    with pytest.raises(DataError, match=rf"metric 'tenure': found was: '{was}', which is no metric .*\. {nearest}"):
        anchored(renew=renew)


def test_a_factor_for_a_metric_that_the_anchor_never_had_is_noted(anchored):
    done = anchored(
        lambda frame: frame.assign(visits=frame["logins"] % 3),
        lambda metrics: {**metrics, "visits": {"unit_factor": 60}},
        strength=5,
    )
    assert any("metric 'visits': unit_factor 60 changes nothing" in note for note in done.notes)


def test_the_folder_of_a_run_is_an_anchor_as_its_weights_file_is(tmp_path, quick, earlier):
    recipe = {**RECIPE, "anchor": {"file": str(earlier), "strength": 5}}
    done = calibrate(tiny.write(tmp_path, calibration=recipe), tmp_path / "run", track=False)
    again = calibrate(done.directory / "spec.yaml", tmp_path / "again", track=False)
    assert done.weights.digest == again.weights.digest


def test_a_folder_without_weights_is_no_anchor(tmp_path, quick):
    recipe = {**RECIPE, "anchor": {"file": "."}}
    with pytest.raises(FormulaError, match=r"calibration.anchor.file '.': there is no weights.json in this folder"):
        calibrate(tiny.write(tmp_path, calibration=recipe), tmp_path / "run", track=False)
