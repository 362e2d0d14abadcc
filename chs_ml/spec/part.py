"""What every part of the spec shares: frozen, no unknown keys, scalars that arrive as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, PlainValidator


class SpecPart(BaseModel):
    """One mapping of the spec. ``later`` names the keys that a later version will serve, and what they bring."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    later: ClassVar[Mapping[str, str]] = MappingProxyType({})


def _share(value: Any) -> Any:
    """``25%`` and ``0.25`` are the same share."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return float(value.strip()[:-1]) / 100
    return value


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def days_of(value: Any) -> int:
    """``180d`` → 180. Months differ in length, so that days are the only unit."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})d", value.strip()) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"found {value!r}; a duration is a whole number of days. Write it as in 180d")
    return int(found[1])


Days = Annotated[
    int,
    PlainValidator(days_of, json_schema_input_type=Annotated[str, Field(pattern="^[1-9][0-9]{0,5}d$")]),
    PlainSerializer(lambda days: f"{days}d", return_type=str),
]
DaysOrNone = Annotated[
    int,
    PlainValidator(
        lambda value: 0 if value in {"0d", "0", 0} else days_of(value),
        json_schema_input_type=Annotated[str, Field(pattern="^[0-9]{1,6}d$")],
    ),
    PlainSerializer(lambda days: f"{days}d", return_type=str),
]
"""Like days, from ``0d`` on."""
Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1), BeforeValidator(_share, json_schema_input_type=float | str)]
Portion = Annotated[float, Field(ge=0, le=1), BeforeValidator(_share, json_schema_input_type=float | str)]
"""Like a share, with both ends."""
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
