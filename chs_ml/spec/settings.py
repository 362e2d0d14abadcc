"""The smaller sections: how to fit, how to validate, today's score, rules, who is scored, where it is tracked."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, PlainValidator, model_validator

from chs_ml.spec.part import Days, Finite, Share, SpecPart, Text
from chs_ml.spec.splits import FixedSplit, Splits, as_splits
from chs_ml.spec.when import When

STRONGEST = 1e6
"""A pull of so many rows' log-loss leaves nothing to learn; beyond it arithmetic suffers."""


def _ramps(value: Any) -> Any:
    if value == "auto":
        return value
    try:
        ramps = int(value)
    except (TypeError, ValueError):
        raise ValueError(f"found {value!r}; ramps are auto or a whole number. Write auto, 1, 8 or 16") from None
    if not 1 <= ramps <= 64:
        raise ValueError(f"found {ramps}; a curve has 1 to 64 ramps. Write auto, 1, 8 or 16")
    return ramps


class Strength(SpecPart):
    """How strongly coefficients are pulled: `size` towards nothing, `bend` towards straight curves."""

    size: Finite = Field(ge=0, le=STRONGEST, description="pull of every coefficient towards nothing")
    bend: Finite = Field(0.0, ge=0, le=STRONGEST, description="pull of every curve towards a straight line")


def _strength(value: Any) -> Any:
    if value in ("auto", "best") or isinstance(value, Strength):
        return value
    try:
        return Strength.model_validate(value if isinstance(value, dict) else {"size": float(value)})
    except (TypeError, ValueError):
        raise ValueError(
            f"found {value!r}; strength is auto, best, a number of 0 to {STRONGEST:,.0f}, or {{size, bend}} of such "
            "numbers. Write one of these"
        ) from None


def _plain_strength(strength: Strength | Literal["auto", "best"]) -> dict[str, float] | str:
    return strength if isinstance(strength, str) else strength.model_dump()


def _pull(value: Any) -> Any:
    if value == "auto":
        return value
    try:
        pull = float(value)
    except (TypeError, ValueError):
        pull = 0.0
    if not 0.0 < pull <= STRONGEST:
        raise ValueError(
            f"found {value!r}; the pull towards an anchor is auto or a number above 0, at most {STRONGEST:,.0f}. "
            "Write one of these, or leave the anchor out"
        )
    return pull


class Anchor(SpecPart):
    """An earlier formula that the new one is pulled towards."""

    file: Text | None = Field(
        None, description="weights file of the earlier formula, or its run's folder, relative to the spec"
    )
    strength: Annotated[
        float | Literal["auto"], PlainValidator(_pull, json_schema_input_type=float | Literal["auto"])
    ] = Field("auto", description="auto: the strongest pull that is as good as the best; or a number above 0")


class RowWeights(SpecPart):
    """How much each row counts in the fit; the figures count every row alike."""

    recency: Days | None = Field(None, description="half-life: a row so much older counts half, for instance 180d")
    revenue: bool = Field(False, description="true: a row counts as much as its revenue")


class Calibration(SpecPart):
    """How the formula is learned."""

    ramps: Annotated[int | Literal["auto"], PlainValidator(_ramps, json_schema_input_type=int | Literal["auto"])] = (
        Field("auto", description="ramps per curve: auto or a whole number; 1 is a straight line")
    )
    strength: Annotated[
        Strength | Literal["auto", "best"],
        PlainValidator(_strength, json_schema_input_type=float | Strength | Literal["auto", "best"]),
        PlainSerializer(_plain_strength),
    ] = Field(
        "auto",
        description="auto: the simplest within one standard error of the best; best: the least loss; a number; "
        "or {size, bend}",
    )
    base_rate: Share | None = Field(
        None, description="churn rate of all customers, where the churned were over-sampled; for instance 0.05"
    )
    row_weights: RowWeights = Field(
        default_factory=lambda: RowWeights.model_validate({}), description="{recency: half-life, revenue: true}"
    )
    splits: Annotated[Splits, BeforeValidator(as_splits, json_schema_input_type=int | list[FixedSplit] | Splits)] = (
        Field(
            default_factory=lambda: Splits.model_validate({}),
            validate_default=True,
            description="at most so many are searched for; or a list of {metric, when}; or {most, fixed, never}",
        )
    )
    evidence: Literal["usual", "strict", "all"] = Field(
        "usual", description="what a term needs to stay: usual or strict evidence; all: every term stays"
    )
    seed: int = Field(0, ge=0, lt=2**63, description="seed of everything that is drawn")
    anchor: Anchor = Field(default_factory=lambda: Anchor.model_validate({}), description="{file, strength}")


class Holdout(SpecPart):
    """The rows that the figures are computed on: a share of customers, or everything from a date on."""

    customers: Share | None = Field(None, description="share of customers held out, for instance 0.3")
    from_: date | None = Field(None, alias="from", description="first cutoff held out, as in 2025-07-01")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.customers is None) == (self.from_ is None):
            raise ValueError("the holdout is {customers: share} or {from: date}, exactly one of them. Give one")
        return self


def _default_holdout() -> Holdout:
    return Holdout.model_validate({"customers": 0.3})


class Validation(SpecPart):
    """How the formula is put to the test."""

    holdout: Holdout = Field(default_factory=_default_holdout, description="{customers: 0.3} or {from: 2025-07-01}")
    cross_validation: int = Field(5, ge=2, le=20, description="folds of the cross-validation that chooses strengths")


class Baseline(SpecPart):
    """The score in use today: a column of the table, or a weights file."""

    column: Text | None = Field(None, description="column of the score in use today, high when healthy")
    formula: Text | None = Field(None, description="weights file of the formula in use today, or its run's folder")

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.column is None) == (self.formula is None):
            raise ValueError("the baseline is {column} or {formula}, exactly one of them. Give one")
        return self


class Rule(SpecPart):
    """A policy that overrides the band; score and probability stay."""

    when: When = Field(description="{metric, above: number} or {metric, level: text}")
    band: Text = Field(description="name of the band that it gives")
    because: Text = Field(description="who decided it, and why")


class AtLeast(SpecPart):
    """The lowest value from which a customer is scored."""

    from_: Finite = Field(alias="from", description="lowest value of the metric")


class ScoreWhen(SpecPart):
    """Who is scored: enough known (coverage), and metrics from a value on. Others are `not scored`."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, AtLeast]

    coverage: float | None = Field(None, ge=0, le=1, description="least share of the weights that must be known")

    @property
    def at_least(self) -> dict[str, float]:
        """Metric → lowest value from which a customer is scored."""
        return {name: bound.from_ for name, bound in self.__pydantic_extra__.items()}


class Tracking(SpecPart):
    """Where MLflow files the runs."""

    experiment: Text | None = Field(None, description="name of the MLflow experiment; omitted: the spec's name")
