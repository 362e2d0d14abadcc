"""Wishes: bounds that somebody sets on weights, who and why, and whether they can be met together.

Weights are shares that sum to 1, and a pillar's weight is the sum of its metrics'. So the bounds form a tree, and can
be met exactly where on every node the least is not above the most, and the top of the tree leaves room for 1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import ceil, floor, fsum

from chs_ml.errors import FormulaError
from chs_ml.formula.terms import Origin

ROUNDING = 1e-9
THOUSAND = 1000
USUAL_PILLAR = "engagement"


def _plain(weight: float) -> str:
    """Return the weight with four decimals at most."""
    return f"{weight:.4f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Wish:
    """least ≤ weight ≤ most, fractions of 1; by whom, because of what. FormulaError for what cannot be a wish."""

    least: float
    most: float
    by: str
    because: str

    def __post_init__(self) -> None:
        """Refuse bounds that cross or leave 0..1, and a wish that does not say who and why."""
        if not 0.0 <= self.least <= self.most <= 1.0:
            raise FormulaError(f"wish {self}: a weight lies within 0..1, its min not above its max")
        self.origin  # noqa: B018 - says who and why, or raises

    def __str__(self) -> str:
        """Return the bounds in words."""
        if self.least == self.most:
            return _plain(self.least)
        if self.most == 1.0:
            return f"at least {_plain(self.least)}"
        most = _plain(self.most)
        return f"{_plain(self.least)} to {most}" if self.least else f"at most {most}"

    @property
    def origin(self) -> Origin:
        """What a weight under this wish says of itself."""
        return Origin("pinned", self.by, self.because)

    def nearer(self, weight: float, share: float) -> Wish:
        """Return the wish with a bound that the weight breaks only this share of the way from the weight.

        Such a bound is a whole thousandth, on the weight's side, so that it can be told and typed.
        """
        least, most = self.least, self.most
        if weight < least:
            least = floor(THOUSAND * (weight + share * (least - weight))) / THOUSAND
        if weight > most:
            most = ceil(THOUSAND * (weight + share * (most - weight))) / THOUSAND
        return replace(self, least=least, most=max(least, most))

    def allows(self, weight: float) -> bool:
        """Whether the weight is within the bounds."""
        return self.least - ROUNDING <= weight <= self.most + ROUNDING

    def raises(self, weight: float) -> bool:
        """Whether the weight would be lower without the wish, as far as one can see: it lies on the min."""
        return self.least > 0.0 and weight <= self.least + ROUNDING

    def binds(self, weight: float) -> bool:
        """Whether the weight lies on one of the bounds."""
        ends = [end for end in (self.least, self.most) if 0.0 < end < 1.0]
        return any(abs(weight - end) <= ROUNDING for end in ends)


@dataclass(frozen=True)
class Wishes:
    """Wishes for metrics and for pillars, by name; ``pillar_of`` says where each metric belongs."""

    metrics: Mapping[str, Wish] = field(default_factory=dict)
    pillars: Mapping[str, Wish] = field(default_factory=dict)
    pillar_of: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the wishes in words."""
        said = [f"{name} {wish}" for name, wish in self.metrics.items()]
        return ", ".join(said + [f"pillar {name} {wish}" for name, wish in self.pillars.items()])

    def __bool__(self) -> bool:
        """Whether anything is wished."""
        return bool(self.metrics or self.pillars)

    def pillar(self, metric: str) -> str:
        """Return the pillar that the metric belongs to."""
        return self.pillar_of.get(metric, USUAL_PILLAR)

    def members(self, pillar: str, among: Iterable[str]) -> list[str]:
        """Return the metrics of the pillar among these."""
        return [metric for metric in among if self.pillar(metric) == pillar]

    def excluded(self, metric: str) -> bool:
        """Whether a wish leaves the metric no weight at all."""
        wishes = (self.metrics.get(metric), self.pillars.get(self.pillar(metric)))
        return any(wish is not None and wish.most == 0.0 for wish in wishes)

    def must_stay(self, metric: str, among: Collection[str]) -> bool:
        """Whether the metric may not leave the formula of these: it has a wish, or others' wishes rest on it."""
        if self.excluded(metric) or not self:
            return False
        return metric in self.metrics or bool(self.conflicts([name for name in among if name != metric]))

    def may_leave(self, going: Iterable[str], among: Iterable[str]) -> list[str]:
        """Return those of the metrics that may leave the formula of these, one after the other in this order."""
        left: list[str] = []
        there = list(among)
        for metric in going:
            if not self.must_stay(metric, there):
                there.remove(metric)
                left.append(metric)
        return left

    def part_way(self, weights: Mapping[str, float], share: float) -> Wishes:
        """Return wishes that lie this share of the way from the weights to these, where they do not meet these."""
        metrics = {name: wish.nearer(weights.get(name, 0.0), share) for name, wish in self.metrics.items()}
        sums = {pillar: fsum(weights[name] for name in self.members(pillar, weights)) for pillar in self.pillars}
        pillars = {pillar: wish.nearer(sums[pillar], share) for pillar, wish in self.pillars.items()}
        return replace(self, metrics=metrics, pillars=pillars)

    def joined(self, later: Wishes) -> Wishes:
        """Return both; where both speak of one name, the later wish holds."""
        return Wishes(
            {**self.metrics, **later.metrics},
            {**self.pillars, **later.pillars},
            {**self.pillar_of, **later.pillar_of},
        )

    def conflicts(self, among: Collection[str]) -> list[str]:
        """Return why weights of these metrics alone cannot meet the wishes, a sentence each; [] where they can."""
        problems = [
            f"metric {metric!r}: found a wished weight of {wish}, but it can have none. The nearest that can be met: 0."
            for metric, wish in self.metrics.items()
            if metric not in among and wish.least > 0.0
        ]
        groups = dict.fromkeys(map(self.pillar, among))
        for pillar in dict.fromkeys([*groups, *self.pillars]):
            problems += self._within(pillar, self.members(pillar, among))
        return problems + list(self._altogether({pillar: self.members(pillar, among) for pillar in groups}))

    def _within(self, pillar: str, members: Collection[str]) -> Iterator[str]:
        """Give what is wrong between a pillar's wish and those of its metrics."""
        wish = self.pillars.get(pillar)
        if wish is None:
            return
        low, high = self._span(members)
        if low > wish.most + ROUNDING:
            yield (
                f"pillar {pillar!r}: found a wished weight of {wish}, and minima of its metrics that add up to "
                f"{_plain(low)}; a pillar holds its metrics. "
                f"The nearest that can be met: a max of {_plain(min(low, 1.0))}."
            )
        if high < wish.least - ROUNDING:
            yield (
                f"pillar {pillar!r}: found a wished weight of {wish}, but its metrics can have at most {_plain(high)} "
                f"together. The nearest that can be met: a min of {_plain(high)}."
            )

    def _altogether(self, groups: Mapping[str, Collection[str]]) -> Iterator[str]:
        """Give what is wrong with the sum of all weights."""
        spans = {pillar: self._held(pillar, members) for pillar, members in groups.items()}
        low, high = (fsum(ends) for ends in zip(*spans.values(), strict=True)) if spans else (0.0, 0.0)
        if low > 1.0 + ROUNDING:
            yield (
                f"weights: found minima that add up to {_plain(low)} ({self._named(spans, 0)}); weights add up to 1. "
                f"The nearest that can be met, all in proportion: {self._named(spans, 0, 1.0 / low)}."
            )
        if spans and not high:
            yield "weights: found a max of 0 for every metric; weights add up to 1. Leave at least one without max: 0."
        elif spans and high < 1.0 - ROUNDING:
            yield (
                f"weights: found maxima of all metrics that add up to {_plain(high)} ({self._named(spans, 1)}); "
                "weights add up to 1. "
                f"The nearest that can be met, all in proportion: {self._named(spans, 1, 1.0 / high)}."
            )

    def _span(self, members: Collection[str]) -> tuple[float, float]:
        """Return the least and the most that the metrics' own wishes leave them together."""
        wishes = [self.metrics.get(metric) for metric in members]
        low = fsum(0.0 if wish is None else wish.least for wish in wishes)
        return low, min(1.0, fsum(1.0 if wish is None else wish.most for wish in wishes))

    def _held(self, pillar: str, members: Collection[str]) -> tuple[float, float]:
        """Return the same with the pillar's wish."""
        (low, high), wish = self._span(members), self.pillars.get(pillar)
        return (low, high) if wish is None else (max(low, wish.least), min(high, wish.most))

    def _named(self, spans: Mapping[str, tuple[float, float]], end: int, scale: float = 1.0) -> str:
        """Return the bounds that make up the sums: a pillar's where it is the tighter one, else its metrics'."""
        parts: list[str] = []
        for pillar, span in spans.items():
            wish = self.pillars.get(pillar)
            if wish is not None and span[end] == (wish.least, wish.most)[end]:
                parts.append(f"pillar {pillar} {_plain(span[end] * scale)}")
            else:
                own = {name: wish for name, wish in self.metrics.items() if self.pillar(name) == pillar}
                parts += [f"{name} {_plain((wish.least, wish.most)[end] * scale)}" for name, wish in own.items()]
        return ", ".join(part for part in parts if not part.endswith(" 0"))
