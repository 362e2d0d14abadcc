from __future__ import annotations

import numpy as np
import pytest

from chs_ml.errors import FitError
from chs_ml.fit.fitting import Candidate, Fitted, fit
from chs_ml.fit.lowering import formula_of
from chs_ml.fit.table import MetricPlan, read_table
from tests.fit import drawn


def log_odds_of(formula, frame):
    return formula.link.a + formula.link.b * formula.score(frame) / 100


def fitted(candidate, seed=0, plans=drawn.PLANS, rows=900) -> Fitted:
    table = drawn.frame(rows, seed)
    return fit(drawn.sample(table, drawn.retained(table, seed), plans), plans, candidate)


def ruled(rule):
    """The drawn plans with one rule for missing, and every direction of a curve that there is."""
    return tuple(MetricPlan(plan.name, plan.direction, rule) for plan in drawn.PLANS)


@pytest.mark.parametrize("candidate", [Candidate(1, 0.1), Candidate(8, 1.0), Candidate(16, 0.1, 10.0)], ids=str)
@pytest.mark.parametrize("rule", ["learned", "neutral", "zero", "worst"])
def test_the_formula_is_the_fit(candidate, rule):
    one = fitted(candidate, plans=ruled(rule))
    formula = formula_of(one).formula
    new = drawn.frame(10_000, seed=77)
    new.loc[:20, "plan"], new.loc[:20, "logins"], new.loc[10:30, "tickets"] = "enterprise", -1e12, np.nan
    expected = one.log_odds(read_table(new, one_plans(one)))
    np.testing.assert_allclose(log_odds_of(formula, new), expected, atol=1e-9)
    probability = 1 / (1 + np.exp(expected))
    np.testing.assert_allclose(formula.churn_probability(new), probability, atol=1e-12)
    assert sum(term.weight for term in formula.terms) == pytest.approx(1.0, abs=1e-12)


def one_plans(one):
    return tuple(metric.plan for metric in one.basis.metrics)


def test_what_is_worst_is_the_lowest_of_a_free_curve_and_of_levels():
    terms = {term.metric: term for term in formula_of(fitted(Candidate(8, 0.1), plans=ruled("worst"))).formula.terms}
    for name in ("nps", "plan"):
        assert terms[name].shape.missing == 0.0


def test_directions_pillars_and_origin_are_written_down():
    formula = formula_of(fitted(Candidate(8, 1.0)), {"logins": "usage"}).formula
    terms = {term.metric: term for term in formula.terms}
    assert terms["logins"].pillar == "usage"
    assert terms["tickets"].pillar == "engagement"
    assert [terms[name].direction for name in ("logins", "tickets", "plan")] == ["positive", "negative", "free"]
    assert {term.origin.kind for term in formula.terms} == {"learned"}
    assert terms["nps"].missing_learned
    assert not terms["logins"].missing_learned
    assert (np.diff(terms["logins"].shape.values) >= 0).all()
    assert (np.diff(terms["tickets"].shape.values) <= 0).all()


def test_a_metric_without_weight_is_left_out_and_named():
    """More logins are declared to be bad, which the data contradict: the sign holds, the weight is nothing."""
    plans = (MetricPlan("logins", "negative"), *drawn.PLANS[1:])
    lowered = formula_of(fitted(Candidate(1, 0.1), plans=plans))
    assert lowered.weightless == ("logins",)
    assert [term.metric for term in lowered.formula.terms] == ["tickets", "nps", "plan"]
    new = drawn.frame(500, seed=3)
    expected = fitted(Candidate(1, 0.1), plans=plans).log_odds(read_table(new, plans))
    np.testing.assert_allclose(log_odds_of(lowered.formula, new), expected, atol=1e-9)


def test_no_weight_at_all_is_no_formula():
    plans = (MetricPlan("logins", "negative"), MetricPlan("tickets", "positive"))
    with pytest.raises(FitError, match=r"no metric tells churned from retained .* wrong way round .* check directions"):
        formula_of(fitted(Candidate(1, 0.1), plans=plans))
