"""Nobody is judged by customers whom it has seen: a trial is held against the formula that was judged last time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chs_ml import Formula, WeightsFile, calibrate, load_spec
from chs_ml.calibration import earlier
from chs_ml.calibration.earlier import earlier_named, within_limit
from chs_ml.formula import Range, formula_from_dict, write_formula
from tests import tiny

RECIPE = {"ramps": 8, "strength": {"size": 0.1}, "evidence": "all"}
FIRST = Path(__file__).parents[1] / "formula" / "files" / "first.json"
SEEN = "it was learned from customers who are held out here"


@pytest.fixture(scope="module")
def last(tmp_path_factory):
    """A calibration that overfits, with its table beside it; only read."""
    folder = tmp_path_factory.mktemp("last")
    return calibrate(tiny.write(folder, calibration=RECIPE), folder / "run", track=False)


@pytest.fixture
def found(tmp_path, last):
    """What a spec with these validations finds in last quarter's file once its parts are changed."""

    def find(change=lambda reference: reference, seed=0, training=None, created="2026-04-02T09:00:00Z", **holdout):
        weights = replace(last.weights, reference=change(last.weights.reference), created=created)
        weights = replace(weights, training=weights.training if training is None else training)
        weights.save(tmp_path / "weights.json")
        data = {**tiny.SPEC["data"], "cutoff": "month"} if "from" in holdout else tiny.SPEC["data"]
        spec = tiny.respec(
            tmp_path,
            data=data,
            calibration={**RECIPE, "seed": seed},
            validation={"holdout": holdout or {"customers": 0.3}},
        )
        return earlier_named(load_spec(spec), "calibration.anchor.file", "weights.json")

    return find


def without_judged(weights: WeightsFile) -> WeightsFile:
    """The file as earlier versions wrote it."""
    return replace(weights, reference={key: part for key, part in weights.reference.items() if key != "judged"})


def judged_by(weights: WeightsFile) -> Formula:
    return formula_from_dict(weights.reference["judged"]["formula"])


def again(last, folder, weights, **changes):
    """Calibrate the same table beside this weights file."""
    folder.mkdir()
    weights.save(folder / "weights.json")
    spec = tiny.write(folder, **{"calibration": RECIPE, **changes})
    return calibrate(spec, folder / "run", track=False)


def test_a_table_gains_nothing_on_its_holdout_from_its_own_formula(last, tmp_path, quick):
    anchored = {"calibration": {**RECIPE, "anchor": {"file": "weights.json", "strength": 50}}}
    clean = again(last, tmp_path / "clean", last.weights, **anchored)
    flattered = again(last, tmp_path / "flattered", without_judged(last.weights), **anchored)
    alone = last.evaluation.holdout.log_loss
    assert clean.evaluation.holdout.log_loss == pytest.approx(alone, abs=1e-6)
    assert flattered.evaluation.holdout.log_loss < alone - 0.02, "else this test could not fail"
    assert clean.evaluation.choices["anchor"]["seen_holdout"] is False
    assert not [note for note in clean.notes if "flatter" in note]
    said = json.loads((flattered.directory / "evaluation.json").read_text(encoding="utf-8"))
    assert said["choices"]["anchor"]["seen_holdout"] is True
    assert [note for note in flattered.notes if f"'weights.json': the figures may flatter, as {SEEN}" in note]
    assert "judged" not in flattered.weights.reference, "its trial knows the holdout by its anchor"


def test_an_identical_calibration_is_exactly_as_good_as_its_own_file(last, tmp_path, quick):
    same = again(last, tmp_path / "same", last.weights, baseline={"formula": "weights.json"})
    assert same.weights.digest == last.weights.digest
    current = same.evaluation.baselines["current"]
    assert [current.minus_formula[figure].difference for figure in ("auc", "log_loss")] == [0.0, 0.0]
    assert "note" not in same.evaluation.as_dict()["baselines"]["current"]


def test_a_baseline_that_has_seen_the_holdout_is_said_to(last, tmp_path, quick):
    run = again(last, tmp_path / "other", without_judged(last.weights), baseline={"formula": "weights.json"})
    current = run.evaluation.as_dict()["baselines"]["current"]
    assert current["minus_formula"]["log_loss"]["difference"] < 0.0
    assert current["note"].startswith(f"baseline 'weights.json': its figures may flatter it, as {SEEN}")
    assert current["note"] in run.notes


def test_the_trial_is_pulled_to_what_was_judged_and_the_shipped_formula_to_what_shipped(last, tmp_path, quick):
    anchored = {"calibration": {**RECIPE, "anchor": {"file": "weights.json", "strength": 1e6}}}
    run, frame = again(last, tmp_path / "next", last.weights, **anchored), tiny.customers()

    def apart(one, other):
        return np.abs(one.churn_probability(frame) - other.churn_probability(frame)).mean()

    assert apart(last.formula, judged_by(last.weights)) > 0.02
    assert apart(run.formula, last.formula) < 0.005
    assert apart(judged_by(run.weights), judged_by(last.weights)) < 0.005


def test_the_file_keeps_what_was_judged_and_the_digest_does_not_know(last):
    kept = last.weights.reference["judged"]
    assert kept["holdout"] == {"seed": 0, "customers": 0.3}
    assert judged_by(last.weights).digest == last.weights.training["evaluated_formula"]
    assert without_judged(last.weights).digest == last.weights.digest
    assert "customer-1" not in json.dumps(kept)


@pytest.mark.parametrize("share", [0.3, 0.2])
def test_who_is_held_out_now_was_held_out_then(found, last, share):
    there = found(customers=share)
    assert there.trial == judged_by(last.weights) and there.seen is None


def kept_as(**parts):
    return lambda reference: {**reference, "judged": {**reference["judged"], **parts}}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda reference: {}, "keeps no formula"),
        (lambda reference: {"judged": ["?"]}, "keeps no formula"),
        (kept_as(shipped="0" * 64), "no longer the one that was judged"),
        (kept_as(holdout={"seed": True, "customers": 0.3}), "judged on another holdout"),
        (kept_as(holdout={"seed": 0, "customers": "0.3"}), "judged on another holdout"),
        (kept_as(holdout=None), "judged on another holdout"),
        (kept_as(formula=None), "formula: must be an object, not null"),
        (kept_as(formula={"terms": [7]}), "formula"),
        (lambda r: kept_as(formula={**r["judged"]["formula"], "link": None})(r), "has no link to churn"),
    ],
)
def test_a_paper_that_does_not_serve_is_no_error_but_a_note(found, last, change, why):
    there = found(change)
    assert there.trial == last.formula
    assert there.seen.startswith(SEEN) and why in there.seen


@pytest.mark.parametrize("spec", [{"seed": 1}, {"customers": 0.31}])
def test_others_are_held_out_now(found, last, spec):
    there = found(**spec)
    assert there.trial == last.formula and "another holdout" in there.seen


@pytest.mark.parametrize(
    ("newest", "before", "taken"),
    [
        ("2025-12-01", None, "shipped, older than all that is held out"),
        ("2026-01-01", None, "shipped, seen"),
        ("2026-01-01", "2025-10-01", "judged, older than all that is held out"),
        ("2026-01-01", "2026-02-01", "shipped, seen"),
        ("2026-01-01", "soon", "shipped, seen"),
    ],
)
def test_a_holdout_by_time(found, last, newest, before, taken):
    change = kept_as(holdout={"from": before}) if before else lambda reference: reference
    there = found(change, training={"newest_cutoff": newest}, **{"from": "2026-01-01"})
    assert there.trial == (last.formula if taken.startswith("shipped") else judged_by(last.weights))
    assert ("it may have been learned from rows that are held out here" in (there.seen or "")) == ("seen" in taken)
    assert (there.seen is None) == ("seen" not in taken)


@pytest.mark.parametrize(("created", "seen"), [("2025-12-31T23:00:00Z", False), ("2026-01-01", True), (None, True)])
def test_without_a_newest_row_the_day_of_its_making_counts(found, created, seen):
    assert (found(training={}, created=created, **{"from": "2026-01-01"}).seen is not None) == seen


def test_a_formula_written_by_hand_has_seen_nobody(tmp_path):
    WeightsFile(write_formula({"tenure": Range(1.0, worst=0, best=60)}), "by hand").save(tmp_path / "hand.json")
    there = earlier_named(load_spec(tiny.write(tmp_path)), "baseline.formula", "hand.json")
    assert there.seen is None and there.trial.link is None


def test_the_first_file_ever_written_still_serves(tmp_path):
    (tmp_path / "first.json").write_bytes(FIRST.read_bytes())
    there = earlier_named(load_spec(tiny.write(tmp_path)), "calibration.anchor.file", "first.json")
    assert there.trial == WeightsFile.load(FIRST).formula and "keeps no formula" in there.seen


def test_a_file_that_would_be_too_large_goes_without(last, monkeypatch):
    assert within_limit(last.weights) is last.weights
    monkeypatch.setattr(earlier, "LARGEST_FILE", len(last.weights.dumps().encode()) - 1)
    small = within_limit(last.weights)
    assert "judged" not in small.reference and "mean_health" in small.reference
    assert small.training["doubts"][-1].startswith("the judged formula was left out")
    assert "judged" in last.weights.reference


def test_a_file_judged_by_time_says_from_when_and_how_far_it_has_learned(tmp_path, quick):
    frame = tiny.customers()
    frame["month"] = np.where(np.arange(len(frame)) % 3 == 0, "2026-02-01", "2025-11-01")
    data, validation = {**tiny.SPEC["data"], "cutoff": "month"}, {"holdout": {"from": "2026-01-15"}}
    weights = calibrate(
        tiny.write(tmp_path, frame, data=data, validation=validation), tmp_path / "run", track=False
    ).weights
    assert weights.reference["judged"]["holdout"] == {"from": "2026-01-15"}
    assert (weights.training["newest_cutoff"], weights.training["cutoff"]) == ("2026-02-01", "month")
