"""One look at every byte of a text file: its digest, whether it keeps to its encoding, whether quotes pair up."""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from pathlib import Path

from chs_ml.history.findings import TableError, error

_CHUNK = 1 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_FOREIGN = {
    b"\xd0\xcf\x11\xe0": "a spreadsheet (xls)",
    b"{\\rtf": "a text document (rtf)",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"ARROW1": "an Arrow file",
    b"FEA1": "a Feather file",
    b"SQLite format 3": "an SQLite database",
}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".ods", ".numbers")
_REMEDY = "Save it as CSV or Parquet"


@dataclass(frozen=True, slots=True)
class Survey:
    """sha256: of the bytes. odd_quotes: quotation marks do not pair up, one may stay open. lines: line feeds."""

    sha256: str
    odd_quotes: bool
    lines: int


def digest_of(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def encoding_of(path: Path, said: str | None) -> str:
    """The file's encoding: its byte order mark, else what was said, else UTF-8. TableError where it is no text."""
    with path.open("rb") as file:
        head = file.read(4096)
    what = _what_else(path, head)
    if what:
        raise TableError(error("not-a-table", f"{path.name}: is {what}", _REMEDY))
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    encoding = marked or ("utf-8" if said in {None, "utf-8-sig"} else str(said))
    if b"\x00" in head and not encoding.startswith(("utf-16", "utf-32")):
        raise TableError(error("not-text", f"{path.name}: is neither text nor Parquet (found NUL bytes)", _REMEDY))
    return encoding


def _what_else(path: Path, head: bytes) -> str | None:
    """What the file is instead of CSV, by its first bytes, or by a name that only spreadsheets have."""
    ending = path.suffix.lower()
    if ending in _SPREADSHEETS:
        return f"a spreadsheet ({ending[1:]})"
    if head.startswith(_ZIP):
        return "a spreadsheet (xlsx)" if b"xl/" in head or b"[Content_Types].xml" in head else "a zip archive"
    return next((what for magic, what in _FOREIGN.items() if head.startswith(magic)), None)


def survey(path: Path, encoding: str) -> Survey:
    """Read the file once in constant memory; TableError names the first line that is not in the encoding."""
    digest, decoder, quotes, lines = hashlib.sha256(), codecs.getincrementaldecoder(encoding)(), 0, 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as found:
                raise _wrong_encoding(path, encoding, lines, found) from None
            quotes += text.count('"')
            lines += text.count("\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as found:
        raise _wrong_encoding(path, encoding, lines, found) from None
    return Survey(digest.hexdigest(), quotes % 2 == 1, lines)


def _wrong_encoding(path: Path, encoding: str, lines: int, found: UnicodeDecodeError) -> TableError:
    before = found.object[: found.start].decode(encoding, errors="replace")
    shown = found.object[found.start : found.start + 1].hex()
    return TableError(
        error(
            "wrong-encoding",
            f"{path.name}, line {lines + before.count(chr(10)) + 1}: byte 0x{shown} is not {encoding}",
            "Save the file as UTF-8, or name its encoding, for instance encoding: cp1251",
        )
    )
