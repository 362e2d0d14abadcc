"""Values that answer a question as plain dicts, ready for JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import numpy as np


class Plain:
    """A frozen dataclass that can be written down: ``as_dict`` keeps the order of its fields."""

    __slots__ = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, numbers and text; what is not known (None, NaN, infinite) is None."""
        return {name: plain(getattr(self, name)) for name in _field_names(self)}


def plain(value: object) -> Any:
    """The JSON-able form of a value, nested values included; dates become ISO text."""
    if isinstance(value, Plain):
        return value.as_dict()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, date) else value


def _field_names(value: object) -> list[str]:
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} is not a dataclass")
    return [field.name for field in fields(value)]
