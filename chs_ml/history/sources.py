"""Tables from files, with their lineage. Importing this must stay cheap: scoring needs no pandas."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import pyarrow as pa

from chs_ml.history.columns import Column, as_text
from chs_ml.history.days import DayReader
from chs_ml.history.delimited import open_csv
from chs_ml.history.findings import Finding, TableError, Trouble, described, error
from chs_ml.history.numbers import NumberReader
from chs_ml.history.parquet import open_parquet
from chs_ml.history.readings import nameless, unusable
from chs_ml.history.survey import digest_of

BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows came from. name: the file's, without its folder; newest: date of the newest content; times in UTC."""

    name: str
    rows: int
    newest: str
    read_at: str
    sha256: str


class TableFile(Protocol):
    """A file that rows are read from; `findings` collects what is wrong with its form."""

    @property
    def name(self) -> str:
        """The file's name, without its folder."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns' names, trimmed."""

    @property
    def decimal(self) -> str | None:
        """The decimal sign, where the user said it."""

    @property
    def sha256(self) -> str:
        """Digest of its bytes."""

    @property
    def may_hold_decimal_commas(self) -> bool:
        """Whether a comma inside a number can be told from the delimiter."""

    @property
    def form(self) -> Mapping[str, str]:
        """How it is written, as found: format, and for CSV delimiter and encoding."""

    def read(self, columns: Sequence[str], findings: list[Finding]) -> pa.Table:
        """The named columns."""

    def batches(self, columns: Sequence[str], batch_rows: int, findings: list[Finding]) -> Iterator[pa.RecordBatch]:
        """The named columns in batches of at most ``batch_rows`` rows."""

    def locate(self, rows: Sequence[int]) -> list[str]:
        """Where each of the ascending row numbers stands, in words."""


class _Reader(Protocol):
    """Reads one column batch by batch."""

    def read(self, column: Column) -> tuple[pa.Array, list[Trouble]]:
        """Its values in their form, and what is wrong with them."""


def open_table(
    path: str | Path,
    *,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    written: str | None = None,
) -> TableFile:
    """A CSV or Parquet file, told apart by its first bytes; TableError (a DataError) if it is neither.

    written: the path for messages, as the user wrote it: what stands in a variable may be a secret.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head == b"PAR1":
            return open_parquet(path, digest_of(path))
        return open_csv(path, delimiter, decimal, encoding)
    except OSError as found:
        reason = found.strerror or type(found).__name__
        raise TableError(error("no-file", f"{written or path}: cannot be read: {reason}", "Check the path")) from None


def read_table(
    path: str | Path,
    *,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    columns: Sequence[str] | None = None,
) -> tuple[pa.Table, Source]:
    """The named columns (default: all). CSV columns are text exactly as written, Parquet columns keep their type.

    TableError (a DataError) lists everything that is wrong with the file's form, and names the nearest column
    for one that is not there.
    """
    file = open_table(path, delimiter=delimiter, decimal=decimal, encoding=encoding)
    wanted = file.columns if columns is None else tuple(columns)
    findings = absent_columns(file, wanted)
    if findings:
        raise TableError(*findings)
    table = file.read(wanted, findings)
    if findings:
        raise TableError(*findings)
    return table, source_of(Path(path), file, len(table))


def open_batches(  # noqa: PLR0913 - what a spec may say about a file's form, by name
    path: str | Path,
    *,
    delimiter: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    columns: Sequence[str] | None = None,
    numbers: Collection[str] = (),
    days: Collection[str] = (),
    optional: Collection[str] = (),
    batch_rows: int = BATCH_ROWS,
    meant: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> Iterator[pa.RecordBatch]:
    """The same in batches of at most ``batch_rows`` rows and constant memory.

    ``numbers`` come as float64 (blank and NA words: null), ``days`` as date32 (one in every row), all other columns as
    trimmed text (blank: null). optional: columns that are left out where the file has none of the name.
    meant: column → what it is and what to do where it is not there, for the message.
    TableError (a DataError) after the last sound batch lists every problem of the whole file: keep nothing that was
    made from the batches before it.
    """
    file = open_table(path, delimiter=delimiter, decimal=decimal, encoding=encoding)
    named = file.columns if columns is None else columns
    wanted = tuple(name for name in named if name not in optional or name in file.columns)
    findings = absent_columns(file, wanted, meant)
    if findings:
        raise TableError(*findings)
    readers: dict[str, _Reader] = {
        name: NumberReader(name, file.decimal, file.may_hold_decimal_commas) for name in numbers
    }
    return _typed_batches(file, wanted, readers | {name: DayReader(name) for name in days}, batch_rows)


def source_of(path: Path, file: TableFile, rows: int, newest: str | None = None) -> Source:
    """The lineage of a file that was just read; newest: the newest cutoff, else the day the file was last changed."""
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    return Source(file.name, rows, newest or changed, datetime.now(UTC).isoformat(timespec="seconds"), file.sha256)


def absent_columns(
    file: TableFile, wanted: Sequence[str], meant: Mapping[str, tuple[str, str]] = MappingProxyType({})
) -> list[Finding]:
    """One finding for each wanted column that the file does not have; meant: column → (what it is, what to do)."""
    known = set(file.columns)
    if known.issuperset(wanted):
        return []
    from chs_ml.spec.nearest import nearest  # the spec's package pays for pydantic; only an error needs it

    findings = []
    for name in (name for name in wanted if name not in known):
        what, remedy = meant.get(name, ("", ""))
        evidence = f"{file.name}: column {name!r} is missing" + (f"; it is {what}" if what else "")
        findings.append(error("missing-column", evidence, f"{nearest(name, file.columns)} {remedy}".rstrip(". "), name))
    return findings


def _typed_batches(
    file: TableFile, columns: Sequence[str], readers: Mapping[str, _Reader], batch_rows: int
) -> Iterator[pa.RecordBatch]:
    numbers = {name for name, reader in readers.items() if isinstance(reader, NumberReader)}
    findings: list[Finding] = []
    troubles: dict[tuple[str, str], Trouble] = {}
    row = 0
    for batch in file.batches(columns, batch_rows, findings):
        typed: list[pa.Array] = []
        if row == 0:
            findings += _refused(file, batch.schema, numbers)
        if findings:
            break
        for name, column in zip(columns, batch.columns, strict=True):
            values, found = readers[name].read(column) if name in readers else (as_text(column), [])
            typed.append(values)
            for one in found:
                placed = one.later_by(row)
                known = troubles.get((one.code, name))
                troubles[one.code, name] = known.joined(placed) if known else placed
        row += len(batch)
        if not troubles and not findings:
            yield pa.record_batch(typed, names=list(columns))
    findings += described([*troubles.values()], file.name, file.locate)
    if findings:
        raise TableError(*findings)


def _refused(file: TableFile, schema: pa.Schema, numbers: Collection[str]) -> list[Finding]:
    """One finding for each column whose type is no number where one is read, or has no text."""
    found = [(unusable if one.name in numbers else nameless)(one.name, one.type, file.name) for one in schema]
    return [one for one in found if one]
