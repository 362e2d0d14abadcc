"""Rows in which usage works the other way round for whoever called more than three times, and rows in which not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chs_ml.fit.fitting import Sample
from chs_ml.fit.folds import folds_of
from chs_ml.fit.table import MetricPlan, read_table
from chs_ml.fit.trial import Trial

AUTO = (MetricPlan("usage"), MetricPlan("calls"), MetricPlan("plan"), MetricPlan("noise"))


def frame(rows, seed=0):
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "usage": draw.random(rows),
            "calls": draw.poisson(2.0, rows).astype(float),
            "plan": draw.choice(["basic", "pro", "team"], rows),
            "noise": draw.standard_normal(rows),
        }
    )


def retained(table, seed=0, *, turned=True):
    draw = np.random.default_rng(seed + 1)
    usage = 3.0 * (table["usage"] - 0.5)
    eta = 1.0 + np.where((table["calls"] > 3) & turned, -usage, usage) - 0.3 * table["calls"]
    return (draw.random(len(table)) < 1 / (1 + np.exp(-eta.to_numpy()))).astype(float)


def sample(rows=3_000, seed=0, *, plans=AUTO, turned=True, table=None):
    table = frame(rows, seed) if table is None else table
    outcome = retained(table, seed, turned=turned)
    return Sample(read_table(table, plans), outcome, np.ones(len(table)), np.arange(len(table)))


def trial(rows=3_000, seed=0, **how):
    drawn = sample(rows, seed, **how)
    return Trial(drawn, folds_of(drawn.groups, 0, 5), 5)
