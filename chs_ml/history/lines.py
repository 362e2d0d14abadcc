"""The slow, exact reader: where a row of a CSV file stands, counting line breaks inside quotes. For messages only."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from chs_ml.history.findings import MAX_SHOWN, Finding, error


@dataclass(frozen=True, slots=True)
class Layout:
    """How a CSV file is to be cut into fields."""

    path: Path
    delimiter: str
    encoding: str
    fields: int = 0

    def open(self) -> TextIO:
        """The file as text, line ends untouched, without its byte order mark (which would hide a quote behind it)."""
        return self.path.open(encoding="utf-8-sig" if self.encoding == "utf-8" else self.encoding, newline="")


def records(layout: Layout, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, fields) of each record, header first; empty lines are none, as in the fast reader."""
    with layout.open() as file:
        reader = csv.reader(file, delimiter=layout.delimiter, strict=strict)
        line = 1
        for fields in reader:
            if fields or layout.fields == 1:
                yield line, fields or [""]
            line = reader.line_num + 1


def header_of(layout: Layout) -> tuple[str, ...]:
    """The first record, without a byte order mark; empty for an empty file."""
    for _, fields in records(layout):
        if fields != [""]:
            return (fields[0].removeprefix("\ufeff"), *fields[1:])
    return ()


def locate_rows(layout: Layout, rows: Sequence[int]) -> list[str]:
    """`line N` for each of the ascending row numbers (from 0; rows of a wrong length are not counted)."""
    wanted, places, row = set(rows), [], -1
    for line, fields in records(layout):
        row += len(fields) == layout.fields
        if len(fields) == layout.fields and row - 1 in wanted:  # the header is row 0 here
            places.append(f"line {line}")
            if len(places) == len(wanted):
                break
    return places


def wrong_lengths(layout: Layout) -> Finding:
    """The records that do not have as many fields as the header."""
    found = [(line, len(fields)) for line, fields in records(layout) if len(fields) != layout.fields]
    shown = ", ".join(f"line {line} has {count}" for line, count in found[:MAX_SHOWN])
    more = f" and {len(found) - MAX_SHOWN:,} more" if len(found) > MAX_SHOWN else ""
    evidence = f"{layout.path.name}: the header has {layout.fields} fields, {shown}{more}; every line needs as many"
    return error(
        "field-count",
        evidence,
        "Put quotes around values that hold the delimiter, and restore lines that were cut",
    )


def open_quote(layout: Layout) -> Finding | None:
    """The record whose quotation mark never closes, if there is one."""
    line = 1
    try:
        with layout.open() as file:
            reader = csv.reader(file, delimiter=layout.delimiter)
            for _ in reader:
                begun, line = line, reader.line_num + 1
        if not _ends_inside_quotes(layout, begun):
            return None
    except csv.Error:  # a field beyond the size limit: the quote swallowed the rest of the file
        begun = line
    return error(
        "open-quote",
        f"{layout.path.name}, line {begun}: a quotation mark opens in this row and never closes",
        'Close it, or double it ("") where the mark itself is meant',
    )


def swallowed_rows(layout: Layout) -> Finding | None:
    """Whole rows inside a quoted value: a stray mark opened it, and a later stray mark closed it.

    Text of several lines is allowed. It counts as swallowed rows when all its inner lines, at least two, have as many
    delimiters as a row, at least two.
    """
    for line, fields in records(layout) if layout.fields > 2 else ():
        for inner in (field.splitlines()[1:-1] for field in fields):
            if len(inner) > 1 and all(text.count(layout.delimiter) == layout.fields - 1 for text in inner):
                found = (
                    f"{layout.path.name}, line {line}: a value in quotes holds {len(inner):,} lines that look like rows"
                )
                return error("swallowed-rows", found, 'Close the quotation mark, or double it ("") where it is meant')
    return None


def _ends_inside_quotes(layout: Layout, begun: int) -> bool:
    with layout.open() as file:
        rest = [text for line, text in enumerate(file, 1) if line >= begun]
    try:
        list(csv.reader(rest, delimiter=layout.delimiter, strict=True))
    except csv.Error as found:
        return "unexpected end of data" in str(found)
    return False
