"""Where a table is: a CSV or Parquet file, or a query that a database answers."""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from chs_ml.spec.part import SpecPart, Text

_NO_FILE = frozenset({"punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape", "unicode-escape"})
"""Codecs of single names and literals, not of files."""
_OF_A_FILE = ("delimiter", "decimal", "encoding")


class Table(SpecPart):
    """A CSV or Parquet file, or a database's answer; what is not said about a file's form is found out from it."""

    file: Text | None = Field(None, description="path of a CSV or Parquet file, relative to the spec")
    url: Text | None = Field(None, description="address of a database in a variable, as in ${WAREHOUSE_URL}")
    query: Text | None = Field(None, description="one SELECT, which the database answers")
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(
        None, description="one of , ; | or a tab; found out if omitted"
    )
    decimal: Literal[".", ","] | None = Field(None, description="decimal sign of a CSV file: '.' or ','")
    encoding: str | None = Field(None, description="text encoding of a CSV file, for instance utf-8 or cp1251")

    @field_validator("file")
    @classmethod
    def _is_no_address(cls, file: str | None) -> str | None:
        if file and "://" in file:
            raise ValueError(
                "found an address (not shown); a file is a path. Write {url: ${VARIABLE}, query: select …}"
            )
        return file

    @field_validator("url")
    @classmethod
    def _keeps_its_secret(cls, url: str | None) -> str | None:
        if url and "${" not in url and "@" in url:
            raise ValueError(
                "found an address with a user (not shown); a spec is kept and shared. Put the address into a variable "
                "of the environment, and write url: ${VARIABLE}"
            )
        return url

    @field_validator("delimiter", mode="before")
    @classmethod
    def _tab_by_name(cls, delimiter: object) -> object:
        return "\t" if delimiter in {"tab", "\\t"} else delimiter

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str | None) -> str | None:
        try:
            return encoding and _text_encoding(encoding)
        except (LookupError, UnicodeError):
            raise ValueError("no such text encoding is known. Try utf-8, utf-16 or cp1251") from None

    @model_validator(mode="after")
    def _is_a_file_or_a_query(self) -> Self:
        if self.file is not None and (self.url or self.query):
            raise ValueError("found file, and url or query; a table is a file or the answer of a database. Keep one")
        if self.file is None and not (self.url and self.query):
            raise ValueError("a table is a path, {file}, or {url, query}. Give the path, or both url and query")
        if self.file is None and any(getattr(self, key) is not None for key in _OF_A_FILE):
            raise ValueError("found delimiter, decimal or encoding with a query; they are of a CSV file. Remove them")
        return self


def _text_encoding(name: str) -> str:
    """The encoding's own name; LookupError for none, UnicodeError for one that a file cannot be written in."""
    found = codecs.lookup(name)
    if found.name in _NO_FILE or "a".encode(found.name).decode(found.name) != "a":  # rot13, hex: LookupError
        raise UnicodeError(name)
    return found.name


def as_table(value: Any) -> Any:
    """A text is the path of a file."""
    return {"file": value} if isinstance(value, str) else value


SomeTable = Annotated[Table, BeforeValidator(as_table, json_schema_input_type=str | Table)]
