"""A metric is read one way in the whole of a formula: as a number, or as a level."""

from __future__ import annotations

from collections.abc import Iterable

from chs_ml.errors import FormulaError
from chs_ml.formula.bands import Rule, ScoreWhen
from chs_ml.formula.conditions import Condition
from chs_ml.formula.names import check_levels
from chs_ml.formula.shapes import Levels
from chs_ml.formula.terms import Term


def check_one_reading(terms: Iterable[Term], rules: Iterable[Rule], score_when: ScoreWhen | None) -> None:
    """Refuse a metric that is a number here and a level there, and levels of one metric that only case tells apart.

    Raises:
        FormulaError: naming the metric; no database column could serve both readings.
    """
    conditions = [term.when for term in terms if term.when is not None] + [rule.when for rule in rules]
    levels = _levels_read(terms, conditions)
    for metric, read in levels.items():
        if len(read) > 1:  # a single table has checked itself
            check_levels(f"metric {metric!r}", [level for table in read for level in table])
    both = sorted(set(levels) & _numbers_read(terms, conditions, score_when))
    if both:
        raise FormulaError(f"metric {both[0]!r} is read as a number in one place and as a level in another; choose one")


def _levels_read(terms: Iterable[Term], conditions: Iterable[Condition]) -> dict[str, list[tuple[str, ...]]]:
    read: dict[str, list[tuple[str, ...]]] = {}
    for term in terms:
        if isinstance(term.shape, Levels):
            read.setdefault(term.metric, []).append(term.shape.names)
    for condition in conditions:
        if condition.level is not None:
            read.setdefault(condition.metric, []).append((condition.level,))
    return read


def _numbers_read(terms: Iterable[Term], conditions: Iterable[Condition], score_when: ScoreWhen | None) -> set[str]:
    numbers = {term.metric for term in terms if not isinstance(term.shape, Levels)}
    numbers |= {condition.metric for condition in conditions if condition.above is not None}
    return numbers | {name for name, _ in (score_when.floors if score_when else ())}
