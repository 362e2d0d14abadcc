"""Pictures of a formula: what weighs how much, how each metric turns into points, and what the bands are worth.

``draw_*`` takes numbers and a Figure; ``pictures_of`` gives SVG text that is the same each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chs_ml.explain.bands_picture import draw_bands, height_of_bands
from chs_ml.explain.curves_picture import draw_curves, height_of_curves
from chs_ml.explain.style import page
from chs_ml.explain.weights_picture import draw_weights, height_of_weights
from chs_ml.formula import WeightsFile


def pictures_of(weights: WeightsFile, evaluation: Mapping[str, Any]) -> dict[str, str]:
    """Return SVG text by the picture's name: weights, curves, and bands against churn on the holdout."""
    bands = weights.formula.bands
    return {
        "weights": page(lambda figure: draw_weights(weights, figure), height_of_weights(weights)),
        "curves": page(lambda figure: draw_curves(weights, figure), height_of_curves(weights)),
        "bands": page(lambda figure: draw_bands(bands, evaluation, figure), height_of_bands(evaluation)),
    }


__all__ = ["draw_bands", "draw_curves", "draw_weights", "pictures_of"]
