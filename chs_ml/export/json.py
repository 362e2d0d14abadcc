"""The weights file itself."""

from __future__ import annotations

from chs_ml.formula import WeightsFile


def to_json(weights: WeightsFile) -> str:
    """Return the text of the weights file."""
    return weights.dumps()
