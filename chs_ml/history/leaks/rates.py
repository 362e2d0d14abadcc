"""Churn from cutoff to cutoff: what jumps was not measured in the same way."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import chdtrc

from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.ground import KEYS, Ground, listed

NATURAL = 0.2
"""Standard deviation between cutoffs, as a share of the rate, that seasons and markets may have."""
RARE = 0.003
FAR = 2.5
FEWEST = 30


def rates(ground: Ground) -> Iterator[Finding]:
    """Chi-square of the churned rows of each cutoff against the pooled rate, with room for natural change."""
    found = ground.ask(
        f"SELECT cutoff::DATE, count(*), sum(churned) FROM {KEYS} WHERE churned IS NOT NULL GROUP BY 1 ORDER BY 1"  # noqa: S608
    )
    kept = [(day, rows, churned) for day, rows, churned in found if rows >= FEWEST]
    if len(kept) < 2:
        return
    rows, churned = (np.array(one, dtype=np.float64) for one in list(zip(*kept, strict=True))[1:])
    rate = churned.sum() / rows.sum()
    expected = rate * rows
    off = (churned - expected) / np.sqrt(expected * (1 - rate) + (NATURAL * expected) ** 2 + 1e-12)
    if chdtrc(len(kept) - 1, float(off @ off)) >= RARE:
        return
    far = sorted(range(len(kept)), key=lambda at: -abs(off[at]))
    told = [
        f"{kept[at][0]}: {100 * churned[at] / rows[at]:.1f} % of {int(rows[at]):,} rows"
        for at in far
        if at == far[0] or abs(off[at]) > FAR
    ]
    yield warning(
        "base-rate-jumps",
        f"churn differs between the cutoffs beyond chance and season: {listed(told, 3)}, against {100 * rate:.1f} % of "
        f"{int(rows.sum()):,} rows over all",
        "Find out whether departures were recorded in the same way all the time; take only such cutoffs",
    )
