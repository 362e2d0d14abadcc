"""What the shapes of customer-success platforms lose on the rows that the shipped formula was learned from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from chs_ml.calibration.draft import Draft
from chs_ml.calibration.weighting import population_of
from chs_ml.errors import FormulaError
from chs_ml.export.vendors.gainsight import gainsight_typed
from chs_ml.export.vendors.measures import Typed
from chs_ml.export.vendors.planhat import planhat_typed
from chs_ml.export.vendors.totango import totango_typed
from chs_ml.formula import WeightsFile
from chs_ml.formula.card_losses import Read, losses_of
from chs_ml.formula.frames import Columns
from chs_ml.spec import CalibrationSpec

SHAPES: Mapping[str, Callable[[WeightsFile], Typed]] = {
    "gainsight": gainsight_typed,
    "planhat": planhat_typed,
    "totango": totango_typed,
}
"""The platforms that do not add up the card's points as they are; of the others the card's own losses tell."""


def platforms_paper(weights: WeightsFile, shipped: Draft, spec: CalibrationSpec) -> dict[str, Any]:
    """Return the losses of each shape by the target's name; a shape that cannot hold the formula has none."""
    columns = Columns(shipped.panel.metrics)
    churned = shipped.panel.churned if population_of(shipped.panel, spec) is None else None
    before, paper = Read.by_formula(weights.formula, columns), {}
    for name, typed_of in SHAPES.items():
        try:
            typed = typed_of(weights)
        except FormulaError:  # the target says so where it is asked for
            continue
        paper[name] = asdict(losses_of(before, typed.read(columns), churned))
    return paper
