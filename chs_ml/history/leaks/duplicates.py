"""Rows that are there twice: a table that was loaded again counts everything twice."""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.history.asof.rows import read_as
from chs_ml.history.asof.tree import quoted
from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.ground import Ground, share, worth_saying

MOST_ROWS = 500_000


def duplicates(ground: Ground) -> Iterator[Finding]:
    """Give the tables with rows that agree in every column that is read."""
    for name in ground.history.past:
        if ground.count(name) and not _may_repeat(ground, name):
            yield from _twice(ground, name)


def _twice(ground: Ground, name: str) -> Iterator[Finding]:
    """Equal rows have equal hashes; of 64 bits, so that chance makes none. Of many rows those of some customers."""
    columns = [str(column) for column, *_ in ground.ask(f"DESCRIBE {quoted(name)}")]
    told, customer = ", ".join(map(quoted, columns)), quoted(ground.history.past[name].customer)
    step = -(-ground.count(name) // MOST_ROWS)
    some = f"WHERE hash({customer}) % {step} = 0" if step > 1 else ""
    rows, again = ground.one(
        "SELECT coalesce(sum(n), 0)::BIGINT, coalesce(sum(n - 1), 0)::BIGINT FROM (SELECT count(*) AS n "  # noqa: S608
        f"FROM {quoted(name)} {some} GROUP BY hash({told}))"
    )
    if worth_saying(again, rows):
        seen = f", of {ground.count(name):,} in all," if step > 1 else ""
        yield warning(
            "duplicate-rows",
            f"{name}: {share(again, rows)} rows{seen} repeat another in every column that is read "
            f"({', '.join(columns)})",
            "If the table was loaded twice, keep each row once; they count as often as they stand there",
        )


def _may_repeat(ground: Ground, name: str) -> bool:
    """Whether rows can be equal and right: days without hours, and nothing beside them that would differ."""
    table = ground.history.past[name]
    _, numbers = read_as(ground.by_table[name], table)
    if numbers or table.begins != "time":
        return False
    begins = quoted(str(table.time))
    return not ground.staged.number(
        f"SELECT count(*) FROM {quoted(name)} WHERE {begins} <> date_trunc('day', {begins})"  # noqa: S608
    )
