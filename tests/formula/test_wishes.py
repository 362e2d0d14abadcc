from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from chs_ml.errors import FormulaError
from chs_ml.formula.wishes import Wish, Wishes

PILLAR_OF = {"a": "one", "b": "one", "c": "two", "d": "two"}
ENDS = st.tuples(*[st.integers(0, 10).map(lambda tenths: tenths / 10)] * 2).map(sorted)


def wish(least=0.0, most=1.0):
    return Wish(least, most, "Olena", "she knows")


def can_be_met(wishes):
    """The same question asked of a linear programme."""
    rows = [[float(PILLAR_OF[name] == pillar) for name in PILLAR_OF] for pillar in wishes.pillars]
    above = [[-x for x in row] for row in rows]
    ends = [w.most for w in wishes.pillars.values()] + [-w.least for w in wishes.pillars.values()]
    bounds = [(w.least, w.most) for w in (wishes.metrics.get(name, wish()) for name in PILLAR_OF)]
    found = linprog([0.0] * 4, rows + above or None, ends or None, [[1.0] * 4], [1.0], bounds)
    return found.status == 0


@given(
    st.dictionaries(st.sampled_from("abcd"), ENDS.map(lambda ends: wish(*ends))),
    st.dictionaries(st.sampled_from(["one", "two"]), ENDS.map(lambda ends: wish(*ends))),
)
def test_what_conflicts_is_what_no_weights_can_meet(metrics, pillars):
    wishes = Wishes(metrics, pillars, PILLAR_OF)
    assert (wishes.conflicts("abcd") == []) == can_be_met(wishes)


def test_a_metric_that_can_have_no_weight_is_named_with_the_nearest():
    wishes = Wishes({"a": wish(0.3)}, {}, PILLAR_OF)
    assert wishes.conflicts("bcd") == [
        "metric 'a': found a wished weight of at least 0.3, but it can have none. The nearest that can be met: 0."
    ]


def test_the_named_nearest_can_be_met():
    wishes = Wishes({"a": wish(0.7), "c": wish(0.5)}, {}, PILLAR_OF)
    (problem,) = wishes.conflicts("abcd")
    assert problem.endswith("all in proportion: a 0.5833, c 0.4167.")
    assert not Wishes({"a": wish(0.5833), "c": wish(0.4167)}, {}, PILLAR_OF).conflicts("abcd")


def test_who_must_stay():
    wishes = Wishes({"a": wish(0.1), "b": wish(0.0, 0.0)}, {"two": wish(0.5)}, PILLAR_OF)
    assert wishes.must_stay("a", "abcd")
    assert not wishes.must_stay("b", "abcd")
    assert not wishes.must_stay("c", "abcd")
    assert wishes.must_stay("c", "abc"), "the last of a pillar that is to weigh 0.5"
    assert wishes.excluded("b")
    assert not any(Wishes().must_stay(name, PILLAR_OF) for name in PILLAR_OF)


def test_the_last_of_a_pillar_that_is_to_weigh_something_stays():
    wishes = Wishes({}, {"two": wish(0.5)}, PILLAR_OF)
    assert wishes.may_leave("dbc", "abcd") == ["d", "b"]
    assert Wishes().may_leave("dbc", "abcd") == ["d", "b", "c"]


def test_the_later_of_two_wishes_holds():
    first = Wishes({"a": wish(0.1), "b": wish(0.2)}, {}, PILLAR_OF)
    both = first.joined(Wishes({"a": wish(0.4)}, {"two": wish(0.1)}))
    assert both == Wishes({"a": wish(0.4), "b": wish(0.2)}, {"two": wish(0.1)}, PILLAR_OF)


@pytest.mark.parametrize(("least", "most"), [(0.4, 0.3), (-0.1, 1.0), (0.0, 1.1)])
def test_bounds_that_cannot_be_are_refused(least, most):
    with pytest.raises(FormulaError, match=r"a weight lies within 0\.\.1, its min not above its max"):
        wish(least, most)


def test_a_wish_of_nobody_is_refused():
    with pytest.raises(FormulaError, match="must say 'by' whom and 'because' of what"):
        Wish(0.1, 0.2, "", "so")


@pytest.mark.parametrize(
    ("bounds", "words"),
    [((0.3, 0.3), "0.3"), ((0.2, 1.0), "at least 0.2"), ((0.0, 0.2), "at most 0.2"), ((0.1, 0.2), "0.1 to 0.2")],
)
def test_a_wish_in_words(bounds, words):
    assert str(wish(*bounds)) == words


def test_part_of_the_way_to_a_wish():
    wishes = Wishes({"a": wish(0.8), "b": wish(0.0, 0.1)}, {"two": wish(0.0, 0.3)}, PILLAR_OF)
    half = wishes.part_way({"a": 0.3, "b": 0.2004, "c": 0.3, "d": 0.1996}, 0.5)
    assert str(half) == "a at least 0.55, b at most 0.151, pillar two at most 0.4"
