"""The `metrics:` section: what is measured, and what the user knows about it beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from chs_ml.spec.measures import Measure, Measured, measure_of, problems_of_measure
from chs_ml.spec.part import Finite, Text
from chs_ml.spec.weights import Wished

Direction = Literal["positive", "negative", "free", "auto"]
Kind = Literal["number", "category"]
Role = Literal["metric", "audit", "exclude"]
Scale = Literal["nps", "csat", "ces"]
Missing = Literal["learned", "neutral", "zero", "worst"]

SCALE_ENDS: Mapping[str, tuple[float, float]] = MappingProxyType({"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)})
"""Lowest and highest answer of each survey scale; on all of them more is healthier (on CES: easier)."""


class Metric(Measured):
    """One measured behaviour; its name is its column."""

    later: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"actionable": "what can be acted on", "cost": "what acting costs"}
    )

    name: Text = Field(description="column of the metric")
    label: Text | None = Field(None, description="what people call the metric")
    pillar: Text = Field("engagement", description="group the metric belongs to, for instance usage or support")
    direction: Direction = Field("auto", description="positive: more is healthier; auto: the data decide")
    kind: Kind | None = Field(None, description="number or category; omitted: found out from the column")
    role: Role = Field("metric", description="metric; audit: evaluated, never weighted; exclude: not read")
    scale: Scale | None = Field(None, description="a survey's scale: nps 0..10, csat 1..5, ces 1..7")
    missing: Missing = Field("learned", description="what a missing value counts as")
    keep: bool = Field(False, description="the term stays, whatever its evidence")
    weight: Wished | None = Field(None, description="wished weight: a number, or {min, max, by, because}")
    unit: Text | None = Field(None, description="unit, for instance days")
    was: Text | None = Field(None, description="name that the metric has in the anchor, where it was renamed since")
    unit_factor: Finite | None = Field(
        None, gt=0, description="new value = factor x value in the anchor's unit: hours to minutes is 60"
    )
    definition: Text | None = Field(None, description="how the metric is measured, in words")

    @field_validator("name")
    @classmethod
    def _is_printable(cls, name: str) -> str:
        if not name.strip() or any(char in "\\`" or not char.isprintable() for char in name):
            raise ValueError(
                f"found {name!r}; a name is not blank and holds neither control characters nor backslash nor backtick. "
                "Rename the column"
            )
        return name

    @model_validator(mode="before")
    @classmethod
    def _knows_its_scale(cls, said: Any) -> Any:
        """A survey scale implies numbers, and that more is healthier, unless the user says otherwise."""
        if isinstance(said, dict) and said.get("scale") in SCALE_ENDS:
            return {"direction": "positive", "kind": "number"} | said
        return said

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.scale and self.kind == "category":
            raise ValueError(f"found scale: {self.scale} and kind: category; a scale holds numbers. Remove one of them")
        if self.kind == "category" and self.direction in {"positive", "negative"}:
            raise ValueError(
                f"found direction: {self.direction} and kind: category; levels have no order. Remove the direction"
            )
        wrong = list(problems_of_measure(self))
        if wrong:
            raise ValueError("\n".join(wrong))
        if self.kind == "category" and self.kinds and self.kinds != ("last",):
            raise ValueError(
                f"found kind: category and {self.kinds[0]}, which is a number; only last reads text. Remove one of them"
            )
        if self.kind == "category" and self.unit_factor is not None:
            raise ValueError("found unit_factor and kind: category; levels have no unit. Remove one of them")
        return self

    @property
    def ends(self) -> tuple[float, float] | None:
        """Lowest and highest possible value, where a scale says so."""
        return SCALE_ENDS[self.scale] if self.scale else None

    @property
    def measure(self) -> Measure | None:
        """How it is measured in raw history; None where it is a column of a labelled table."""
        return measure_of(self, self.name, category=self.kind == "category") if self.kinds else None
