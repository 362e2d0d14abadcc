"""What the spec says of a metric's past, held against the anchor that it speaks of."""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.formula import WeightsFile
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.nearest import nearest


def unknown_pasts(weights: WeightsFile, spec: CalibrationSpec) -> Iterator[str]:
    """Give a sentence for every `was` that the anchor has never had."""
    known = _known(weights)
    for metric in spec.with_role("metric"):
        if metric.was and metric.was not in known:
            yield (
                f"metric {metric.name!r}: found was: {metric.was!r}, which is no metric of calibration.anchor.file "
                f"{spec.calibration.anchor.file!r}. {nearest(metric.was, known)}"
            )


def idle_factors(weights: WeightsFile, spec: CalibrationSpec) -> Iterator[str]:
    """Give a note for every `unit_factor` of a metric that the anchor has never had."""
    known = _known(weights)
    for metric in spec.with_role("metric"):
        if metric.unit_factor and not {metric.name, metric.was} & {*known}:
            yield (
                f"metric {metric.name!r}: unit_factor {metric.unit_factor:g} changes nothing, as the anchor "
                f"{spec.calibration.anchor.file!r} has no metric of that name. Remove it, or say was"
            )


def _known(weights: WeightsFile) -> dict[str, None]:
    """Return the metrics of the earlier formula, and those of its spec that got no term, in that order."""
    return dict.fromkeys([*(term.metric for term in weights.formula.terms), *weights.metrics, *_left_out(weights)])


def _left_out(weights: WeightsFile) -> list[str]:
    """Return what the papers, which nobody promises, say of metrics that left."""
    left = weights.training.get("left_out")
    names = [one.get("metric") for one in left if isinstance(one, dict)] if isinstance(left, list) else []
    return [name for name in names if isinstance(name, str)]
