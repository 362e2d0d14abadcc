"""A points card: whole numbers that a person adds up, and what they lose against the formula they came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from chs_ml.errors import FormulaError
from chs_ml.formula.bands import Band
from chs_ml.formula.columns import FloatArray, Frame, IntArray, TextArray
from chs_ml.formula.conditions import Condition
from chs_ml.formula.frames import Columns
from chs_ml.formula.link import Link
from chs_ml.formula.names import check_levels, check_name

LARGEST_TOTAL = 1000


@dataclass(frozen=True, slots=True)
class StepPoints:
    """Whole points of a number: ``points[0]`` below ``edges[0]``, ``points[i]`` from ``edges[i − 1]`` on.

    edges: strictly increasing, in the metric's own unit, may be none. missing: where the number is unknown.
    """

    edges: tuple[float, ...]
    points: tuple[int, ...]
    missing: int

    def __post_init__(self) -> None:
        """Refuse edges that do not increase, and more or fewer points than steps."""
        if len(self.points) != len(self.edges) + 1:
            raise FormulaError(f"{len(self.edges)} edges make {len(self.edges) + 1} steps, not {len(self.points)}")
        if not all(np.isfinite(self.edges)) or not all(low < high for low, high in pairwise(self.edges)):
            raise FormulaError(f"edges must be finite and strictly increasing; got {list(self.edges)[:12]}")

    @property
    def cells(self) -> tuple[int, ...]:
        """Every number of points that it can give, missing last."""
        return (*self.points, self.missing)

    def codes(self, columns: Columns, metric: str) -> IntArray:
        """Return for each row the position of its cell."""
        x = columns.numbers(metric)
        steps = np.searchsorted(np.array(self.edges, dtype=np.float64), x, side="right")
        return np.where(np.isfinite(x), steps, len(self.points)).astype(np.intp)


@dataclass(frozen=True, slots=True)
class LevelPoints:
    """Whole points of a category: for each level, for any other, and where it is unknown."""

    levels: tuple[tuple[str, int], ...]
    other: int
    missing: int

    def __post_init__(self) -> None:
        """Refuse levels that stand twice or that no target can write."""
        check_levels("points", self.names)
        if len(set(self.names)) < len(self.names):
            raise FormulaError(f"points: a level stands twice in {list(self.names)[:12]}; each level has one line")

    @property
    def names(self) -> tuple[str, ...]:
        """The levels that have points of their own."""
        return tuple(name for name, _ in self.levels)

    @property
    def cells(self) -> tuple[int, ...]:
        """Every number of points that it can give, other and missing last."""
        return (*(points for _, points in self.levels), self.other, self.missing)

    def codes(self, columns: Columns, metric: str) -> IntArray:
        """Return for each row the position of its cell."""
        codes, positions = columns.levels(metric, self.names)
        return (positions % len(self.cells))[codes]  # -1, which is missing, is the last


@dataclass(frozen=True, slots=True)
class PointsTerm:
    """One metric's lines on the card. otherwise: points where the condition ``when`` does not hold."""

    metric: str
    shape: StepPoints | LevelPoints
    when: Condition | None = None
    otherwise: int | None = None

    def __post_init__(self) -> None:
        """Refuse points that are no whole numbers, and a term whose least is not 0."""
        check_name("metric", self.metric)
        if (self.when is None) != (self.otherwise is None):
            raise FormulaError(f"points of {self.metric!r}: 'when' and 'otherwise' go together")
        wrong = [points for points in self.cells if type(points) is not int or points < 0]
        if wrong:
            raise FormulaError(f"points of {self.metric!r}: {wrong[0]!r} is no whole number from 0 up")
        if min(self.cells) != 0:
            raise FormulaError(f"points of {self.metric!r}: the least is {min(self.cells)}; it must be 0, so that "
                               "the lowest sum is 0")  # fmt: skip

    @property
    def key(self) -> str:
        """A name that no other term of the card has: that of the formula's term."""
        return self.metric if self.when is None else f"{self.metric} | {self.when}"

    @property
    def cells(self) -> tuple[int, ...]:
        """Every number of points that the term can give."""
        return self.shape.cells if self.otherwise is None else (*self.shape.cells, self.otherwise)

    @property
    def most(self) -> int:
        """The highest of them."""
        return max(self.cells)

    def codes(self, columns: Columns) -> IntArray:
        """Return for each row the position of its cell among ``cells``."""
        codes = self.shape.codes(columns, self.metric)
        return codes if self.when is None else np.where(self.when.applies(columns), codes, len(self.shape.cells))

    def points(self, columns: Columns) -> IntArray:
        """Return the term's points for each row."""
        return np.array(self.cells, dtype=np.intp)[self.codes(columns)]


@dataclass(frozen=True, slots=True)
class Losses:
    """What whole numbers lose against the formula, on the rows that they were chosen on.

    auc, log_loss: of the card; auc_lost, log_loss_lost: positive where the card is worse. Without outcomes they are
    what the formula's own probabilities expect; None without a link. largest_change: of one customer's score, in
    points of 100. change_band: customers in another band, by score alone; None in a formula without bands.
    typical_change: the median change of a score; None on a card that was made before it was measured.
    """

    rows: int
    outcomes: bool
    auc: float | None
    auc_lost: float | None
    log_loss: float | None
    log_loss_lost: float | None
    largest_change: float
    change_band: int | None
    typical_change: float | None = None

    @property
    def share_changing_band(self) -> float | None:
        """Customers in another band, as a share of the rows."""
        return None if self.change_band is None or not self.rows else self.change_band / self.rows


@dataclass(frozen=True, slots=True)
class CardRow:
    """One line of the card as it is printed: exactly one of ``start``, ``level``, ``case`` says where it applies.

    start: from this number on (−inf: below the next line's). case: ``other``, ``missing`` or ``otherwise``.
    """

    term: str
    metric: str
    when: str
    points: int
    start: float | None = None
    level: str | None = None
    case: str | None = None


@dataclass(frozen=True)
class PointsCard:
    """A formula in whole points: the sum of one line per term, from 0 to exactly ``total``.

    The range is kept term by term, as in the formula: each term's least is 0, and their most add up to ``total``.
    link: P(retained) = σ(a + b · sum/total). bands: cuts in whole points. losses: None where no rows were given.
    left_out: terms that got no points. notes: what was done in a way worth saying.
    """

    total: int
    terms: tuple[PointsTerm, ...]
    link: Link | None = None
    bands: tuple[Band, ...] = ()
    losses: Losses | None = None
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a range that is not 0..total, doubled terms, and bands that are cut elsewhere than at whole points."""
        check_total(self.total)
        most = sum(term.most for term in self.terms)
        if most != self.total:
            raise FormulaError(f"the highest points of the card add up to {most}; they must add up to {self.total}")
        keys = [term.key for term in self.terms]
        if len(set(keys)) < len(keys):
            raise FormulaError(f"term {next(key for key in keys if keys.count(key) > 1)!r} stands twice on the card")
        starts = [band.start for band in self.bands]
        whole = all(start == int(start) and 0 <= start <= self.total for start in starts)
        if starts and not (whole and starts[-1] == 0 and all(high > low for high, low in pairwise(starts))):
            raise FormulaError(f"bands of a card descend in whole points to 0; they were {starts}")

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric that the card reads."""
        names = [name for term in self.terms for name in (term.metric, *([term.when.metric] if term.when else []))]
        return tuple(dict.fromkeys(names))

    def score(self, frame: Frame) -> IntArray:
        """Return the sum of each row, a whole number from 0 to ``total``; DataError names a column that is absent."""
        columns = Columns.of(frame)
        columns.check(self.metrics)
        return np.asarray(np.sum([term.points(columns) for term in self.terms], axis=0, dtype=np.intp))

    def churn_probability(self, frame: Frame) -> FloatArray:
        """Return the probability of churn of each row; FormulaError for a card without a link."""
        if self.link is None:
            raise FormulaError("this card has no link to churn: it was made of a formula without one, and no outcomes")
        return self.link.churn_probability(np.asarray(self.score(frame) * (100.0 / self.total), dtype=np.float64))

    def band_by_score(self, frame: Frame) -> TextArray:
        """Return the band of each row by its sum alone, None where the card has no bands."""
        score, names = self.score(frame), np.array([*(band.name for band in self.bands), None], dtype=object)
        reached = np.array([score >= band.start for band in self.bands] + [np.ones(len(score), dtype=np.bool_)])
        return np.asarray(names[np.argmax(reached, axis=0)], dtype=object)

    def rows(self) -> tuple[CardRow, ...]:
        """Return every line of the card, in its order."""
        return tuple(row for term in self.terms for row in _rows(term))

    def as_dict(self) -> dict[str, Any]:
        """Return the card as plain JSON values."""
        from chs_ml.formula.points_dict import card_as_dict

        return card_as_dict(self)

    @classmethod
    def from_dict(cls, value: Any) -> PointsCard:
        """Read what ``as_dict`` gives, from a file that nobody checked; FormulaError names everything wrong with it."""
        from chs_ml.formula.points_dict import card_from_dict

        return card_from_dict(value)


def check_total(total: int) -> None:
    """Refuse a total that is no whole number from 1 to 1000."""
    if isinstance(total, bool) or not isinstance(total, int) or not 1 <= total <= LARGEST_TOTAL:
        raise FormulaError(f"total {total!r}: a card adds up to a whole number from 1 to {LARGEST_TOTAL}")


def _rows(term: PointsTerm) -> Iterator[CardRow]:
    about = (term.key, term.metric, "" if term.when is None else str(term.when))
    shape = term.shape
    if isinstance(shape, StepPoints):
        for start, points in zip((-np.inf, *shape.edges), shape.points, strict=True):
            yield CardRow(*about, points, start=start)
    else:
        for level, points in shape.levels:
            yield CardRow(*about, points, level=level)
        yield CardRow(*about, shape.other, case="other")
    yield CardRow(*about, shape.missing, case="missing")
    if term.otherwise is not None:
        yield CardRow(*about, term.otherwise, case="otherwise")
