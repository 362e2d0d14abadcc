"""The `data:` section: where the labelled table is, and which columns say who, what happened, and as of when."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from chs_ml.spec.part import SpecPart, Text, Texts

_NO_FILE = frozenset({"punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape", "unicode-escape"})
"""Codecs of single names and literals, not of files."""


class Table(SpecPart):
    """A CSV or Parquet file; what is not said about its form is found out from the file."""

    later: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"url": "tables from a database", "query": "tables from a database"}
    )

    file: Text = Field(description="path of a CSV or Parquet file, relative to the spec")
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(
        None, description="one of , ; | or a tab; found out if omitted"
    )
    decimal: Literal[".", ","] | None = Field(None, description="decimal sign of a CSV file: '.' or ','")
    encoding: str | None = Field(None, description="text encoding of a CSV file, for instance utf-8 or cp1251")

    @field_validator("file")
    @classmethod
    def _is_no_address(cls, file: str) -> str:
        if "://" in file:
            raise ValueError("an address of a database or a web page is not read yet. Give the path of a file")
        return file

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


def _text_encoding(name: str) -> str:
    """The encoding's own name; LookupError for none, UnicodeError for one that a file cannot be written in."""
    found = codecs.lookup(name)
    if found.name in _NO_FILE or "a".encode(found.name).decode(found.name) != "a":  # rot13, hex: LookupError
        raise UnicodeError(name)
    return found.name


def _as_table(value: Any) -> Any:
    return {"file": value} if isinstance(value, str) else value


class Outcome(SpecPart):
    """Which values of which column mean churned, retained, or neither; compared as text, exactly as written."""

    column: Text = Field(description="column that says what became of the customer")
    churned: Texts = Field(min_length=1, description="values that mean churned")
    retained: Texts | None = Field(
        None, min_length=1, description="values that mean retained; omitted: every other value"
    )
    exclude: Texts = Field((), description="values whose rows are left out")

    @model_validator(mode="after")
    def _says_each_value_once(self) -> Self:
        said = [*set(self.churned), *set(self.retained or ()), *set(self.exclude)]
        twice = sorted({value for value in said if said.count(value) > 1})
        if twice:
            found = ", ".join(map(repr, twice))
            raise ValueError(f"found {found} in more than one list; a value means one thing. Keep it in one list")
        return self


class Data(SpecPart):
    """A labelled table: one row a customer, or one row a customer and cutoff."""

    later: ClassVar[Mapping[str, str]] = MappingProxyType({"renewal": "renewals"})

    table: Annotated[Table, BeforeValidator(_as_table, json_schema_input_type=str | Table)] = Field(
        description="path of a CSV or Parquet file, or {file, delimiter, decimal, encoding}"
    )
    customer: Text | None = Field(None, description="column of the customer's id; omitted: every row is a customer")
    outcome: Outcome = Field(description="{column, churned: [values], retained: [values], exclude: [values]}")
    cutoff: Text | None = Field(None, description="column of the date as of which the metrics are known")
    segment: Text | None = Field(None, description="column of the customer's segment, for figures by segment")
    stage: Text | None = Field(None, description="column of the lifecycle stage, for figures by stage")
    revenue: Text | None = Field(None, description="column of the customer's revenue, a number of at least 0")

    @model_validator(mode="after")
    def _uses_each_column_once(self) -> Self:
        named = {
            "customer": self.customer,
            "outcome": self.outcome.column,
            "cutoff": self.cutoff,
            "segment": self.segment,
            "stage": self.stage,
            "revenue": self.revenue,
        }
        first: dict[str, str] = {}
        for what, column in named.items():
            if column and first.setdefault(column, what) != what:
                raise ValueError(
                    f"found column {column!r} as {first[column]} and as {what}; each needs a column of its own. "
                    "Correct one"
                )
        return self
