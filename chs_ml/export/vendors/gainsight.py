"""Gainsight: measure groups and measures with weights in whole per cent, a score from 0 to 100 at each level.

Source: support.gainsight.com, "Measure Weights in Scorecards" (contributions to the group and to the overall score) and
"Scorecard FAQs" (the From value of a range is not in it).
"""

from __future__ import annotations

from collections.abc import Iterator

from chs_ml.export.markdown import plain
from chs_ml.export.vendors.cells import NO_VALUE, cells_of
from chs_ml.export.vendors.measures import Measure, Typed, in_groups, limit_of, shares_of, typed_of
from chs_ml.export.vendors.page import Platform, page_of, table
from chs_ml.formula import WeightsFile

GAINSIGHT = Platform(
    "Gainsight",
    "gainsight",
    (
        "Administration > Scorecard, scheme 'Numeric': one measure group a pillar, one measure a line of the first "
        "column.",
        "'% of overall' goes into %Contribution (Overall Score) of the group, '% of group' into %Contribution (in "
        "Group) of the measure; each adds up to 100.",
        "Scores are set by Rules Engine: a rule's filter is the line's value, its action sets the measure's score.",
        f"'{NO_VALUE}' needs a rule, too: a measure without a score is left out, and the others then weigh more.",
    ),
    "A measure with a condition in brackets: put the condition into the rule's filter beside the value, and set the "
    "last line's score by a rule with the opposite filter.",
)


def to_gainsight(weights: WeightsFile) -> str:
    """Return the page to type a scorecard from, as Markdown; FormulaError where no card can be made."""
    typed = gainsight_typed(weights)
    tables = [_group(name, measures) for name, measures in typed.groups.items()]
    return page_of(GAINSIGHT, typed, tables, _bands(typed))


def gainsight_typed(weights: WeightsFile) -> Typed:
    """Return the measures with what whole per cents make of the card's points."""
    return in_groups(typed_of(weights), _levels)


def _levels(measure: Measure) -> list[int]:
    """Return each cell's score from 0 to 100."""
    return [round(100.0 * points / measure.term.most) for points in measure.term.cells]


def _group(name: str, measures: tuple[Measure, ...]) -> list[str]:
    rows = [row for one, share in zip(measures, shares_of(measures), strict=True) for row in _rows(one, share)]
    header = ("Measure", ">% of group", "Value", ">Score")
    return [f"### {plain(name)}: {limit_of(measures)} % of overall", "", *table(header, rows)]


def _rows(measure: Measure, share: int) -> Iterator[tuple[str, ...]]:
    for cell, level in zip(cells_of(measure), _levels(measure), strict=True):
        first = (measure.label, str(share)) if cell.at == 0 else ("", "")
        yield (*first, cell.where, str(level))


def _bands(typed: Typed) -> Iterator[str]:
    """Give the ranges of the scheme: Gainsight's 'from' is not in its range, except 0."""
    top = 100
    for band in typed.card.bands:
        low = max(int(band.start) - 1, 0)
        yield f"{plain(band.name)}: the range {low} - {top}, which holds scores from {band.start:.0f}."
        top = low
