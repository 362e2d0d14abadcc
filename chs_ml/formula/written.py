"""Formulas written by hand, from a range for each number and a table for each category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chs_ml.errors import FormulaError
from chs_ml.formula.bands import Band, Rule, ScoreWhen
from chs_ml.formula.formula import Formula
from chs_ml.formula.link import Link
from chs_ml.formula.shapes import Curve, Levels
from chs_ml.formula.terms import Direction, Origin, Term

NEUTRAL = 0.5

BAND_PRESETS: dict[str, tuple[Band, ...]] = {
    "0.8/0.5": (Band("healthy", "green", 80.0), Band("needs attention", "yellow", 50.0), Band("at risk", "red", 0.0)),
    "70/80": (Band("healthy", "green", 80.0), Band("at risk", "yellow", 70.0), Band("unhealthy", "red", 0.0)),
}
"""Cuts that the trade uses for scores of 0..1 and 0..100; shares of customers need data, so they are cut elsewhere."""


@dataclass(frozen=True, slots=True)
class Range:
    """A number whose health runs in a straight line from ``worst`` (0) to ``best`` (1).

    Fewer is healthier where best < worst. middle: further points (x, health) between the two ends; where health then
    goes up and down the direction is free. missing: health where the number is unknown.
    """

    weight: float
    worst: float
    best: float
    middle: tuple[tuple[float, float], ...] = ()
    missing: float = NEUTRAL
    pillar: str = ""

    def term(self, metric: str) -> Term:
        """Return the range as a term of a formula; FormulaError names the metric."""
        points = sorted([(float(self.worst), 0.0), (float(self.best), 1.0), *self.middle])
        values = [value for _, value in points]
        shape = Curve(tuple(float(x) for x, _ in points), tuple(float(value) for value in values), self.missing)
        return Term(metric, self.pillar, _direction(values), self.weight, shape, Origin("written"))


@dataclass(frozen=True, slots=True)
class Choices:
    """A category with a health for each of its levels, ``other`` for one not listed, ``missing`` where unknown."""

    weight: float
    levels: Mapping[str, float]
    other: float = NEUTRAL
    missing: float = NEUTRAL
    pillar: str = ""

    def term(self, metric: str) -> Term:
        """Return the choices as a term of a formula; FormulaError names the metric."""
        values = tuple((level, float(value)) for level, value in self.levels.items())
        shape = Levels(values, self.other, self.missing)
        return Term(metric, self.pillar, "free", self.weight, shape, Origin("written"))


def write_formula(
    metrics: Mapping[str, Range | Choices],
    *,
    bands: str | tuple[Band, ...] = (),
    link: Link | None = None,
    rules: tuple[Rule, ...] = (),
    score_when: ScoreWhen | None = None,
) -> Formula:
    """Return the formula of these metrics, in their order; bands may be the name of a preset.

    >>> formula = write_formula({"nps": Range(0.4, worst=0, best=10), "overdue": Range(0.6, worst=5, best=0)})
    >>> formula.score({"nps": [10, 5, None], "overdue": [0, 5, 0]}).tolist()
    [100.0, 20.0, 80.0]

    Raises:
        FormulaError: with every metric that cannot be, or because the weights do not sum to 1.
    """
    terms: list[Term] = []
    problems: list[str] = []
    for metric, authored in metrics.items():
        try:
            terms.append(authored.term(metric))
        except FormulaError as error:
            problems += [f"metric {metric!r}: {problem}" for problem in error.problems]
    if problems:
        raise FormulaError(*problems)
    return Formula(tuple(terms), link, band_preset(bands) if isinstance(bands, str) else bands, rules, score_when)


def band_preset(name: str) -> tuple[Band, ...]:
    """Return the bands of a preset, ``0.8/0.5`` or ``70/80``; FormulaError for another name."""
    if name not in BAND_PRESETS:
        raise FormulaError(f"bands {name!r} are no preset; there are {list(BAND_PRESETS)}")
    return BAND_PRESETS[name]


def _direction(values: list[float]) -> Direction:
    """Direction of health as the metric grows."""
    if values == sorted(values):
        return "positive"
    return "negative" if values == sorted(values, reverse=True) else "free"
