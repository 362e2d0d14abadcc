"""Conformance vectors: rows made from the formula itself, with what every scorer must answer to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from typing import Any, Protocol

import numpy as np

from chs_ml.formula.barely_scored import about_coverage, about_floors
from chs_ml.formula.edges import (
    EXTREMES,
    Edges,
    about,
    at_least,
    edges_of,
    frame_of,
    meeting,
    rows_on_cuts,
    surely_scored,
    telling,
    worst_and_best,
)
from chs_ml.formula.fields import Place
from chs_ml.formula.formula import Formula
from chs_ml.formula.reach import Row, Value

Tagged = tuple[Row, tuple[str, ...]]
Vector = dict[str, Any]
"""{inputs, n, score, churn_probability, band, tags}; a number that JSON lacks is {"$f": "nan" | "inf" | "-inf"}."""

USUAL, MOST_CELLS = 36, 6000
SPECIAL, SPLIT = 2 / 3, 1 / 4
"""The shares that special rows, and rows of splits, may take of the vectors that are usual."""
TOLERANCE = 1e-9
_KEYS = ("inputs", "n", "score", "churn_probability", "band", "tags")
_TAGGED_FLOATS = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf}


class _HasVectors(Protocol):
    @property
    def formula(self) -> Formula: ...
    @property
    def vectors(self) -> list[Vector]: ...


def vectors_of(formula: Formula, limit: int | None = None) -> list[Vector]:
    """Return at most ``limit`` vectors, the same for the same formula; without a limit 36, or more for many splits.

    They meet knots, thresholds, and their two neighbours (tag ``ulp_edge``), every form of missing (``needs_nan``,
    ``empty_string``, ``all_missing``), ±1e308 and a denormal (``extreme``), unseen levels (``unseen``) and what looks
    like a known one (``case_variant``, ``spelling``, ``leading_blank``, ``unicode_form``, ``blank_text``), a score on
    each cut (``on_cut``), each rule (``rule``), a metric about its floor (``floor``) and a coverage about its limit
    (``coverage``), both sides of every split, at its edge, beside it, and where its condition is unknown and its
    metric is not (``split``), and the least and the greatest score that can be reached (``worst``, ``best``).
    ``digits_17``: some input has more digits than a spreadsheet keeps. A wide formula gets fewer vectors, so that its
    file stays under 1 MiB.
    """
    most = max(3, MOST_CELLS // (len(formula.metrics) + len(formula.terms)))
    splits = list(_at_splits(formula))
    usual = min(USUAL if limit is None else max(3, limit), most)
    share = int(usual * SPLIT)
    more = min(max(0, len(splits) - share), most - usual) if limit is None else 0
    tagged = list(_rows(formula, usual, splits[: share + more]))[: usual + more]
    frame = frame_of([row for row, _ in tagged])
    scored = formula.read(frame)
    return [
        {
            "inputs": {name: _written(value) for name, value in row.items()},
            "n": {term.key: float(n[i]) for term, n in zip(formula.terms, scored.health, strict=True)},
            "score": float(scored.score[i]),
            "churn_probability": None if scored.churn_probability is None else float(scored.churn_probability[i]),
            "band": scored.band[i],
            "tags": sorted(set(tags) | _digits(row)),
        }
        for i, (row, tags) in enumerate(tagged)
    ]


def check_vectors(weights: _HasVectors) -> list[str]:
    """Return where the formula of a weights file answers its own vectors otherwise than written; [] if nowhere."""
    vectors = weights.vectors
    absent = [
        f"vector {i}: metric {name!r} has no input"
        for i, vector in enumerate(vectors)
        for name in weights.formula.metrics
        if name not in vector["inputs"]
    ]
    if absent or not vectors:
        return absent
    rows = [{name: read_input(vector["inputs"][name]) for name in weights.formula.metrics} for vector in vectors]
    scored = weights.formula.read(frame_of(rows))
    found: list[str] = []
    for i, vector in enumerate(vectors):
        chance = None if scored.churn_probability is None else scored.churn_probability[i]
        answers = [("score", scored.score[i]), ("churn_probability", chance), ("band", scored.band[i])]
        asked = [(key, vector[key], answer) for key, answer in answers]
        for term, n in zip(weights.formula.terms, scored.health, strict=True):
            asked.append((f"n[{term.key!r}]", vector["n"].get(term.key), n[i]))
        found += [f"vector {i}: {key} is {got}, written {want}" for key, want, got in asked if not _same(want, got)]
    return found


def read_input(value: Any) -> Value:
    """Return an input of a vector as a value: {"$f": "nan"} becomes NaN."""
    return _TAGGED_FLOATS[value["$f"]] if isinstance(value, dict) else value


def read_vector(place: Place) -> Vector:
    """Return the vector at this place of a weights file, noting what is wrong with it."""
    place.keys(*_KEYS)
    for _, given in place.at("inputs").members():
        if isinstance(given.value, str | float):
            continue
        if isinstance(given.value, dict):
            given.keys("$f")
            given.at("$f").choice(*_TAGGED_FLOATS)
        elif isinstance(given.value, list):
            given.note("must be text, a number, null or {'$f': …}, not a list")
    if not _are_numbers(place.at("n").value):
        for _, n in place.at("n").members():
            n.number()
    place.at("score").number()
    place.at("churn_probability").number_or_null()
    place.at("band").text_or_null()
    for tag in place.at("tags").each():
        tag.text()
    return dict(place.value) if isinstance(place.value, dict) else {}


def _are_numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(type(part) is float for part in value.values())


def _rows(formula: Formula, limit: int, splits: list[Tagged]) -> Iterator[Tagged]:
    """Give the rows of splits, and as many others as there are in ``limit`` beside their share for splits."""
    edges = edges_of(formula)
    special = [(dict.fromkeys(formula.metrics), ("all_missing", "missing")), *_special(formula, edges, limit)]
    special = special[: int(limit * SPECIAL)]
    yield from special
    yield from splits
    left = limit - len(special) - min(len(splits), int(limit * SPLIT))
    plain = max(len(edge.plain) for edge in edges.values())
    beside = max(len(edge.tagged.get("ulp_edge", ())) for edge in edges.values())
    plain = min(plain, max(left - beside, left * 2 // 3))
    for turn in range(plain):
        yield _mixed(edges, turn, plain), ("plain",)
    for turn in range(min(beside, left - plain)):
        yield _mixed(edges, turn, min(beside, left - plain), "ulp_edge"), ("ulp_edge",)


def _special(formula: Formula, edges: dict[str, Edges], limit: int) -> Iterator[Tagged]:
    """Give rows that every formula of its kind needs, those first without which a mistake is seen nowhere else."""
    many = max(1, limit // 30)
    yield from zip(worst_and_best(formula), [("worst",), ("best",)], strict=True)
    yield from _of_tags(edges, ("needs_nan", 3), ("empty_string", 1), ("unseen", 1), ("case_variant", 2 * many))
    for row in rows_on_cuts(formula):
        yield row, ("on_cut",)
    for turn, rule in enumerate(formula.rules):
        yield {**_mixed(edges, turn, len(formula.rules)), rule.when.metric: meeting(rule.when)}, ("rule",)
    known = surely_scored(formula)
    yield from ((row, ("coverage",)) for row in about_coverage(formula, known))
    yield from islice(about_floors(formula, known), 2 * many)
    yield from _of_tags(edges, ("spelling", 2 * many), ("extreme", len(EXTREMES)))
    yield from _of_tags(edges, ("leading_blank", many), ("unicode_form", 1), ("blank_text", 1))


def _of_tags(edges: dict[str, Edges], *wanted: tuple[str, int]) -> Iterator[Tagged]:
    """Give so many rows of each tag, where any metric has a value for it; the others go on along their edges."""
    row_at = count()
    for tag, turns in wanted:
        most = max(len(edge.tagged.get(tag, ())) for edge in edges.values())
        for turn in range(turns if tag == "needs_nan" and most else min(turns, most)):
            yield _mixed(edges, turn, turns, tag) | _plain(edges, next(row_at), tag), (tag,)


def _plain(edges: dict[str, Edges], row_at: int, tag: str) -> Row:
    """Return values for the metrics that have none of a tag, others in every row."""
    return {
        name: edge.plain[(row_at + position) % len(edge.plain)]
        for position, (name, edge) in enumerate(edges.items())
        if not edge.tagged.get(tag) and edge.floor is None
    }


def _at_splits(formula: Formula) -> list[Tagged]:
    """Return rows about the condition of each split, in which its metrics show on which side they are.

    First those in which the condition is unknown, of all conditions, then those at its edge, then those beside it.
    """
    edges, split = edges_of(formula), [(term.when, term) for term in formula.terms if term.when is not None]
    conditions = list(dict.fromkeys(replace(when, holds=True) for when, _ in split))
    found: list[tuple[int, Tagged]] = []
    for turn, when in enumerate(conditions):
        shown = telling(term for on, term in split if replace(on, holds=True) == when)
        for rank, (value, tags) in enumerate(about(when)):
            row = {**_mixed(edges, turn, len(conditions)), **shown, when.metric: value}
            found.append((rank, (row, ("split", *tags))))
    return [tagged for _, tagged in sorted(found, key=lambda one: one[0])]


def _mixed(edges: dict[str, Edges], turn: int, turns: int, tag: str = "") -> Row:
    """A row in which each metric stands at an edge of its own: in ``turns`` rows each meets as many as it can."""
    row: Row = {}
    for position, (name, edge) in enumerate(edges.items()):
        values = edge.tagged.get(tag) or edge.plain
        crowded = len(values) > turns
        row[name] = values[turn * len(values) // turns if crowded else (turn + position) % len(values)]
        if edge.floor is not None and turn % 2 == 0 and tag not in edge.tagged:
            row[name] = at_least(edge.floor, row[name])  # else most rows would be `not scored`, and test no band
    return row


def _written(value: Value) -> Any:
    if isinstance(value, float) and not np.isfinite(value):
        return {"$f": "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"}
    return value


def _digits(row: Row) -> set[str]:
    numbers = [value for value in row.values() if isinstance(value, float) and np.isfinite(value)]
    long = {"digits_17"} if any(float(f"{value:.15g}") != value for value in numbers) else set()
    return long | ({"missing"} if None in row.values() else set())


def _same(want: Any, got: Any) -> bool:
    if want is None or got is None or isinstance(want, str):
        return bool(want == got)
    return bool(abs(want - got) <= TOLERANCE * max(1.0, abs(want)))
