"""Who pinned what, in words: the formula is believed, its papers only where they agree with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chs_ml.explain.pinned import pinned_in_words, recorded_wishes
from chs_ml.formula import Formula, Levels, Link, Origin, Term, WeightsFile
from tests.explain.sure import sure_file

BOARD, OLENA = Origin("pinned", "Board", "product led"), Origin("pinned", "Olena", "few answer it")
USAGE = {"pillar": "usage", "least": 0.4, "most": 1.0, "by": "Board", "because": "product led"}
CHARGES = {"metric": "charges", "least": 0.0, "most": 0.08, "by": "Olena", "because": "few answer it"}


def term(name, pillar, origin=None):
    return Term(name, pillar, "free", 0.25, Levels((("a", 0.0), ("b", 1.0)), 0.5, 0.5), origin or Origin())


def told(*wishes):
    terms = (
        term("logins", "usage", BOARD),
        term("visits", "usage", BOARD),
        term("charges", "price", OLENA),
        term("age", "price"),
    )
    metrics = {"charges": {"label": "Monthly charges"}, "calls": {"label": "Calls"}}
    return pinned_in_words(
        WeightsFile(Formula(terms, Link(-1.0, 5.0)), "pinned", metrics=metrics, training={"wishes": [*wishes]})
    )


def test_a_pillar_s_wish_is_said_once_and_a_metric_s_with_its_bounds():
    assert told(CHARGES, USAGE) == [
        "Pinned: pillar usage, at least 40 %: by Board, because product led",
        "Pinned: Monthly charges, at most 8 %: by Olena, because few answer it",
    ]


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [(0.2, 0.4, "20 to 40 %"), (0.08, 0.08, "8 %"), (0.125, 1.0, "at least 12.5 %"), (0.0, 0.3, "at most 30 %")],
)
def test_bounds_are_told_in_words(least, most, words):
    assert f"Pinned: Monthly charges, {words}: by Olena, because few answer it" in told(
        CHARGES | {"least": least, "most": most}
    )


def test_a_wish_is_told_though_its_metric_has_no_term():
    assert told(CHARGES | {"metric": "calls"})[-1] == "Pinned: Calls, at most 8 %: by Olena, because few answer it"
    gone = CHARGES | {"metric": "calls", "most": 0.0}
    assert told(gone, {**gone, "pillar": "voice"})[-2:] == [
        "Pinned: Calls, no weight: by Olena, because few answer it",
        "Pinned: pillar voice, no weight: by Olena, because few answer it",
    ]


def test_papers_that_contradict_the_formula_are_not_believed():
    assert "Pinned: Monthly charges, by Olena: few answer it" in told(CHARGES | {"by": "Nobody"})


@pytest.mark.parametrize(
    "odd",
    [
        "x", None, 5, {}, [], USAGE | {"least": "a lot"}, USAGE | {"least": 2.0}, USAGE | {"least": 0.5, "most": 0.4},
        USAGE | {"pillar": ["usage"]}, USAGE | {"by": None}, USAGE | {"because": ""}, USAGE | {"most": 10**400},
    ],
)  # fmt: skip
def test_what_cannot_be_a_wish_counts_as_not_recorded(odd):
    assert told(odd)[0] == "Pinned: logins, by Board: product led"
    for wishes in (odd, [odd]):
        assert recorded_wishes(replace(sure_file(), training={"wishes": wishes})) == {}
