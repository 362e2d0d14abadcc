"""Right numbers shown another way: on another scale, turned round, rounded, in 32 bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from chs_ml.export.verify.answers import TOLERANCE, Answers, Tolerance, close, differing, digits_shown, half_a_digit
from chs_ml.formula import NOT_SCORED, Formula
from chs_ml.formula.columns import BoolArray, FloatArray, TextArray

LEAST_SHARE = 0.2
"""Of the rows in which a column differs, what a way to show it has to explain to be taken up."""
IN_32_BITS = 2e-6
VARIED = 4
"""Different numbers that a column needs before what they have in common says anything."""


@dataclass(frozen=True)
class Showing:
    """A way to show a column. says: of it, in words. shown: from what is right. within: how far off it may be then."""

    column: str
    says: str
    shown: Callable[[FloatArray], FloatArray]
    within: Callable[[FloatArray], FloatArray] | float = TOLERANCE

    def explains(self, given: FloatArray, right: FloatArray) -> BoolArray:
        """Return where what was given is what is right, shown so."""
        shown = self.shown(right)
        return close(given, shown, self.within if isinstance(self.within, float) else self.within(shown))


@dataclass(frozen=True)
class Renamed:
    """Bands under other names."""

    column: str
    says: str
    name: Callable[[str], str]

    def explains(self, given: TextArray, right: TextArray) -> BoolArray:
        """Return where what was given is what is right, under another name."""
        known = {band: self.name(band) for band in set(right.tolist()) - {None}}
        return np.asarray(given == np.array([*(known.get(band) for band in right), None], dtype=object)[:-1], bool)


Shown = Mapping[str, Showing | Renamed]


def showings(formula: Formula, given: Answers, right: Answers, tolerance: Tolerance) -> dict[str, Showing | Renamed]:
    """Return for columns that differ the way in which most of them are right after all, if there is one."""
    found: dict[str, Showing | Renamed] = {}
    for column, wrong in differing(given, right, tolerance).items():
        if not wrong.any():
            continue
        best, most = None, LEAST_SHARE * wrong.sum()
        for way in _ways(formula, column, given, right):
            one, other = (
                (given.numbers[column], right.numbers[column])
                if column in given.numbers
                else (given.texts[column], right.texts[column])
            )
            explained = way.explains(one, other)  # type: ignore[arg-type]
            if (explained & wrong).sum() > most and (explained | wrong).mean() > 1.0 - LEAST_SHARE:
                best, most = way, float((explained & wrong).sum())
        if best is not None:
            found[column] = best
    return found


def still_differing(given: Answers, right: Answers, tolerance: Tolerance, shown: Shown) -> dict[str, BoolArray]:
    """Return for each column where it differs, however it is shown."""
    found = differing(given, right, tolerance)
    for column, way in shown.items():
        one, other = (
            (given.numbers[column], right.numbers[column])
            if column in given.numbers
            else (given.texts[column], right.texts[column])
        )
        found[column] &= ~way.explains(one, other)  # type: ignore[arg-type]
    return found


def _ways(formula: Formula, column: str, given: Answers, right: Answers) -> Iterator[Showing | Renamed]:
    if column in given.texts:
        yield from _names(formula, column)
        return
    numbers = given.numbers[column]
    varied = len(np.unique(numbers[np.isfinite(numbers)])) >= VARIED
    if column == "score":
        yield Showing(column, "score: on 0..1 instead of 0..100", lambda x: x / 100.0)
        yield Showing(column, "score: turned round, 100 for the unhealthiest", lambda x: 100.0 - x)
        if formula.link is not None:
            link = formula.link
            yield Showing(column, "score: the log-odds of staying", lambda x: link.a + link.b * (x / 100.0))
            yield Showing(
                column, "score: the chance to stay, in per cent", lambda x: 100 - 100 * link.churn_probability(x)
            )
            yield Showing(column, "score: the chance to churn, in per cent", lambda x: 100 * link.churn_probability(x))
    elif column == "churn_probability":
        yield Showing(column, "churn_probability: the chance to stay instead", lambda x: 1.0 - x)
        yield Showing(column, "churn_probability: the chance to stay, in per cent", lambda x: 100.0 - 100.0 * x)
        yield Showing(column, "churn_probability: the log-odds of churn", lambda x: np.log(x) - np.log1p(-x), 1e-6)
    if column != "score":
        yield Showing(column, f"{column}: in per cent instead of 0..1", lambda x: 100.0 * x)
    yield Showing(column, f"{column}: kept as a 32-bit number", lambda x: x.astype(np.float32).astype(np.float64))
    if varied:
        yield from _rounded(column, numbers)
    if varied:
        yield from _offset(column, numbers, right.numbers[column])
        yield from _affine(column, numbers, right.numbers[column])


def roughly(given: Answers) -> dict[str, Showing | Renamed]:
    """Return how numbers look that were computed in 32 bits: off by little, and by nothing that has a name."""
    return {name: Showing(name, f"{name}: computed in 32 bits", lambda x: x, _about_32_bits) for name in given.numbers}


def _about_32_bits(x: FloatArray) -> FloatArray:
    return IN_32_BITS * np.maximum(1.0, np.abs(x))


def _rounded(column: str, numbers: FloatArray) -> Iterator[Showing]:
    digits = digits_shown(numbers)
    if digits is not None:
        yield Showing(column, f"{column}: rounded to {_counted(digits)}", lambda x: x, half_a_digit(digits))
        yield Showing(
            column, f"{column}: cut off after {_counted(digits)}", lambda x: np.trunc(x * 10**digits) / 10**digits
        )
    matter = _digits_that_matter(numbers)
    if matter is not None:
        yield Showing(column, f"{column}: rounded to {matter} digits that matter", lambda x: x,
                      lambda x: 0.5001 * 10.0 ** (_places(x) - matter + 1))  # fmt: skip


def _counted(digits: int) -> str:
    return "whole numbers" if digits == 0 else f"{digits} {'digit' if digits == 1 else 'digits'} after the point"


def _places(x: FloatArray) -> FloatArray:
    """Return the place of each number's first digit: 1 of 12.5, -1 of 0.3."""
    size = np.abs(np.where(np.isfinite(x) & (x != 0.0), x, 1.0))
    place: FloatArray = np.floor(np.log10(size))
    return place


def _digits_that_matter(numbers: FloatArray) -> int | None:
    known = numbers[np.isfinite(numbers) & (numbers != 0.0)]
    for matter in range(2, 10):
        scale = 10.0 ** (matter - 1 - _places(known))
        if np.all(np.abs(np.round(known * scale) / scale - known) <= 1e-13 * np.abs(known)):
            return matter
    return None


def _offset(column: str, given: FloatArray, right: FloatArray) -> Iterator[Showing]:
    """Give the number that was added to what is right, where it is the same in most rows."""
    known = np.isfinite(given) & np.isfinite(right)
    if not known.any():
        return
    added = float(np.median(given[known] - right[known]))
    if abs(added) > 10 * TOLERANCE:
        said = f"{column}: the formula's {'+' if added >= 0 else '−'} {abs(added):.6g}"
        yield Showing(column, said, lambda x: x + added)


def _affine(column: str, given: FloatArray, right: FloatArray) -> Iterator[Showing]:
    """Give the line on which all that was given lies over what is right, where it does."""
    known = np.isfinite(given) & np.isfinite(right)
    if known.sum() < 3 or np.ptp(right[known]) < 1e-6:
        return
    if np.abs(given[known] - right[known]).max() < 1e-3 * np.ptp(right[known]):
        return  # near to right itself, so every line that is near to it would do
    slope, start = np.polyfit(right[known], given[known], 1)
    said = f"{column}: {slope:.6g} × the formula's {'+' if start >= 0 else '−'} {abs(start):.6g}: on another scale"
    yield Showing(column, said, lambda x: start + slope * x, 1e-6 * max(1.0, float(np.abs(given[known]).max())))


def _names(formula: Formula, column: str) -> Iterator[Renamed]:
    color = {band.name: band.color for band in formula.bands} | {NOT_SCORED: "grey"}
    yield Renamed(column, f"{column}: the colours instead of the names", lambda name: color[name])
    yield Renamed(column, f"{column}: in lower case", str.lower)
    yield Renamed(column, f"{column}: in capitals", str.upper)
    yield Renamed(column, f"{column}: with a capital", str.capitalize)
    yield Renamed(column, f"{column}: every word with a capital", str.title)
