"""Wishes inside the fit: held exactly, no dearer than they must be, refused where they cannot be met."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from chs_ml.errors import FitError
from chs_ml.fit.fitting import Candidate, fit, objective_of
from chs_ml.fit.lowering import formula_of
from chs_ml.fit.table import MetricPlan
from chs_ml.fit.wishes.extents import weights_at
from chs_ml.fit.wishes.pins import fit_pinned
from chs_ml.formula import WeightsFile
from chs_ml.formula.wishes import Wish, Wishes
from tests.fit import drawn

PILLARS = {"logins": "usage", "tickets": "support", "nps": "voice", "plan": "usage"}
CANDIDATES = [Candidate(1, 0.1), Candidate(8, 1.0), Candidate(8, 0.1, 10.0)]
DIRECTED = (
    MetricPlan("logins", "positive"),
    MetricPlan("tickets", "negative"),
    MetricPlan("nps", "positive", "neutral"),
)


def wish(least=0.0, most=1.0):
    return Wish(least, most, "Olena", "the board")


def wishes(pillars=None, **metrics):
    return Wishes(metrics, pillars or {}, PILLARS)


def drawn_sample(seed, plans=drawn.PLANS, rows=1_500):
    table = drawn.frame(rows, seed)
    return drawn.sample(table, drawn.retained(table, seed), plans)


WISHES = {
    "a curve": wishes(logins=wish(0.5, 0.5)),
    "a curve, downwards": wishes(tickets=wish(0.5)),
    "levels": wishes(plan=wish(0.45)),
    "a free curve with a learned missing value": wishes(nps=wish(0.5, 0.6)),
    "less": wishes(nps=wish(0.0, 0.05), plan=wish(0.0, 0.05)),
    "a pillar": wishes({"usage": wish(0.7, 0.7)}),
    "a pillar and one of its metrics": wishes({"usage": wish(0.0, 0.2)}, logins=wish(0.15)),
    "everything": wishes(logins=wish(0.1, 0.1), tickets=wish(0.2, 0.2), nps=wish(0.3, 0.3), plan=wish(0.4, 0.4)),
    "one of them nothing": wishes(tickets=wish(0.0, 0.0), plan=wish(0.3)),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("candidate", CANDIDATES, ids=str)
@pytest.mark.parametrize("wished", WISHES.values(), ids=WISHES)
def test_wishes_hold_exactly_in_the_formula(wished, candidate, seed):
    fitted = fit_pinned(drawn_sample(seed), drawn.PLANS, candidate, wished)
    formula = formula_of(fitted).formula
    weights = {term.metric: term.weight for term in formula.terms}
    for name, one in wished.metrics.items():
        assert one.least - 1e-9 <= weights.get(name, 0.0) <= one.most + 1e-9
    for pillar, one in wished.pillars.items():
        together = sum(weight for name, weight in weights.items() if PILLARS[name] == pillar)
        assert one.least - 1e-9 <= together <= one.most + 1e-9
    shapes = {term.metric: term.shape for term in formula.terms}
    assert "logins" not in shapes or (np.diff(shapes["logins"].values) >= 0).all()
    assert "tickets" not in shapes or (np.diff(shapes["tickets"].values) <= 0).all()
    assert fitted.solution.kkt <= 1e-9


def test_a_wish_that_is_met_anyway_changes_nothing_but_the_origin():
    sample = drawn_sample(0)
    plain = fit(sample, drawn.PLANS, CANDIDATES[1])
    pinned = fit_pinned(sample, drawn.PLANS, CANDIDATES[1], wishes(logins=wish(0.1)))
    np.testing.assert_array_equal(pinned.solution.beta, plain.solution.beta)
    assert set(pinned.origins) == {"logins"}


def test_without_wishes_it_is_the_plain_fit():
    sample = drawn_sample(0)
    plain = fit(sample, drawn.PLANS, CANDIDATES[1])
    np.testing.assert_array_equal(
        fit_pinned(sample, drawn.PLANS, CANDIDATES[1], Wishes()).solution.beta, plain.solution.beta
    )


def brute_force(sample, plans, candidate, wished):
    """The same with scipy's SLSQP on the dense design, the ranges as they are in its constraints, from three starts."""
    plain = fit(sample, plans, candidate)
    objective, basis = objective_of(sample, plain.basis, candidate), plain.basis
    design, layout = drawn.dense(basis, sample.table), basis.layout
    penalty, weight, stayed = objective.penalty, sample.weight, sample.retained

    def value(beta):
        eta = design @ beta
        slope = design.T @ (weight * (expit(eta) - stayed))
        part, more = penalty.at(beta)
        return float(weight @ (np.logaddexp(0, eta) - stayed * eta)) + part, slope + more

    def ranges(beta):
        found = []
        for at, metric in enumerate(basis.metrics):
            own = beta[layout.columns_of(at)]
            heights = [*metric.contributions(own), *[metric.missing_design @ own] * metric.missing_learned]
            found.append(np.ptp(heights))
        return np.array(found)

    def room(beta):
        parts, gaps = dict(zip((plan.name for plan in plans), ranges(beta), strict=True)), []
        groups = [([name], one) for name, one in wished.metrics.items()]
        groups += [(wished.members(pillar, parts), one) for pillar, one in wished.pillars.items()]
        for members, one in groups:
            part, total = sum(parts[name] for name in members), sum(parts.values())
            gaps += [part - one.least * total] * (one.least > 0) + [one.most * total - part] * (one.most < 1)
        return np.array(gaps)

    lower, upper = basis.bounds()
    bounds, found = list(zip(lower, upper, strict=True)), []
    for share in (1.0, 0.5, 0.1):
        start = np.append(plain.solution.beta[:1], plain.solution.beta[1:] * share)
        one = minimize(
            value, start, jac=True, method="SLSQP", bounds=bounds,
            constraints={"type": "ineq", "fun": room}, options={"ftol": 1e-13, "maxiter": 300},
        )  # fmt: skip
        if room(one.x).min() > -1e-7:
            found.append((one.fun, ranges(one.x) / ranges(one.x).sum()))
    return min(found, key=lambda pair: pair[0])


@pytest.mark.parametrize(
    ("plans", "candidate", "wished"),
    [
        (DIRECTED, Candidate(1, 0.1), wishes(logins=wish(0.6, 0.6))),
        (DIRECTED, Candidate(4, 1.0), wishes(tickets=wish(0.5))),
        (DIRECTED, Candidate(4, 0.5, 3.0), wishes(tickets=wish(0.0, 0.1), nps=wish(0.5, 0.5))),
        (DIRECTED, Candidate(4, 1.0), wishes({"usage": wish(0.2, 0.2)})),
        (drawn.PLANS, Candidate(1, 0.5), wishes(plan=wish(0.4, 0.4))),
        (drawn.PLANS, Candidate(1, 0.5), wishes({"usage": wish(0.0, 0.3)}, nps=wish(0.4))),
        (drawn.PLANS, Candidate(1, 1.0, 3.0), wishes(nps=wish(0.1), plan=wish(0.57))),
    ],
)
def test_the_price_is_that_of_a_brute_force_refit(plans, candidate, wished):
    sample = drawn_sample(5, plans, rows=500)
    ours = fit_pinned(sample, plans, candidate, wished)
    value, weights = brute_force(sample, plans, candidate, wished)
    assert ours.solution.objective == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(list(weights_at(ours.basis, ours.solution.beta).values()), weights, atol=1e-4)


def test_a_pinned_metric_of_pure_noise_stays_with_its_sign():
    sample = drawn_sample(1)
    against = (MetricPlan("logins", "negative"), *drawn.PLANS[1:])
    assert "logins" in formula_of(fit(sample, against, CANDIDATES[1])).weightless
    formula = formula_of(fit_pinned(sample, against, CANDIDATES[1], wishes(logins=wish(0.1)))).formula
    (term,) = [term for term in formula.terms if term.metric == "logins"]
    assert term.weight == pytest.approx(0.1, abs=1e-9)
    assert (np.diff(term.shape.values) <= 0).all()


def test_terms_say_who_pinned_them_and_the_file_reads_back(tmp_path):
    wished = wishes({"usage": wish(0.7, 0.7)}, tickets=Wish(0.05, 1.0, "Ivan", "audit"))
    formula = formula_of(fit_pinned(drawn_sample(2), drawn.PLANS, CANDIDATES[1], wished), PILLARS).formula
    origins = {term.metric: (term.origin.kind, term.origin.by) for term in formula.terms}
    assert origins == {
        "logins": ("pinned", "Olena"),
        "plan": ("pinned", "Olena"),
        "tickets": ("pinned", "Ivan"),
        "nps": ("learned", None),
    }
    text = WeightsFile(formula=formula, name="pinned").dumps()
    assert WeightsFile.loads(text, "weights.json").formula == formula


def test_a_pillar_s_wish_that_does_not_bind_pins_nobody():
    fitted = fit_pinned(drawn_sample(2), drawn.PLANS, CANDIDATES[1], wishes({"usage": wish(0.1)}))
    assert fitted.origins == {}


def test_a_metric_that_nothing_can_be_learned_from_can_have_no_weight():
    table = drawn.frame(500, 0).assign(tickets=3.0)
    sample = drawn.sample(table, drawn.retained(table, 0))
    with pytest.raises(FitError, match=r"'tickets': found a wished weight of at least 0.3, but .* can be met: 0"):
        fit_pinned(sample, drawn.PLANS, CANDIDATES[1], wishes(tickets=wish(0.3)))
    with pytest.raises(FitError, match=r"maxima of all metrics .* in proportion: pillar usage 0.5, nps 0.5"):
        fit_pinned(sample, drawn.PLANS, CANDIDATES[1], wishes({"usage": wish(0.0, 0.4)}, nps=wish(0.0, 0.4)))


def test_a_wish_that_leaves_no_formula_is_refused_with_the_nearest_that_leaves_one():
    """More logins are declared to be bad, and are to be nearly all that counts: better no formula than that one."""
    sample, against = drawn_sample(1), (MetricPlan("logins", "negative"), *drawn.PLANS[1:])
    with pytest.raises(
        FitError, match=r"logins at least 0.95 cannot be met.* can be met: logins at least 0\."
    ) as refused:
        fit_pinned(sample, against, Candidate(1, 0.1), wishes(logins=wish(0.95)))
    nearest = float(str(refused.value).rstrip(".").rsplit(" ", 1)[1])
    assert 0.1 < nearest < 0.95
    met = formula_of(fit_pinned(sample, against, Candidate(1, 0.1), wishes(logins=wish(nearest)))).formula
    assert met.terms[0].weight == pytest.approx(nearest, abs=1e-9)
    with pytest.raises(FitError, match="cannot be met"):
        fit_pinned(sample, against, Candidate(1, 0.1), wishes(logins=wish(nearest + 0.002)))


def test_where_no_metric_has_a_weight_the_wish_is_not_to_blame():
    sample, against = drawn_sample(1), (MetricPlan("logins", "negative"), MetricPlan("tickets", "positive"))
    fitted = fit_pinned(sample.of(against), against, Candidate(1, 0.1), wishes(logins=wish(0.5)))
    with pytest.raises(FitError, match="no metric tells churned from retained customers"):
        formula_of(fitted)
