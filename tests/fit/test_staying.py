"""A metric that went against its direction is asked again when others came back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chs_ml.fit.evidence.companion import companion_of
from chs_ml.fit.evidence.contrasts import contrasts_of, signs_of
from chs_ml.fit.evidence.leaving import Left
from chs_ml.fit.fitting import fit
from chs_ml.fit.learning import learn
from chs_ml.fit.selection import Settings
from chs_ml.fit.staying import heard_again
from chs_ml.fit.table import MetricPlan
from tests.fit.splits import worlds

PLANS = (
    MetricPlan("usage", "positive"),
    MetricPlan("calls", "negative"),
    MetricPlan("plan"),
    MetricPlan("noise", "negative"),
)


@pytest.fixture(scope="module")
def learned():
    sample = worlds.sample(1_500, plans=PLANS, turned=False)
    return sample, learn(sample, PLANS, Settings(evidence="all", splits=0, folds=3))


def test_what_was_said_beside_others_is_said_anew(learned):
    sample, found = learned
    stay = tuple(plan for plan in PLANS if plan.name != "noise")
    fitted = fit(sample.of(PLANS), PLANS, found.choice.candidate)
    [fresh] = [
        one
        for one in contrasts_of(companion_of(sample.of(PLANS), fitted.basis, fitted.solution.beta), signs_of(fitted))
        if one.metric == "noise"
    ]
    against = replace(fresh, estimate=-9.0)
    kept = Left("plan", "no evidence")
    choice = replace(found.choice, plans=stay, left=(Left("noise", "no weight", against), kept))
    again = heard_again(sample, choice, PLANS)
    assert again.left[0].contrast.estimate == pytest.approx(fresh.estimate, rel=1e-6)
    assert again.left[1] is kept


def test_what_did_not_go_against_is_left_as_it_was(learned):
    sample, found = learned
    choice = replace(found.choice, left=(Left("noise", "no weight"), Left("plan", "no evidence")))
    assert heard_again(sample, choice, PLANS).left == choice.left
