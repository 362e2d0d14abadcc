"""Customers on both sides of a holdout by time."""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.ground import KEYS, Ground, moment_of, share

MOST = 0.5


def sides(ground: Ground) -> Iterator[Finding]:
    """Tell how many customers of the holdout were trained on; a holdout of customers has none."""
    begins = ground.spec.validation.holdout.from_
    if begins is None:
        return
    customers, both = ground.one(
        "SELECT count(*) FILTER (held), count(*) FILTER (held AND trained) FROM (SELECT customer, "  # noqa: S608
        f"bool_or(cutoff >= {moment_of(begins)}) AS held, bool_or(cutoff < {moment_of(begins)}) AS trained "
        f"FROM {KEYS} WHERE churned IS NOT NULL GROUP BY customer)"
    )
    if customers and both > MOST * customers:
        yield warning(
            "customers-on-both-sides",
            f"{share(both, customers)} customers of the holdout (cutoffs from {begins}) are in the training rows as "
            "well, at earlier cutoffs: it tests a later time, and not customers it has never seen",
            "Right for scoring the same customers later; for new ones say holdout: {customers: 0.3}",
        )
