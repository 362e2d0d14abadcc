"""CSV files through Arrow: every value stays text, and what pandas would silently repair is refused."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv

from chs_ml.history.findings import Finding, TableError, error
from chs_ml.history.lines import Layout, header_of, locate_rows, open_quote, records, swallowed_rows, wrong_lengths
from chs_ml.history.survey import encoding_of, survey

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 50
_WHOLE_BLOCK = 8 << 20
_STREAM_BLOCK = 1 << 20  # Arrow reads some blocks ahead: larger ones would hold hundreds of megabytes


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file whose header and form are known; raw: the header as written, columns: trimmed."""

    layout: Layout
    raw: tuple[str, ...]
    columns: tuple[str, ...]
    decimal: str | None
    sha256: str
    lines: int

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return self.layout.path.name

    @property
    def may_hold_decimal_commas(self) -> bool:
        """Whether a comma inside a number can be told from the delimiter."""
        return self.layout.delimiter != ","

    @property
    def form(self) -> dict[str, str]:
        """The format, the delimiter and the encoding, as said or found."""
        return {"format": "CSV", "delimiter": self.layout.delimiter, "encoding": self.layout.encoding}

    def read(self, columns: Sequence[str], findings: list[Finding]) -> pa.Table:
        """The named columns as text; appends what is wrong with the file's form to ``findings``."""
        spoilt: list[int] = []
        try:
            table = arrow_csv.read_csv(self.layout.path, **self._options(columns, spoilt, _WHOLE_BLOCK))
        except (pa.ArrowInvalid, pa.ArrowKeyError) as found:
            self._refuse(found)
        findings += self._damage(len(table), spoilt)
        return table.rename_columns(list(columns))

    def batches(self, columns: Sequence[str], batch_rows: int, findings: list[Finding]) -> Iterator[pa.RecordBatch]:
        """The same in batches of at most ``batch_rows`` rows, in constant memory."""
        spoilt: list[int] = []
        rows = 0
        try:
            with arrow_csv.open_csv(self.layout.path, **self._options(columns, spoilt, _STREAM_BLOCK)) as reader:
                for batch in reader:
                    rows += len(batch)
                    named = batch.rename_columns(list(columns))
                    yield from (named.slice(at, batch_rows) for at in range(0, len(named), batch_rows))
        except (pa.ArrowInvalid, pa.ArrowKeyError) as found:
            self._refuse(found)
        findings += self._damage(rows, spoilt)

    def locate(self, rows: Sequence[int]) -> list[str]:
        """`line N` for each of the ascending row numbers."""
        return locate_rows(self.layout, rows)

    def _damage(self, rows: int, spoilt: list[int]) -> list[Finding]:
        """What became of lines that are no rows: cut short, too long, or swallowed by a quotation mark."""
        cut = [wrong_lengths(self.layout)] if spoilt else []
        swallowed = swallowed_rows(self.layout) if self.lines > rows + len(spoilt) + 1 else None
        return [*cut, *([swallowed] if swallowed else [])]

    def _options(self, columns: Sequence[str], spoilt: list[int], block: int) -> dict[str, Any]:
        def skip(row: arrow_csv.InvalidRow) -> str:
            spoilt.append(row.actual_columns)
            return "skip"

        raw = [self.raw[self.columns.index(column)] for column in columns]
        return {
            "read_options": arrow_csv.ReadOptions(encoding=self.layout.encoding, block_size=block),
            "parse_options": arrow_csv.ParseOptions(
                delimiter=self.layout.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=self.layout.fields > 1,
                invalid_row_handler=skip,
            ),
            "convert_options": arrow_csv.ConvertOptions(
                include_columns=raw,
                column_types=dict.fromkeys(raw, pa.string()),
                strings_can_be_null=False,
            ),
        }

    def _refuse(self, found: Exception) -> None:
        """Say in our words what Arrow refused."""
        cause = open_quote(self.layout) or error(
            "not-csv", f"{self.name}: cannot be cut into rows ({found})", "Check delimiter, quotes and line ends"
        )
        raise TableError(cause) from None


def open_csv(path: Path, delimiter: str | None, decimal: str | None, encoding: str | None) -> CsvFile:
    """Find out the form of a CSV file; TableError for a damaged header, encoding or quotes."""
    encoding = encoding_of(path, encoding)
    seen = survey(path, encoding)
    layout = Layout(path, delimiter or _sniffed(path, encoding), encoding)
    raw = _header(layout)
    layout = Layout(path, layout.delimiter, encoding, len(raw))
    unclosed = open_quote(layout) if seen.odd_quotes else None
    findings = [*_bad_names(path.name, raw), *([unclosed] if unclosed else [])]
    if findings:
        raise TableError(*findings)
    return CsvFile(layout, raw, tuple(name.strip() for name in raw), decimal, seen.sha256, seen.lines)


def _header(layout: Layout) -> tuple[str, ...]:
    try:
        raw = header_of(layout)
    except csv.Error:
        raw = ()
    if not raw:
        raise TableError(
            error("no-header", f"{layout.path.name}: found no header; the first line names the columns", "Add it")
        )
    return raw


def _bad_names(file: str, raw: Sequence[str]) -> Iterator[Finding]:
    names = [name.strip() for name in raw]
    empty = [str(at) for at, name in enumerate(names, 1) if not name]
    if empty:
        fields = ", ".join(empty[:5]) + (f" and {len(empty) - 5} more" if len(empty) > 5 else "")
        yield error(
            "empty-header",
            f"{file}, line 1: field {fields} of the header is empty; every column needs a name",
            "Name it, or remove the column",
        )
    for name in (name for name, count in Counter(names).items() if name and count > 1):
        fields = ", ".join(str(at) for at, other in enumerate(names, 1) if other == name)
        yield error(
            "duplicate-header",
            f"{file}, line 1: column {name!r} stands in the header more than once (fields {fields}); names are unique",
            "Rename or remove one",
        )


def _sniffed(path: Path, encoding: str) -> str:
    """The delimiter that cuts the first lines into most fields, and equally many on each."""

    def worth(delimiter: str) -> float:
        try:
            sample = [fields for _, fields in itertools.islice(records(Layout(path, delimiter, encoding)), _SAMPLE)]
        except csv.Error:
            return 0.0
        alike = sum(len(fields) == len(sample[0]) for fields in sample)
        return (len(sample[0]) - 1) * alike / len(sample) if sample else 0.0

    return max(DELIMITERS, key=worth)
