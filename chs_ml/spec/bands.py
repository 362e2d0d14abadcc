"""The `bands:` section: best band first, one cut between each two neighbours."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from chs_ml.spec.part import Share, SpecPart, Text

NOT_SCORED = "not scored"
_ABOVE_WORDS = ("top", "from", "churn_below")
_BELOW_WORDS = ("below", "bottom")


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a band ends and the next lower one begins.

    kind `share`: the share of customers at or above it; `score`: 0..100; `churn`: the churn probability below which
    the upper band holds.
    """

    kind: Literal["share", "score", "churn"]
    value: float


class Band(SpecPart):
    """A named range of the score; at most one of top, from, churn_below, below, bottom."""

    name: Text = Field(description="name of the band")
    color: str = Field(
        pattern=r"^(#[0-9A-Fa-f]{3}|#[0-9A-Fa-f]{6}|[A-Za-z]{3,20})$",
        description="green, yellow, red, grey, another CSS colour name, or hex as in #2a9d8f",
    )
    top: Share | None = Field(None, description="share of customers in this band and those above it, for instance 25%")
    from_: float | None = Field(None, alias="from", gt=0, lt=100, description="lowest score of the band")
    churn_below: Share | None = Field(None, description="churn probability that the band stays below")
    below: float | None = Field(None, gt=0, lt=100, description="score that the band stays below")
    bottom: Share | None = Field(None, description="share of customers in this band and those below it")

    @model_validator(mode="after")
    def _has_one_cut(self) -> Self:
        if len(self._said()) > 1:
            raise ValueError(
                f"found {' and '.join(self._said())}; a band is given by one cut at most. Keep one of them"
            )
        return self

    def _said(self) -> dict[str, float]:
        values = {"top": self.top, "from": self.from_, "churn_below": self.churn_below, "below": self.below}
        return {word: value for word, value in (values | {"bottom": self.bottom}).items() if value is not None}

    def lower_cut(self) -> Cut | None:
        """The cut at the band's lower end, where this band is the one that says it."""
        kinds: dict[str, Literal["share", "score", "churn"]] = {"top": "share", "from": "score", "churn_below": "churn"}
        return next((Cut(kinds[word], value) for word, value in self._said().items() if word in kinds), None)

    def upper_cut(self) -> Cut | None:
        """The cut at the band's upper end, where this band is the one that says it."""
        if self.bottom is not None:
            return Cut("share", 1 - self.bottom)
        return None if self.below is None else Cut("score", self.below)


def _band(name: str, color: str, **cut: float) -> dict[str, Any]:
    return {"name": name, "color": color, **cut}


PRESETS: Mapping[str, tuple[dict[str, Any], ...]] = MappingProxyType(
    {
        "quartiles": (
            _band("healthy", "green", top=0.25),
            _band("at risk", "yellow"),
            _band("unhealthy", "red", bottom=0.25),
        ),
        "0.8/0.5": (
            _band("healthy", "green", **{"from": 80.0}),
            _band("needs attention", "yellow"),
            _band("at risk", "red", below=50.0),
        ),
        "70/80": (
            _band("healthy", "green", **{"from": 80.0}),
            _band("at risk", "yellow"),
            _band("unhealthy", "red", below=70.0),
        ),
    }
)


def _from_preset(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value == "keep":
        raise ValueError("`bands: keep` is not served yet. Name a preset or list the bands")
    if value not in PRESETS:
        raise ValueError(f"found {value!r}; presets are {', '.join(PRESETS)}. Name one of them or list the bands")
    return PRESETS[value]


def cuts_between(bands: Sequence[Band]) -> tuple[Cut, ...]:
    """The cuts from the best band down, one fewer than bands; ValueError names the pair without exactly one."""
    cuts = []
    for upper, lower in itertools.pairwise(bands):
        said = [cut for cut in (upper.lower_cut(), lower.upper_cut()) if cut]
        if len(said) != 1:
            raise ValueError(
                f"found {len(said)} cuts between {upper.name!r} and {lower.name!r}; neighbours share exactly one. "
                f"Give {', '.join(_ABOVE_WORDS)} on {upper.name!r}, or {', '.join(_BELOW_WORDS)} on {lower.name!r}"
            )
        cuts += said
    return tuple(cuts)


def _refuse_names(bands: Sequence[Band]) -> None:
    names = [band.name for band in bands]
    if NOT_SCORED in names:
        raise ValueError(
            f"the name {NOT_SCORED!r} is reserved for customers of whom too little is known. Rename the band"
        )
    if len(set(names)) < len(names):
        raise ValueError("found two bands of the same name; names tell bands apart. Rename one")


def _refuse_loose_ends(bands: Sequence[Band]) -> None:
    if bands[0].upper_cut():
        raise ValueError(
            f"the best band {bands[0].name!r} has nothing above it; below and bottom have no meaning there. Remove it"
        )
    if bands[-1].lower_cut():
        raise ValueError(
            f"the last band {bands[-1].name!r} has nothing below it; "
            "top, from and churn_below have no meaning there. Remove it"
        )


def _refuse_disorder(cuts: Sequence[Cut]) -> None:
    for kind in ("share", "score", "churn"):
        values = [cut.value if kind != "score" else -cut.value for cut in cuts if cut.kind == kind]
        if any(later <= earlier for earlier, later in itertools.pairwise(values)):
            raise ValueError(f"found cuts by {kind} out of order; bands are listed from the best down. Reorder them")


def _checked(bands: tuple[Band, ...]) -> tuple[Band, ...]:
    _refuse_names(bands)
    _refuse_loose_ends(bands)
    _refuse_disorder(cuts_between(bands))
    return bands


Bands = Annotated[
    tuple[Band, ...],
    Field(min_length=2, max_length=7),
    AfterValidator(_checked),
    BeforeValidator(_from_preset, json_schema_input_type=Literal["quartiles", "0.8/0.5", "70/80"] | list[Band]),
]
