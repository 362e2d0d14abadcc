"""Wished weights: `weight: {min, max, by, because}` of a metric, or of a pillar in `pillars:`."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from chs_ml.spec.part import Portion, SpecPart, Text


class WishedWeight(SpecPart):
    """Bounds on a weight, and who set them; without by or because the spec's owner and because hold."""

    min: Portion = Field(0.0, description="least weight, for instance 0.1 or 10%")
    max: Portion = Field(1.0, description="largest weight; 0 leaves it out")
    by: Text | None = Field(None, description="who wishes it; omitted: the spec's owner")
    because: Text | None = Field(None, description="why; omitted: the spec's because")

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"found min {self.min:g} and max {self.max:g}; a min is not above its max. Exchange them")
        if self.min == 0.0 and self.max == 1.0:
            raise ValueError(
                "found neither a min above 0 nor a max below 1; a wish bounds the weight. Give one of them"
            )
        return self


def _as_bounds(value: Any) -> Any:
    """``0.3`` is short for a min and a max of 0.3."""
    if isinstance(value, dict | WishedWeight):
        return value
    try:
        text = str(value).strip()
        weight = float(text[:-1]) / 100 if text.endswith("%") else float(text)
        if 0.0 <= weight <= 1.0:
            return {"min": weight, "max": weight}
    except ValueError:
        pass
    raise ValueError(
        f"found {value!r}; a wished weight is a number from 0 to 1, or {{min, max, by, because}}. Write one of these"
    )


Wished = Annotated[WishedWeight, BeforeValidator(_as_bounds, json_schema_input_type=float | str | WishedWeight)]


class Pillar(SpecPart):
    """What is wished of all metrics of one pillar together."""

    name: Text = Field(description="name of the pillar, as its metrics say it")
    weight: Wished = Field(description="a number from 0 to 1, or {min, max, by, because}")
