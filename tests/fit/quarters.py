"""Quarter after quarter of a world, calibrated by itself and pulled towards the quarter before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chs_ml.fit.anchor.anchor import Anchor
from chs_ml.fit.fitting import Sample
from chs_ml.fit.learning import learn
from chs_ml.fit.lowering import formula_of
from chs_ml.fit.selection import Settings
from chs_ml.fit.table import MetricPlan, read_table
from chs_ml.history.simulate import simulate


@dataclass(frozen=True)
class Quarters:
    """Weights by quarter × metric; loss: anchored less alone, on fresh customers of the quarter (none: not asked)."""

    alone: np.ndarray
    anchored: np.ndarray
    loss: np.ndarray


def calibrated(worlds, seed, ramps=1, fresh=0) -> Quarters:
    """Every quarter has other customers; ramps and strength are fixed, the pull and who leaves are chosen."""
    settings = Settings(ramps=ramps, size=0.1, bend=3.0 if ramps > 1 else None)
    before, left, alone, anchored, loss = None, (), [], [], []
    for quarter, world in enumerate(worlds):
        panel = simulate(world, 1_000 * seed + quarter).panel
        by_itself = formula(world, panel, settings)
        before = by_itself if before is None else formula(world, panel, settings, Anchor(before, left=left))
        names = [metric.name for metric in world.metrics]
        left = set(names) - {term.metric for term in before.terms}
        alone.append(weights(by_itself, names))
        anchored.append(weights(before, names))
        if fresh:
            unseen = simulate(replace(world, customers=fresh), 1_000 * seed + 500 + quarter).panel
            loss.append(log_loss(before, unseen) - log_loss(by_itself, unseen))
    return Quarters(np.array(alone), np.array(anchored), np.array(loss))


def changed(world, name, factor):
    """The world in which one metric matters so many times as much."""
    return replace(
        world, metrics=tuple(replace(m, weight=m.weight * factor ** (m.name == name)) for m in world.metrics)
    )


def formula(world, panel, settings, anchor=None):
    plans = [MetricPlan(metric.name, metric.direction) for metric in world.metrics]
    rows = Sample(read_table(panel.metrics, plans), 1 - panel.churned, np.ones(panel.rows), panel.customer, anchor)
    return formula_of(learn(rows, plans, settings).fitted).formula


def weights(formula, names):
    found = {term.metric: term.weight for term in formula.terms}
    return [found.get(name, 0.0) for name in names]


def log_loss(formula, panel):
    churn = formula.churn_probability(panel.metrics)
    return float(-np.log(np.where(panel.churned > 0.5, churn, 1 - churn)).mean())
