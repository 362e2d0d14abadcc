"""How the formula serves each segment and lifecycle stage: a line for each that it does not serve, and a count."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from chs_ml.cli.plain import cell
from chs_ml.evaluate import Evaluation
from chs_ml.evaluate.segments import Segment
from chs_ml.evaluate.tables import TOO_FEW

MOST = 6
"""Names that are listed."""


def print_by_segment(page: Console, evaluation: Evaluation) -> None:
    """Print what is known of each column that the spec names; nothing where it names none."""
    for one, many, groups in (
        ("Segment", "Segments", evaluation.segments),
        ("Stage", "Stages", evaluation.stages),
    ):
        named = [group for group in groups if group.name != TOO_FEW]
        for group in named:
            if group.words:
                page.print(Text.assemble(f"\n{one} ", cell(group.name, "bold"), f": {group.words}."))
        if named:
            page.print(cell(f"\n{many}: {_served(named)}; figures in evaluation.json."))


def _served(named: Sequence[Segment]) -> str:
    """Return '2 of 3 served alike (gold, silver)'; alike: nothing that chance would not say as well."""
    alike = [group.name for group in named if not group.words]
    few = f" ({', '.join(alike)})" if 0 < len(alike) < len(named) and len(alike) <= MOST else ""
    return f"{len(alike)} of {len(named)} served alike, as far as can be told{few}"
