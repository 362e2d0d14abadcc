"""How the formula serves each segment and stage, and whom an intervention touched: a line where it matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from chs_ml.cli.plain import cell

Group = Mapping[str, Any]
"""One segment, or those whom an intervention touched, as evaluation.json has it; no figures where they are too few."""
SAVED = (
    "Who was saved counts as retained, so what put a customer at risk looks more harmless than it is; and who is "
    "touched was chosen and had not left before, so the difference is not what interventions do."
)
MOST = 6
"""Names that are listed."""


def print_by_segment(page: Console, evaluation: Mapping[str, Any]) -> None:
    """Print what is known of each column that the spec names; nothing where it names none."""
    for one, many, which in (("Segment", "Segments", "segments"), ("Stage", "Stages", "stages")):
        named = _with_figures(evaluation, which)
        for group in named:
            if group["words"]:
                page.print(Text.assemble(f"\n{one} ", cell(group["name"], "bold"), f": {group['words']}."))
        if named:
            page.print(Text.assemble("\n", cell(f"{many}: {_served(named)}; figures in evaluation.json.")))


def print_interventions(page: Console, evaluation: Mapping[str, Any]) -> None:
    """Print how customers fared whom an intervention touched after the cutoff, beside the others."""
    found = _with_figures(evaluation, "interventions")
    if len(found) < 2:
        return
    said = "; ".join(f"{group['name']} {_fared(group)}" for group in found)
    told = f"Interventions within the horizon, of the rows held out: {said}. {SAVED}"
    page.print(Text.assemble("\n", cell(told)))


def _with_figures(evaluation: Mapping[str, Any], which: str) -> list[Group]:
    return [group for group in evaluation.get(which, ()) if group["churn_rate"] is not None]


def _fared(group: Group) -> str:
    """Return '412 rows, churn 18.2% (14.8% to 22.2%), 21.0% predicted, AUC 0.71 (0.66 to 0.76)'."""
    rate = "churn {churn_rate:.1%} ({low:.1%} to {high:.1%})".format_map(group)
    auc = f", AUC {group['auc']:.2f}" if group["auc"] is not None else ""
    around = " ({auc_low:.2f} to {auc_high:.2f})".format_map(group) if auc and group["auc_low"] is not None else ""
    return f"{group['rows']:,} rows, {rate}, {group['mean_predicted']:.1%} predicted{auc}{around}"


def _served(named: Sequence[Group]) -> str:
    """Return '2 of 3 served alike (gold, silver)'; alike: nothing that chance would not say as well."""
    alike = [group["name"] for group in named if not group["words"]]
    few = f" ({', '.join(alike)})" if 0 < len(alike) < len(named) and len(alike) <= MOST else ""
    return f"{len(alike)} of {len(named)} served alike, as far as can be told{few}"
