"""When rows became known: before they happened, long after, or only after the last cutoff."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chs_ml.history.findings import Finding, error, warning
from chs_ml.history.leaks.ground import HAPPENS, KEYS, SPELLS, Ground, moment_of, share, worth_saying

LATE_DAYS = 7
SHARE_LATE = 0.01
ALL_LATE = 0.95


@dataclass(frozen=True, slots=True)
class _Loads:
    """How many rows, known before they happened, late, before the last cutoff, and of these known only after it."""

    rows: int
    early: int
    late: int
    past: int
    unknown: int


def loading(ground: Ground) -> Iterator[Finding]:
    """Give the tables whose `known` cannot be when their rows became known, or often was late."""
    if ground.history.accounts.known:
        yield from _of_table(ground, "accounts", f"(SELECT *, start AS moment FROM {SPELLS})", happens=False)  # noqa: S608
    for name, table in ground.history.past.items():
        if table.known and ground.count(name):
            yield from _of_table(ground, name, ground.rows(name), happens=table.begins in HAPPENS)


def _of_table(ground: Ground, name: str, source: str, *, happens: bool) -> Iterator[Finding]:
    last = moment_of(ground.history.dates[-1])
    counted = ground.one(
        "SELECT count(*), count(*) FILTER (known::DATE < moment::DATE), "  # noqa: S608
        f"count(*) FILTER (known >= moment + INTERVAL {LATE_DAYS + 1} DAY), "
        f"count(*) FILTER (moment < {last}), count(*) FILTER (moment < {last} AND known >= {last}) FROM {source}"
    )
    loads = _Loads(*map(int, counted))
    if happens and worth_saying(loads.early, loads.rows):
        yield warning(
            "known-before-time",
            f"{name}: {share(loads.early, loads.rows)} rows were known on a day before they happened",
            "Correct the column of known, or of the time; a cutoff between both days does not see the row",
        )
    column = ground.history.accounts.known if name == "accounts" else ground.history.past[name].known
    if worth_saying(loads.unknown, loads.past, ALL_LATE):
        yield error(
            "loaded-after-cutoffs",
            f"{name}: {share(loads.unknown, loads.past)} rows from before the last cutoff have a {column!r} after it: "
            "at no cutoff anything of them would be known",
            f"Is {column!r} when a row was changed last, or copied? Name the column of when it was loaded, or none",
        )
    elif worth_saying(loads.late, loads.rows, SHARE_LATE):
        yield warning(
            "late-loaded",
            f"{name}: {share(loads.late, loads.rows)} rows became known more than {LATE_DAYS} days after they "
            f"happened; {_changed(ground, name, source)} of {ground.panel.num_rows:,} rows of the panel miss some",
            "That is as it was known then, if known is right; is it when the row was changed last? Name none then",
        )


def _changed(ground: Ground, name: str, source: str) -> str:
    """How many rows of the panel would have another past, had the late rows been known in time."""
    if name == "accounts":
        return "some"
    found = ground.staged.number(
        f"SELECT count(*) FROM {KEYS} k WHERE EXISTS (SELECT 1 FROM {source} r WHERE r.customer = k.customer "  # noqa: S608
        f"AND r.known >= r.moment + INTERVAL {LATE_DAYS + 1} DAY AND r.moment < k.cutoff AND r.known >= k.cutoff)"
    )
    return f"{found:,}"
