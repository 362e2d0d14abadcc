"""Metrics that say what others say already: they add no dimension, and their weights could be split at will.

Every metric is written straight: a number as it is, levels as one column each but the commonest, and a column for
missing where that occurs. A metric is redundant where its whole block lies in the span of those kept before it, to one
part in ten thousand of its own spread (a condition over 1e4; Belsley, Kuh and Welsch 1980 are alarmed from 30 on), or
where it is a number with the same ranks as another: revenue and its logarithm are one thing to a curve.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.linalg import lstsq
from scipy.stats import rankdata

from chs_ml.fit.fitting import Sample
from chs_ml.fit.learnable import ENOUGH
from chs_ml.fit.scrutiny.straight import RANKED, Straight
from chs_ml.fit.table import Column, MetricPlan, Table
from chs_ml.formula.columns import BoolArray, FloatArray

APART = 1e-4
"""What is left of a column, relative to its spread, once all that is known before it has been taken away."""
SOLVED = 1e-5
"""Less than this share of a column's norm a Gram matrix cannot tell from rounding: it is looked up in the rows."""
NAMED = 1e-3
"""A metric that takes part with so small a share is not named."""
SAME_RANKS = 1 - 1e-5
"""Rounding a charge to whole cents leaves 1 - 2e-6, where a minute costs four of them."""
LIKELY_RANKS = 0.999
"""Ranks of all rows are compared only where those of some rows agree so well."""


@dataclass(frozen=True)
class Same:
    """A metric that says nothing beside the metrics ``as_``, which were kept."""

    metric: str
    as_: tuple[str, ...]


@dataclass(frozen=True)
class SharedLevel:
    """A level that stands in exactly the rows in which a level of an earlier metric stands; None: a missing value."""

    metric: str
    level: str | None
    with_metric: str
    with_level: str | None


def same_information(
    sample: Sample, plans: Sequence[MetricPlan], first: Collection[str] = (), foremost: Collection[str] = ()
) -> tuple[Same, ...]:
    """Return the metrics to be set aside, each with the kept ones that say the same.

    plans: one for each column of the table. first: metrics that are asked before the others, foremost: before those;
    else the plans' order decides. Rows without weight do not count; a metric with one value only is nobody's twin.
    """
    counted = np.flatnonzero(sample.weight > 0)
    if len(counted) < 2:
        return ()
    table = sample.table if len(counted) == sample.table.rows else sample.table.take(counted)
    order = sorted(range(len(plans)), key=lambda at: (plans[at].name not in foremost, plans[at].name not in first))
    return _Search(Straight(table, sample.weight[counted]), tuple(plan.name for plan in plans)).run(order)


def shared_levels(sample: Sample, plans: Sequence[MetricPlan]) -> tuple[SharedLevel, ...]:
    """Return the levels that an earlier metric has too, each with the first that has it.

    A metric may share one level with another ("no internet service"), or be missing where another is, and still say
    more than it. Levels of fewer than ten rows or five customers, and a level that all rows have, are left out.
    """
    draws = np.random.default_rng(0).integers(0, 2**31, sample.table.rows).astype(np.float64)
    there = sample.weight > 0
    seen: dict[tuple[float, float], tuple[int, int]] = {}
    found: list[SharedLevel] = []
    for at, (column, plan) in enumerate(zip(sample.table.columns, plans, strict=True)):
        for code, mark in _marks(column, there, draws):
            was, name = seen.setdefault(mark, (at, code))
            earlier = sample.table.columns[was]
            rows = _rows(column, code) & there
            if was != at and np.array_equal(rows, _rows(earlier, name) & there) and sample.crowd.several(rows):
                found.append(SharedLevel(plan.name, _level(column, code), plans[was].name, _level(earlier, name)))
    return tuple(found)


def carried_by(shared: Sequence[SharedLevel], metric: str, level: str) -> tuple[SharedLevel, ...]:
    """Return the same shared levels, of which this one is learned by its own metric, whichever comes first.

    A split's sides differ in level by the condition's metric: what other metrics learn of it is parted by the split.
    """
    mine = next((one for one in shared if (one.metric, one.level) == (metric, level)), None)
    if mine is None:
        return tuple(shared)
    first = (mine.with_metric, mine.with_level)
    return tuple(
        SharedLevel(*first, metric, level)
        if one == mine
        else replace(one, with_metric=metric, with_level=level)
        if (one.with_metric, one.with_level) == first
        else one
        for one in shared
    )


def carried_once(plans: Sequence[MetricPlan], shared: Sequence[SharedLevel]) -> tuple[MetricPlan, ...]:
    """Return the plans with every shared level, and shared missing value, learned by the first that has it only.

    Elsewhere it counts as neutral: otherwise what belongs to it could be split among them at will.
    """
    found = []
    for plan in plans:
        mine = [one.level for one in shared if one.metric == plan.name]
        missing = "neutral" if None in mine and plan.missing == "learned" else plan.missing
        levels = tuple(level for level in mine if level is not None)
        found.append(replace(plan, missing=missing, elsewhere=levels))
    return tuple(found)


def _marks(column: Column, there: BoolArray, draws: FloatArray) -> Iterator[tuple[int, tuple[float, float]]]:
    """Give each level, -1 for missing, with its count and a sum of draws: two sets of rows that agree are the same."""
    levels = column.levels or ()
    codes = column.values if levels else np.where(column.known, len(levels), -1)
    counts = np.bincount(codes[there] + 1, minlength=len(levels) + 1)
    sums = np.bincount(codes[there] + 1, weights=draws[there], minlength=len(levels) + 1)
    marks = zip(counts.tolist(), sums.tolist(), strict=True)
    for code, (count, drawn) in zip(range(-1, len(levels)), marks, strict=False):
        if ENOUGH <= count < there.sum():
            yield code, (count, drawn)


def _rows(column: Column, code: int) -> BoolArray:
    return ~column.known if code < 0 else column.values == code


def _level(column: Column, code: int) -> str | None:
    return None if code < 0 or column.levels is None else column.levels[code]


@dataclass
class _Search:
    """Metrics one by one. gram: of centred columns of norm 1; left: the same, once the kept columns are taken away."""

    design: Straight
    names: tuple[str, ...]
    kept: list[int] = field(default_factory=list)
    using: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take the means away, and write every column in its own norm."""
        gram = self.design.gram()
        _take_away(gram, 0)
        self.norm = np.sqrt(np.maximum(np.diag(gram), 0.0))
        self.norm[self.norm == 0] = 1.0
        self.gram = gram / np.outer(self.norm, self.norm)
        self.left = self.gram.copy()
        self.ranks = _some_ranks(self.design.table)

    def run(self, order: Sequence[int]) -> tuple[Same, ...]:
        """Return what is redundant, in this order."""
        found = [(at, self._kept_or_same(at)) for at in order if len(self.design.blocks[at])]
        return tuple(Same(self.names[at], tuple(self.names[k] for k in sorted(same))) for at, same in found if same)

    def _kept_or_same(self, at: int) -> list[int]:
        """Return the kept metrics that say the same as this one; where there are none, keep it."""
        same = self._twin(at) or self._spanned(at)
        if not same:
            self.kept.append(at)
            for column in self.design.blocks[at].tolist():
                if self.left[column, column] > SOLVED**2:
                    _take_away(self.left, column)
                    self.using.append(column)
        return same

    def _twin(self, at: int) -> list[int]:
        columns = self.design.table.columns
        likely = [k for k in self.kept if abs(float(self.ranks[k] @ self.ranks[at])) > LIKELY_RANKS]
        return [k for k in likely if _same_ranks(columns[k], columns[at])][:1]

    def _spanned(self, at: int) -> list[int]:
        block, using, within = self.design.blocks[at], np.array(self.using, dtype=np.intp), self._within(at)
        promising = (np.diag(self.left)[block] <= np.maximum(within, SOLVED) ** 2).all()
        if not promising or 2 * len(using) > self.design.weight.sum():  # so many columns span any few rows
            return []
        loadings = lstsq(self.gram[np.ix_(using, using)], self.gram[np.ix_(using, block)])[0]
        plain = loadings * self.norm[block] / self.norm[using][:, None]
        left = self.design.left_over(block, using, plain, [*self.kept, at])
        if (left * np.sqrt(self.design.weight.sum()) > within * self.norm[block]).any():
            return []
        share = np.abs(loadings).max(axis=1)
        return [k for k in self.kept if share[np.isin(using, self.design.blocks[k])].max(initial=0.0) > NAMED]

    def _within(self, at: int) -> FloatArray:
        """Return how much of each column's norm may be left; a line is measured by its spread, which is 1 a row."""
        block = self.design.blocks[at]
        within = np.full(len(block), APART)
        if self.design.parts[at].spread > 0:
            within[0] *= min(1.0, float(np.sqrt(self.design.weight.sum())) / self.norm[block[0]])
        return within


def _take_away(gram: FloatArray, column: int) -> None:
    """Leave of all columns what this one does not explain."""
    along = gram[column].copy()
    gram -= np.outer(along, along) / along[column]


def _some_ranks(table: Table) -> FloatArray:
    """Return for each metric the ranks of some of its rows, centred and of norm 1; zeros for levels and gaps."""
    some = table.take(np.s_[:: max(1, table.rows // RANKED)])
    ranks = np.zeros((len(some.columns), some.rows))
    for at, column in enumerate(some.columns):
        if column.levels is None and column.known.any():
            ranks[at, column.known] = rankdata(column.values[column.known])
            ranks[at, column.known] -= ranks[at, column.known].mean()
            ranks[at] /= float(np.linalg.norm(ranks[at])) or 1.0
    return ranks


def _same_ranks(one: Column, other: Column) -> bool:
    """Return whether two numbers are known in the same rows, and rise there together or against one another."""
    known = one.known
    if known.sum() < ENOUGH or not np.array_equal(known, other.known):
        return False
    ranks = [rankdata(column.values[known]) for column in (one, other)]
    return abs(float(np.corrcoef(ranks[0], ranks[1])[0, 1])) > SAME_RANKS
