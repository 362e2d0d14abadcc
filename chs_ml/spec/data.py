"""The `data:` section: where the labelled table is, and which columns say who, what happened, and as of when."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Self

from pydantic import Field, model_validator

from chs_ml.spec.part import SpecPart, Text, Texts
from chs_ml.spec.table import SomeTable


class Outcome(SpecPart):
    """Which values of which column mean churned, retained, or neither; compared as text, exactly as written."""

    column: Text = Field(description="column that says what became of the customer")
    churned: Texts = Field(min_length=1, description="values that mean churned")
    retained: Texts | None = Field(
        None, min_length=1, description="values that mean retained; omitted: every other value"
    )
    exclude: Texts = Field((), description="values whose rows are left out")

    @model_validator(mode="after")
    def _says_each_value_once(self) -> Self:
        said = [*set(self.churned), *set(self.retained or ()), *set(self.exclude)]
        twice = sorted({value for value in said if said.count(value) > 1})
        if twice:
            found = ", ".join(map(repr, twice))
            raise ValueError(f"found {found} in more than one list; a value means one thing. Keep it in one list")
        return self


class Data(SpecPart):
    """A labelled table: one row a customer, or one row a customer and cutoff."""

    later: ClassVar[Mapping[str, str]] = MappingProxyType({"renewal": "renewals of a labelled table"})

    table: SomeTable = Field(
        description="path of a CSV or Parquet file, {file, delimiter, decimal, encoding}, or {url, query}"
    )
    customer: Text | None = Field(None, description="column of the customer's id; omitted: every row is a customer")
    outcome: Outcome = Field(description="{column, churned: [values], retained: [values], exclude: [values]}")
    cutoff: Text | None = Field(None, description="column of the date as of which the metrics are known")
    segment: Text | None = Field(None, description="column of the customer's segment, for figures by segment")
    stage: Text | None = Field(None, description="column of the lifecycle stage, for figures by stage")
    revenue: Text | None = Field(None, description="column of the customer's revenue, a number of at least 0")

    @model_validator(mode="after")
    def _uses_each_column_once(self) -> Self:
        named = {
            "customer": self.customer,
            "outcome": self.outcome.column,
            "cutoff": self.cutoff,
            "segment": self.segment,
            "stage": self.stage,
            "revenue": self.revenue,
        }
        first: dict[str, str] = {}
        for what, column in named.items():
            if column and first.setdefault(column, what) != what:
                raise ValueError(
                    f"found column {column!r} as {first[column]} and as {what}; each needs a column of its own. "
                    "Correct one"
                )
        return self
