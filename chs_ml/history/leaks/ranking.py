"""How well a metric alone ranks who churns, cutoff by cutoff: AUC with its standard error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chs_ml.history.leaks.ground import KEYS, Ground
from chs_ml.spec.measuring import CUTOFF

FEWEST_CHURNED = 30
MOST_ROWS = 100_000
"""Beyond it every so manieth row of the panel, which is sorted by customer: enough for a standard error of 0.01."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rank:
    """AUC over some cutoffs, the larger value churning; se: its standard error; churned: on how many it rests."""

    auc: float
    se: float
    churned: int

    def turned(self) -> Rank:
        """The same with the smaller value churning."""
        return Rank(1 - self.auc, self.se, self.churned)

    def sure(self) -> bool:
        """Whether it rests on enough."""
        return self.churned >= FEWEST_CHURNED

    def apart(self, other: Rank) -> float:
        """By how many standard errors it is above another."""
        return (self.auc - other.auc) / float(np.hypot(self.se, other.se) or np.inf)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Panel rows with the number of their cutoff, whether they churned in this horizon, and in the one after it.

    soon, later: 1, 0, NaN where not known, or where the customer had left by then.
    """

    rows: NDArray[np.int64]
    cutoff: NDArray[np.int64]
    soon: Floats
    later: Floats

    def of(self, values: Floats, outcome: Floats, cutoffs: NDArray[np.bool_] | None = None) -> Rank:
        """Rank within each cutoff, weighted by how many churned at it; values: of these rows."""
        known = np.isfinite(values) & np.isfinite(outcome)
        if cutoffs is not None:
            known &= cutoffs[self.cutoff]
        total, spread, churned = 0.0, 0.0, 0
        for at in np.unique(self.cutoff[known]):
            here = known & (self.cutoff == at)
            auc, variance, events = _auc(values[here], outcome[here])
            total, spread, churned = total + events * auc, spread + events**2 * variance, churned + events
        return Rank(total / max(churned, 1), float(np.sqrt(spread)) / max(churned, 1), churned)

    def halves(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """The earlier and the later half of the cutoffs that have churned rows."""
        with_churn = np.unique(self.cutoff[self.soon == 1])
        every = np.arange(self.cutoff.max(initial=0) + 1)
        middle = len(with_churn) // 2
        return np.isin(every, with_churn[:middle]), np.isin(every, with_churn[len(with_churn) - middle :])


def ranking_of(ground: Ground) -> Ranking:
    """Return the outcomes of the panel's rows, or of a fair part of them."""
    step = -(-ground.panel.num_rows // MOST_ROWS) or 1
    history, ends = ground.history, f"(DATE '{ground.until}' + INTERVAL 1 DAY)"
    late = f"cutoff + INTERVAL {history.gap + 2 * history.days} DAY"
    told = (
        f"CASE WHEN churned IS DISTINCT FROM 0 OR {late} >= {ends} THEN NULL "
        f"WHEN left_on > cutoff AND left_on <= {late} THEN 1 ELSE 0 END"
    )
    frame = ground.staged.connection.execute(
        f"SELECT nth, dense_rank() OVER (ORDER BY cutoff) - 1 AS at, churned::DOUBLE AS soon, "  # noqa: S608
        f"({told})::DOUBLE AS later FROM {KEYS} WHERE nth % {step} = 0 ORDER BY nth"
    ).df()
    later = frame["later"].to_numpy(np.float64)
    if not history.accounts.churned:
        later = np.full(len(frame), np.nan)
    return Ranking(
        frame["nth"].to_numpy(np.int64), frame["at"].to_numpy(np.int64), frame["soon"].to_numpy(np.float64), later
    )


def numbers_of(ground: Ground, ranking: Ranking) -> Iterator[tuple[str, Floats]]:
    """Give every metric of numbers with its values in the ranked rows."""
    for metric in ground.spec.metrics:
        if metric.role == "metric" and metric.name in ground.panel.column_names:
            column = ground.panel.column(metric.name)
            if str(column.type) in {"double", "float", "int64", "int32"}:
                yield metric.name, column.take(ranking.rows).to_pandas().to_numpy(np.float64)


def cutoffs_of(ground: Ground) -> list[str]:
    """Return the panel's cutoffs, as people read them."""
    return sorted({str(day) for day in ground.panel.column(CUTOFF).unique().to_pylist()})


def _auc(values: Floats, outcome: Floats) -> tuple[float, float, int]:
    """AUC, its variance (Hanley and McNeil 1982), and how many churned."""
    events = int(outcome.sum())
    others = len(outcome) - events
    if not events or not others:
        return 0.5, 0.0, 0
    ranks = pd.Series(values).rank().to_numpy()
    auc = float((ranks[outcome == 1].sum() - events * (events + 1) / 2) / (events * others))
    best = max(auc, 1 - auc)
    both, twice = best / (2 - best), 2 * best**2 / (1 + best)
    spread = best * (1 - best) + (events - 1) * (both - best**2) + (others - 1) * (twice - best**2)
    return auc, max(spread, 0.25 / (events + others)) / (events * others), events
