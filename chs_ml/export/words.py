"""A term's shape in words: 'rises, then falls after 2'."""

from __future__ import annotations

from itertools import pairwise

from chs_ml.formula import Curve, Levels, Term

FLAT = 0.02
"""A stretch that moves health by no more than this share of the term's own range counts as level."""


def number(value: float) -> str:
    """Return a number as people write it: four digits that matter, thousands apart, no needless zeros."""
    value += 0.0  # -0.0 is 0
    if value != 0 and not 1e-3 <= abs(value) < 1e9:
        return f"{value:.3g}"
    text = f"{value:,.{max(0, 4 - len(str(int(abs(value)))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ratio(value: float) -> str:
    """Return an odds ratio with two digits that matter."""
    return number(float(f"{value:.2g}"))


def shape_in_words(term: Term) -> str:
    """Return what health does as the metric grows, or which levels are best and worst."""
    return _curve(term.shape) if isinstance(term.shape, Curve) else _levels(term.shape)


def is_flat(term: Term) -> bool:
    """Return whether a curve moves nothing, so that its term lives on its missing value alone."""
    return isinstance(term.shape, Curve) and max(term.shape.values) == min(term.shape.values)


def mark(term: Term) -> str:
    """Return + for more is healthier, - for less is healthier, ± for neither."""
    return {"positive": "+", "negative": "-"}.get(term.direction, "±")


def _levels(levels: Levels) -> str:
    ordered = sorted(levels.values, key=lambda pair: pair[1])
    if len(ordered) == 1:
        return f"only {ordered[0][0]!r} counts"
    return f"best: {ordered[-1][0]}, worst: {ordered[0][0]}"


def _curve(curve: Curve) -> str:
    stretches = _stretches(curve)
    if not stretches:
        return "level"
    word, start, stop = stretches[0]
    if len(stretches) > 1:
        return ", ".join([word, *(f"then {word} after {number(start)}" for word, start, _ in stretches[1:])])
    begins, ends = start > curve.knots[0], stop < curve.knots[-1]
    if begins and ends:
        return f"{word} from {number(start)} to {number(stop)}"
    if ends:
        return f"{word} up to {number(stop)}"
    return f"{word} from {number(start)}" if begins else word


def _stretches(curve: Curve) -> list[tuple[str, float, float]]:
    """Return (word, from, to) of each stretch on which the curve keeps going one way; level ones are left out."""
    values, knots = curve.values, curve.knots
    level = FLAT * (max(values) - min(values))
    runs: list[tuple[int, int, int]] = []
    for at, (before, after) in enumerate(pairwise(values)):
        if after != before:
            runs = _joined(runs, (1 if after > before else -1, at, at + 1))
    going: list[tuple[int, int, int]] = []
    for sign, start, stop in runs:
        if abs(values[stop] - values[start]) > level:
            going = _joined(going, (sign, start, stop))
    said = []
    for sign, start, stop in going:
        first = max(at for at in range(start, stop) if abs(values[at] - values[start]) <= level)
        last = min(at for at in range(first + 1, stop + 1) if abs(values[stop] - values[at]) <= level)
        said.append(("rises" if sign > 0 else "falls", knots[first], knots[last]))
    return said


def _joined(runs: list[tuple[int, int, int]], run: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    """Append a run (sign, from, to), or lengthen the last one where that goes the same way."""
    if runs and runs[-1][0] == run[0]:
        return [*runs[:-1], (run[0], runs[-1][1], run[2])]
    return [*runs, run]
