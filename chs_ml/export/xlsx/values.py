"""What the workings say of customers, as the formula says it: for readers that show a workbook without calculating."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chs_ml.export.plan import MOST_POINTS, REASONS, WORTH_SAYING
from chs_ml.export.xlsx.layout import Layout
from chs_ml.export.xlsx.level_keys import read_level
from chs_ml.formula import Curve, Term
from chs_ml.formula.bands import band_by_score
from chs_ml.formula.edges import frame_of
from chs_ml.formula.formula import Scored
from chs_ml.formula.frames import Columns

Row = Mapping[str, Any]
NOT_KNOWN, OTHER = "missing", "other"


@dataclass(frozen=True)
class Values:
    """A value, or '', for each row. rules: the band's place after each rule. floors: why not scored, by floor."""

    reads: dict[str, list[Any]]
    conditions: list[list[bool]]
    steps: list[list[Any]]
    health: list[list[float]]
    against: list[list[float]]
    scored: Scored
    by_score: list[int]
    rules: list[list[int]]
    floors: list[list[str]]
    places: list[list[Any]]
    reasons: list[list[str]]

    @classmethod
    def of(cls, layout: Layout, rows: Sequence[Row]) -> Values | None:
        """Return the values of these rows, None where there are none."""
        if not rows:
            return None
        formula = layout.plan.formula
        columns = Columns(frame_of([{name: row.get(name) for name in formula.metrics} for row in rows]))
        scored = formula.read(columns)
        against = [
            [round(100.0 * term.weight * (n - average), 9) for n in health.tolist()]
            for term, average, health in zip(formula.terms, layout.plan.averages, scored.health, strict=True)
        ]
        places = [_places([column[at] for column in against]) for at in range(len(rows))]
        by_score = (band_by_score(scored.score, formula.bands) + 1).tolist()
        return cls(
            reads={name: [_read(layout, name, row.get(name)) for row in rows] for name in layout.metrics},
            conditions=[when.applies(columns).tolist() for when in layout.conditions],
            steps=[_steps(term, columns) for term in formula.terms],
            health=[health.tolist() for health in scored.health],
            against=against,
            scored=scored,
            by_score=by_score,
            rules=_after_rules(layout, by_score, columns),
            floors=_floors(layout, scored, columns),
            places=[[line[at] for line in places] for at in range(REASONS)],
            reasons=[
                [_reason(layout, against, line[at], row) for row, line in enumerate(places)] for at in range(REASONS)
            ],
        )


def _read(layout: Layout, name: str, value: Any) -> Any:
    if layout.plan.kinds[name] == "level":
        return read_level(value)
    number = float(Columns({"x": np.array([value, None], dtype=object)}).numbers("x")[0])
    return number if np.isfinite(number) else ""


def _steps(term: Term, columns: Columns) -> list[Any]:
    if isinstance(term.shape, Curve):
        x = columns.numbers(term.metric)
        below = np.searchsorted(term.shape.knots, x, side="right")
        return [int(step) if known else NOT_KNOWN for step, known in zip(below, np.isfinite(x), strict=True)]
    names = term.shape.names
    codes, positions = columns.levels(term.metric, names)
    said = {-1: NOT_KNOWN, len(names): OTHER}
    return [said.get(at, at + 1) for at in positions[codes].tolist()]


def _after_rules(layout: Layout, by_score: list[int], columns: Columns) -> list[list[int]]:
    formula = layout.plan.formula
    names = [band.name for band in formula.bands]
    found, before = [], by_score
    for rule in formula.rules:
        to = names.index(rule.band) + 1
        before = [to if holds else one for holds, one in zip(rule.when.applies(columns).tolist(), before, strict=True)]
        found.append(before)
    return found


def _floors(layout: Layout, scored: Scored, columns: Columns) -> list[list[str]]:
    """Return the reasons as the columns have them: coverage first, which passes on what the floors say."""
    when = layout.plan.formula.score_when
    if when is None:
        return []
    found = [scored.not_scored_because.tolist()]
    for at in range(len(when.floors)):
        rest = type(when)(None, when.floors[at:])
        found.append(rest.reasons(columns, scored.coverage).tolist())
    return found


def _places(against: Sequence[float]) -> list[Any]:
    """Return which terms cost most points, '' where no more is worth saying."""
    worst = sorted((lost, at) for at, lost in enumerate(against) if lost < -WORTH_SAYING)[:REASONS]
    return [*(at + 1 for _, at in worst), *[""] * (REASONS - len(worst))]


def _reason(layout: Layout, against: list[list[float]], place: Any, row: int) -> str:
    if place == "":
        return ""
    points = int(np.clip(np.rint(-against[place - 1][row]), 1, MOST_POINTS))
    return f"{layout.plan.labels[place - 1]}: -{points} {'point' if points == 1 else 'points'}"


__all__ = ["NOT_KNOWN", "OTHER", "Row", "Values"]
