from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import logit

from chs_ml.formula import Condition, Curve
from chs_ml.history.demo.company import Company
from chs_ml.history.demo.truth import CHURN, Planted, PlantedTerm, planted_in
from chs_ml.spec import load_spec


def test_the_panel_of_the_files_follows_the_planted_log_odds(written):
    churned = written.panel["churned"].to_numpy()
    fit = sm.Logit(churned, sm.add_constant(logit(written.true_churn))).fit(disp=0)
    assert np.abs(fit.params - [0.0, 1.0]) / fit.bse == pytest.approx([0.0, 0.0], abs=3.0)
    assert fit.bse[1] < 0.06
    brier, expected = np.mean((churned - written.true_churn) ** 2), written.true_churn * (1 - written.true_churn)
    assert brier == pytest.approx(expected.mean(), rel=0.08)


def test_no_term_says_more_than_was_planted(written):
    """Score tests: given the truth, no metric's values tell more about who churned."""
    churned, expected = written.panel["churned"].to_numpy(), written.true_churn
    names = [term["metric"] for term in written.truth["terms"] if term["kind"] == "curve"]
    values = written.panel[list(dict.fromkeys(names))].rank(pct=True).fillna(0.0)
    scores = values.sub(values.mean()).mul(churned - expected, axis=0).sum()
    spread = np.sqrt(values.sub(values.mean()).pow(2).mul(expected * (1 - expected), axis=0).sum())
    assert np.abs(scores / spread).max() < 3.6


def test_churn_is_near_the_aim_and_as_reported(written):
    assert written.demo.churn_rate == pytest.approx(CHURN, abs=0.02)
    counted = written.panel.groupby("cutoff")["churned"].agg(["size", "sum"])
    assert tuple(counted["size"]) == written.demo.at_risk
    assert tuple(counted["sum"]) == written.demo.churned
    assert [(row["customers"], row["churned"]) for row in written.truth["cutoffs"]] == [
        *zip(written.demo.at_risk, written.demo.churned, strict=True)
    ]


def test_every_metric_of_the_spec_has_its_truth_and_direction(written):
    spec = load_spec(written.demo.spec)
    directions = {term["metric"]: term["direction"] for term in written.truth["terms"]}
    assert directions == {m.name: "free" if m.kind == "category" else m.direction for m in spec.metrics}
    pillars = {term["metric"]: term["pillar"] for term in written.truth["terms"]}
    assert pillars == {metric.name: metric.pillar for metric in spec.metrics}
    kinds = {kind for metric in spec.metrics for kind in metric.kinds}
    wanted = "count days_active sum mean last recency trend share distinct per tenure open days_late days_until survey"
    assert kinds == set(wanted.split())
    assert sum(term["weight"] for term in written.truth["terms"]) == pytest.approx(1.0, abs=1e-4)


def test_metrics_vary_and_hang_together_moderately(written):
    metrics = written.panel.drop(columns=["customer", "cutoff", "churned", "plan", "segment"], errors="ignore")
    metrics = metrics.select_dtypes("number")
    assert metrics.drop(columns=["revenue", "touched"], errors="ignore").rank().std().min() > 0.1 * len(metrics)
    healths = metrics[[m for m in planted_weights(written) if m in metrics]]
    assert healths.corr("spearman").abs().where(lambda c: c < 0.999).max().max() < 0.85


def planted_weights(written) -> list[str]:
    return list(dict.fromkeys(term["metric"] for term in written.truth["terms"] if term["log_odds"] > 0))


def test_a_split_term_stands_at_otherwise_where_its_condition_does_not_hold():
    curve = Curve((0.0, 4.0), (1.0, 0.0), 1.0)
    term = PlantedTerm("tickets", "support", "negative", 2.0, curve, Condition("plan", level="basic"))
    panel = {
        "tickets": np.array([0.0, 4.0, 4.0, np.nan]),
        "plan": np.array(["basic", "basic", "team", "basic"], object),
    }
    assert term.log_odds(panel).tolist() == [2.0, 0.0, 2.0, 2.0]
    assert Planted((term,), -1.0).churn(panel)[1] == pytest.approx(1 / (1 + np.exp(-1.0)))


def test_an_intervention_adds_what_it_is_said_to():
    planted = planted_in(Company(10, intervention_effect=0.7))
    row = {term.metric: np.array(["basic"], object) if term.metric == "plan" else np.zeros(1) for term in planted.terms}
    [with_one], [without] = (planted.log_odds(row, np.array([flag])) for flag in (True, False))
    assert with_one - without == pytest.approx(0.7)


def test_curves_over_logins_stretch_with_activity():
    def knots(activity: float) -> np.ndarray:
        terms = planted_in(Company(10, activity=activity)).terms
        return np.array(next(term for term in terms if term.metric == "logins_per_seat").health.knots)

    assert knots(9.0)[1:] / knots(1.0)[1:] == pytest.approx([5.0, 5.0])
