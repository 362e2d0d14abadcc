"""What the estimator is asked for: so many splits, or a list of them, in the words of Python."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import isfinite
from numbers import Integral, Real
from typing import Any

from chs_ml.errors import FitError
from chs_ml.formula import Condition

MOST = 20
FORM = "{'metric': name, 'when': {'metric': name, 'above': number}}, or with 'level': text in place of 'above'"


def asked(splits: Any, columns: Collection[str]) -> tuple[int, tuple[tuple[str, Condition], ...]]:
    """Return how many splits are searched for, and the pairs that are fixed. columns: names of the metrics.

    FitError, a ValueError, that names everything wrong.
    """
    if isinstance(splits, Integral) and not isinstance(splits, bool):
        if int(splits) > MOST:
            raise FitError(f"splits: {splits!s:.20} is more than {MOST}, the most that are searched for.")
        return int(splits), ()
    if not isinstance(splits, Sequence) or isinstance(splits, str):
        raise FitError(
            f"splits: found {splits!r:.60}; it is a whole number from 0 to {MOST}, or a list of splits, each {FORM}."
        )
    problems = list(_problems(splits, columns))
    if problems:
        raise FitError(*problems)
    return 0, tuple((one["metric"], _condition(one["when"])) for one in splits)


def _problems(splits: Sequence[Any], columns: Collection[str]) -> Iterator[str]:
    if len(splits) > MOST:
        yield f"splits: found {len(splits)}; there are at most {MOST}."
    seen: set[str] = set()
    for at, one in enumerate(splits):
        if not isinstance(one, Mapping) or {*one} != {"metric", "when"} or not _is_condition(one["when"]):
            yield f"splits[{at}]: found {one!r:.120}; a split is {FORM}."
            continue
        when = one["when"]
        for name in (one["metric"], when["metric"]):
            if name not in columns:
                yield f"splits[{at}]: no column is called {name!r:.60}. Correct the name."
        if one["metric"] == when["metric"]:
            yield f"splits[{at}]: {one['metric']!r} is split by itself; a metric depends on another. Name another."
        if str(one["metric"]) in seen:
            yield f"splits[{at}]: {one['metric']!r} stands a second time; a metric is split once. Remove one."
        seen.add(str(one["metric"]))


def _is_condition(when: Any) -> bool:
    """Return whether it is {metric, above: a finite number}, or {metric, level: text}."""
    if not isinstance(when, Mapping) or {*when} not in ({"metric", "above"}, {"metric", "level"}):
        return False
    if not isinstance(when["metric"], str):
        return False
    if "level" in when:
        return isinstance(when["level"], str)
    return isinstance(when["above"], Real) and not isinstance(when["above"], bool) and _is_finite(when["above"])


def _is_finite(number: Any) -> bool:
    try:
        return isfinite(number)
    except OverflowError:  # a whole number too large for a float
        return False


def _condition(when: Mapping[str, Any]) -> Condition:
    return Condition(when["metric"], float(when["above"]) if "above" in when else None, when.get("level"))
