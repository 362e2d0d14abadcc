"""Splits: how many are searched for, those that are fixed by hand, and who takes no part."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from chs_ml.spec.metrics import Metric
from chs_ml.spec.nearest import nearest
from chs_ml.spec.part import SpecPart, Text, Texts
from chs_ml.spec.when import When

MOST = 20


class FixedSplit(SpecPart):
    """A metric that has one curve where a condition holds, and another where it does not."""

    metric: Text = Field(description="name of the metric whose curve depends on the condition")
    when: When = Field(description="{metric, above: number} or {metric, level: text}")


class Splits(SpecPart):
    """What may be split: the fixed ones, and as many found ones as are wanting to ``most``."""

    most: int = Field(3, ge=0, le=MOST, description="searched for until there are so many, fixed ones counted; 0: none")
    fixed: tuple[FixedSplit, ...] = Field((), description="list of {metric, when}, made whatever the data say")
    never: Texts = Field((), description="metrics that are neither split nor a condition")


def as_splits(value: Any) -> Any:
    """Return the long form of a number (so many), or of a list (these, and no others)."""
    if isinstance(value, list | tuple):
        return {"most": 0, "fixed": value}
    if isinstance(value, Mapping | Splits):
        return value
    written = re.fullmatch(r"([0-9]{1,4})(\.0*)?", "" if isinstance(value, bool) else str(value))
    if written is None or int(written[1]) > MOST:
        raise ValueError(
            f"found {value!r:.60}; splits are a whole number from 0 to {MOST}, a list of {{metric, when}}, or "
            "{most, fixed, never}. Write one of these"
        )
    return {"most": int(written[1])}


def as_written(path: str, lines: Collection[str]) -> str:
    """Return the path of a fixed split as the file has it, in a list of its own or under ``fixed``. lines: its keys."""
    alone, within = "calibration.splits[", "calibration.splits.fixed["
    if path.startswith(alone) and any(key.startswith(within) for key in lines):
        return within + path.removeprefix(alone)
    if path.startswith(within) and any(key.startswith(alone) for key in lines):
        return alone + path.removeprefix(within)
    return path


def problems_of_splits(splits: Splits, metrics: Sequence[Metric]) -> Iterator[str]:
    """Give what is wrong with names: a metric that is not there, or stands twice, or takes no part."""
    served = [metric.name for metric in metrics if metric.role == "metric"]
    roles = {metric.name: metric.role for metric in metrics}
    split: set[str] = set()
    for at, name in enumerate(splits.never):
        if name not in served:
            yield f"calibration.splits.never[{at}]: found {name!r}; {_unknown(name, roles, served)}"
    for at, one in enumerate(splits.fixed):
        path = f"calibration.splits[{at}]"
        if one.metric not in served:
            yield f"{path}.metric: found {one.metric!r}; {_unknown(one.metric, roles, served)}"
        if one.metric == one.when.metric:
            yield f"{path}.when: found {one.metric!r} itself; a metric depends on a condition on another. Name another"
        if one.metric in split:
            yield f"{path}.metric: found {one.metric!r} a second time; a metric is split once. Remove one"
        split.add(one.metric)
        for name in {one.metric, one.when.metric}.intersection(splits.never):
            yield f"{path}: found {name!r}, which never takes part. Remove it here, or from never"


def _unknown(name: str, roles: Mapping[str, str], served: Sequence[str]) -> str:
    if name in roles:
        return f"it has role: {roles[name]}, and a split needs one with role: metric. Give it that role"
    return f"no metric has this name. {nearest(name, served)}"
