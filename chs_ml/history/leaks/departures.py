"""Rows from after a customer's departure: refunds, exit surveys, and activity of customers who did not leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chs_ml.history.asof.tree import word
from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.ground import SPELLS, Ground, listed, share

FEWEST, NEARLY_ALL = 20, 0.9
SHARE_AFTER = 0.01
GRACE, ROWS_EACH = 30, 3
"""Who does so many things later than so many days after leaving has not left."""
CUSTOMERS, SHARE_ACTIVE = 10, 0.05
MOST_TYPES = 1000


def departures(ground: Ground) -> Iterator[Finding]:
    """Give the types of rows that lie after the departure only, and tables with many rows after it."""
    if not ground.history.accounts.churned:
        return
    for name in ground.happened():
        only = _only_after(ground, name)
        if only:
            yield _never_moves(ground, name, only)
        yield from _more_after(ground, name, [kind for kind, *_ in only])


def _only_after(ground: Ground, name: str) -> list[tuple[str | None, int, int]]:
    """Return type, rows, and rows at or after the departure, of types that hardly have others."""
    found = ground.ask(
        f"SELECT type, count(*), count(*) FILTER (moment >= left_on) AS late FROM {ground.rows(name)} "  # noqa: S608
        f"GROUP BY type HAVING late >= {FEWEST} AND late >= {NEARLY_ALL} * count(*) ORDER BY late DESC, type "
        f"LIMIT {MOST_TYPES}"
    )
    return [(kind, int(rows), int(late)) for kind, rows, late in found]


def _never_moves(ground: Ground, name: str, only: Sequence[tuple[str | None, int, int]]) -> Finding:
    typed = ground.history.past[name].type
    told = [f"{f'{typed} {kind!r}: ' if typed else ''}{share(late, rows)} rows" for kind, rows, late in only]
    return warning(
        "after-churn-only",
        f"{name}: {listed(told)} lie on or after the day the customer churned; before a cutoff they are never seen",
        "Leave them out of the metrics; if they were known before, correct their times or the churned days",
        ground.readers(name, [kind for kind, *_ in only]),
    )


def _more_after(ground: Ground, name: str, told: Sequence[str | None]) -> Iterator[Finding]:
    """What is left after the departure, aside from the types that were told."""
    if None in told:
        return
    rest = f"coalesce(type, '') NOT IN ({', '.join(word(str(one)).sql('duckdb') for one in told)})" if told else "TRUE"
    active, after = ground.one(
        f"SELECT count(*) FILTER (long_after >= {ROWS_EACH}), coalesce(sum(after), 0) FROM (SELECT count(*) AS after, "  # noqa: S608
        f"count(*) FILTER (moment >= left_on + INTERVAL {GRACE} DAY) AS long_after FROM {ground.rows(name)} "
        f"WHERE moment >= left_on + INTERVAL 1 DAY AND {rest} GROUP BY customer, start)"
    )
    rows = ground.staged.number(f"SELECT count(*) FROM {ground.rows(name)} WHERE {rest}")  # noqa: S608
    gone = _spells_that_ended(ground)
    if active >= CUSTOMERS and active >= SHARE_ACTIVE * gone:
        yield warning(
            "active-after-churn",
            f"{name}: {share(active, gone)} spells that ended have {ROWS_EACH} rows or more later than {GRACE} days "
            f"after their churned day ({int(after):,} rows after it in all); these customers may not have left",
            "Correct churned: the day from which nothing came any more; or give the customer another spell",
        )
    elif after >= FEWEST and after >= SHARE_AFTER * rows:
        yield warning(
            "events-after-churn",
            f"{name}: {share(int(after), rows)} rows lie after the day on which their customer churned",
            "Nothing of them enters a metric; see whether the churned days are too early, or such rows come later "
            "(refunds, exit surveys)",
        )


def _spells_that_ended(ground: Ground) -> int:
    return ground.staged.number(f"SELECT count(left_on) FROM {SPELLS}")  # noqa: S608
