"""Tables for people: how a formula did, its bands, why a customer's score is what it is.

All of them fit 80 columns: what is longer is wrapped, not cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from chs_ml.cli.plain import cell
from chs_ml.explain.customer import Explanation
from chs_ml.formula import Formula

DOTS = {"green": "●", "yellow": "▲", "red": "■"}
"""A shape goes with each colour, which is never the only signal."""
FIGURES = {
    "auc": ("AUC", "{:.3f}"),
    "log_loss": ("log-loss", "{:.3f}"),
    "brier": ("Brier", "{:.3f}"),
    "calibration_slope": ("slope", "{:.2f}"),
    "lift_top_decile": ("lift 10%", "{:.1f}"),
}
"""Slope: of the calibration, 1 is right. Lift: churn among the tenth with the lowest scores, in times the usual."""
UNBOUNDED = 100_000
"""Columns of a page on which nothing wraps."""
NAMES = {
    "equal_weights": "equal weights",
    "logistic_regression": "logistic regression",
    "gradient_boosting": "gradient boosting",
    "current": "score in use today",
}


def figures_table(evaluation: Mapping[str, Any]) -> Table:
    """Return the figures of the trial formula on the holdout, the baselines below."""
    table = plain_table()
    table.add_column(f"{evaluation['holdout']['rows']:,} rows held out")
    for heading, _ in FIGURES.values():
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_row("[bold]this formula (trial)[/]", *_figures(evaluation["holdout"]))
    table.add_row("  95 % interval ±", *_margins(evaluation["holdout"]))
    for name, figures in evaluation["baselines"].items():
        table.add_row(cell(NAMES.get(name, name)), *_figures(figures))
    return table


def bands_table(formula: Formula, bands: Sequence[Mapping[str, Any]]) -> Table:
    """Return each band with the shipped formula's cut, and the churn rate that the trial's had on the holdout."""
    table = plain_table()
    table.add_column("Band")
    table.add_column("Score from", justify="right", no_wrap=True)
    measured = {str(band["name"]): band for band in bands}
    if measured:
        table.add_column("Held out (trial)", justify="right", no_wrap=True)
        table.add_column("Churn rate (trial, 95 % interval)", justify="right")
    starts = {band.name: f"{band.start:g}" for band in formula.bands}
    shown = {band.name: f"{DOTS.get(band.color, '○')} {band.name}" for band in formula.bands}
    for name in dict.fromkeys([*starts, *measured]):
        cells: list[Text | str] = [cell(shown.get(name, f"  {name}")), starts.get(name, "")]
        if measured:
            found = measured.get(name, {})
            cells += [f"{found['customers']:,}" if found else "–", _rate(found)]
        table.add_row(*cells)
    return table


def explanation_table(explained: Explanation) -> Table:
    """Return a customer's points term by term, what costs most first; they add up to the score."""
    table = plain_table(show_footer=True)
    table.add_column("Action", "Score")
    table.add_column("This customer")
    table.add_column("Points", f"{explained.score:.1f}", justify="right", no_wrap=True)
    table.add_column("of", "100.0", justify="right", no_wrap=True)
    table.add_column("vs average", "", justify="right", no_wrap=True)
    for part in explained.parts:
        against = "" if part.against_average is None else f"{round(part.against_average, 1) + 0.0:+.1f}"
        value = cell("unknown" if part.value is None else part.value)
        table.add_row(cell(part.label), value, f"{part.points:.1f}", f"{part.most:.1f}", against)
    return table


def print_beside(page: Console, *tables: Table) -> None:
    """Print tables side by side where the page is wide enough, else below each other; a blank line around each."""
    grid = Table.grid(padding=(0, 4))
    grid.add_row(*tables)
    for shown in [grid] if _measured(page, grid).maximum <= page.width else tables:
        page.print()
        page.print(shown)
    if tables:
        page.print()


def fits(page: Console, table: Table, wrapped: float = 0.0) -> bool:
    """Return whether the page is wide enough: nothing is cut, and at most that share of the rows takes a line more."""
    head = 2
    if _measured(page, table).minimum > page.width:
        return False
    return len(page.render_lines(table)) <= head + table.row_count * (1.0 + wrapped)


def _measured(page: Console, table: Table) -> Measurement:
    """Return how wide a table is on an endless page: with all words wrapped, and with none."""
    return page.measure(table, options=page.options.update(width=UNBOUNDED))


def plain_table(*, show_footer: bool = False) -> Table:
    """Return an empty table in the style of all of them."""
    return Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True, show_footer=show_footer)


def _figures(figures: Mapping[str, Any]) -> list[str]:
    values = {name: figures.get(name) for name in FIGURES}
    return ["–" if value is None else FIGURES[name][1].format(value) for name, value in values.items()]


def _margins(figures: Mapping[str, Any]) -> list[str]:
    """Return half the width of each figure's 95 % interval, '' where there is none."""
    cells = []
    for name, (_, form) in FIGURES.items():
        around = (figures.get("uncertainty") or {}).get(name) or {}
        low, high = around.get("low"), around.get("high")
        cells.append("" if low is None or high is None else form.format((high - low) / 2))
    return cells


def _rate(band: Mapping[str, Any]) -> str:
    if not band:
        return ""
    if band.get("churn_rate") is None:
        return "fewer than 5 customers"
    return f"{band['churn_rate']:.1%} ({band['low']:.1%}–{band['high']:.1%})"
