"""What a curve does, in words."""

from __future__ import annotations

import pytest

from chs_ml.export.words import mark, number, shape_in_words
from chs_ml.formula import Curve, Levels, Term


def said(*values, knots=None):
    knots = knots or tuple(float(at) for at in range(len(values)))
    return shape_in_words(Term("m", "p", "free", 1.0, Curve(knots, values, 0.5)))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0.0, 1.0), "rises"),
        ((1.0, 0.4, 0.0), "falls"),
        ((0.0, 0.5, 1.0, 0.0), "rises, then falls after 2"),
        ((0.0, 1.0, 1.0, 1.0), "rises up to 1"),
        ((0.0, 0.99, 1.0, 1.0), "rises up to 1"),
        ((0.0, 0.0, 0.5, 1.0), "rises from 1"),
        ((1.0, 1.0, 0.0, 0.0), "falls from 1 to 2"),
        ((1.0, 0.0, 1.0, 0.0), "falls, then rises after 1, then falls after 2"),
        ((0.0, 1.0, 1.0, 0.0), "rises, then falls after 2"),
        ((0.0, 0.5, 0.495, 1.0), "rises"),  # a dip of half a per cent is not said
        ((0.5, 0.5), "level"),
    ],
)
def test_a_curve_in_words(values, words):
    assert said(*values) == words


def test_levels_in_words():
    term = Term("m", "p", "free", 1.0, Levels((("a", 0.4), ("b", 1.0), ("c", 0.0)), 0.5, 0.5))
    assert shape_in_words(term) == "best: b, worst: c"
    assert shape_in_words(Term("m", "p", "free", 1.0, Levels((("a", 1.0),), 0.0, 0.5))) == "only 'a' counts"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (2.0, "2"), (19.18, "19.18"), (1234.5678, "1,235"), (-0.25, "-0.25"), (1e-7, "1e-07"),
        (8042.13, "8,042"), (1e12, "1e+12"), (100.0, "100"), (0.1 + 0.2, "0.3"),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(value, text):
    assert number(value) == text


def test_marks():
    curve = Curve((0.0, 1.0), (0.0, 1.0), 0.5)
    assert [mark(Term("m", "p", way, 1.0, curve)) for way in ("positive", "negative", "free")] == ["+", "-", "±"]
