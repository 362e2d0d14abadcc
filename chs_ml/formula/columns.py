"""Reading a column of any kind of frame: numbers with one kind of missing, and levels as codes.

A frame is whatever answers ``frame[name]``: a pandas DataFrame, a pyarrow Table, a dict of arrays. NaN, ±inf, None,
NULL and ``''`` are all *missing*; in numbers they become NaN, in levels code -1.
"""

from __future__ import annotations

import re
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
_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:\.0+)?")


class Frame(Protocol):
    """Anything that gives a column by its name and raises KeyError where there is none."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the column ``name``."""


def numbers(column: Any, name: str = "") -> FloatArray:
    """Return the column as float64 with NaN for everything missing; DataError where text is not a number."""
    if _comes_from("pyarrow", column) and hasattr(column.type, "index_type"):
        codes, distinct = factorised(column)  # pyarrow's own to_numpy loses the nulls of a chunked dictionary
        return np.array([*(_finite(value, name) for value in distinct), np.nan])[codes]
    values = _plain(column)
    if values.dtype.kind not in "iufb":
        values = np.array([_number(value, name) for value in values.tolist()], dtype=np.float64)
    values = values.astype(np.float64, copy=False)
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, np.nan)


def level_codes(column: Any, levels: Sequence[str]) -> IntArray:
    """Return for each row the position of its level, ``len(levels)`` for one not listed, -1 for missing."""
    codes, distinct = factorised(column)
    return level_positions(distinct, levels)[codes]


def level_positions(distinct: Sequence[Any], levels: Sequence[str]) -> IntArray:
    """Return the position of each distinct value among ``levels``, and -1 at the end for missing."""
    index = {level: position for position, level in enumerate(levels)}
    by_number = {float(level): position for level, position in index.items() if _reads_as_number(level)}
    whole = {found: position for level, position in index.items() if (found := _whole(level)) is not None}
    return np.array([_position(value, index, by_number, whole) for value in distinct] + [MISSING], dtype=np.intp)


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
    return None if _is_null(value) else str(value) or None


def texts(column: Any) -> TextArray:
    """Return the column as text, None where missing."""
    codes, distinct = factorised(column)
    return np.array([*(level_text(value) for value in distinct), None], dtype=object)[codes]


def row_count(frame: Any) -> int:
    """Return the number of rows of a frame."""
    if isinstance(frame, dict):
        return len(next(iter(frame.values()))) if frame else 0
    return len(frame)


def own_names(frame: Any) -> frozenset[Any] | None:
    """Return the names of a frame's columns as they are (a number stays one), None if it does not tell them."""
    for attribute in ("column_names", "columns", "keys"):
        names = getattr(frame, attribute, None)
        if names is not None:
            return frozenset(names() if callable(names) else names)
    return None


def column_names(frame: Any) -> list[str]:
    """Return the names of a frame's columns, as text."""
    for attribute in ("column_names", "columns", "keys"):
        names = getattr(frame, attribute, None)
        if names is not None:
            return [str(name) for name in (names() if callable(names) else names)]
    return []


def factorised(column: Any) -> tuple[IntArray, list[Any]]:
    """Return codes into the distinct values, -1 for missing: an index of the last entry of any table."""
    if _comes_from("pyarrow", column):
        return _factorised_arrow(column)
    if _comes_from("pandas", column):
        if hasattr(column, "cat"):
            return np.asarray(column.cat.codes, dtype=np.intp), list(column.cat.categories)
        codes, uniques = column.factorize()
        distinct = list(uniques)
        if column.dtype.kind != "O" or all(isinstance(value, str) for value in distinct):
            return np.asarray(codes, dtype=np.intp), distinct
    return _factorised_values(np.asarray(column, dtype=object).tolist())


def _plain(column: Any) -> NDArray[Any]:
    if _comes_from("pyarrow", column):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    if _comes_from("pandas", column):
        kind = getattr(column.dtype, "kind", "O")
        return np.asarray(column.to_numpy(np.float64, na_value=np.nan) if kind in "iufb" else column.to_numpy(object))
    if isinstance(column, np.ndarray):
        return column
    return np.asarray(column, dtype=object)


def _comes_from(library: str, column: Any) -> bool:
    return type(column).__module__.partition(".")[0] == library


def _number(value: Any, name: str) -> float:
    if _is_null(value) or (isinstance(value, str) and not value.strip()):
        return np.nan
    try:
        if isinstance(value, str) and "_" in value:
            raise ValueError(value)  # Python alone reads 1_000 as a number
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            f"metric {name!r}: {str(value)[:40]!r} is not a number. Mend the column, or leave the cell empty."
        ) from None


def _finite(value: Any, name: str) -> float:
    number = _number(value, name)
    return number if np.isfinite(number) else np.nan


def _is_null(value: Any) -> bool:
    """None, NaN, NaT and pandas.NA, which alone is neither equal nor unequal to itself."""
    try:
        return value is None or bool(value != value)  # noqa: PLR0124 - what NaN alone says of itself
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"


def _factorised_arrow(column: Any) -> tuple[IntArray, list[Any]]:
    encoded = column.dictionary_encode()
    if hasattr(encoded, "combine_chunks"):
        encoded = encoded.unify_dictionaries().combine_chunks()
    if hasattr(encoded, "chunks"):
        encoded = encoded.chunk(0)
    codes = encoded.indices.fill_null(MISSING).to_numpy(zero_copy_only=False)
    return codes.astype(np.intp, copy=False), encoded.dictionary.to_pylist()


def _factorised_values(values: Iterable[Any]) -> tuple[IntArray, list[Any]]:
    seen: dict[Any, int] = {}
    codes = [MISSING if value is None else seen.setdefault(_hashed(value), len(seen)) for value in values]
    return np.array(codes, dtype=np.intp), [value for _, value in seen]


def _hashed(value: Any) -> tuple[type, Any]:
    """True, 1 and 1.0 are one key to a dict, and three values to a reader."""
    try:
        hash(value)
    except TypeError:
        raise DataError(f"a cell holds {str(value)[:40]!r}, a {type(value).__name__}; a level is text") from None
    return type(value), value


def _reads_as_number(level: str) -> bool:
    try:
        return bool(np.isfinite(float(level)))
    except ValueError:
        return False


def _whole(text: str) -> str | None:
    """``1.0`` and ``1`` are one whole number, exactly however long; ``007`` and ``1e3`` are names."""
    found = _WHOLE.fullmatch(text)
    return found and found[1]


def _position(value: Any, index: dict[str, int], by_number: dict[float, int], whole: dict[str, int]) -> int:
    text = level_text(value)
    if text is None:
        return MISSING
    other = len(index)
    if text in index:
        return index[text]
    if isinstance(value, bool | np.bool_) or text.lower() in {"true", "false"}:
        return next((index[form] for form in (text.lower(), text.title(), text.upper()) if form in index), other)
    if isinstance(value, str):
        return whole.get(_whole(text) or "", other)
    return by_number.get(_as_float(value), other)


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan
