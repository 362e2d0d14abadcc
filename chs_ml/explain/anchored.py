"""What a formula was anchored to, and what became of each metric, as the papers say; nobody checked them."""

from __future__ import annotations

from typing import Any

from chs_ml.export.evidence import is_number
from chs_ml.export.labels import labels_of
from chs_ml.formula import WeightsFile

FATES = {
    "let_go": "changed since, so let go",
    "new": "new",
    "changed_kind": "of another kind now, so new",
    "left": "left out now",
    "gone": "no longer in the spec",
}
FLATTERED = "Figures may flatter: what the formula was pulled towards may have seen the customers held out."


def anchor_in_words(weights: WeightsFile) -> list[str]:
    """Return 'Anchored to w.json (strength 12): 8 metrics are pulled towards it; new: Age.'; [] without an anchor."""
    anchor = _anchor(weights)
    if not isinstance(anchor.get("file"), str):
        return []
    labels = labels_of(weights)
    named = {fate: [labels.get(name, name) for name in _names(anchor.get(fate))] for fate in FATES}
    told = "".join(f"; {words}: {', '.join(named[fate])}" for fate, words in FATES.items() if named[fate])
    flattered = [FLATTERED] if anchor.get("seen_holdout") is True else []
    return [f"Anchored to {anchor['file']}{_pull(weights)}{told}.", *flattered]


def is_pulled(weights: WeightsFile) -> bool:
    """Return whether weights were pulled towards an anchor."""
    strength = _anchor(weights).get("strength")
    return is_number(strength) and strength > 0.0


def _pull(weights: WeightsFile) -> str:
    if not is_pulled(weights):
        return ", which pulls nothing: the new customers are better told without"
    anchor = _anchor(weights)
    kept = len(_names(anchor.get("kept")))
    are = "1 metric is" if kept == 1 else f"{kept} metrics are"
    return f" (strength {anchor['strength']:.3g}): {are} pulled towards it"


def _anchor(weights: WeightsFile) -> dict[str, Any]:
    anchor = weights.training.get("anchor")
    return anchor if isinstance(anchor, dict) else {}


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
