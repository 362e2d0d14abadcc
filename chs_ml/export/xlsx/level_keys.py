"""How a level is found in a sheet: by its text, or by a number where a cell holds one.

Text in EXACT, since ``=`` forgets case. ``True`` and ``TRUE`` are ``true``; ``1.0`` is ``1``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any

from chs_ml.errors import FormulaError
from chs_ml.formula.columns import level_positions

LARGEST = 9.99999999999999e307
"""The largest number that a cell of Excel holds."""
SMALLEST = 2.2250738585072014e-308
DIGITS = 15
"""Of a whole number that a sheet reads from text, at most."""
_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))(?:\.0+)?")


def key_of(level: str) -> str:
    """Return the text by which a level is found, once a customer's value was read likewise."""
    if level.lower() in {"true", "false"}:
        return level.lower()
    return whole_of(level) or level


def whole_of(text: str) -> str:
    """Return ``1`` for ``1`` and ``1.0``, '' for what is no whole number that a sheet can read."""
    found = _WHOLE.fullmatch(text)
    return found[1] if found and len(found[1].lstrip("-")) <= DIGITS else ""


def number_keys(levels: Sequence[str]) -> list[float | None]:
    """Return for each level the number of a cell that is it, None where there is none."""
    found: list[float | None] = [None] * len(levels)
    for level in levels:
        number = _number(level)
        if number is not None:
            found[int(level_positions([number], levels)[0])] = number
    return found


def read_level(value: Any) -> Any:
    """Return what a sheet reads of a customer's level: '' if missing, a number, or a text to be found among keys."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return float(value) if isfinite(value) else ""
    return key_of(value) if isinstance(value, str) and value else ""


def check_level_keys(what: str, levels: Sequence[str]) -> None:
    """Refuse levels that a sheet would take for one another, or for none.

    Raises:
        FormulaError: naming the term and the level.
    """
    seen: dict[str, str] = {}
    for level in levels:
        if level.lower() in {"true", "false"} and level not in {level.lower(), level.title(), level.upper()}:
            raise FormulaError(f"{what}: level {level!r} is read as {level.lower()!r} by target 'xlsx'; rename it")
        found = _WHOLE.fullmatch(level)
        if found and not whole_of(level):  # as a text it would be found, and its other spelling would not
            raise FormulaError(
                f"{what}: level {level[:40]!r} has more digits than the {DIGITS} that a cell keeps; "
                "put a letter before it, or use another target"
            )
        if seen.setdefault(key_of(level), level) != level:
            raise FormulaError(
                f"{what}: levels {seen[key_of(level)]!r} and {level!r} are one number to target 'xlsx'; merge them"
            )


def _number(level: str) -> float | None:
    try:
        number = float(level)
    except ValueError:
        return None
    return number if abs(number) <= LARGEST and (number == 0.0 or abs(number) >= SMALLEST) else None
