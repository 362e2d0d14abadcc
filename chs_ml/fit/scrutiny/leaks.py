"""Which metrics part churned from retained customers beyond chance: each by itself, then the rest together.

Not every separation is worth a word. Under a curve of sixteen ramps the best five per cent of the customers often all
stayed, and of a rare plan twelve customers may all have stayed: their coefficient has no end, and the penalty gives it
one, harmlessly. So metrics are taken straight (a number as one line, levels and missing as columns), and a
quasi-complete separation is reported only where it is

- beyond chance: so many customers of one outcome come together with a probability, at the rate of all and times the
  places where one might have looked, of less than one in a thousand; and
- material: a tenth of all rows with that outcome, or a hundredth of them in one level. Metrics that honestly tell who
  stays have pure ends of up to about 4 % (SaaS support minutes, simulated panels of 300,000 rows).

By itself, a number is asked at both ends: how many rows lie beyond everybody of the other outcome. That finds what a
line cannot show: days since the last login, counted on after the customer had left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from chs_ml.fit.basis import Basis, CurveBasis, LevelsBasis, MetricBasis
from chs_ml.fit.fitting import Sample
from chs_ml.fit.learnable import ENOUGH
from chs_ml.fit.objective import log_odds
from chs_ml.fit.scrutiny.separation import PARTED, Kind, Verdict, separation_among
from chs_ml.fit.table import Column, Table
from chs_ml.formula.columns import BoolArray, IntArray

BY_CHANCE = 1e-3
SHARE, SHARE_OF_LEVEL = 0.1, 0.01
"""Of all rows with the same outcome, how many a separation has to hold."""
LOOK = 2_000
"""Rows of either outcome that show whether an end may be material."""
DID = {True: "stayed", False: "churned"}
NAMED = 8
MOST_ASKED = 40
"""Of more metrics than these it is not asked which of them are needed: a linear programme for each takes minutes."""
MOST_OF_THEM = 0.9
"""A metric is not needed for a separation that parts nine rows in ten of them without it."""


@dataclass(frozen=True)
class Separation:
    """Metrics that part churned from retained rows; rows: how many lie on one side; where: in words, for one metric."""

    metrics: tuple[str, ...]
    kind: Kind
    rows: int
    where: str = ""

    def __str__(self) -> str:
        """Return what a person has to know."""
        if len(self.metrics) > 1:
            return (
                f"{_listed(self.metrics)} together separate churned from retained customers ({self.kind}: "
                f"{self.rows:,} rows lie on one side). Either one of them knows the outcome already, or there are too "
                "few customers for so many metrics; bring more customers, or leave metrics out (role: exclude)."
            )
        return (
            f"{self.metrics[0]} separates churned from retained customers ({self.kind}): {self.rows:,} rows "
            f"{self.where}. Check when it becomes known; if only once the outcome is, leave it out (role: exclude)."
        )


def separations(sample: Sample, basis: Basis) -> tuple[Separation, ...]:
    """Return the metrics that separate by themselves, then those of the rest that do it together.

    basis: of these metrics in this order; its knots' ends, its levels and its learned missing values are used. Rows
    without weight do not count. Empty where nothing separates beyond chance.
    """
    counted = sample if (sample.weight > 0).all() else sample.take(np.flatnonzero(sample.weight > 0))
    if counted.table.rows == 0 or counted.one_class():
        return ()
    rows = _Rows(counted, len(basis.metrics))
    alone = [rows.alone(column, metric) for column, metric in zip(counted.table.columns, basis.metrics, strict=True)]
    rest = [at for at, metric in enumerate(basis.metrics) if alone[at] is None and _has_columns(metric)]
    together = rows.together(basis, rest) if len(rest) > 1 else None
    return tuple(found for found in (*alone, together) if found is not None)


def _has_columns(metric: MetricBasis) -> bool:
    return metric.columns > 0 and (not isinstance(metric, CurveBasis) or metric.learnable)


@dataclass(frozen=True)
class _Side:
    """Rows that all have one outcome, and where they lie."""

    rows: BoolArray
    where: str
    places: float
    share: float = SHARE_OF_LEVEL


class _Rows:
    """The rows that count, and what chance would make of some of them."""

    def __init__(self, sample: Sample, metrics: int) -> None:
        self.sample, self.metrics = sample, metrics
        self.stayed = sample.retained > 0.5
        self.of = {outcome: np.flatnonzero(self.stayed == outcome) for outcome in (True, False)}
        self.few = {outcome: rows[:: max(1, len(rows) // LOOK)] for outcome, rows in self.of.items()}
        share = float(sample.weight @ sample.retained / sample.weight.sum())
        self.logs = np.log([1.0 - share, share])

    def counts(self, side: _Side) -> bool:
        """Return whether so many rows on one side are material, and more than the best of so many places would show."""
        at = np.flatnonzero(side.rows)
        stayed = int(self.stayed[at].sum())
        shares = (stayed / len(self.of[True]), (len(at) - stayed) / len(self.of[False]))
        if max(shares) < side.share:
            return False
        if not self.sample.crowd.several(at):
            return False
        _, first = np.unique(self.sample.groups[at], return_index=True)
        luck = self.logs[self.stayed[at[first]].astype(np.intp)].sum()
        return bool(luck + np.log(self.metrics) + side.places < np.log(BY_CHANCE))

    def alone(self, column: Column, metric: MetricBasis) -> Separation | None:
        """Return how a metric separates by itself."""
        if isinstance(metric, CurveBasis) and not metric.learnable:
            return None
        known = column.known
        by_value = self._levels(column) if column.levels is not None else self._ends(column)
        sides = [*self._missing(~known), *by_value]
        parted = _any_of(sides, len(known))
        whole = bool(parted.all())
        told = sides if whole else [side for side in sides if self.counts(side)]
        if not told:
            return None
        where = "; ".join(side.where for side in told)
        rows = int(_any_of(told, len(known)).sum())
        return Separation((metric.plan.name,), "complete" if whole else "quasi-complete", rows, where)

    def _missing(self, missing: BoolArray) -> list[_Side]:
        if not self.sample.crowd.several(missing) or len(np.unique(self.stayed[missing])) > 1:
            return []
        return [_Side(missing, f"without a value, who all {DID[bool(self.stayed[missing][0])]}", 0.0)]

    def _levels(self, column: Column) -> list[_Side]:
        """Return the levels of ten rows or more, of five customers or more, that have one outcome only."""
        names, known = column.levels or (), column.known
        count = np.bincount(column.values[known], minlength=len(names))
        stayed = np.bincount(column.values[known & self.stayed], minlength=len(names))
        pure = (count >= ENOUGH) & ((stayed == 0) | (stayed == count))
        if pure.any():
            pure &= self.sample.crowd.several_in(column.values, len(names))
        return [self._level(column, names[code], code) for code in np.flatnonzero(pure).tolist()]

    def _level(self, column: Column, name: str, code: int) -> _Side:
        rows = column.values == code
        return _Side(
            rows, f"with {name!r}, who all {DID[bool(self.stayed[rows][0])]}", float(np.log(len(column.levels or ())))
        )

    def _ends(self, column: Column) -> list[_Side]:
        """Return the rows beyond everybody of the other outcome, at either end of a number."""
        ends: list[_Side] = []
        for outcome, sign in product((True, False), (1.0, -1.0)):
            if self._beyond(column, outcome, sign, self.few)[0] < SHARE / 2:  # a first look at some of the rows
                continue
            share, border = self._beyond(column, outcome, sign, self.of)
            if share >= SHARE:
                where = f"with the {'highest' if sign > 0 else 'lowest'} values, who all {DID[outcome]}"
                ends.append(_Side(sign * column.values > border, where, float(np.log(len(self.stayed))), SHARE))
        return ends

    def _beyond(self, column: Column, outcome: bool, sign: float, rows: dict[bool, IntArray]) -> tuple[float, float]:
        """Return the share of one outcome that lies beyond the other one's last value, and that value."""
        mine, others = (sign * column.values[rows[one]] for one in (outcome, not outcome))
        border = float(np.fmax.reduce(others))
        return float(np.count_nonzero(mine > border)) / len(mine), border

    def together(self, basis: Basis, metrics: Sequence[int]) -> Separation | None:
        """Return how metrics separate that do not by themselves, named down to those that are needed for it."""
        verdict = self._among(basis, metrics)
        if verdict.kind == "none":
            return None
        needed = list(metrics)
        for at in metrics if len(metrics) <= MOST_ASKED else ():
            fewer = [other for other in needed if other != at]
            without = self._among(basis, fewer)
            if without.kind == verdict.kind and without.rows >= MOST_OF_THEM * verdict.rows:
                needed, verdict = fewer, without
        return Separation(tuple(basis.metrics[at].plan.name for at in needed), verdict.kind, verdict.rows)

    def _among(self, basis: Basis, metrics: Sequence[int]) -> Verdict:
        """Return the separation by these metrics, straight; ``none`` where it is quasi-complete by chance."""
        straight = Basis(tuple(_straightened(basis.metrics[at]) for at in metrics))
        encoded = straight.encode(Table(tuple(self.sample.table.columns[at] for at in metrics)))
        verdict = separation_among(encoded, self.sample.retained)
        if verdict.kind != "quasi-complete":
            return verdict
        parted = np.abs(log_odds(encoded, verdict.direction)) > PARTED
        places = np.count_nonzero(verdict.direction[1:]) * float(np.log(len(parted)))
        return verdict if self.counts(_Side(parted, "", places, SHARE)) else replace(verdict, kind="none")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} others" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _any_of(sides: Sequence[_Side], rows: int) -> BoolArray:
    together = np.zeros(rows, dtype=np.bool_)
    for side in sides:
        together |= side.rows
    return together


def _straightened(metric: MetricBasis) -> MetricBasis:
    """Return the metric with one line between its end knots."""
    if isinstance(metric, LevelsBasis):
        return metric
    widths = np.diff(metric.knots) / (metric.knots[-1] - metric.knots[0])
    mean = np.append(metric.mean[: metric.ramps] @ widths, [0.0] * metric.missing_learned)
    return replace(metric, knots=metric.knots[[0, -1]], mean=mean, worst=None)
