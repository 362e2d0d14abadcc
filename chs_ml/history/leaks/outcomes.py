"""Whether outcomes are known, and whether who churned had not left before already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from chs_ml.history.asof.tree import word
from chs_ml.history.findings import Finding, error, warning
from chs_ml.history.leaks.ground import KEYS, Ground, listed, share

FEWEST, SHARE_GONE = 20, 0.2


def outcomes(ground: Ground) -> Iterator[Finding]:
    """Give cutoffs without outcome, and churned customers who were gone at the cutoff."""
    yield from _unknown(ground)
    yield from _gone_already(ground)


def _unknown(ground: Ground) -> Iterator[Finding]:
    history = ground.history
    after = history.gap + history.days
    open_still = [day for day in history.dates if day + timedelta(after) > ground.until]
    if not open_still:
        return
    told = "observed_until" if history.observed_until else "the newest day of the data"
    ends = f"{after} days after each, and {told} is {ground.until}"
    if len(open_still) == len(history.dates):
        yield error(
            "no-outcome-known",
            f"none of the {len(open_still)} cutoffs has an outcome: the horizon ends {ends}",
            f"Take a cutoff of {ground.until - timedelta(after)} or earlier, or a shorter horizon",
        )
    else:
        yield warning(
            "outcome-not-known",
            f"{len(open_still)} of {len(history.dates)} cutoffs have no outcome yet "
            f"({listed([str(day) for day in open_still], 3)}): the horizon ends {ends}",
            "They are scored and not learned from; end the cutoffs earlier if that is not meant",
        )


def _gone_already(ground: Ground) -> Iterator[Finding]:
    """Churn by inactivity, of customers without an activity just as long before the cutoff: they had left by then."""
    churn, days = ground.history.churn, ground.history.days
    if churn is None or (ground.history.eligible.active_within or days + 1) <= days:
        return
    types = f" AND r.type IN ({', '.join(word(one).sql('duckdb') for one in churn.count)})" if churn.count else ""
    active = " OR ".join(
        f"EXISTS (SELECT 1 FROM {ground.rows(name)} r WHERE r.customer = k.customer AND r.moment < k.cutoff "  # noqa: S608
        f"AND r.moment >= k.cutoff - INTERVAL {days} DAY{types})"
        for name in ground.history.activities
    )
    gone, churned = ground.one(
        f"SELECT count(*) FILTER (NOT ({active})), count(*) FROM {KEYS} k WHERE churned = 1"  # noqa: S608
    )
    if gone >= FEWEST and gone >= SHARE_GONE * churned:
        yield warning(
            "already-gone",
            f"{share(gone, churned)} churned rows had no activity in the {days} days before the cutoff either: by the "
            "same rule these customers had left before, and it takes no score to see it",
            f"Say eligible: {{active_within: {days}d}}, so that it is learned who leaves next",
        )
