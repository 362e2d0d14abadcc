"""The cutoffs, and the moments around each that the query compares with: windows, the horizon's ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot import exp

from chs_ml.history.asof import names
from chs_ml.history.asof.groups import reach_of
from chs_ml.history.asof.tree import Node, days_later, moment, named, number
from chs_ml.spec.history import History
from chs_ml.spec.measures import Measure


@dataclass(frozen=True, slots=True)
class AsOf:
    """The cutoffs: days, or the day on which the query runs (none). observed_until: of the outcomes, None without."""

    days: tuple[date, ...]
    observed_until: date | None

    @property
    def with_outcome(self) -> bool:
        """Whether it is asked what became of the customers."""
        return self.observed_until is not None


def moments_query(history: History, as_of: AsOf, spans: Collection[int]) -> exp.Expr:
    """SELECT each cutoff with the moments around it that the metrics need, one row a cutoff."""
    rows = [_moments(history, as_of, day, spans) for day in as_of.days or (None,)]
    whole: exp.Expr = rows[0]
    for row in rows[1:]:
        whole = exp.union(whole, row, distinct=False, copy=False)
    return whole


def _moments(history: History, as_of: AsOf, day: date | None, spans: Collection[int]) -> exp.Select:
    def after(days: int) -> Node:
        if day is None:
            return days_later(exp.cast(exp.CurrentDate(), exp.DataType.Type.TIMESTAMP), days)
        return moment(day + timedelta(days))

    columns = {names.CUTOFF: after(0)} | {names.since(span): after(-span) for span in sorted(spans)}
    needs_labels = as_of.with_outcome or history.eligible.renewal_in_horizon
    if needs_labels:
        columns |= {names.LABEL_FROM: after(history.gap), names.LABEL_TO: after(history.gap + history.days)}
    if as_of.observed_until is not None and day is not None:
        ends = day + timedelta(history.gap + history.days)
        columns[names.OBSERVED] = number(int(ends <= as_of.observed_until))
    return exp.select(*(named(value, key) for key, value in columns.items()), copy=False)


def spans_of(history: History, measures: Sequence[Measure]) -> set[int]:
    """Return the days before the cutoff that the query asks for."""
    found = {history.eligible.tenure, history.eligible.active_within}
    found |= {span for measure in measures for span in (measure.window, reach_of(measure))}
    return {span for span in found if span}
