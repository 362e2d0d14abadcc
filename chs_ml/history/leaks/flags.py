"""A flag that says who has left, held to the days of departure: where they disagree, one of them is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.history.asof.tree import quoted, word
from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.ground import FEWEST_ROWS, LEAST_SHARE, Ground, share


def flags(ground: Ground) -> Iterator[Finding]:
    """Give the customers whom the flag and the departures tell differently: by whether their last spell has ended."""
    accounts = ground.history.accounts
    flag = accounts.churn_flag
    if flag is None or accounts.churned is None:
        return
    customer, left = quoted(accounts.customer), quoted(accounts.churned)
    said = ", ".join(word(one).sql("duckdb") for one in flag.churned)
    last = (
        f"SELECT arg_max({quoted(flag.column)} IN ({said}), {quoted(accounts.start)}) AS flagged, "  # noqa: S608
        f"bool_and({left} IS NOT NULL) AS ended FROM accounts GROUP BY {customer}"
    )
    counts = "count(*), count(*) FILTER (flagged AND NOT ended), count(*) FILTER (NOT flagged AND ended)"
    rows, staying, gone = ground.one(f"SELECT {counts} FROM ({last})")  # noqa: S608
    if staying + gone >= max(FEWEST_ROWS, LEAST_SHARE * rows):
        yield warning(
            "flag-against-dates",
            f"accounts: {flag.column!r} disagrees with {accounts.churned!r} for {share(staying + gone, rows)} "
            f"customers: {staying:,} flagged as churned have no day of departure, {gone:,} with one are not flagged",
            "Find out which of them is right before anything is learned from either",
        )
