"""``show --points``: the card of whole points, and what it loses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from chs_ml.cli.beside import evaluation_beside
from chs_ml.cli.plain import cell
from chs_ml.cli.tables import plain_table
from chs_ml.cli.talk import answer_json, results
from chs_ml.export.evidence import is_number
from chs_ml.export.labels import label_of
from chs_ml.export.points import card_of
from chs_ml.formula import WeightsFile
from chs_ml.formula.points_card import PointsCard, PointsTerm, StepPoints

HOW_TO_ADD = (
    "One number from each line: where the value lies, or 'unknown'. 'from 3' holds up to the next 'from'. 'otherwise': "
    "where the condition in brackets does not hold."
)


def answer_points(weights: WeightsFile, path: Path, *, as_json: bool, quiet: bool = False) -> None:
    """Print the card of the file's papers; FormulaError where it holds none."""
    card = card_of(weights)
    if as_json:
        answer_json(card.as_dict())
        return
    page = results()
    name = cell(weights.label or weights.name, "bold")
    page.print(Text.assemble("\n", name, f"  whole points, from 0 to {card.total}; digest {weights.digest[:12]}"))
    page.print()
    page.print(points_table(weights, card))
    page.print()
    page.print(HOW_TO_ADD)
    for line in (*_about(card), *_measured(evaluation_beside(path, weights, quiet=quiet), card.total)):
        page.print(cell(line))


def points_table(weights: WeightsFile, card: PointsCard) -> Table:
    """Return a line per term: its most, and the points of every step, level and special case; 80 columns."""
    labels = {term.key: label_of(weights, term) for term in weights.formula.terms}
    table = plain_table()
    table.add_column("Action", ratio=1)
    table.add_column("Most", justify="right", no_wrap=True)
    table.add_column("Points", ratio=3)
    for term in sorted(card.terms, key=lambda term: -term.most):
        table.add_row(cell(labels.get(term.key, term.key)), str(term.most), cell(_lines(term)))
    return table


def _lines(term: PointsTerm) -> str:
    """Return 'under 3: 0, from 3: 2, …; unknown 4'."""
    shape = term.shape
    if isinstance(shape, StepPoints):
        starts = [f"under {shape.edges[0]:.12g}" if shape.edges else "any", *(f"from {e:.12g}" for e in shape.edges)]
        main, rest = list(zip(starts, shape.points, strict=True)), [("unknown", shape.missing)]
    else:
        main, rest = list(shape.levels), [("any other", shape.other), ("unknown", shape.missing)]
    if term.otherwise is not None:
        rest.append(("otherwise", term.otherwise))
    return "; ".join(", ".join(f"{where}: {points}" for where, points in part) for part in (main, rest))


def _about(card: PointsCard) -> list[str]:
    lines = [f"{band.name}: from {band.start:.0f} points" for band in card.bands]
    said = [f"Bands: {', '.join(lines)}."] if lines else []
    said += [f"No points: {', '.join(card.left_out)}."] if card.left_out else []
    lost = card.losses
    if lost is not None and lost.rows:
        moved = "" if lost.change_band is None else f", and {lost.change_band:,} are in another band"
        said.append(
            f"Of the {lost.rows:,} rows that it was made of, the largest change of a score is "
            f"{lost.largest_change:.1f} of 100{moved}."
        )
    return [*said, *card.notes]


def _measured(evaluation: Mapping[str, Any] | None, total: int) -> list[str]:
    """Return who changes band on the holdout with a card of the trial formula, what it loses, and plain rounding."""
    lines = (evaluation or {}).get("whole_points")
    for line in lines if isinstance(lines, list) else []:
        if isinstance(line, dict) and line.get("total") == total:
            plain = line.get("plain_rounding")
            beside = f"; plain rounding: {_loss(plain)}" if isinstance(plain, dict) else ""
            return [f"{_count(line)} rows held out, as the trial's card scores them: {_loss(line)}{beside}."]
    return []


def _loss(line: Mapping[str, Any]) -> str:
    """Return '2.1 % change band (lost: AUC …, log-loss …)'."""
    moved, rows = line.get("change_band"), line.get("customers")
    if not (is_number(moved) and is_number(rows) and rows > 0):
        return f"lost {_losses(line)}"
    return f"{moved / rows:.1%} change band (lost: {_losses(line)})"


def _losses(line: Mapping[str, Any]) -> str:
    """Return 'AUC 0.0005 (-0.0010 to 0.0020), log-loss …'."""
    said = []
    for name, called in (("auc_lost", "AUC"), ("log_loss_lost", "log-loss")):
        lost = line.get(name)
        kept = [lost.get(key) for key in ("difference", "low", "high")] if isinstance(lost, dict) else []
        numbers = [f"{number:.4f}" for number in kept if is_number(number)]
        if len(numbers) == 3:
            said.append(f"{called} {numbers[0]} ({numbers[1]} to {numbers[2]})")
    return ", ".join(said) or "what is not known"


def _count(line: Mapping[str, Any]) -> str:
    customers = line.get("customers")
    return f"{customers:,.0f}" if is_number(customers) else "the"
