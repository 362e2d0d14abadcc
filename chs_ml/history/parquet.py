"""Parquet files: their types are kept, their rows are read in groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from chs_ml.history.findings import Finding, TableError, error

_BROKEN = (pa.ArrowException, OSError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A Parquet file whose schema is known."""

    path: Path
    columns: tuple[str, ...]
    sha256: str
    decimal: str | None = None
    may_hold_decimal_commas: bool = False

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return self.path.name

    @property
    def form(self) -> dict[str, str]:
        """The format; Parquet says the rest itself."""
        return {"format": "Parquet"}

    def read(self, columns: Sequence[str], findings: list[Finding]) -> pa.Table:
        """The named columns, dictionaries decoded."""
        batches = list(self.batches(columns, 1 << 20, findings))
        return pa.Table.from_batches(batches, None if batches else self._schema(columns))

    def batches(self, columns: Sequence[str], batch_rows: int, findings: list[Finding]) -> Iterator[pa.RecordBatch]:
        """The same in batches of at most ``batch_rows`` rows; a file that cannot be read goes to ``findings``."""
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(batch_rows, columns=list(columns)):
                    picked = batch.select(list(columns))
                    yield pa.record_batch([_dense(column) for column in picked.columns], names=list(columns))
        except _BROKEN as found:
            findings.append(_unreadable(self.path, found))

    def locate(self, rows: Sequence[int]) -> list[str]:
        """`row N`, counted from 1."""
        return [f"row {row + 1}" for row in rows]

    def _schema(self, columns: Sequence[str]) -> pa.Schema:
        schema = pq.read_schema(self.path)
        return pa.schema([schema.field(column) for column in columns])


def open_parquet(path: Path, sha256: str) -> ParquetFile:
    """Read the schema; TableError for a file that is none, or column names that are empty or not unique."""
    try:
        names = pq.read_schema(path).names
    except _BROKEN as found:
        raise TableError(_unreadable(path, found)) from None
    doubled = [repr(name) for name in dict.fromkeys(names) if names.count(name) > 1 or not name.strip()]
    if doubled:
        evidence = f"{path.name}: column names {', '.join(doubled)} are empty or not unique"
        raise TableError(error("duplicate-header", evidence, "Rename them"))
    return ParquetFile(path, tuple(names), sha256)


def _dense(column: pa.Array) -> pa.Array:
    """Dictionaries decoded, all text as one type; ArrowInvalid for bytes that are no UTF-8."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string_view(column.type) or pa.types.is_large_string(column.type):
        column = column.cast(pa.string())
    if pa.types.is_string(column.type):
        column.validate(full=True)
    return column


def _unreadable(path: Path, found: Exception) -> Finding:
    return error("not-parquet", f"{path.name}: no readable Parquet file ({type(found).__name__})", "Write it again")
