"""Bands by score, rules after them, and why a customer is not scored."""

from __future__ import annotations

from chs_ml.export.sql.places import Places
from chs_ml.export.sql.tree import Node, at_least, case, col, less, number, word
from chs_ml.formula import Formula
from chs_ml.formula.bands import CUT_TOLERANCE


def band_by_score(formula: Formula, places: Places) -> Node:
    """Return the band of the column ``score``; NULL in a formula without bands."""
    if not formula.bands:
        return places.dialect.text(case())
    *higher, lowest = formula.bands
    whens = [(at_least(col("score"), number(band.start - CUT_TOLERANCE)), word(band.name)) for band in higher]
    return case(*whens, otherwise=word(lowest.name)) if whens else word(lowest.name)


def ruled(formula: Formula, places: Places) -> Node:
    """Return the band that the rules send to, NULL where none holds: the last of the file has the last word."""
    return places.dialect.text(case(*((places.holds(rule.when), word(rule.band)) for rule in reversed(formula.rules))))


def below_a_floor(formula: Formula, places: Places) -> Node:
    """Return which metric keeps a customer from being scored, the first of the file; NULL where none does."""
    floors = formula.score_when.floors if formula.score_when else ()
    whens = [(places.below(metric, floor), word(f"{metric} is below {floor:g} or unknown")) for metric, floor in floors]
    return places.dialect.text(case(*whens))


def not_scored_because(formula: Formula) -> Node:
    """Return why a customer is not scored, of the columns ``coverage`` and ``below``; NULL where it is."""
    least = formula.score_when.coverage if formula.score_when else None
    if least is None:
        return col("below")
    few = less(col("coverage"), number(least - CUT_TOLERANCE)), word(f"coverage is below {least:g}")
    return case(few, otherwise=col("below"))
