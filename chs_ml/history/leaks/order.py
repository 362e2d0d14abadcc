"""The order of days: nothing before the start, nothing ends before it begins, one thing holds at a time."""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.ground import SPELLS, Ground, moment_of, share, worth_saying
from chs_ml.spec.history import ENDS, PastTable

SHARE_EARLY = 0.005
LATER = 7
"""Days by which a departure may lie after everything else, before it is a planned one."""


def order(ground: Ground) -> Iterator[Finding]:
    """Give days that lie the wrong way round."""
    yield from _after_observation(ground)
    for name, table in ground.history.past.items():
        if ground.count(name):
            yield from _before_start(ground, name)
            yield from _ends_early(ground, name, table)
            yield from _overlaps(ground, name, table)


def _before_start(ground: Ground, name: str) -> Iterator[Finding]:
    early, rows, customers, days = ground.one(
        "SELECT count(*) FILTER (early), count(*), count(DISTINCT CASE WHEN early THEN customer END), "  # noqa: S608
        "median(CASE WHEN early THEN date_diff('day', moment::DATE, start::DATE) END) "
        f"FROM (SELECT *, moment < start AS early FROM {ground.rows(name)})"
    )
    if worth_saying(early, rows, SHARE_EARLY):
        yield warning(
            "before-start",
            f"{name}: {share(early, rows)} rows, of {customers:,} customers, lie before their customer's start (half "
            f"of them by {days:.0f} days or more); no metric reads them",
            f"Is {ground.history.accounts.start!r} the right column? Otherwise correct the starts",
        )


def _ends_early(ground: Ground, name: str, table: PastTable) -> Iterator[Finding]:
    """To pay before the due day is as it should be; to close before the opening is not."""
    end = ENDS.get(table.begins)
    if end in {None, "paid"} or not getattr(table, str(end)):
        return
    wrong, rows = ground.one(
        f"SELECT count(*) FILTER (until::DATE < moment::DATE), count(*) FROM {ground.rows(name)}"  # noqa: S608
    )
    if worth_saying(wrong, rows):
        begins, ends = getattr(table, table.begins), getattr(table, str(end))
        yield warning(
            "ends-before-it-begins",
            f"{name}: {share(wrong, rows)} rows have a {ends!r} before their {begins!r}",
            "Correct the days; are the two columns swapped?",
        )


def _overlaps(ground: Ground, name: str, table: PastTable) -> Iterator[Finding]:
    if not (table.valid_from and table.valid_to):
        return
    wrong, rows, never = ground.one(
        "SELECT count(*) FILTER (follows < coalesce(until, follows + INTERVAL 1 DAY)), count(*), "  # noqa: S608
        "count(*) FILTER (follows IS NOT NULL AND until IS NULL) FROM (SELECT until, "
        f"lead(moment) OVER (PARTITION BY customer, type ORDER BY moment, until NULLS LAST) AS follows "
        f"FROM {ground.rows(name)})"
    )
    if worth_saying(wrong, rows):
        yield warning(
            "overlapping-validity",
            f"{name}: {share(wrong, rows)} rows still hold when the customer's next one begins ({never:,} of them "
            f"have no {table.valid_to!r} at all); of those that hold at a cutoff the one that began last is read",
            f"Close each row in {table.valid_to!r} when the next begins; if both hold at once, name their type",
        )


def _after_observation(ground: Ground) -> Iterator[Finding]:
    """Departures beyond what the data know: planned, or mistyped. Unsaid, they stretch what counts as known."""
    churned, told = ground.history.accounts.churned, ground.history.observed_until
    if not churned:
        return
    known = told or ground.newest_row()
    if known is None:
        return
    slack = 1 if told else LATER + 1
    late, gone, newest = ground.one(
        f"SELECT count(*) FILTER (left_on >= {moment_of(known)} + INTERVAL {slack} DAY), count(left_on), "  # noqa: S608
        f"max(left_on)::DATE FROM {SPELLS}"
    )
    if late:
        reach = f"observed_until ({known})" if told else f"the newest row of all tables ({known})"
        meant = "" if told else f"; outcomes until {newest} count as known"
        yield warning(
            "churn-after-observation",
            f"accounts: {share(late, gone)} churned days lie after {reach}, the last on {newest}{meant}",
            "Correct them, or leave planned departures empty" + ("" if told else "; say history.observed_until"),
        )
