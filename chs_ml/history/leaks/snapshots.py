"""Columns of accounts stand as of today: at an earlier cutoff they may tell what came after it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.ground import SPELLS, Ground, day_of, moment_of, share, text_of
from chs_ml.history.leaks.ranking import Rank, Ranking, numbers_of, ranking_of
from chs_ml.spec.measures import Measure

LIFELONG, JUMP, ERRORS = 0.8, 0.15, 3.0
FEWEST, MOST_SPELLS = 30, 50_000
NEAR, SEEN = 7, 30
AT_CHURN, IN_THE_PAST = 0.5, 0.9
READ_AS = 0.95
AS_OF_TODAY = "as it stands today, also at the cutoffs before"


def snapshots(ground: Ground) -> Iterator[Finding]:
    """Give the metrics that read accounts, each with the worst that can be said of it."""
    read = [one for one in ground.measures if one.table == "accounts"]
    dates = [one for one in ground.measures if one.kind == "days_until" and one.what != ("renewal",)]
    if read:
        ranking = ranking_of(ground)
        values = dict(numbers_of(ground, ranking))
        for measure in read:
            ranks = _halves(ranking, values[measure.name]) if measure.name in values else None
            yield _of_column(ground, measure, ranks)
    for measure in dates:
        yield from _of_date(ground, measure, day_of(measure.what[0]))


def _of_column(ground: Ground, measure: Measure, ranks: tuple[Rank, Rank] | None) -> Finding:
    column = text_of(measure.what[0])
    if _is_a_date(ground, column):
        for found in _of_date(ground, measure, f"TRY_CAST({column} AS TIMESTAMP)"):
            return found
    said = None if measure.category else _lifelong(ground, column) or _changing(ranks)
    if said:
        return warning(
            "lifetime-total",
            f"metric {measure.name!r} reads accounts.{measure.what[0]} {AS_OF_TODAY}, and {said}: it tells how long "
            "a customer stayed, not how it was at the cutoff",
            "Count it from a table of events, or say role: exclude",
            measure.name,
        )
    return warning(
        "snapshot-column",
        f"metric {measure.name!r} reads accounts.{measure.what[0]} {AS_OF_TODAY}, {ground.history.dates[0]} the first",
        "Keep it if it never changes; otherwise read it from a table with valid_from, or say role: exclude",
        measure.name,
    )


def _halves(ranking: Ranking, values: np.ndarray) -> tuple[Rank, Rank]:
    early, late = (ranking.of(values, ranking.soon, half) for half in ranking.halves())
    return early, late


def _changing(ranks: tuple[Rank, Rank] | None) -> str | None:
    if ranks is None or not all(rank.sure() for rank in ranks):
        return None
    early, late = ranks
    if abs(early.auc - late.auc) < JUMP or abs(early.apart(late)) < ERRORS:
        return None
    return (
        f"its AUC is {early.auc:.2f} over the earlier cutoffs ({early.churned:,} churned) and {late.auc:.2f} over "
        f"the later ones ({late.churned:,} churned)"
    )


def _lifelong(ground: Ground, column: str) -> str | None:
    """Whether it grows with the time from the start to the departure, or to the end of the data (Spearman)."""
    step = -(-ground.count("accounts") // MOST_SPELLS) or 1
    found = ground.ask(
        f"SELECT TRY_CAST({column} AS DOUBLE), date_diff('day', start, coalesce(left_on, {moment_of(ground.until)})) "  # noqa: S608
        f"FROM {SPELLS} WHERE TRY_CAST({column} AS DOUBLE) IS NOT NULL AND hash(customer) % {step} = 0"
    )
    if len(found) < FEWEST:
        return None
    value, days = (pd.Series(one).rank() for one in np.array(found, dtype=np.float64).T)
    if value.nunique() < 2 or days.nunique() < 2:
        return None
    rank = float(value.corr(days))
    if abs(rank) < LIFELONG:
        return None
    return f"follows the time from start to departure or today (rank correlation {rank:.2f}, {len(found):,} spells)"


def _is_a_date(ground: Ground, column: str) -> bool:
    dates, numbers, known = ground.one(
        f"SELECT count(TRY_CAST({column} AS TIMESTAMP)), count(TRY_CAST({column} AS DOUBLE)), count({column}) "  # noqa: S608
        f"FROM {SPELLS}"
    )
    return bool(known and dates >= READ_AS * known and numbers < READ_AS * known)


def _of_date(ground: Ground, measure: Measure, day: str) -> Iterator[Finding]:
    """A planned date lies ahead; one that is past for nearly all, or falls on the departure, was written afterwards."""
    end = moment_of(ground.until)
    gone, at_churn, known, past, seen = ground.one(
        "SELECT count(*) FILTER (left_on IS NOT NULL), "  # noqa: S608
        f"count(*) FILTER (abs(date_diff('day', day::DATE, left_on::DATE)) <= {NEAR}), count(*), "
        f"count(*) FILTER (day <= {end}), count(*) FILTER (left_on IS NULL AND day <= {end} "
        f"AND day > {end} - INTERVAL {SEEN} DAY) "
        f"FROM (SELECT {day} AS day, left_on FROM {SPELLS}) WHERE day IS NOT NULL"
    )
    found = []
    if gone >= FEWEST and at_churn >= AT_CHURN * gone:
        found.append(f"{share(at_churn, gone)} spells that ended have it within {NEAR} days of the departure")
    if known >= FEWEST and past >= IN_THE_PAST * known:
        found.append(f"{share(past, known)} are past")
    if found and seen >= FEWEST and seen >= AT_CHURN * (known - gone):
        found.append(f"{share(seen, known - gone)} of customers who stay lie in the last {SEEN} days")
    if found:
        yield warning(
            "snapshot-date",
            f"metric {measure.name!r} reads accounts.{measure.what[0]} {AS_OF_TODAY}, and it is no planned date: "
            f"{'; '.join(found)}",
            "Take the recency of the events behind it, or say role: exclude",
            measure.name,
        )
