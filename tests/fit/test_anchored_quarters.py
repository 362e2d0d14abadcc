"""What the anchor is for: weights that do not jump for no reason, and follow within two quarters where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from chs_ml.history.known_worlds import coverage_world
from tests.fit.quarters import calibrated, changed

WORLD = coverage_world(customers=4_000, cutoffs=1, effect=0.0)
NAMES = [metric.name for metric in WORLD.metrics]
SEEDS = range(400, 404)


@pytest.mark.slow
@pytest.mark.parametrize("ramps", [1, 8])
def test_in_a_world_that_does_not_change_weights_vary_less_than_half_as_much_and_the_loss_is_no_worse(ramps):
    """Standard deviation of a weight over five quarters, mean over metrics and seeds; measured: decision 010."""
    seen = [calibrated([WORLD] * 5, seed, ramps, fresh=20_000) for seed in SEEDS]
    alone, anchored = (
        np.array([getattr(one, how).std(axis=0, ddof=1) for one in seen]) for how in ("alone", "anchored")
    )
    loss = np.concatenate([one.loss[1:] for one in seen])
    assert anchored.mean() <= 0.5 * alone.mean()
    assert loss.mean() <= 0.0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "factor"), [("m3", 3.0), ("m1", 0.0), ("m2", 0.0)])
def test_where_a_metric_changes_the_anchored_weight_follows_within_two_quarters(name, factor):
    """The weight trebles or ends with the fourth quarter; the uncertainty is that of a quarter calibrated by itself.

    Measured: decision 010.
    """
    after = changed(WORLD, name, factor)
    seen = [calibrated([WORLD, WORLD, WORLD, after, after], seed) for seed in SEEDS]
    alone, anchored = (
        np.array([getattr(one, how)[:, NAMES.index(name)] for one in seen]) for how in ("alone", "anchored")
    )
    truth, error = alone[:, 3:].mean(), max(alone[:, :3].std(ddof=1), alone[:, 3:].std(ddof=1))
    away = np.abs(anchored[:, 3:] - truth) / error
    assert np.mean(away[:, 1] <= 1.96) >= 0.8
    assert np.sqrt(np.mean(away[:, 1] ** 2)) <= 1.3
