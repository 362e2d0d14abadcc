"""Amounts of money that are no payment: zero, or below it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chs_ml.history.asof.names import as_number_of, held_in, marked
from chs_ml.history.asof.rows import read_as
from chs_ml.history.asof.tree import quoted
from chs_ml.history.findings import Finding, warning
from chs_ml.history.leaks.ground import Ground, share, worth_saying

MONEY = re.compile(r"amount|price|revenue|spend|spent|paid|total|сума|сумма|ціна|цена|варт", re.IGNORECASE)


def amounts(ground: Ground) -> Iterator[Finding]:
    """Give the columns of money that a metric reads and that have values of zero or less."""
    for name, table in ground.history.past.items():
        _, numbers = read_as(ground.by_table[name], table)
        for column in numbers:
            if ground.count(name) and (column == table.amount or MONEY.search(column)):
                yield from _odd(ground, name, column)


def _odd(ground: Ground, name: str, column: str) -> Iterator[Finding]:
    told, held = quoted(marked(as_number_of(column))), quoted(marked(held_in(name)))
    negative, nothing, rows = ground.one(
        f"SELECT count(*) FILTER ({told} < 0), count(*) FILTER ({told} = 0), count({told}) FROM {held}"  # noqa: S608
    )
    if worth_saying(negative + nothing, rows):
        yield warning(
            "odd-amounts",
            f"{name}: column {column!r}: {share(negative + nothing, rows)} values are no payment: {negative:,} are "
            f"below 0, {nothing:,} are 0",
            "If they are refunds, free goods or corrections, keep them out with where, or in a table of their own",
        )
