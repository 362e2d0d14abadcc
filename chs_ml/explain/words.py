"""A term's shape in words: 'rises, then falls after 2'."""

from __future__ import annotations

from chs_ml.formula import Curve, Levels, Term

FLAT = 0.02
"""A stretch that moves health by less than this share of the term's own range counts as level."""


def number(value: float) -> str:
    """Return a number as people write it: four digits that matter, thousands apart, no needless zeros."""
    if value != 0 and not 1e-3 <= abs(value) < 1e9:
        return f"{value:.3g}"
    text = f"{value:,.{max(0, 4 - len(str(int(abs(value)))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shape_in_words(term: Term) -> str:
    """Return what health does as the metric grows, or which levels are best and worst."""
    return _curve(term.shape) if isinstance(term.shape, Curve) else _levels(term.shape)


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
    said = [stretches[0][0]]
    said += [f"then {word} after {number(start)}" for word, start, _ in stretches[1:]]
    text = ", ".join(said)
    word, start, stop = stretches[-1]
    first, last = curve.knots[0], curve.knots[-1]
    if len(stretches) == 1 and word != "is level":
        if stop < last:
            return f"{word} up to {number(stop)}" if start <= first else f"{word} {number(start)} to {number(stop)}"
        if start > first:
            return f"{word} from {number(start)}"
    return text


def _stretches(curve: Curve) -> list[tuple[str, float, float]]:
    """Return (word, from, to) of the stretches on which the curve keeps going one way, level ones at the ends left out."""
    height = max(curve.values) - min(curve.values) or 1.0
    found: list[tuple[str, float, float, float]] = []
    pieces = zip(curve.knots, curve.knots[1:], curve.values, curve.values[1:], strict=False)
    for start, stop, before, after in pieces:
        rise = after - before
        if rise == 0:
            continue
        word = "rises" if rise > 0 else "falls"
        if found and found[-1][0] == word:
            found[-1] = (word, found[-1][1], stop, found[-1][3] + abs(rise))
        else:
            found.append((word, start, stop, abs(rise)))
    merged: list[tuple[str, float, float]] = []
    for word, start, stop, rise in found:
        if rise < FLAT * height:
            continue
        if merged and merged[-1][0] == word:
            merged[-1] = (word, merged[-1][1], stop)
        else:
            merged.append((word, start, stop))
    return merged
