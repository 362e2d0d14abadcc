"""What gives cause for doubt is said, and a metric that separates keeps a finite, flagged weight."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chs_ml.fit.learning import learn, refit
from chs_ml.fit.lowering import weights_in
from chs_ml.fit.selection import Settings
from chs_ml.fit.table import MetricPlan
from tests.fit import drawn
from tests.fit.scrutiny.test_collinear import internet


@pytest.fixture(scope="module")
def leaking():
    """Days since the last login, counted on after customers had left, beside ordinary metrics."""
    table = drawn.frame(900, 6, gaps=False)
    outcome = drawn.retained(table, 6)
    draw = np.random.default_rng(1)
    table["days_since_login"] = np.where(outcome > 0, draw.integers(0, 30, 900), draw.integers(31, 90, 900)).astype(
        float
    )
    plans = (*drawn.PLANS, MetricPlan("days_since_login", "negative"))
    return drawn.sample(table, outcome, plans), plans


def test_a_metric_that_separates_keeps_a_finite_flagged_weight(leaking):
    sample, plans = leaking
    first = learn(sample, plans)
    for learned in (first, refit(sample, first.choice)):
        assert np.isfinite(learned.fitted.solution.beta).all()
        weights = weights_in(learned.fitted)
        assert weights["days_since_login"] > 0.3
        flagged = {term.metric: term.separates for term in learned.inference.terms}
        assert flagged.pop("days_since_login") == "complete"
        assert set(flagged.values()) <= {None}
        assert learned.doubts[0].startswith("days_since_login separates churned from retained customers (complete)")


def test_ordinary_metrics_give_no_doubt():
    table = drawn.frame(900, 6, gaps=False)
    learned = learn(drawn.sample(table, drawn.retained(table, 6)), drawn.PLANS)
    assert learned.doubts == ()


def test_shared_levels_are_told_together():
    table = internet()
    outcome = np.where(
        table.internet == "No", np.random.default_rng(0).random(1_200) < 0.9, drawn.retained(drawn.frame(1_200), 3)
    )
    plans = tuple(MetricPlan(name) for name in table.columns)
    learned = learn(drawn.sample(table, outcome.astype(float), plans), plans, Settings(evidence="all"))
    told = [doubt for doubt in learned.doubts if doubt.startswith("backup")]
    assert told == [
        "backup, security: 'No internet' stands in exactly the rows in which internet is 'No'. What goes with that is "
        "counted in internet alone, and is neutral here."
    ]


def test_too_few_events_for_supple_curves_are_told():
    table = drawn.frame(260, 4)
    outcome = np.ones(260)
    outcome[:24] = 0.0
    learned = learn(drawn.sample(table, outcome), drawn.PLANS)
    assert any("too few for the" in doubt for doubt in learned.doubts)
    assert learned.choice.candidate.ramps == 1


def test_a_missing_value_that_is_best_is_told():
    table = drawn.frame(1_500, 8)
    outcome = drawn.retained(table, 8)
    gone = table.nps.isna().to_numpy()
    outcome[gone] = np.random.default_rng(3).random(gone.sum()) < 0.93
    learned = learn(drawn.sample(table, outcome), drawn.PLANS)
    assert any(doubt.startswith("nps: customers without a value stay more often") for doubt in learned.doubts)


def test_two_of_the_same_one_stays_the_other_is_listed_and_none_is_clear():
    table = drawn.frame(1_500, 2, gaps=False)
    table.insert(1, "logins_per_week", table.logins / 4)
    plans = (drawn.PLANS[0], MetricPlan("logins_per_week", "positive"), *drawn.PLANS[1:])
    outcome = drawn.retained(table, 2)
    learned = learn(drawn.sample(table, outcome, plans), plans)
    (left,) = (one for one in learned.choice.left if one.why == "same information")
    assert (left.metric, left.together_with) == ("logins_per_week", ("logins",))
    logins = next(term for term in learned.inference.terms if term.metric == "logins")
    assert logins.z > 3
    assert (logins.verdict, logins.together_with) == ("weak", ("logins_per_week",))
    scores = [
        learned.fitted.log_odds(drawn.sample(table, outcome, [p.plan for p in learned.fitted.basis.metrics]).table)
    ]
    for dropped in ("logins", "logins_per_week"):
        rest = tuple(plan for plan in plans if plan.name != dropped)
        by_hand = learn(drawn.sample(table, outcome, rest), rest)
        kept = [metric.plan for metric in by_hand.fitted.basis.metrics]
        scores.append(by_hand.fitted.log_odds(drawn.sample(table, outcome, kept).table))
    np.testing.assert_allclose(scores[1], scores[0], atol=1e-7)
    np.testing.assert_allclose(scores[2], scores[0], atol=1e-7)


def test_keep_says_which_of_two_stays():
    table = pd.DataFrame(drawn.frame(1_500, 2, gaps=False)[["logins", "tickets"]])
    table["logins_per_week"] = table.logins / 4
    plans = tuple(MetricPlan(name) for name in table.columns)
    sample = drawn.sample(table, drawn.retained(drawn.frame(1_500, 2, gaps=False), 2), plans)
    learned = learn(sample, plans, Settings(keep=("logins_per_week",)))
    assert [one.metric for one in learned.choice.left if one.why == "same information"] == ["logins"]


def test_few_customers_are_told():
    table = drawn.frame(900, 6, gaps=False)
    outcome = drawn.retained(table, 6)
    few = learn(drawn.sample(table, outcome, groups=np.repeat(np.arange(60), 15)), drawn.PLANS)
    assert any("they rest on 60 customers. Bring 200" in doubt for doubt in few.doubts)
    weight = np.ones(900)
    weight[:20] = 60.0
    unequal = learn(drawn.sample(table, outcome, weight=weight * 900 / weight.sum()), drawn.PLANS)
    assert any("as 900 customers count very unequally" in doubt for doubt in unequal.doubts)


def test_near_twins_are_told_even_where_one_has_left():
    table = drawn.frame(1_500, 2, gaps=False)
    table.insert(1, "sessions", table.logins * np.random.default_rng(0).uniform(0.9, 1.1, 1_500))
    plans = (drawn.PLANS[0], MetricPlan("sessions", "positive"), *drawn.PLANS[1:])
    learned = learn(drawn.sample(table, drawn.retained(table, 2), plans), plans)
    assert any("sessions" in doubt and "say nearly the same (r = .9" in doubt for doubt in learned.doubts)
