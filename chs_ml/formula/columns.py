"""Reading a column of any kind of frame: numbers with one kind of missing, and levels as codes.

A frame is whatever answers ``frame[name]``: a pandas DataFrame, a pyarrow Table, a dict of arrays. NaN, ±inf, None,
NULL and ``''`` are all *missing*; in numbers they become NaN, in levels code -1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chs_ml.errors import DataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]
TextArray = NDArray[np.object_]

MISSING = -1


class Frame(Protocol):
    """Anything that gives a column by its name and raises KeyError where there is none."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the column ``name``."""


def numbers(column: Any, name: str = "") -> FloatArray:
    """Return the column as float64 with NaN for everything missing; DataError where text is not a number."""
    values = _plain(column)
    if values.dtype.kind in "OUST":
        values = np.array([_number(value, name) for value in values.tolist()], dtype=np.float64)
    values = values.astype(np.float64, copy=False)
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, np.nan)


def level_codes(column: Any, levels: Sequence[str]) -> IntArray:
    """Return for each row the position of its level, ``len(levels)`` for one not listed, -1 for missing."""
    codes, uniques = _factorised(column)
    index = {level: position for position, level in enumerate(levels)}
    by_number = {float(level): position for level, position in index.items() if _reads_as_number(level)}
    table = np.array([_position(value, index, by_number) for value in uniques] + [MISSING], dtype=np.intp)
    return table[codes]


def level_text(value: Any) -> str | None:
    """Return a level as it is written in formulas: text as it is, 1.0 as ``1``, True as ``true``; None if missing."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | float | np.number):
        number = float(value)
        if not np.isfinite(number):
            return None
        return str(int(number)) if number.is_integer() else repr(number)
    return None if value != value else str(value) or None


def texts(column: Any) -> TextArray:
    """Return the column as text, None where missing."""
    codes, uniques = _factorised(column)
    return np.array([*(level_text(value) for value in uniques), None], dtype=object)[codes]


def row_count(frame: Any) -> int:
    """Return the number of rows of a frame."""
    if isinstance(frame, dict):
        return len(next(iter(frame.values()))) if frame else 0
    return len(frame)


def column_names(frame: Any) -> list[str]:
    """Return the names of a frame's columns, as text."""
    for attribute in ("column_names", "columns", "keys"):
        names = getattr(frame, attribute, None)
        if names is not None:
            return [str(name) for name in (names() if callable(names) else names)]
    return []


def _plain(column: Any) -> NDArray[Any]:
    if _is_arrow(column):
        return np.asarray(column.to_numpy(zero_copy_only=False) if hasattr(column, "type") else column)
    if hasattr(column, "array") and hasattr(column, "to_numpy"):
        if getattr(column.dtype, "kind", "O") in "iufb":
            return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
        return np.asarray(column.to_numpy(dtype=object))
    return np.asarray(column)


def _is_arrow(column: Any) -> bool:
    return type(column).__module__.partition(".")[0] == "pyarrow"


def _number(value: Any, name: str) -> float:
    if value is None or value != value or (isinstance(value, str) and not value.strip()):
        return np.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            f"metric {name!r}: {str(value)[:40]!r} is not a number. Mend the column, or leave the cell empty."
        ) from None


def _factorised(column: Any) -> tuple[IntArray, list[Any]]:
    """Return codes into the distinct values, -1 (the last) for missing."""
    if _is_arrow(column):
        encoded = column.dictionary_encode()
        if hasattr(encoded, "combine_chunks"):
            encoded = encoded.unify_dictionaries().combine_chunks()
        if hasattr(encoded, "chunks"):
            encoded = encoded.chunk(0)
        codes = encoded.indices.fill_null(MISSING).to_numpy(zero_copy_only=False)
        return codes.astype(np.intp), encoded.dictionary.to_pylist()
    if hasattr(column, "cat"):
        return np.asarray(column.cat.codes, dtype=np.intp), list(column.cat.categories)
    if hasattr(column, "factorize"):
        codes, uniques = column.factorize()
        return np.asarray(codes, dtype=np.intp), list(uniques)
    return _factorised_values(np.asarray(column, dtype=object).tolist())


def _factorised_values(values: Iterable[Any]) -> tuple[IntArray, list[Any]]:
    seen: dict[Any, int] = {}
    codes = [MISSING if value is None else seen.setdefault((type(value), value), len(seen)) for value in values]
    return np.array(codes, dtype=np.intp), [value for _, value in seen]


def _reads_as_number(level: str) -> bool:
    try:
        return bool(np.isfinite(float(level)))
    except ValueError:
        return False


def _position(value: Any, index: dict[str, int], by_number: dict[float, int]) -> int:
    text = level_text(value)
    if text is None:
        return MISSING
    other = len(index)
    if isinstance(value, str):
        return index.get(text, other)
    if isinstance(value, bool | np.bool_):
        return next((index[form] for form in (text, text.title(), text.upper()) if form in index), other)
    return index[text] if text in index else by_number.get(_as_float(value), other)


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan
