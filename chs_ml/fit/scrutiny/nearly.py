"""Metrics that others say nearly: both may stay, but how a weight is shared between them hangs on few customers.

A metric is named where the others explain it to a multiple correlation of 0.95 or more (nine tenths of its spread, a
variance inflation of ten; Belsley, Kuh and Welsch 1980), numbers either as a curve sees them, up to the ends of their
middle 98 %, or by their ranks. Levels are explained where each of them is. What is explained wholly is set aside before
(``same_information``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.stats import rankdata

from chs_ml.fit.fitting import Sample
from chs_ml.fit.knots import LOW
from chs_ml.fit.scrutiny.straight import Straight
from chs_ml.fit.table import Column, MetricPlan, Table
from chs_ml.formula.columns import FloatArray, IntArray

NEAR = 0.95
ASKED = 20_000
"""So many rows show a correlation of .95 to a thousandth."""
RIDGE = 1e-9
TOGETHER = 5
"""So many others are named at most; what takes more of them is nobody's near twin."""


@dataclass(frozen=True)
class NearSet:
    """Metrics of which the first is nearly told by the others; r: its (multiple) correlation with them."""

    metrics: tuple[str, ...]
    r: float

    def __str__(self) -> str:
        """Return what a person has to know."""
        first, *others = self.metrics
        r = f"{min(self.r, 0.999):.3f}".removeprefix("0").rstrip("0")
        if len(others) == 1:
            return (
                f"{first} and {others[0]} say nearly the same (r = {r}): how the weight is shared between them is "
                "uncertain."
            )
        told = f"{', '.join(others[:-1])} and {others[-1]}"
        return (
            f"{told} together say nearly what {first} says (r = {r}): how the weight is shared among them is uncertain."
        )


def near_sets(sample: Sample, plans: Sequence[MetricPlan]) -> tuple[NearSet, ...]:
    """Return the sets of metrics of which one is nearly told by the others, each metric explained in one set at most.

    plans: one for each column of the table; levels that are counted elsewhere are not looked at (``carried_once``).
    Rows without weight do not count; of many rows some are asked.
    """
    counted = np.flatnonzero(sample.weight > 0)
    if len(counted) < 2 or len(plans) < 2:
        return ()
    some = sample.take(counted[:: -(-len(counted) // ASKED)])
    people, names = some.crowd.count(), tuple(plan.name for plan in plans)
    found: list[NearSet] = []
    for seen_as in (_middle, _ranked):
        pairs = zip(some.table.columns, plans, strict=True)
        table = Table(tuple(_seen(column, plan, seen_as) for column, plan in pairs))
        found += _Near(Straight(table, some.weight), names, people).run({one for each in found for one in each.metrics})
    return tuple(found)


class _Near:
    """Correlations of all columns. customers: how many they come from."""

    def __init__(self, design: Straight, names: tuple[str, ...], customers: int) -> None:
        gram = design.gram()
        gram = gram - np.outer(gram[0], gram[0]) / gram[0, 0]
        norm = np.sqrt(np.maximum(np.diag(gram), 0.0))
        norm[norm == 0] = 1.0
        self.gram = gram / np.outer(norm, norm)
        self.names, self.customers, self.blocks = names, customers, design.blocks
        self.told = [
            block[: len(block) - part.missing] for block, part in zip(design.blocks, design.parts, strict=True)
        ]

    def run(self, seen: set[str]) -> list[NearSet]:
        """Return the sets, beginning with the metric that is explained best; who is in one is not explained again."""
        explained, found = self._explained(), list[NearSet]()
        for at in np.argsort(-explained, kind="stable").tolist():
            if explained[at] < NEAR or self.names[at] in seen:
                continue
            partners = self._partners(at)
            if partners:
                metrics = tuple(self.names[k] for k in (at, *sorted(partners)))
                found.append(NearSet(metrics, self._r(at, partners)))
                seen = seen.union(metrics)
        return found

    def _explained(self) -> FloatArray:
        """Return for each metric the multiple correlation with all others: of the column that they explain least."""
        using = np.concatenate(self.blocks).astype(np.intp)
        place = {column: at for at, column in enumerate(using.tolist())}
        precision = _inverse(self.gram[np.ix_(using, using)])
        found = np.zeros(len(self.blocks))
        for at, told in enumerate(self.told):
            if len(told):
                block = [place[column] for column in self.blocks[at].tolist()]
                rest = np.diag(_inverse(precision[np.ix_(block, block)]))[: len(told)]
                found[at] = self._adjusted(float(rest.max()), len(using) - len(block))
        return found

    def _partners(self, at: int) -> list[int]:
        """Return the fewest other metrics, found one by one, that explain this one; none where it takes too many."""
        chosen: list[int] = []
        while self._r(at, chosen) < NEAR:
            if len(chosen) == TOGETHER:
                return []
            chosen.append(self._next(at, chosen))
        for k in list(chosen):
            without = [one for one in chosen if one != k]
            if self._r(at, without) >= NEAR:
                chosen = without
        return chosen

    def _next(self, at: int, chosen: Sequence[int]) -> int:
        """Return the metric of which one column explains most of what the chosen ones leave."""
        told, using = self.told[at], self._columns(chosen)
        loadings = _inverse(self.gram[np.ix_(using, using)]) @ self.gram[using]
        left = self.gram[told] - self.gram[np.ix_(told, using)] @ loadings
        own = np.maximum(np.diag(self.gram) - (self.gram[using] * loadings).sum(axis=0), RIDGE)
        gains = (left**2 / own).sum(axis=0)
        others = [k for k in range(len(self.blocks)) if k != at and k not in chosen]
        return max(others, key=lambda k: float(gains[self.blocks[k]].max(initial=0.0)))

    def _r(self, at: int, others: Sequence[int]) -> float:
        told, using = self.told[at], self._columns(others)
        if not len(using):
            return 0.0
        along = self.gram[np.ix_(using, told)]
        rest = 1.0 - (along * (_inverse(self.gram[np.ix_(using, using)]) @ along)).sum(axis=0)
        return self._adjusted(float(rest.max()), len(using))

    def _adjusted(self, rest: float, columns: int) -> float:
        """Return the correlation that leaves this share of the spread; so many columns explain some by chance."""
        free = self.customers - columns - 1
        return float(np.sqrt(max(0.0, 1.0 - rest * (self.customers - 1) / free))) if free > 0 else 0.0

    def _columns(self, metrics: Sequence[int]) -> IntArray:
        return np.concatenate([np.zeros(0, dtype=np.intp), *(self.blocks[k] for k in metrics)])


def _inverse(gram: FloatArray) -> FloatArray:
    if not len(gram):
        return gram
    ridge = RIDGE * np.diag(np.diag(gram))
    return np.asarray(cho_solve(cho_factor(gram + ridge + RIDGE**2 * np.eye(len(gram))), np.eye(len(gram))))


def _seen(column: Column, plan: MetricPlan, seen_as: Callable[[FloatArray], FloatArray]) -> Column:
    """Return the column with its known numbers seen otherwise, or without the levels that are counted elsewhere."""
    known = column.known
    if not known.any():
        return column
    if column.levels is not None:
        elsewhere = [code for code, level in enumerate(column.levels) if level in plan.elsewhere]
        commonest = int(np.argmax(np.bincount(column.values[known])))
        return replace(column, values=np.where(np.isin(column.values, elsewhere), commonest, column.values))
    values = column.values.astype(np.float64)
    values[known] = seen_as(values[known])
    return replace(column, values=values)


def _middle(values: FloatArray) -> FloatArray:
    """Return the values up to the ends of their middle 98 %, where a curve is flat."""
    low, high = np.quantile(values, [LOW, 1.0 - LOW]).tolist()
    return np.clip(values, low, high)


def _ranked(values: FloatArray) -> FloatArray:
    return np.asarray(rankdata(values), dtype=np.float64)
