"""Text → numbers, exactly or not at all: no guess about signs, thousands or infinities passes silently."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from chs_ml.history.columns import Column, as_numbers, as_text, is_number
from chs_ml.history.findings import Trouble, trouble

MISSING_WORDS = ("na", "n/a", "nan", "null", "none", "-")
"""Read as missing in a column of numbers, in upper or lower case; in a category they are levels."""
MOSTLY = 0.9
"""A column with more numbers than this is meant to hold numbers; the rest of it is damage."""

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_COMMA_NUMBER = r"^[+-]?([0-9]+,?[0-9]*|,[0-9]+)([eE][+-]?[0-9]+)?$"
_INFINITE = r"^[+-]?(?i:inf|infinity)$"
_THOUSANDS = r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$"

NOT_A_NUMBER = (
    "not-a-number",
    "a column of numbers holds nothing else",
    "Correct them or leave them blank; if they are levels, say kind: category",
)
NOT_FINITE = ("not-finite", "a number must be finite", "Correct them or leave them blank")
DECIMAL_COMMA = (
    "decimal-comma",
    "a comma in a number may be a decimal sign or a thousands separator",
    'Say decimal: "," beside the table\'s file, or remove the thousands separators',
)
MIXED_SIGNS = (
    "mixed-decimals",
    "a column writes its decimals with a comma or with a point, not both",
    "Write all numbers the same way, without thousands separators",
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """values: float64, NaN where missing or unreadable. odd, endless: rows that are no number, no finite one."""

    values: NDArray[np.float64]
    odd: NDArray[np.intp]
    endless: NDArray[np.intp]
    words: Counter[str]
    known: int

    @property
    def share(self) -> float:
        """Share of the non-missing values that are numbers, finite or not."""
        return 1 - len(self.odd) / self.known if self.known else 0.0


def parse_numbers(text: Column, decimal: str) -> Parsed:
    """Trimmed text (blank: null) → numbers written with that decimal sign."""
    return (_all_plain(text) if decimal == "." else None) or _parsed(text, decimal)


def _all_plain(text: Column) -> Parsed | None:
    """The quick way, for a column of nothing but finite numbers and blanks."""
    try:
        values = text.cast(pa.float64()).to_numpy(**_copying(text))
    except pa.ArrowInvalid:
        return None
    known = len(text) - text.null_count
    if np.isfinite(values).sum() < known:
        return None
    none = np.empty(0, dtype=np.intp)
    return Parsed(values + 0.0, none, none, Counter(), known)


def _parsed(text: Column, decimal: str) -> Parsed:
    """The exact way, which says what each value is."""
    word = pc.is_in(pc.utf8_lower(text), pa.array(MISSING_WORDS))
    said = pc.if_else(word, pa.scalar(None, pa.string()), text)
    pattern = _NUMBER if decimal == "." else _COMMA_NUMBER
    regular = pc.match_substring_regex(said, pattern)
    endless = pc.match_substring_regex(said, _INFINITE)
    number = pc.if_else(regular, said, pa.scalar(None, pa.string()))
    values = pc.replace_substring(number, ",", ".").cast(pa.float64()).to_numpy(**_copying(text))
    beyond = np.isinf(values) | _flags(endless)
    odd = np.flatnonzero(~_flags(regular) & ~_flags(endless) & _flags(pc.is_valid(said)))
    words = Counter(pc.filter(text, word).to_pylist())
    return Parsed(
        np.where(beyond, np.nan, values) + 0.0, odd, np.flatnonzero(beyond), words, len(said) - said.null_count
    )


@dataclass(slots=True)
class NumberReader:
    """Reads one column, whole or batch by batch; what it has learned about decimal commas it keeps."""

    column: str
    decimal: str | None
    may_hold_commas: bool
    comma: bool = False
    words: Counter[str] = field(default_factory=Counter)

    def read(self, column: Column) -> tuple[pa.Array, list[Trouble]]:
        """(float64, null where missing; troubles). A column of Arrow numbers passes as it is, truth as 1 and 0."""
        if is_number(column.type) or pa.types.is_boolean(column.type) or pa.types.is_null(column.type):
            return as_numbers(column), []
        text = as_text(column)
        parsed = self.parse(text)
        return pa.array(parsed.values, from_pandas=True), self.troubles(text, parsed)

    def parse(self, text: Column) -> Parsed:
        """The numbers, with the decimal sign that was said or that the column shows beyond doubt."""
        sign = self.decimal or ("," if self.comma else ".")
        parsed = parse_numbers(text, sign)
        if len(parsed.odd) and self.decimal is None and not self.comma and self.may_hold_commas:
            with_comma = parse_numbers(text, ",")
            if with_comma.share > max(MOSTLY, parsed.share) and not all_thousands(text):
                self.comma, parsed = True, with_comma
        self.words += parsed.words
        return parsed

    def troubles(self, text: Column, parsed: Parsed) -> list[Trouble]:
        """What of the column is no finite number, and why."""
        found = []
        for rows, rule in (*self._ruled(text, parsed), (parsed.endless, NOT_FINITE)):
            if len(rows):
                found.append(trouble(self.column, rows, text_at(text, rows), rule))
        return found

    def _ruled(self, text: Column, parsed: Parsed) -> tuple[tuple[NDArray[np.intp], tuple[str, str, str]], ...]:
        """The odd values that no decimal sign explains, and those that the other one would, each with its rule."""
        if not len(parsed.odd):
            return ()
        other = parse_numbers(text, "." if self.decimal == "," or self.comma else ",")
        never = np.isin(parsed.odd, other.odd)
        both_signs = len(other.odd) > never.sum() or self.decimal or self.comma
        return (parsed.odd[never], NOT_A_NUMBER), (parsed.odd[~never], MIXED_SIGNS if both_signs else DECIMAL_COMMA)


def all_thousands(text: Column) -> bool:
    """Whether every comma in the column could separate thousands (1,234), so that nothing tells what it means."""
    commas = pc.filter(text, pc.match_substring(text, ","))
    return bool(pc.all(pc.match_substring_regex(commas, _THOUSANDS)).as_py())


def text_at(text: Column, rows: NDArray[np.intp]) -> dict[int, str]:
    """Row → value, for the first few of the rows."""
    first = rows[:5].tolist()
    return dict(zip(first, text.take(pa.array(first, pa.int64())).to_pylist(), strict=True))


def _flags(column: Column) -> NDArray[np.bool_]:
    flags: NDArray[np.bool_] = pc.fill_null(column, False).to_numpy(**_copying(column))
    return flags


def _copying(column: Column) -> dict[str, bool]:
    return {} if isinstance(column, pa.ChunkedArray) else {"zero_copy_only": False}
