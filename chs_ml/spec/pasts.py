"""What a spec says of its metrics' past: names and units that they had in the anchor, and where that says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chs_ml.spec.metrics import Metric

_PAST = ("was", "unit_factor")


def problems_of_pasts(metrics: Sequence[Metric], anchor: str | None) -> Iterator[str]:
    """Give what is wrong, each with the path of its key. anchor: the earlier file, None where the spec names none."""
    names = {metric.name: metric for metric in metrics if metric.role == "metric"}
    for at, metric in enumerate(metrics):
        said = [key for key in (*_PAST, "keep") if getattr(metric, key)]
        if metric.role != "metric":
            for key in said:
                yield (
                    f"metrics[{at}].{key}: found for {metric.name!r}, which has role: {metric.role}; only a metric of "
                    f"the formula has it. Remove {key}"
                )
            continue
        for key in said if anchor is None else ():
            if key in _PAST:
                yield (
                    f"metrics[{at}].{key}: speaks of an anchor, and the spec names none. Add calibration.anchor.file, "
                    f"or remove {key}"
                )
        if metric.was and metric.was in (other.was for other in metrics[:at]):
            yield f"metrics[{at}].was: found {metric.was!r} a second time; two metrics have no common past. Correct one"
        other = names.get(metric.was or "")
        if other is not None and other is not metric and not other.was:
            yield (
                f"metrics[{at}].was: found {metric.was!r}, a metric that the spec still serves; two metrics have no "
                "common past. Correct it, or give that one another name"
            )
