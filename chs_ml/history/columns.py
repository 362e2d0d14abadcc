"""One column as text: what its values are called, whatever type the file gives them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Column = Any
"""pyarrow.Array or pyarrow.ChunkedArray."""


def as_text(column: Column) -> Column:
    """Trimmed text; blank and NaN are null. Numbers lose zeros behind their point (5.00: 5); booleans: true, false."""
    kind = column.type
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    if pa.types.is_floating(kind):
        return _float_text(column)
    if pa.types.is_decimal(kind) and kind.scale > 0:
        return _decimal_text(column)
    if not pa.types.is_string(kind):
        return column.cast(pa.string())
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def as_numbers(column: Column) -> Column:
    """A column of Arrow's numbers or booleans as float64: whole numbers beyond 2**53 to the nearest."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    return column.cast(pa.float64(), safe=False)


def can_be_text(kind: pa.DataType) -> bool:
    """Whether values of this type have a name: lists, structs and bytes have none."""
    types = pa.types
    if types.is_interval(kind):
        return False
    plain = (types.is_string, types.is_boolean, types.is_integer, types.is_floating, types.is_decimal, types.is_null)
    return any(is_kind(kind) for is_kind in plain) or is_time(kind)


def is_time(kind: pa.DataType) -> bool:
    """Whether the type is a date, a time or a span of time."""
    return bool(pa.types.is_temporal(kind))


def is_number(kind: pa.DataType) -> bool:
    """Whether the type holds numbers."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _float_text(column: Column) -> Column:
    known = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column).cast(pa.float64())
    whole = pc.and_(pc.equal(known, pc.trunc(known)), pc.less(pc.abs(known), 2.0**53))
    integers = pc.if_else(whole, known, pa.scalar(None, pa.float64())).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(integers, known.cast(pa.string()))


def _decimal_text(column: Column) -> Column:
    text = column.cast(pa.string())
    if pc.any(pc.match_substring(text, "E")).as_py():  # Arrow writes 0.0000001 as 1E-7
        text = pa.array([None if value is None else format(value, "f") for value in column.to_pylist()], pa.string())
    return pc.replace_substring_regex(text, r"^(-?[0-9]+)(?:\.0*|(\.[0-9]*[1-9])0*)$", r"\1\2")
