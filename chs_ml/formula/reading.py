"""From the ``formula`` object of a weights file back to the frozen value."""

from __future__ import annotations

from typing import Any

from chs_ml.errors import FormulaError
from chs_ml.formula.bands import Band, Rule, ScoreWhen
from chs_ml.formula.conditions import Condition
from chs_ml.formula.fields import Enough, Place, Problems
from chs_ml.formula.formula import Formula
from chs_ml.formula.link import Link
from chs_ml.formula.shapes import Curve, Levels, Shape
from chs_ml.formula.terms import DIRECTIONS, Origin, Term

_TERM = ("metric", "pillar", "direction", "origin", "weight", "when", "otherwise", "kind", "missing", "missing_learned")
_SHAPES = {"curve": ("knots", "values"), "levels": ("levels", "other")}


def formula_from_dict(value: Any) -> Formula:
    """Return the formula that ``formula_as_dict`` wrote.

    Raises:
        FormulaError: with every problem found, each with its path below ``formula``.
    """
    problems = Problems()
    try:
        formula = read_formula(Place(value, "formula", problems))
    except Enough:
        formula = None
    if formula is None:
        raise FormulaError(*problems)
    return formula


def read_formula(place: Place) -> Formula | None:
    """Return the formula at this place, None where problems were noted."""
    place.keys("terms", "link", "bands", "rules", "score_when")
    terms = [_term(each) for each in place.at("terms").each()]
    link = None if place.at("link").is_null else read_link(place.at("link"))
    bands = [read_band(each) for each in place.at("bands").each()]
    rules = [_rule(each) for each in place.at("rules").each()]
    score_when = None if place.at("score_when").is_null else _score_when(place.at("score_when"))
    return place.make(Formula, tuple(terms), link, tuple(bands), tuple(rules), score_when)


def _term(place: Place) -> Term | None:
    kind = place.at("kind")
    of_kind = _SHAPES.get(kind.value, ()) if isinstance(kind.value, str) else ()
    if not place.keys(*_TERM, *of_kind):
        return None
    if not kind.choice(*_SHAPES) or not of_kind:
        return None
    return place.make(
        Term,
        metric=place.at("metric").text(),
        pillar=place.at("pillar").text(),
        direction=place.at("direction").choice(*DIRECTIONS),
        weight=place.at("weight").number(),
        shape=_shape(place, kind.value),
        origin=_origin(place.at("origin")),
        when=None if place.at("when").is_null else read_condition(place.at("when")),
        otherwise=place.at("otherwise").number_or_null(),
        missing_learned=place.at("missing_learned").flag(),
    )


def _shape(place: Place, kind: str) -> Shape | None:
    missing = place.at("missing").number()
    if kind == "curve":
        return place.make(Curve, place.at("knots").numbers(), place.at("values").numbers(), missing)
    return place.make(Levels, _levels(place.at("levels")), place.at("other").number(), missing)


def _levels(place: Place) -> tuple[tuple[str, float], ...]:
    pairs = place.value if isinstance(place.value, list) else []
    if pairs and all(type(pair) is list and [type(part) for part in pair] == [str, float] for pair in pairs):
        return tuple((level, value) for level, value in pairs)
    return tuple(_level(each) for each in place.each())


def _level(place: Place) -> tuple[str, float]:
    pair = list(place.each())
    if len(pair) != 2:
        place.note("must be a pair of a level and its value")
        return "", 0.0
    return pair[0].text(), pair[1].number()


def _origin(place: Place) -> Origin | None:
    if not isinstance(place.value, dict):
        return place.make(Origin, place.choice("learned", "written"))
    place.keys("pinned")
    pin = place.at("pinned")
    pin.keys("by", "because")
    return place.make(Origin, "pinned", pin.at("by").text(), pin.at("because").text())


def read_condition(place: Place) -> Condition | None:
    """Read a condition as a term or a rule has it."""
    asked = "level" if isinstance(place.value, dict) and "level" in place.value else "above"
    place.keys("metric", asked, "holds")
    above = place.at("above").number() if asked == "above" else None
    level = place.at("level").text() if asked == "level" else None
    return place.make(Condition, place.at("metric").text(), above, level, place.at("holds").flag())


def read_link(place: Place) -> Link | None:
    """Read the link from the score to churn."""
    place.keys("event", "of", "a", "b")
    place.at("event").choice("churn")
    place.at("of").choice("retained")
    return place.make(Link, place.at("a").number(), place.at("b").number())


def read_band(place: Place) -> Band | None:
    """Read one band."""
    place.keys("name", "color", "from")
    return place.make(Band, place.at("name").text(), place.at("color").text(), place.at("from").number())


def _rule(place: Place) -> Rule | None:
    place.keys("when", "band", "because")
    when = read_condition(place.at("when"))
    return place.make(Rule, when, place.at("band").text(), place.at("because").text())


def _score_when(place: Place) -> ScoreWhen | None:
    if not place.is_object():
        return None
    if "coverage" not in place.value:
        place.at("coverage").note("is not there")
    coverage = place.at("coverage").number_or_null()
    floors = []
    for metric, floor in place.members():
        if metric != "coverage":
            floor.keys("from")
            floors.append((metric, floor.at("from").number()))
    return place.make(ScoreWhen, coverage, tuple(floors))
