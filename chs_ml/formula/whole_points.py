"""From a formula to whole points: a good start, then a search on the loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chs_ml.errors import FormulaError
from chs_ml.formula.card_losses import Read, losses_of, with_bands
from chs_ml.formula.columns import FloatArray, Frame, numbers
from chs_ml.formula.formula import Formula
from chs_ml.formula.frames import Columns
from chs_ml.formula.link import Link
from chs_ml.formula.point_loss import fitted_line
from chs_ml.formula.point_search import Points, PointSearch, Rows, counted, sum_of
from chs_ml.formula.points_card import PointsCard, check_total
from chs_ml.formula.step_tables import STAND_IN_SLOPE, StepTable, step_tables

MOST_ROWS = 50_000
WORTH = 15_000
"""How many outcomes the formula's own expectation counts for: points searched on outcomes alone learn their noise.

Chosen on holdouts of Telco and SaaS, then looked at on simulated worlds: decision 011 has the figures.
"""
GRAIN = 2.0**30
"""Probabilities are counted in whole 2⁻³⁰: sums of them are then exact, and the same in any order of rows."""


def whole_points(formula: Formula, total: int = 100, frame: Frame | None = None, churned: Any = None) -> PointsCard:
    """Return the formula in whole points; see ``Formula.to_points``."""
    check_total(total)
    if frame is None and churned is not None:
        raise FormulaError("to_points: outcomes were given without the rows that they belong to; give the frame, too")
    columns = None if frame is None else Columns.of(frame)
    tables = [table for table in step_tables(formula, columns) if table.share.max() > 0.0]
    if not tables:
        raise FormulaError("to_points: no term differs between these rows, so there are no points to give")
    if columns is None:
        return with_bands(formula, _card(formula, total, tables, first_points(tables, total)), None)
    return _searched(formula, total, tables, (columns, churned))


def _searched(formula: Formula, total: int, tables: Sequence[StepTable], given: tuple[Columns, Any]) -> PointsCard:
    """Return the card of the points that lose least on the rows, with its link refitted, its bands and losses."""
    columns, churned = given
    rows = _rows_of(formula, tables, columns, churned)
    seen, notes = _at_most(rows)
    points = PointSearch(tables, seen, total, first_points(tables, total)).run()
    card = _card(formula, total, tables, points)
    if formula.link is not None or churned is not None:
        card = replace(card, link=_refitted(rows, points, total) or card.link)
    card = with_bands(formula, replace(card, notes=notes), columns)
    return replace(card, losses=losses_of(Read.by_formula(formula, columns), Read.by_card(card, columns), churned))


def first_points(tables: Sequence[StepTable], total: int) -> list[Points]:
    """Return whole points close to the formula's: the total shared by largest remainder, cells rounded within."""
    ranges = np.array([table.share.max() for table in tables])
    most = shared_out(total * ranges / ranges.sum(), total)
    return [np.rint(t.share / t.share.max() * top).astype(np.intp) for t, top in zip(tables, most, strict=True)]


def shared_out(exact: FloatArray, total: int) -> Points:
    """Return whole numbers that sum to ``total``, by largest remainder (Hamilton 1792); ties go to the first."""
    near = np.rint(exact)
    floor = np.where(np.abs(exact - near) < 1e-9, near, np.floor(exact)).astype(np.intp)
    order = np.argsort(-(exact - floor), kind="stable")
    floor[order[: total - int(floor.sum())]] += 1
    return floor


def _card(formula: Formula, total: int, tables: Sequence[StepTable], points: Sequence[Points]) -> PointsCard:
    lined = [table.lined(each) for table, each in zip(tables, points, strict=True) if each.any()]
    there = {term.key for term in lined}
    left_out = tuple(term.key for term in formula.terms if term.key not in there)
    return PointsCard(total, tuple(lined), _rescaled(formula, tables), left_out=left_out)


def _rescaled(formula: Formula, tables: Sequence[StepTable]) -> Link | None:
    """Return the formula's link, moved to a sum whose 0 and total are the lowest and highest cells' scores."""
    if formula.link is None:
        return None
    used = {table.term.key for table in tables}
    lowest = sum(table.term.weight * float(table.health.min()) for table in tables)
    lowest += sum(term.weight * max(term.shape.everything) for term in formula.terms if term.key not in used)
    span = sum(float(table.share.max()) for table in tables)
    return Link(formula.link.a + formula.link.b * lowest, formula.link.b * span)


def _rows_of(formula: Formula, tables: Sequence[StepTable], columns: Columns, churned: Any) -> Rows:
    """Return the rows that the search sees, and how far each counts as retained, in whole 2⁻³⁰."""
    retained = looked_for(formula, columns, churned)
    known = np.isfinite(retained)
    codes = [table.codes(columns)[known] for table in tables]
    return Rows(codes, np.rint(retained[known] * GRAIN), np.full(int(known.sum()), GRAIN))


def looked_for(formula: Formula, columns: Columns, churned: Any) -> FloatArray:
    """Return for each row how far it counts as retained: what the formula expects and, in part, what came.

    NaN where the outcome is not known yet. A formula without a link expects nothing, and outcomes count alone.
    """
    expected = (formula.link or _stand_in(formula, columns)).churn_probability(formula.score(columns))
    if churned is None:
        return 1.0 - expected
    came = outcomes(churned, len(columns))
    trust = 0.0 if formula.link is None else WORTH / (WORTH + np.count_nonzero(np.isfinite(came)))
    return 1.0 - (trust * expected + (1.0 - trust) * came)


def _refitted(rows: Rows, points: Sequence[Points], total: int) -> Link | None:
    """Return the link from the sums to what the search looked at, None where it does not rise."""
    score = sum_of(points, rows.codes)
    retained, weight = (counted(score, each, total + 1)[None] for each in (rows.retained, rows.weight))
    return fitted_line(retained, weight, np.arange(total + 1) / total).as_link()


def outcomes(churned: Any, rows: int) -> FloatArray:
    """Return outcomes as numbers, NaN where not known yet; FormulaError for others than 0 and 1."""
    outcome = numbers(churned, "churned")
    if outcome.shape != (rows,):
        raise FormulaError(f"to_points: {outcome.size} outcomes for {rows} rows; give one for each row")
    wrong = outcome[np.isfinite(outcome) & (outcome != 0.0) & (outcome != 1.0)]
    if len(wrong) == 0 and not {0.0, 1.0} <= set(outcome[np.isfinite(outcome)].tolist()):
        raise FormulaError("to_points: the outcomes are all alike; a loss needs churned (1) and retained (0). Leave "
                           "them out, and the formula's own probabilities are taken")  # fmt: skip
    if len(wrong):
        raise FormulaError(f"to_points: an outcome is 1 (churned), 0 (retained) or unknown, not {wrong[0]:g}")
    return outcome


def _stand_in(formula: Formula, columns: Columns) -> Link:
    """Return a link for a formula without one, so that closeness can be measured; it is not kept."""
    return Link(-STAND_IN_SLOPE * float(np.median(formula.score(columns))) / 100.0, STAND_IN_SLOPE)


def _at_most(rows: Rows) -> tuple[Rows, tuple[str, ...]]:
    """Return 50,000 of the rows where there are more: at equal distances in an order that is their own."""
    count = len(rows.weight)
    if count <= MOST_ROWS:
        return rows, ()
    order = np.lexsort((rows.retained, *rows.codes))
    taken = order[np.linspace(0, count - 1, MOST_ROWS).astype(np.intp)]
    note = f"the points were chosen on {MOST_ROWS:,} of {count:,} rows, taken at equal distances"
    return Rows([codes[taken] for codes in rows.codes], rows.retained[taken], rows.weight[taken]), (note,)
