from __future__ import annotations

import re

import pytest

from chs_ml.errors import SpecError
from chs_ml.spec.splits import FixedSplit, Splits
from chs_ml.spec.when import When

METRICS = "  - {name: nps}\n  - {name: gender, role: audit}\n"
FIXED = FixedSplit(metric="nps", when=When(metric="logins", above=3.0))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("0", Splits(most=0)),
        ("5", Splits(most=5)),
        ("3.0", Splits(most=3)),
        ("{most: 3.0}", Splits(most=3)),
        ("[{metric: nps, when: {metric: logins, above: 3}}]", Splits(most=0, fixed=(FIXED,))),
        ("{most: 2, never: logins}", Splits(most=2, never=("logins",))),
        ("{fixed: [{metric: nps, when: {metric: logins, above: 3}}]}", Splits(most=3, fixed=(FIXED,))),
    ],
)
def test_a_number_a_list_or_all_of_it(load, said, meant):
    spec = load(f"{METRICS}calibration: {{splits: {said}}}\n")
    assert spec.calibration.splits == meant
    assert type(spec).model_validate(spec.resolved()).calibration.splits == meant


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (
            "-1",
            "calibration.splits: found '-1'; splits are a whole number from 0 to 20, a list of {metric, when}, or",
        ),
        ("many", "calibration.splits: found 'many'; splits are"),
        ("[{metric: nps}]", "calibration.splits[0].when: is missing"),
        ("{fixed: [{metric: nps}]}", "line 12: calibration.splits.fixed[0].when: is missing"),
        ("²", "calibration.splits: found '²'; splits are a whole number from 0 to 20"),
        ("9" * 5_000, "calibration.splits: found '999"),
        ("2.5", "calibration.splits: found '2.5'; splits are"),
        (
            "{most: 2, fixed: [{metric: gender, when: {metric: nps, above: 3}}]}",
            "calibration.splits.fixed[0].metric: found 'gender'",
        ),
        ("{fixed: [{metric: nps, when: {metric: plan, above: 3}}]}", "calibration.splits.fixed[0].when: metric 'plan'"),
        ("{mots: 3}", "calibration.splits.mots: unknown key. Did you mean 'most'?"),
        ("{never: [nsp]}", "calibration.splits.never[0]: found 'nsp'; no metric has this name. Did you mean 'nps'?"),
        (
            "[{metric: gender, when: {metric: nps, above: 3}}]",
            "calibration.splits[0].metric: found 'gender'; it has role: audit, and a split needs one",
        ),
        (
            "[{metric: nps, when: {metric: gender, level: f}}]",
            "calibration.splits[0].when: found metric 'gender'; a condition needs one with role: metric",
        ),
        (
            "[{metric: nps, when: {metric: plan, above: 3}}]",
            "calibration.splits[0].when: metric 'plan' is a category; it has levels, not numbers",
        ),
        ("[{metric: nps, when: {metric: nps, above: 3}}]", "calibration.splits[0].when: found 'nps' itself"),
        (
            "[{metric: nps, when: {metric: logins, above: 3}}, {metric: nps, when: {metric: plan, level: a}}]",
            "calibration.splits[1].metric: found 'nps' a second time; a metric is split once",
        ),
        (
            "{fixed: [{metric: nps, when: {metric: logins, above: 3}}], never: [logins]}",
            "calibration.splits.fixed[0]: found 'logins', which never takes part",
        ),
    ],
)
def test_what_is_wrong_is_named(load, said, problem):
    with pytest.raises(SpecError, match=re.escape(problem)):
        load(f"{METRICS}calibration: {{splits: {said}}}\n")
