"""Which weights somebody pinned, within which bounds, and why: a line for each wish, a pillar's only once.

The formula says who and why; bounds are among the papers, which nobody checked, so they are told only where both agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chs_ml.errors import FormulaError
from chs_ml.export.evidence import is_number
from chs_ml.export.labels import label_of, labels_of
from chs_ml.formula import Origin, Term, WeightsFile
from chs_ml.formula.wishes import Wish

BOTH = " (both sides of its split together)"
Recorded = dict[tuple[str, str], Wish]
"""("metric" or "pillar", its name) → what was wished."""


def pinned_in_words(weights: WeightsFile) -> list[str]:
    """Return 'Pinned: pillar usage, at least 40 %: by Board, because product led', a sentence for each wish."""
    recorded, pinned = recorded_wishes(weights), [t for t in weights.formula.terms if t.origin.kind == "pinned"]
    said = [_pinned(weights, term, recorded) for term in pinned]
    labels, terms = labels_of(weights), weights.formula.terms
    there = {("metric", term.metric) for term in terms} | {("pillar", term.pillar) for term in terms}
    for (kind, name), wish in recorded.items():
        if (kind, name) not in there:
            said.append(_line(labels.get(name, name) if kind == "metric" else f"pillar {name}", wish, wish.origin))
    return [f"Pinned: {line}" for line in dict.fromkeys(said)]


def recorded_wishes(weights: WeightsFile) -> Recorded:
    """Return the wishes that the papers say; what cannot be a wish counts as not recorded."""
    lines = weights.training.get("wishes")
    return dict(_read(lines)) if isinstance(lines, list) else {}


def _read(lines: list[Any]) -> Iterator[tuple[tuple[str, str], Wish]]:
    for line in lines:
        if not isinstance(line, dict) or not (is_number(line.get("least")) and is_number(line.get("most"))):
            continue
        kind = "pillar" if "pillar" in line else "metric"
        name, by, because = (line.get(key) for key in (kind, "by", "because"))
        if not (isinstance(name, str) and isinstance(by, str) and isinstance(because, str)):
            continue
        try:
            yield (kind, name), Wish(float(line["least"]), float(line["most"]), by, because)
        except FormulaError:
            continue


def _pinned(weights: WeightsFile, term: Term, recorded: Recorded) -> str:
    """Return who pinned the term, and to what: its own wish comes before its pillar's."""
    for key, called in (
        (("metric", term.metric), labels_of(weights).get(term.metric, term.metric) + BOTH * (term.when is not None)),
        (("pillar", term.pillar), f"pillar {term.pillar}"),
    ):
        wish = recorded.get(key)
        if wish is not None and wish.origin == term.origin:
            return _line(called, wish, term.origin)
    return f"{label_of(weights, term)}, by {term.origin.by}: {term.origin.because}"


def _line(called: str, wish: Wish, origin: Origin) -> str:
    return f"{called}, {_bounds(wish)}: by {origin.by}, because {origin.because}"


def _bounds(wish: Wish) -> str:
    """Return '8 %', 'at least 40 %', 'at most 8 %', '20 to 40 %', 'no weight'."""
    least, most = (f"{100 * end:.4g}" for end in (wish.least, wish.most))
    if wish.least == wish.most:
        return f"{least} %" if wish.most else "no weight"
    if wish.most == 1.0:
        return f"at least {least} %"
    return f"{least} to {most} %" if wish.least else f"at most {most} %"
