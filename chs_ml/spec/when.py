"""A condition as a spec writes it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from chs_ml.spec.part import Finite, SpecPart, Text


class When(SpecPart):
    """A condition on one metric: above a number, or at a level."""

    metric: Text = Field(description="name of the metric")
    above: Finite | None = Field(None, description="number that the metric must exceed")
    level: str | None = Field(None, description="level that the metric must have")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.above is None) == (self.level is None):
            raise ValueError(
                "a condition is {metric, above: number} or {metric, level: text}, exactly one. "
                "Give one (and put quotes around a level null)"
            )
        return self
