"""JSON laid out for people: what fits on a line stands on a line."""

from __future__ import annotations

import json
from typing import Any

WIDTH = 120


def laid_out(value: Any) -> str:
    """Return JSON text with a newline at its end; lists of plain values are never broken up.

    Raises:
        FormulaError: never; ValueError for NaN and Infinity, which callers have refused before.
    """
    return _laid_out(value, 0) + "\n"


def _laid_out(value: Any, depth: int) -> str:
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(line) + 2 * depth <= WIDTH or not _has_parts(value):
        return line
    inside, outside = "\n" + "  " * (depth + 1), "\n" + "  " * depth
    if isinstance(value, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {_laid_out(part, depth + 1)}" for key, part in value.items()]
        return "{" + inside + ("," + inside).join(parts) + outside + "}"
    return "[" + inside + ("," + inside).join(_laid_out(part, depth + 1) for part in value) + outside + "]"


def _has_parts(value: Any) -> bool:
    """Whether breaking it up helps: an object, or a list that holds objects or lists."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(part, dict | list) for part in value))
