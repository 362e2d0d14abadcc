"""What the query's columns are called: numbers of metrics and terms, since a name of the user could be any other's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chs_ml.export.plan import Plan
from chs_ml.export.sql.dialects import Dialect
from chs_ml.export.sql.levels import Reading, readings_of
from chs_ml.export.sql.tree import Node, among, at_most, col, either, is_null, less, more, not_
from chs_ml.formula import Condition

OUTPUT = ("customer", "score", "churn_probability", "band", "band_by_score", "coverage",
          "reason_1", "reason_2", "reason_3", "formula", "digest")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Places:
    """The formula's metrics as columns of the query. given: as the table has them; read: NULL where missing."""

    plan: Plan
    dialect: Dialect
    readings: dict[str, Reading]

    def given(self, metric: str) -> str:
        """The column in which a metric is a double or a text."""
        return f"g{self._at(metric)}"

    def read(self, metric: str) -> Node:
        """The column in which every kind of missing is NULL."""
        return col(self.called(metric))

    def called(self, metric: str) -> str:
        """The name of that column."""
        return f"m{self._at(metric)}"

    def levels(self, metric: str, table: Sequence[str]) -> list[Node]:
        """Whether a metric has the first level of a table, the second …; unknown where it is missing."""
        return [self._is_one_of(metric, texts) for texts in self.readings[metric].meanings(table)]

    def listed(self, metric: str, table: Sequence[str]) -> Node:
        """Whether a metric has any level of a table."""
        return self._is_one_of(metric, [text for texts in self.readings[metric].meanings(table) for text in texts])

    def holds(self, when: Condition) -> Node:
        """Whether a condition is as asked: never unknown where the opposite is asked."""
        metric = self.read(when.metric)
        if when.above is not None:
            above = self.dialect.exactly(when.above)
            return more(metric, above) if when.holds else either(is_null(metric), at_most(metric.copy(), above))
        is_it = self.listed(when.metric, [str(when.level)])
        return is_it if when.holds else either(is_null(metric), not_(is_it))

    def below(self, metric: str, floor: float) -> Node:
        """Whether a metric is below a floor or unknown."""
        return either(is_null(self.read(metric)), less(self.read(metric), self.dialect.exactly(floor)))

    def _is_one_of(self, metric: str, texts: Sequence[str]) -> Node:
        return among(self.read(metric), [self.dialect.level(text) for text in texts])

    def _at(self, metric: str) -> int:
        return [*self.plan.kinds].index(metric) + 1


def places_of(plan: Plan, dialect: Dialect) -> Places:
    """Return the places of a formula's metrics."""
    return Places(plan, dialect, readings_of(plan.formula))
