"""The card of 100 points as a platform takes it: a measure for each term, in groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chs_ml.errors import FormulaError
from chs_ml.export.labels import label_of
from chs_ml.export.points import card_of
from chs_ml.formula import Curve, Term, WeightsFile
from chs_ml.formula.card_losses import Read
from chs_ml.formula.columns import Frame
from chs_ml.formula.frames import Columns
from chs_ml.formula.points_card import PointsCard, PointsTerm, StepPoints
from chs_ml.formula.whole_points import shared_out

TOTAL = 100
UNGROUPED = "Other"
"""The group of measures whose metric has no pillar."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A line of the card. own: the formula's term. values: what each cell adds to the platform's score of 100."""

    term: PointsTerm
    own: Term
    label: str
    values: tuple[float, ...]

    @property
    def group(self) -> str:
        """The pillar, as the name of a group."""
        return self.own.pillar.strip() or UNGROUPED

    @property
    def moved(self) -> tuple[float, ...]:
        """By how much the platform's value of each cell differs from the card's."""
        return tuple(value - points for value, points in zip(self.values, self.term.cells, strict=True))


@dataclass(frozen=True)
class Typed:
    """What is typed into a platform: the card that it comes from, and its measures, those of a group together.

    ends: sums of the card's points below the first and above the second are shown as these.
    """

    weights: WeightsFile
    card: PointsCard
    measures: tuple[Measure, ...]
    ends: tuple[float, float] = (0.0, float(TOTAL))

    @property
    def groups(self) -> dict[str, tuple[Measure, ...]]:
        """The measures by group."""
        names = dict.fromkeys(measure.group for measure in self.measures)
        return {name: tuple(each for each in self.measures if each.group == name) for name in names}

    @property
    def is_the_card(self) -> bool:
        """Whether the platform adds up exactly the card's points, so that what the card loses is what it loses."""
        moved = [abs(each) for measure in self.measures for each in measure.moved]
        return max(moved) < 1e-9 and self.cut_off == 0.0

    @property
    def cut_off(self) -> float:
        """By how many points of 100 the platform cuts a score at an end of its scale, at most."""
        return max(self.ends[0], TOTAL - self.ends[1])

    def given(self, value_of: Callable[[Measure], Sequence[float]]) -> Typed:
        """Return the same measures with other values of their cells."""
        return replace(self, measures=tuple(replace(one, values=tuple(value_of(one))) for one in self.measures))

    def read(self, frame: Frame) -> Read:
        """Return the rows as the platform scores them, with the card's link and cuts."""
        columns = Columns.of(frame)
        parts = [np.array(one.values)[one.term.codes(columns)] for one in self.measures]
        score = np.clip(np.sum(parts, axis=0), *self.ends)
        names = np.array([*(band.name for band in self.card.bands), None], dtype=object)
        reached = np.array([score >= band.start - 1e-9 for band in self.card.bands] + [np.ones(len(score), np.bool_)])
        return Read(score / TOTAL, self.card.link, names[np.argmax(reached, axis=0)])


def in_groups(typed: Typed, levels_of: Callable[[Measure], Sequence[int]]) -> Typed:
    """Return the measures as a platform adds them up that weighs groups, and measures within them, in whole per cent.

    levels_of: the score from 0 to 100 of each cell.
    """
    weight = {
        one.term.key: limit_of(group) * share / 10_000.0
        for group in typed.groups.values()
        for one, share in zip(group, shares_of(group), strict=True)
    }
    return typed.given(lambda one: [weight[one.term.key] * level for level in levels_of(one)])


def limit_of(group: Sequence[Measure]) -> int:
    """Return the most points of a group: its weight in whole per cent."""
    return sum(measure.term.most for measure in group)


def shares_of(group: Sequence[Measure]) -> list[int]:
    """Return each measure's part of its group in whole per cent, together 100."""
    most = np.array([float(measure.term.most) for measure in group])
    return [int(share) for share in shared_out(100.0 * most / most.sum(), 100)]


def typed_of(weights: WeightsFile) -> Typed:
    """Return the card's measures: groups by their points, in a group the heaviest first, a split's sides together.

    The card is the file's own; where it holds none of 100 points, one made from the formula alone. FormulaError for a
    card that does not fit the formula.
    """
    card, own = _card(weights), {term.key: term for term in weights.formula.terms}
    measures = [
        Measure(term, own[term.key], label_of(weights, own[term.key]), tuple(map(float, term.cells)))
        for term in card.terms
    ]
    for measure in measures:
        _check_kind(measure)
    group, metric = Counter[str](), Counter[str]()
    for one in measures:
        group[one.group] += one.term.most
        metric[one.term.metric] = max(metric[one.term.metric], one.term.most)

    def place(one: Measure) -> tuple[int, str, int, str, str]:
        return (-group[one.group], one.group, -metric[one.term.metric], one.term.metric, one.term.key)

    return Typed(weights, card, tuple(sorted(measures, key=place)))


def _card(weights: WeightsFile) -> PointsCard:
    kept = weights.reference.get("whole_points")
    if kept is None or (isinstance(kept, dict) and isinstance(kept.get("note"), str)):
        return weights.formula.to_points(TOTAL)
    card = card_of(weights)
    return card if card.total == TOTAL else weights.formula.to_points(TOTAL)


def _check_kind(measure: Measure) -> None:
    steps, shape = isinstance(measure.term.shape, StepPoints), measure.own.shape
    if steps != isinstance(shape, Curve) or (not steps and _levels(measure.term) != _levels(measure.own)):
        raise FormulaError(
            f"the card of whole points has other lines for {measure.term.key!r} than the formula has. Calibrate again"
        )


def _levels(term: PointsTerm | Term) -> set[str]:
    return set() if isinstance(term.shape, StepPoints | Curve) else set(term.shape.names)
