"""Tables for people: what a formula is made of, how it did, why a customer's score is what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from chs_ml.explain.customer import Explanation, labels_of
from chs_ml.explain.words import mark, shape_in_words
from chs_ml.formula import Formula, Term, WeightsFile

DOTS = {"green": "●", "yellow": "▲", "red": "■"}
"""A shape goes with each colour, which is never the only signal."""
FIGURES = {
    "auc": ("AUC", "{:.3f}"),
    "log_loss": ("log-loss", "{:.4f}"),
    "brier": ("Brier", "{:.4f}"),
    "calibration_slope": ("cal. slope", "{:.2f}"),
    "lift_top_decile": ("top-10% lift", "{:.2f}"),
}
NAMES = {
    "equal_weights": "equal weights",
    "logistic_regression": "logistic regression",
    "gradient_boosting": "gradient boosting",
    "current": "score in use today",
}


def weights_table(weights: WeightsFile) -> Table:
    """Return action, direction, weight and impact of each term, the heaviest first."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Action", ratio=3)
    table.add_column("Direction", ratio=4)
    table.add_column("Weight", justify="right")
    table.add_column("Impact", ratio=4)
    lines = {str((line["metric"], line.get("when"))): line for line in weights.evidence}
    for term in sorted(weights.formula.terms, key=lambda term: -term.weight):
        impact = (lines.get(str((term.metric, None)), {}).get("impact") or {}).get("words", "")
        direction = f"{mark(term)} {shape_in_words(term)}"
        table.add_row(escape(_name(weights, term)), escape(direction), f"{term.weight:.1%}", escape(impact))
    return table


def figures_table(evaluation: Mapping[str, Any]) -> Table:
    """Return the figures on the holdout, the baselines below."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(f"On {evaluation['holdout']['rows']:,} rows held out")
    for heading, _ in FIGURES.values():
        table.add_column(heading, justify="right")
    table.add_row("this formula", *_figures(evaluation["holdout"], with_interval=True))
    for name, figures in evaluation["baselines"].items():
        table.add_row(NAMES.get(name, name), *_figures(figures, with_interval=False))
    return table


def bands_table(formula: Formula, bands: Sequence[Mapping[str, Any]]) -> Table:
    """Return each band with its cut and the churn rate that it had on the holdout."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("Band", "Score from"):
        table.add_column(heading, justify="left" if heading == "Band" else "right")
    measured = {str(band["name"]): band for band in bands}
    if measured:
        table.add_column("Held out", justify="right")
        table.add_column("Churn rate (95 % interval)", justify="right")
    for band in formula.bands:
        cells = [f"{DOTS.get(band.color, '○')} {escape(band.name)} ({escape(band.color)})", f"{band.start:g}"]
        found = measured.get(band.name)
        if found is not None:
            cells += [f"{found['customers']:,}", _rate(found)]
        table.add_row(*cells)
    return table


def explanation_table(explained: Explanation) -> Table:
    """Return a customer's points term by term, what costs most first; they add up to the score."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_footer=True)
    table.add_column("Action", "Score", ratio=3)
    table.add_column("This customer", ratio=3)
    table.add_column("Points", f"{explained.score:.1f}", justify="right")
    table.add_column("of", "100.0", justify="right")
    table.add_column("against average", "", justify="right")
    for part in explained.parts:
        against = "" if part.against_average is None else f"{part.against_average:+.1f}"
        value = "unknown" if part.value is None else escape(part.value)
        table.add_row(escape(part.label), value, f"{part.points:.1f}", f"{part.most:.1f}", against)
    return table


def _name(weights: WeightsFile, term: Term) -> str:
    label = labels_of(weights).get(term.metric, term.metric)
    return label if term.when is None else f"{label}, {term.when}"


def _figures(figures: Mapping[str, Any], *, with_interval: bool) -> list[str]:
    cells = []
    for name, (_, form) in FIGURES.items():
        value = figures.get(name)
        around = (figures.get("uncertainty") or {}).get(name) or {}
        text = "–" if value is None else form.format(value)
        if with_interval and value is not None and around.get("standard_error") is not None:
            text += f" ±{form.format(1.96 * around['standard_error']).lstrip('0')}"
        cells.append(text)
    return cells


def _rate(band: Mapping[str, Any]) -> str:
    if band.get("churn_rate") is None:
        return "fewer than 5 customers"
    return f"{band['churn_rate']:.1%} ({band['low']:.1%}–{band['high']:.1%})"
