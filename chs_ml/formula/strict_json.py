"""JSON from strangers: what Python's reader lets through is refused, each with its own message, in bounded time."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import numpy as np

from chs_ml.errors import FormulaError

LARGEST_FILE = 1024 * 1024
DEEPEST = 16
MOST_DIGITS = 40

_MANY_DIGITS = re.compile(rf"\d{{{MOST_DIGITS + 1}}}")
_BIG_EXPONENT = re.compile(r"\d[eE]\+?\d{3}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse(content: bytes | str, file: str = "weights file") -> dict[str, Any]:
    """Return the object that ``content`` holds; ``file`` names it in messages.

    Raises:
        FormulaError: over 1 MiB, not UTF-8, nested over 16 deep, not JSON, NaN or Infinity, a number too large,
            a key twice in one object, half a character, or anything but an object.
    """
    text = _decoded(content, file)
    _check_depth(text, file)
    reader = _Reader(file)
    # A hook costs a call for each number: it is there only for files that hold a suspicious one.
    suspicious = _MANY_DIGITS.search(text) or _BIG_EXPONENT.search(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=reader.pairs,
            parse_constant=reader.constant,
            parse_float=reader.float if suspicious else None,
            parse_int=reader.int if suspicious else None,
        )
    except json.JSONDecodeError as error:
        where = f"{error.msg}, line {error.lineno}, column {error.colno}"
        raise FormulaError(f"{file}: not JSON: {where}. Give weights.json, or the folder of a run") from None
    if _SURROGATE.search(text):
        _check_surrogates(value, file)
    if not isinstance(value, dict):
        raise FormulaError(f"{file}: holds {_called(value)}, not an object; it is no weights file")
    return value


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            seen: set[str] = set()
            doubled = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise FormulaError(f"{self._file}: key {doubled[:60]!r} stands twice in one object; keep one")
        return value

    def constant(self, name: str) -> NoReturn:
        raise FormulaError(f"{self._file}: {name} is no JSON number; a missing number is null")

    def float(self, digits: str) -> float:
        value = float(digits)
        if not np.isfinite(value):
            raise FormulaError(f"{self._file}: {digits[:40]} is too large for a double")
        return value

    def int(self, digits: str) -> int:
        if len(digits) > MOST_DIGITS:
            raise FormulaError(
                f"{self._file}: {digits[:12]}… is an integer of {len(digits)} digits; the most is {MOST_DIGITS}"
            )
        return int(digits)


def _decoded(content: bytes | str, file: str) -> str:
    try:
        encoded = content.encode() if isinstance(content, str) else content
    except UnicodeEncodeError:
        raise FormulaError(f"{file}: holds half a character (a lone surrogate); write it as UTF-8") from None
    if len(encoded) > LARGEST_FILE:
        raise FormulaError(f"{file}: larger than 1 MiB; no weights file is, so this was not read")
    try:
        return encoded.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormulaError(f"{file}: not UTF-8 at byte {error.start}; save it as UTF-8") from None


def _check_depth(text: str, file: str) -> None:
    """Count brackets outside strings before the parser, which recurses, sees them.

    Up to the first syntax error this agrees with the parser on what is a string, and there the parser stops.
    """
    outside = np.frombuffer(text.encode().replace(b"\\\\", b"").replace(b'\\"', b""), dtype=np.uint8)
    in_string = np.logical_xor.accumulate(outside == ord('"'))
    step = ((outside == ord("[")) | (outside == ord("{"))).astype(np.int32)
    step -= (outside == ord("]")) | (outside == ord("}"))
    step[in_string] = 0
    depth = np.cumsum(step)
    if len(depth) and depth.max() > DEEPEST:
        raise FormulaError(f"{file}: nested deeper than {DEEPEST}; no weights file is, so this was not read")


def _check_surrogates(value: Any, file: str) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        raise FormulaError(f"{file}: {half} is half a character (a lone surrogate); remove it") from None


def _called(value: Any) -> str:
    kinds = {list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
