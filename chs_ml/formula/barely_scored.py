"""Rows of customers of whom just enough is known to be scored, or just too little."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest

import numpy as np

from chs_ml.formula.formula import Formula
from chs_ml.formula.reach import Row, Value

ENUMERATED = 12
"""Metrics of which every choice of missing ones is tried: 4,096 choices."""
CLEARLY = 1e-8, 1e-10
"""How far a coverage lies below its limit, at least, and how far it may where it still counts as reached."""


def about_floors(formula: Formula, known: Row) -> Iterator[tuple[Row, tuple[str, ...]]]:
    """Give rows in which one metric is just below its floor, on it, missing, and just above; and their tags.

    known: a row of a customer who is scored.
    """
    floors = formula.score_when.floors if formula.score_when else ()
    yield from (each for rank in zip_longest(*(_about(known, *floor) for floor in floors)) for each in rank if each)


def about_coverage(formula: Formula, known: Row) -> Iterator[Row]:
    """Give a row whose coverage is the least that suffices, and one whose coverage is the greatest that does not."""
    limit = formula.score_when.coverage if formula.score_when else None
    if limit is None:
        return
    covers = _covers(formula)
    floors = {name for name, _ in formula.score_when.floors} if formula.score_when else set()
    free = sorted(covers.keys() - floors, key=lambda name: (covers[name], name))
    always = sum(covers[name] for name in covers.keys() & floors)
    found: dict[bool, tuple[float, tuple[str, ...]]] = {}
    for tried in range(len(free) + 1):  # the heaviest are known from the start, as many as fit below the limit
        heavy = free[len(free) - tried :]
        light = free[: len(free) - tried][:ENUMERATED]
        for enough, (coverage, missing) in _nearest(always, covers, heavy, light, limit).items():
            others = tuple(name for name in free if name not in heavy and name not in light)
            better = enough not in found or (coverage < found[enough][0]) == enough
            found[enough] = (coverage, missing + others) if better else found[enough]
        if len(light) < ENUMERATED:
            break
    for enough in (True, False):
        if enough in found:
            yield {**known, **dict.fromkeys(found[enough][1])}


def _about(known: Row, name: str, floor: float) -> Iterator[tuple[Row, tuple[str, ...]]]:
    below, above = (float(np.nextafter(floor, way)) for way in (-np.inf, np.inf))
    values: list[tuple[Value, tuple[str, ...]]] = [
        (below, ("ulp_edge",)),
        (floor, ()),
        (None, ()),
        (above, ("ulp_edge",)),
    ]
    yield from (({**known, name: value}, ("floor", *tags)) for value, tags in values)


def _covers(formula: Formula) -> dict[str, float]:
    """Return the share of the weights that each metric covers."""
    covers: dict[str, float] = {}
    for term in formula.terms:
        covers[term.metric] = covers.get(term.metric, 0.0) + term.weight
    return covers


def _nearest(
    always: float, covers: Mapping[str, float], heavy: list[str], light: list[str], limit: float
) -> dict[bool, tuple[float, tuple[str, ...]]]:
    """Return the coverage nearest to the limit that suffices, and that does not, with the metrics that are missing."""
    weights = np.array([covers[name] for name in light])
    choices = (np.arange(2 ** len(light))[:, None] >> np.arange(len(light))) & 1
    coverage = always + sum(covers[name] for name in heavy) + choices @ weights
    found: dict[bool, tuple[float, tuple[str, ...]]] = {}
    below, reached = CLEARLY
    for enough, fits in ((True, coverage >= limit - reached), (False, coverage <= limit - below)):
        if fits.any():
            away = np.where(fits, np.abs(coverage - limit), np.inf)
            at = int(np.argmin(away))
            missing = tuple(name for name, there in zip(light, choices[at], strict=True) if not there)
            found[enough] = float(coverage[at]), missing
    return found
