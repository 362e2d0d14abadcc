"""A points card as plain JSON values, and back: what is read was checked by nobody."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from chs_ml.errors import FormulaError
from chs_ml.formula.canonical import band_as_dict, condition_as_dict, link_as_dict
from chs_ml.formula.fields import Enough, Place, Problems
from chs_ml.formula.points_card import LevelPoints, Losses, PointsCard, PointsTerm, StepPoints
from chs_ml.formula.reading import read_band, read_condition, read_link

_CARD = ("total", "terms", "link", "bands", "losses", "left_out", "notes")
_TERM = ("metric", "when", "otherwise", "kind", "missing")
_SHAPES = {"steps": ("edges", "points"), "levels": ("levels", "other")}
_LOSSES = ("rows", "outcomes", "auc", "auc_lost", "log_loss", "log_loss_lost", "largest_change", "change_band")
"""What every card's losses say; what is measured beside them came later, and more may come."""


def card_as_dict(card: PointsCard) -> dict[str, Any]:
    """Return dicts, lists, text, numbers and None only."""
    return {
        "total": card.total,
        "terms": [_term(term) for term in card.terms],
        "link": None if card.link is None else link_as_dict(card.link),
        "bands": [band_as_dict(band) for band in card.bands],
        "losses": None if card.losses is None else asdict(card.losses),
        "left_out": list(card.left_out),
        "notes": list(card.notes),
    }


def card_from_dict(value: Any) -> PointsCard:
    """Return the card; FormulaError with every problem found, each with its path inside the card."""
    problems = Problems()
    try:
        card = _read_card(Place(value, "", problems))
    except Enough:
        card = None
    if card is None:
        raise FormulaError(*(f"points card: {problem}" for problem in problems))
    return card


def losses_from_dict(value: Any) -> Losses:
    """Return what ``dataclasses.asdict`` made of losses; FormulaError with every problem found."""
    problems = Problems()
    losses = _read_losses(Place(value, "", problems))
    if losses is None:
        raise FormulaError(*(f"losses: {problem}" for problem in problems))
    return losses


def _term(term: PointsTerm) -> dict[str, Any]:
    shape = term.shape
    if isinstance(shape, StepPoints):
        lines: dict[str, Any] = {"kind": "steps", "edges": list(shape.edges), "points": list(shape.points)}
    else:
        lines = {"kind": "levels", "levels": [list(pair) for pair in shape.levels], "other": shape.other}
    when = None if term.when is None else condition_as_dict(term.when)
    return {"metric": term.metric, "when": when, **lines, "missing": shape.missing, "otherwise": term.otherwise}


def _read_card(place: Place) -> PointsCard | None:
    if not place.keys(*_CARD):
        return None
    return place.make(
        PointsCard,
        total=_whole(place.at("total")),
        terms=tuple(_read_term(each) for each in place.at("terms").each()),
        link=None if place.at("link").is_null else read_link(place.at("link")),
        bands=tuple(read_band(each) for each in place.at("bands").each()),
        losses=None if place.at("losses").is_null else _read_losses(place.at("losses")),
        left_out=tuple(each.text() for each in place.at("left_out").each()),
        notes=tuple(each.text() for each in place.at("notes").each()),
    )


def _read_term(place: Place) -> PointsTerm | None:
    kind = place.at("kind")
    of_kind = _SHAPES.get(kind.value, ()) if isinstance(kind.value, str) else ()
    if not place.keys(*_TERM, *of_kind) or not kind.choice(*_SHAPES) or not of_kind:
        return None
    return place.make(
        PointsTerm,
        metric=place.at("metric").text(),
        shape=_read_steps(place) if kind.value == "steps" else _read_levels(place),
        when=None if place.at("when").is_null else read_condition(place.at("when")),
        otherwise=None if place.at("otherwise").is_null else _whole(place.at("otherwise")),
    )


def _read_steps(place: Place) -> StepPoints | None:
    points = tuple(_whole(each) for each in place.at("points").each())
    return place.make(StepPoints, place.at("edges").numbers(), points, _whole(place.at("missing")))


def _read_levels(place: Place) -> LevelPoints | None:
    levels = tuple(_read_level(each) for each in place.at("levels").each())
    return place.make(LevelPoints, levels, _whole(place.at("other")), _whole(place.at("missing")))


def _read_level(place: Place) -> tuple[str, int]:
    pair = list(place.each())
    if len(pair) != 2:
        place.note("must be a pair of a level and its points")
        return "", 0
    return pair[0].text(), _whole(pair[1])


def _read_losses(place: Place) -> Losses | None:
    open_place = Place(place.value, place.path, place.problems, lenient=True)
    if not open_place.keys(*_LOSSES):
        return None
    typical = place.at("typical_change") if "typical_change" in place.value else None
    return place.make(
        Losses,
        rows=_whole(place.at("rows")),
        outcomes=place.at("outcomes").flag(),
        largest_change=place.at("largest_change").number(),
        change_band=None if place.at("change_band").is_null else _whole(place.at("change_band")),
        typical_change=None if typical is None else typical.number_or_null(),
        **{name: place.at(name).number_or_null() for name in ("auc", "auc_lost", "log_loss", "log_loss_lost")},
    )


def _whole(place: Place) -> int:
    """Return a whole number from 0 up; files hold numbers as doubles."""
    number = place.number()
    if number >= 0 and number.is_integer() and number <= 2**53:
        return int(number)
    if number == number:  # noqa: PLR0124 - NaN: already noted
        place.note(f"must be a whole number from 0 up, not {number:g}")
    return 0
