"""What a database hands over, chunk by chunk, as typed columns; and what it takes to enter one.

Types come from the database's description of the result, never from the values of a first chunk, and at most
``BATCH_ROWS`` rows are in memory.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

BATCH_ROWS = 50_000
CONNECT_SECONDS = 10
EXACT = 2**53
"""float64 has every whole number below it."""

INTEGER, NUMBER, TEXT, BOOLEAN, DATE = pa.int64(), pa.float64(), pa.string(), pa.bool_(), pa.date32()
MOMENT, MOMENT_UTC = pa.timestamp("us"), pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Where a database is and who asks; never printed. secrets: what no message may hold. path: of a file."""

    user: str | None = None
    password: str | None = None
    host: str = "localhost"
    port: int | None = None
    database: str | None = None
    tls: ssl.SSLContext | bool | None = None  # None: where the server offers it; False: never
    path: Path = field(default_factory=Path)
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result. exact: its whole numbers may have more digits than float64 holds."""

    name: str
    type: pa.DataType
    exact: bool = False


class UnfitError(Exception):
    """A column holds values that its type cannot carry; names the column, never a value."""

    def __init__(self, column: Column) -> None:
        if pa.types.is_temporal(column.type):
            self.found = "has dates outside the years 1 to 9999, zero or infinite ones"
            self.remedy = "Make them NULL in the query"
        else:
            self.found = "has numbers with more digits than a number carries here"
            self.remedy = "Cast it in the query: to text for an id, to double precision for a metric"
        self.column = column.name
        super().__init__(column.name)


Result = tuple[list[Column], Iterator[list[pa.Array]]]
"""The columns, and their values chunk by chunk."""


def typed(column: Column, texts: Sequence[str | None]) -> pa.Array:
    """Values that a database wrote as text, in the column's type; UnfitError where it cannot carry one."""
    found = pa.array(texts, TEXT)
    if column.type == BOOLEAN:
        return pc.equal(found, "t")
    try:
        values = found.cast(column.type)
    except pa.ArrowInvalid:  # its text quotes the value
        raise UnfitError(column) from None
    if column.exact:
        large = pc.and_(pc.greater_equal(pc.abs(values), float(EXACT)), pc.is_finite(values))
        if pc.any(pc.and_not(large, pc.match_substring(found, "."))).as_py():
            raise UnfitError(column)
    return on_calendar(column, values)


def on_calendar(column: Column, values: pa.Array) -> pa.Array:
    """The values; UnfitError for dates that Python has not, as PostgreSQL's infinity."""
    if pa.types.is_temporal(column.type):
        first, last = (date.min, date.max) if column.type == DATE else (datetime.min, datetime.max)
        bare = values.cast(column.type if column.type == DATE else MOMENT)
        outside = pc.or_(pc.less(bare, pa.scalar(first, bare.type)), pc.greater(bare, pa.scalar(last, bare.type)))
        if pc.any(outside).as_py():
            raise UnfitError(column)
    return values


def chunks(
    fetch: Callable[[], list[Sequence[Any]]], readers: Sequence[Callable[[Sequence[Any]], pa.Array]]
) -> Iterator[list[pa.Array]]:
    """What ``fetch`` brings until it brings nothing, each column by its reader."""
    while rows := fetch():
        arrays = [read(cells) for read, cells in zip(readers, zip(*rows, strict=True), strict=True)]
        rows.clear()  # the driver may hold it until it has the next
        yield arrays


def leave(connection: Any) -> None:
    """Close it; one that is lost cannot be closed, and need not be."""
    with suppress(Exception):
        connection.close()
