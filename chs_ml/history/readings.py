"""A metric's column → numbers or levels, with everything about it that is wrong or worth saying."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from chs_ml.history.columns import Column, as_numbers, as_text, can_be_text, is_number, is_time
from chs_ml.history.findings import Finding, Trouble, error, trouble
from chs_ml.history.numbers import MOSTLY, NOT_FINITE, NumberReader, Parsed, parse_numbers


@dataclass(slots=True)
class Reading:
    """One column as read. values: float64 (NaN: missing) or Arrow text (null: missing). comma: the decimal sign."""

    column: str
    kind: Literal["number", "category"]
    values: NDArray[np.float64] | Column
    troubles: list[Trouble] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    comma: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """How a file writes numbers: the decimal sign that was said, and whether a comma can be one unsaid."""

    file: str
    decimal: str | None
    may_hold_commas: bool


def read_metric(name: str, column: Column, kind: str | None, form: Form) -> Reading:
    """Read a column as the kind that was said, or else as what nearly all its values are."""
    found = unusable(name, column.type, form.file)
    if found:
        return Reading(name, "category", pa.nulls(len(column), pa.string()), findings=[found])
    if kind == "category" or (kind is None and pa.types.is_boolean(column.type)):
        return read_category(name, column)
    if is_number(column.type) or pa.types.is_boolean(column.type):
        return _typed_numbers(name, column)
    reader = NumberReader(name, form.decimal, form.may_hold_commas)
    text = as_text(column)
    parsed = reader.parse(text)
    if kind == "number" or _meant_as_numbers(text, parsed):
        return _parsed_numbers(reader, text, parsed)
    return read_category(name, column)


def read_category(name: str, column: Column) -> Reading:
    """Read a column as levels: trimmed text, blank is missing, every other word is a level."""
    text = as_text(column)
    reading = Reading(name, "category", text)
    if pa.types.is_string(column.type):
        trimmed = pc.sum(pc.and_(pc.is_valid(text), pc.not_equal(text, column))).as_py()
        if trimmed:
            reading.notes.append(f"column {name!r}: blanks around {trimmed:,} values were removed")
    return reading


def _meant_as_numbers(text: Column, parsed: Parsed) -> bool:
    if not parsed.known:
        return True  # nothing but blanks: to be refused as all missing, whatever its kind
    if parsed.share > MOSTLY:
        return True
    return parse_numbers(text, ",").share > MOSTLY


def _parsed_numbers(reader: NumberReader, text: Column, parsed: Parsed) -> Reading:
    reading = Reading(reader.column, "number", parsed.values, reader.troubles(text, parsed))
    reading.comma = reader.comma or reader.decimal == ","
    if reader.words:
        said = ", ".join(f"{count:,} × {word}" for word, count in sorted(reader.words.items()))
        reading.notes.append(f"column {reader.column!r}: read as missing: {said}")
    if reader.comma:
        reading.notes.append(f"column {reader.column!r}: decimal commas, as in {_example(text)}")
    return reading


def _example(text: Column) -> str:
    return str(pc.filter(text, pc.match_substring(text, ","))[0].as_py())


def _typed_numbers(name: str, column: Column) -> Reading:
    values = np.asarray(as_numbers(column).to_numpy(), dtype=np.float64)
    endless = np.flatnonzero(np.isinf(values))
    reading = Reading(name, "number", np.where(np.isinf(values), np.nan, values) + 0.0)
    if len(endless):
        reading.troubles.append(trouble(name, endless, dict(enumerate(values)), NOT_FINITE))
    return reading


def unusable(name: str, kind: pa.DataType, file: str) -> Finding | None:
    """Why a column of this type is no metric, None if it can be one."""
    what, remedy = f"values of type {kind}", "Give a column of numbers or text, or say role: exclude"
    if is_time(kind):
        what, remedy = "dates or times", "Give the days since (or until) it instead, or say role: exclude"
    elif can_be_text(kind):
        return None
    said = f"{file}: column {name!r} holds {what}; a metric holds numbers or levels"
    return error("not-a-metric", said, remedy, name)


def nameless(name: str, kind: pa.DataType, file: str) -> Finding | None:
    """Why values of this type are no text: lists, structs and bytes; None if they can be."""
    if can_be_text(kind):
        return None
    said = f"{file}: column {name!r} holds values of type {kind}"
    return error("nested-values", said, "Give numbers, text or dates", name)
