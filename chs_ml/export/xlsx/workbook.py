"""The whole workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chs_ml.errors import FormulaError
from chs_ml.export.plan import plan_of
from chs_ml.export.xlsx.book import Book
from chs_ml.export.xlsx.curves import write_curves
from chs_ml.export.xlsx.customers import name_bands, write_customers
from chs_ml.export.xlsx.examples import examples_of
from chs_ml.export.xlsx.layout import (
    CURVES,
    CUSTOMERS,
    FORMULA,
    ONE,
    OVERVIEW,
    READ_ME,
    TEST,
    TEST_WORKINGS,
    WORKINGS,
    Columns,
    Layout,
    conditions_of,
)
from chs_ml.export.xlsx.limits import check_fits
from chs_ml.export.xlsx.one_customer import write_one_customer
from chs_ml.export.xlsx.overview import write_overview
from chs_ml.export.xlsx.read_me import write_read_me
from chs_ml.export.xlsx.self_test import Trials, trial_workings, write_self_test
from chs_ml.export.xlsx.styles import GAIN, INPUT, NAVY, QUIET
from chs_ml.export.xlsx.values import Row, Values
from chs_ml.export.xlsx.weights_sheet import write_formula_sheet
from chs_ml.export.xlsx.workings import Workings
from chs_ml.formula import WeightsFile
from chs_ml.formula.vectors import check_vectors

ROWS = 500
"""Customers for whom formulas are filled down."""
MOST_CELLS = 400_000
"""Cells of workings; a wide formula gets fewer rows, so that the workbook still opens in a moment."""
MIXED = 2
"""Of the examples, the place of the one that is partly both: the one worth following first."""


def to_xlsx(weights: WeightsFile) -> bytes:
    """Return an Excel workbook that calculates the formula with its own formulas; the same file, the same bytes.

    Raises:
        FormulaError: where XlsxWriter is not installed, or a term does not fit into a workbook, which is named.
    """
    return workbook(weights, None)


def workbook(
    weights: WeightsFile, customers: Mapping[str, Row] | None, *, stale: bool = False, rows: int | None = None
) -> bytes:
    """Return the workbook with these customers, by id; by default with examples.

    stale: formula cells keep a word instead of what they say, so that a test can tell who calculated. Then values may
    be anything, also what the formula refuses. rows: for which formulas are filled down.
    """
    wrong = check_vectors(weights)
    if wrong:
        raise FormulaError(f"the weights file contradicts itself: {wrong[0]}. Calibrate again")
    plan = plan_of(weights)
    check_fits(plan, len(conditions_of(plan)))
    layout = Layout.of(plan)
    filled = examples_of(plan) if customers is None else customers
    rows = rows or max(20, len(filled), min(ROWS, MOST_CELLS // Columns.of(layout).last))
    book = Book(f"Customer health score: {plan.called}", weights.created, stale=stale)
    sheets = {name: book.sheet(name, color) for name, color in _TABS.items()}
    given: Sequence[Row] = list(filled.values())
    columns = {name: 1 + at for at, name in enumerate(layout.metrics)}
    values = None if stale else Values.of(layout, given)
    workings = Workings(layout, WORKINGS, CUSTOMERS, columns, list(filled), given, values)
    trials = Trials.of(weights)
    tests = trial_workings(layout, trials)

    shown = min(MIXED, max(0, len(given) - 1))
    name_bands(sheets[FORMULA], layout)
    write_read_me(sheets[READ_ME], weights, layout, trials, rows)
    write_overview(sheets[OVERVIEW], layout, workings, trials)
    write_customers(sheets[CUSTOMERS], weights, workings, rows)
    write_one_customer(sheets[ONE], weights, workings, shown)
    write_formula_sheet(sheets[FORMULA], weights, layout)
    write_curves(sheets[CURVES], weights, layout)
    _write_workings(sheets[WORKINGS], workings, rows)
    write_self_test(sheets[TEST], layout, tests, trials)
    _write_workings(sheets[TEST_WORKINGS], tests, len(trials.rows))
    return book.written()


_TABS = {READ_ME: NAVY, OVERVIEW: GAIN, CUSTOMERS: INPUT, ONE: GAIN, FORMULA: INPUT, CURVES: INPUT, WORKINGS: QUIET,
         TEST: QUIET, TEST_WORKINGS: QUIET}  # fmt: skip


def _write_workings(sheet: Any, workings: Workings, rows: int) -> None:
    workings.write(sheet, rows)
    sheet.text(0, 0, workings.sheet, "title")
    sheet.page.set_row(0, 24)
    sheet.page.set_row(4, 45)
    sheet.page.set_column(0, 0, 20)
    sheet.page.set_column(1, workings.columns.last, 13)
    sheet.page.freeze_panes(5, 1)
    sheet.printed(
        landscape=True, title=workings.layout.plan.called, last=(4 + min(rows, 12), min(14, workings.columns.last))
    )
