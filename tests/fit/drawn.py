"""Tables and fits drawn from a seed, and the dense design that they stand for, written down a second time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chs_ml.fit.basis import CurveBasis
from chs_ml.fit.fitting import Candidate, Sample, objective_of
from chs_ml.fit.learnable import basis_of
from chs_ml.fit.solver import Bounds
from chs_ml.fit.table import MetricPlan, read_table


def frame(rows, seed=0, gaps=True) -> pd.DataFrame:
    """Logins are skewed, tickets pile up on zero, nps has eleven values, plan has levels; some are missing."""
    draw = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "logins": np.round(draw.lognormal(2.0, 1.0, rows), 2),
            "tickets": draw.poisson(0.6, rows).astype(float),
            "nps": draw.integers(0, 11, rows).astype(float),
            "plan": draw.choice(["basic", "pro", "team", "Стартовий"], rows, p=[0.5, 0.3, 0.15, 0.05]),
        }
    )
    if gaps:
        table.loc[draw.random(rows) < 0.2, "nps"] = np.nan
        table.loc[draw.random(rows) < 0.1, "plan"] = None
    return table


def retained(table, seed=0):
    draw = np.random.default_rng(seed + 1)
    eta = 0.4 * np.log1p(table.logins) - 0.5 * table.tickets + 0.15 * table.nps.fillna(3) + (table.plan == "pro") - 0.8
    return (draw.random(len(table)) < 1 / (1 + np.exp(-eta.to_numpy()))).astype(float)


PLANS = (
    MetricPlan("logins", "positive"),
    MetricPlan("tickets", "negative"),
    MetricPlan("nps", "free"),
    MetricPlan("plan"),
)


def sample(table, outcome, plans=PLANS, weight=None, groups=None) -> Sample:
    rows = len(outcome)
    weight = np.ones(rows) if weight is None else weight
    return Sample(read_table(table, plans), outcome, weight, np.arange(rows) if groups is None else groups)


def problem(rows=400, seed=0, candidate=None, weight=None):
    """Return the basis, the objective and the bounds of a drawn table."""
    table = frame(rows, seed)
    drawn, chosen = sample(table, retained(table, seed), PLANS, weight), candidate or Candidate(8, 1.0, 2.0)
    basis = basis_of(drawn.table, drawn.retained, drawn.weight, PLANS, chosen.ramps)
    return basis, objective_of(drawn, basis, chosen), Bounds(*basis.bounds())


def dense(basis, table) -> np.ndarray:
    """The whole design, row by row and column by column, the intercept first."""
    parts = [np.ones((table.rows, 1))]
    for metric, column in zip(basis.metrics, table.columns, strict=True):
        design = np.empty((table.rows, metric.columns))
        for i, known in enumerate(column.known):
            if not known:
                design[i] = metric.missing_design
            elif isinstance(metric, CurveBasis):
                low, high = metric.knots[:-1], metric.knots[1:]
                ramps = np.clip((column.values[i] - low) / (high - low), 0.0, 1.0)
                design[i] = np.append(ramps, np.zeros(metric.columns - len(ramps)))
            else:
                level = column.levels[column.values[i]]
                listed = np.array([float(level == name) for name in metric.levels])
                design[i] = np.append(listed, np.zeros(metric.columns - len(listed))) if listed.any() else metric.mean
        parts.append(design)
    return np.hstack(parts)


def dense_objective(design, objective, beta):
    """The same sum without any of the cleverness."""
    eta = design @ beta
    penalty = objective.penalty
    quadratic = 0.5 * beta @ penalty.matrix @ beta - penalty.linear @ beta + penalty.constant
    return float(objective.weight @ (np.logaddexp(0, eta) - objective.retained * eta)) + quadratic
