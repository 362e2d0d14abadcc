"""Pictures: the same bytes each time, whatever the names are."""

from __future__ import annotations

import warnings
from xml.etree import ElementTree

import matplotlib
import pytest

from chs_ml.explain.pictures import pictures_of
from chs_ml.formula import Curve, Formula, Levels, Link, Term, WeightsFile

HOSTILE = [
    "$x_1$",
    "<script>alert(1)</script>",
    "входы за 30 дней",
    "a_b_c",
    "very long " * 12,
    "^{1}_{2}",
    "50 %",
    "客户",
]
EVALUATION = {
    "bands": [
        {"name": "healthy & <b>", "customers": 1500, "churn_rate": 0.02, "low": 0.01, "high": 0.05},
        {"name": "$empty$", "customers": 3, "churn_rate": None, "low": None, "high": None},
    ]
}


def many(count: int, names=None) -> WeightsFile:
    names = names or [f"metric {at}" for at in range(count)]
    curve, levels = Curve((0.0, 2.5, 1e6), (0.0, 0.7, 1.0), 0.5), Levels((("$a$ <b>", 0.0), ("б", 1.0)), 0.5, 0.5)
    ways = ("positive", "negative", "free")
    terms = tuple(
        Term(name, "usage", ways[at % 3], 1.0 / count, levels if at % 3 == 2 else curve)
        for at, name in enumerate(names)
    )
    return WeightsFile(Formula(terms, Link(0.0, 3.0)), "many", label="2026Q4 $ & <i>")


def drawn(weights: WeightsFile) -> dict[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return pictures_of(weights, EVALUATION)


@pytest.mark.parametrize("weights", [many(1), many(40), many(len(HOSTILE), HOSTILE)], ids=["one", "forty", "hostile"])
def test_pictures_are_valid_and_warn_of_nothing(weights):
    pictures = drawn(weights)
    assert set(pictures) == {"weights", "curves", "bands"}
    for name, picture in pictures.items():
        root = ElementTree.fromstring(picture)
        assert root.tag == "{http://www.w3.org/2000/svg}svg", name
        assert not [part for part in root.iter() if part.tag.endswith("script")]
        assert not [part for part in root.iter() if part.tag.endswith(("image", "foreignObject", "}a"))]


def test_names_are_written_as_they_are():
    text = "".join(ElementTree.fromstring(drawn(many(len(HOSTILE), HOSTILE))["weights"]).itertext())
    for name in ("$x_1$", "<script>alert(1)</script>", "входы за 30 дней", "a_b_c", "^{1}_{2}", "2026Q4 $ & <i>"):
        assert name in text
    assert "very long very long very …" in text


def test_the_same_formula_gives_the_same_bytes_whatever_style_a_user_has():
    first = drawn(many(3))
    with matplotlib.rc_context({"font.size": 30.0, "axes.grid": True, "svg.hashsalt": None}):
        assert drawn(many(3)) == first
        assert matplotlib.rcParams["font.size"] == 30.0
    assert drawn(many(3)) == first


def test_a_wide_formula_shows_its_heaviest_terms(monkeypatch):
    monkeypatch.setattr("chs_ml.explain.pictures.MOST_PANELS", 3)
    assert "the 3 heaviest" in drawn(many(4))["curves"]
    assert "heaviest" not in drawn(many(3))["curves"]
