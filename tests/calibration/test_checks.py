"""`check` of a whole calibration: what stops it besides the table."""

from __future__ import annotations

import json

import numpy as np
import pytest

from chs_ml import load_spec
from chs_ml.calibration.checks import examine
from tests import tiny


@pytest.fixture
def found(tmp_path, done):
    """Check the tiny table, changed, with this anchor, file or edit of last quarter's, and these recipe's keys."""

    def examined(edit=None, frame=None, metrics=(), **changes):
        file = json.loads((done.directory / "weights.json").read_text(encoding="utf-8"))
        (tmp_path / "old.json").write_text(json.dumps(file if edit is None else edit(file)), encoding="utf-8")
        changes.setdefault("calibration", {"anchor": {"file": "old.json"}})
        spec = tiny.write(tmp_path, frame, metrics=[*tiny.SPEC["metrics"], *metrics], **changes)
        return [(one.severity, one.code, str(one)) for one in examine(load_spec(spec)).findings]

    return examined


def test_an_anchor_that_serves_is_no_finding(found):
    assert found() == []


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda file: {**file, "version": "2.0"}, "'old.json': version 2.0 is not known"),
        (lambda file: {**file, "format": "x"}, "no weights file of chs_ml. Give the weights.json of a run."),
        (lambda file: {**file, "digest": "0" * 64}, "the formula was edited after it was written"),
        (lambda file: {**file, "formula": {**file["formula"], "link": None}, "digest": None}, "has no link to churn"),
    ],
)
def test_a_file_that_is_no_anchor_is_an_error_by_the_name_it_has_in_the_spec(found, edit, problem):
    [(severity, code, said)] = found(edit)
    assert (severity, code) == ("error", "bad-anchor")
    assert said.startswith("calibration.anchor.file 'old.json'") and problem in said


@pytest.mark.parametrize(("file", "problem"), [("gone.json", "No such file"), (".", "no weights.json in this folder")])
def test_a_file_that_is_not_there_is_an_error(found, file, problem):
    [(severity, _, said)] = found(calibration={"anchor": {"file": file}})
    assert severity == "error" and f"calibration.anchor.file '{file}'" in said and problem in said
    [(severity, code, said)] = found(calibration={}, baseline={"formula": file})
    assert (severity, code) == ("error", "bad-baseline") and f"baseline.formula '{file}'" in said


def test_units_and_pasts_are_held_against_the_anchor(found):
    frame = tiny.customers()
    frame["tenure"] *= 100
    frame["visits"] = frame["logins"] % 3
    said = found(frame=frame, metrics=[{"name": "visits", "was": "loginz", "unit_factor": 2}])
    assert [(severity, code) for severity, code, _ in said] == [("error", "bad-anchor")] * 2 + [
        ("warning", "anchor-note")
    ]
    for part, (*_, text) in zip(("'loginz'", "another unit", "changes nothing"), said, strict=True):
        assert part in text


def test_pasts_are_held_against_the_anchor_where_the_table_is_damaged_as_well(found):
    said = found(frame=tiny.customers().assign(visits=1), metrics=[{"name": "visits", "was": "loginz"}])
    assert len(said) == 2 and "'loginz'" in said[1][2]


@pytest.mark.parametrize(
    ("revenue", "problem"),
    [
        (lambda frame: 0 * frame["tenure"], "every weight is 0, so that no row counts"),
        (lambda frame: np.where(frame["left"] == "yes", 5, 0), "those with a weight are all churned"),
    ],
)
def test_revenue_that_leaves_nothing_to_learn_is_an_error(found, revenue, problem):
    frame = tiny.customers()
    frame["money"] = revenue(frame)
    [(severity, code, said)] = found(
        frame=frame,
        calibration={"row_weights": {"revenue": True}},
        data={**tiny.SPEC["data"], "revenue": "money"},
    )
    assert (severity, code) == ("error", "row-weights") and problem in said


def test_a_holdout_that_takes_every_row_is_an_error(found):
    frame = tiny.customers().assign(quarter="2025-06-30")
    [(severity, code, said)] = found(
        frame=frame,
        calibration={},
        data={**tiny.SPEC["data"], "cutoff": "quarter"},
        validation={"holdout": {"from": "2020-01-01"}},
    )
    assert (severity, code) == ("error", "empty-part") and "Choose another share or date." in said
