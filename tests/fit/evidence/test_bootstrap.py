"""The slow cross-check: whole customers drawn again say the same as the closed form."""

from __future__ import annotations

import numpy as np
import pytest

from chs_ml.fit.evidence.bootstrap import resamples, standard_errors, staying
from chs_ml.fit.evidence.companion import companion_of
from chs_ml.fit.evidence.contrasts import contrasts_of, signs_of
from chs_ml.fit.fitting import Candidate, Sample, fit
from chs_ml.fit.learning import learn
from chs_ml.fit.selection import Settings
from chs_ml.fit.table import MetricPlan, read_table
from chs_ml.history.known_worlds import coverage_world
from chs_ml.history.simulate import simulate
from tests.fit import drawn
from tests.fit.test_real_tables import telco


def test_a_customer_is_drawn_with_all_of_its_rows():
    table = drawn.frame(300, 1)
    sample = drawn.sample(table, drawn.retained(table, 1), groups=np.repeat(np.arange(100), 3))
    for weight in resamples(sample, 5, 0):
        assert weight.sum() == 300
        counts = weight.reshape(100, 3)
        assert (counts == counts[:, :1]).all()
        assert counts.max() >= 2
        assert counts.min() == 0


@pytest.mark.slow
def test_widths_where_rows_of_a_customer_hang_together():
    world = coverage_world(1000, 6, 2.0)
    panel = simulate(world, 5).panel
    plans = [MetricPlan(metric.name, metric.direction) for metric in world.metrics]
    sample = Sample(read_table(panel.metrics, plans), 1.0 - panel.churned, np.ones(panel.rows), panel.customer)
    fitted = fit(sample, plans, Candidate(8, 1.0))
    companion = companion_of(sample, fitted.basis, fitted.solution.beta)
    contrasts = contrasts_of(companion, signs_of(fitted))
    ratios = [c.standard_error for c in contrasts] / standard_errors(sample, companion, contrasts, 200)
    assert 0.9 < np.mean(ratios) < 1.1


@pytest.mark.slow
def test_widths_on_telco(chs_data):
    """Measured with 400 draws: benchmarks/results/bootstrap.md; here 120, whose own error is 6 %."""
    table, churned = telco(chs_data)
    plans = [MetricPlan(name) for name in table.columns]
    sample = drawn.sample(table, 1.0 - churned, plans)
    learned = learn(sample, plans, Settings(ramps=8, size=1.0, bend=0.0))
    kept = sample.of(learned.choice.plans)
    companion = companion_of(kept, learned.fitted.basis, learned.fitted.solution.beta)
    contrasts = contrasts_of(companion, signs_of(learned.fitted))
    ratios = [c.standard_error for c in contrasts] / standard_errors(kept, companion, contrasts, 120)
    assert 0.92 < np.mean(ratios) < 1.08
    assert np.min(ratios) > 0.75
    assert np.max(ratios) < 1.3


@pytest.mark.slow
def test_what_matters_is_kept_in_every_draw_and_noise_is_not():
    table = drawn.frame(1_000, 4, gaps=False)
    outcome = drawn.retained(table, 4)
    table["noise"] = np.random.default_rng(9).random(1_000)
    plans = (*drawn.PLANS, MetricPlan("noise", "positive"))
    often = staying(drawn.sample(table, outcome, plans), plans, Settings(ramps=8, size=1.0, bend=0.0), 20)
    assert min(often["logins"], often["tickets"]) >= 0.9
    assert often["noise"] < 0.8
