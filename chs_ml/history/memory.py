"""Tables that were not read from a file: a database's answer, or the panel of a raw history."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from chs_ml.history.findings import Finding
from chs_ml.history.sources import Source

if TYPE_CHECKING:
    from chs_ml.history.attendance import Attendance


@dataclass(frozen=True, eq=False)
class MemoryTable:
    """A table that is read like a file. sources: where its rows came from; warnings: what is doubtful in them.

    attendance: who of a history is in its panel, by cutoff.
    """

    name: str
    table: pa.Table
    form: Mapping[str, str]
    sources: tuple[Source, ...]
    warnings: tuple[Finding, ...] = field(default=())
    attendance: tuple[Attendance, ...] = ()
    decimal: str | None = None
    may_hold_decimal_commas: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns' names."""
        return tuple(self.table.column_names)

    @property
    def sha256(self) -> str:
        """Digest of its sources' digests."""
        return hashlib.sha256("".join(source.sha256 for source in self.sources).encode()).hexdigest()

    def read(self, columns: Sequence[str], findings: list[Finding]) -> pa.Table:
        """The named columns."""
        return self.table.select(list(columns))

    def batches(
        self,
        columns: Sequence[str],
        batch_rows: int,
        findings: list[Finding],
    ) -> Iterator[pa.RecordBatch]:
        """The named columns in batches."""
        yield from self.table.select(list(columns)).to_batches(batch_rows)

    def locate(self, rows: Sequence[int]) -> list[str]:
        """`row N`, counted from 1."""
        return [f"row {row + 1}" for row in rows]


def answer_table(url: str, query: str, name: str) -> MemoryTable:
    """What a database answers, in memory; TableError for what it cannot."""
    from chs_ml.history.databases import open_query

    table = open_query(url, query, name).read_all().combine_chunks()
    read_at = datetime.now(UTC).isoformat(timespec="seconds")
    source = Source(name, len(table), read_at[:10], read_at, digest_of_rows(table))
    return MemoryTable(name, table, {"format": "database"}, (source,))


def digest_of_rows(table: pa.Table) -> str:
    """SHA-256 (hex) of a table's content."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return hashlib.sha256(sink.getvalue()).hexdigest()
