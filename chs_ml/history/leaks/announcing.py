"""Rows that announce a departure: a cancellation that was asked for is churn already, not a sign of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from chs_ml.history.asof.tree import word
from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.departures import NEARLY_ALL
from chs_ml.history.leaks.ground import Ground, moment_of, share

ROWS, CUSTOMERS, USUAL = 20, 15, 0.5
MOST = 20


def announcing(ground: Ground) -> Iterator[Finding]:
    """Give each type of rows that is followed by churn within the horizon, nearly every time."""
    if not ground.history.accounts.churned:
        return
    for name in ground.happened():
        yield from _of_table(ground, name)


def _of_table(ground: Ground, name: str) -> Iterator[Finding]:
    """Rows too close to the end of what is known are left aside: it is not known what followed."""
    days = ground.history.days
    view, span = ground.rows(name), f"INTERVAL {days} DAY"
    there = "(left_on IS NULL OR moment < left_on + INTERVAL 1 DAY)"
    settled = f"moment < {moment_of(ground.until - timedelta(days))} AND {there}"
    followed = f"left_on <= moment + {span}"
    found = ground.ask(
        f"SELECT grouping(type), type, count(*), count(*) FILTER ({followed}) AS hit, "  # noqa: S608
        f"count(*) FILTER ({followed} AND moment < left_on) FROM {view} WHERE {settled} "
        f"GROUP BY GROUPING SETS ((type), ()) "
        f"HAVING grouping(type) = 1 OR (count(*) >= {ROWS} AND hit >= {NEARLY_ALL} * count(*)) "
        "ORDER BY 1 DESC, 4 DESC"
    )
    if not found or found[0][2] < ROWS:
        return
    (_, _, rows, hit, _), *types = found
    if not ground.history.past[name].type:
        types = [(0, None, rows, hit, found[0][4])] if hit >= NEARLY_ALL * rows else []
    elif hit >= USUAL * rows:
        return
    for _, kind, of_kind, hits, before in types[:MOST]:
        where = f"type = {word(kind).sql('duckdb')}" if kind is not None else "TRUE"
        customers, middle = ground.one(
            "SELECT count(DISTINCT customer), median(date_diff('day', moment::DATE, left_on::DATE)) "  # noqa: S608
            f"FROM {view} WHERE {settled} AND {followed} AND {where}"
        )
        if customers < CUSTOMERS or before < NEARLY_ALL * hits / 2:
            continue
        what = f"{ground.history.past[name].type} {kind!r}" if kind is not None else "the rows"
        yield warning(
            "announces-churn",
            f"{name}: {what}: {share(hits, of_kind)} rows, of {customers:,} customers, were followed by churn within "
            f"{days} days (half of them within {middle:.0f}); of all rows of the table {100 * hit / rows:.0f} % were",
            "They announce a departure that is decided: leave them out of the metrics, or count their day as churned",
            ground.readers(name, [kind]),
        )
