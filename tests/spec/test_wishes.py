from __future__ import annotations

import pytest

from chs_ml.errors import SpecError
from chs_ml.formula.wishes import Wish
from chs_ml.spec import CalibrationSpec

WHO = "owner: Olena\nbecause: the board wants it\n"


def wished(load, logins="", plan="", more=WHO):
    """Load the small spec with a wish for one metric or the other."""
    return load(
        "  - {name: nps, pillar: voice" + (f", weight: {logins}" if logins else "") + "}\n"
        "  - {name: csat, pillar: voice" + (f", weight: {plan}" if plan else "") + "}\n" + more
    )


def test_a_number_is_short_for_both_ends(load):
    spec = wished(load, "0.3", "{min: 10%, max: 0.4}")
    assert spec.wishes.metrics["nps"] == Wish(0.3, 0.3, "Olena", "the board wants it")
    assert spec.wishes.metrics["csat"] == Wish(0.1, 0.4, "Olena", "the board wants it")
    assert spec.wishes.pillar_of["csat"] == "voice"


def test_a_wish_s_own_words_come_first(load):
    spec = wished(
        load,
        "{max: 0.2, by: Ivan, because: hardly anybody answers}",
        more="pillars: [{name: usage, weight: 0.4}]\n" + WHO,
    )
    assert spec.wishes.metrics["nps"] == Wish(0.0, 0.2, "Ivan", "hardly anybody answers")
    assert spec.wishes.pillars["usage"] == Wish(0.4, 0.4, "Olena", "the board wants it")


def test_a_resolved_spec_reads_back_to_the_same_wishes(load):
    spec = wished(load, "0.3", "{min: 0.1, by: Ivan, because: so}")
    again = CalibrationSpec.model_validate(spec.resolved())
    assert again.digest == spec.digest
    assert again.wishes == spec.wishes


def test_no_wish_is_no_wishes(load):
    assert not load().wishes


@pytest.mark.parametrize(
    ("nps", "csat", "more", "problem"),
    [
        ("0.3", "", "", r"metrics\[2\].weight: a wish says who and why, and this one lacks by and because. Add"),
        ("{max: 0.3, by: Ivan}", "", "owner: Olena\n", "lacks because. Add because to it, or because to the spec"),
        ("0.3", "", "because: so\n", "lacks by. Add by to it, or owner to the spec"),
        ("1.3", "", WHO, r"weight: found '1.3'; a wished weight is a number from 0 to 1, or \{min, max, by, because\}"),
        ("much", "", WHO, "weight: found 'much'; a wished weight is a number"),
        ("{min: 1.3}", "", WHO, "weight.min: found '1.3'; must be less than or equal to 1"),
        ("{min: 0.4, max: 0.3}", "", WHO, "found min 0.4 and max 0.3; a min is not above its max"),
        ("{by: Ivan}", "", WHO, "neither a min above 0 nor a max below 1"),
        ("{mim: 0.4}", "", WHO, "weight.mim: unknown key. Did you mean 'min'?"),
        (
            "0.7",
            "0.5",
            WHO,
            r"minima that add up to 1.2 \(nps 0.7, csat 0.5\); .* in proportion: nps 0.5833, csat 0.4167",
        ),
        (
            "0.3",
            "0.3",
            WHO + "pillars: [{name: voice, weight: {max: 0.5}}]\n",
            "pillar 'voice': found a wished weight of at most 0.5, and minima .* that add up to 0.6; .* max of 0.6",
        ),
        (
            "{max: 0.1}",
            "{max: 0.1}",
            WHO + "pillars: [{name: voice, weight: {min: 0.5}}]\n",
            "pillar 'voice': .* at least 0.5, but its metrics can have at most 0.2 together. .* a min of 0.2",
        ),
        (
            "",
            "",
            WHO + "pillars: [{name: voice, weight: {min: 0.5}}, {name: usage, weight: 0.6}]\n",
            r"minima that add up to 1.1 \(pillar usage 0.6, pillar voice 0.5\)",
        ),
        (
            "{max: 0.2}",
            "{max: 0.3}",
            WHO + "pillars: [{name: usage, weight: {max: 0.2}}, {name: engagement, weight: {max: 0.1}}]\n",
            r"maxima .* add up to 0.8 .*: pillar usage 0.25, pillar engagement 0.125, nps 0.25, csat 0.375",
        ),
        ("0.7", "0.5", WHO, r"line 10: metrics\[2\].weight: found minima that add up to 1.2"),
        (
            "0.3",
            "0.3",
            WHO + "pillars: [{name: voice, weight: {max: 0.5}}]\n",
            r"line 14: pillars\[0\].weight: pillar 'voice': found",
        ),
        (
            "0",
            "0",
            WHO + "pillars: [{name: usage, weight: 0}, {name: engagement, weight: 0}]\n",
            r"line 10: metrics\[2\].weight: found a max of 0 for every metric; .* Leave at least one without max: 0\.",
        ),
        ("", "", WHO + "pillars: [{name: usge, weight: 0.5}]\n", r"pillars\[0\].name: found 'usge'; .* 'usage'?"),
        (
            "",
            "",
            WHO + "pillars: [{name: usage, weight: 0.5}, {name: usage, weight: 0.5}]\n",
            r"pillars\[1\].name: found 'usage' a second time",
        ),
        ("", "", WHO + "pillars: [{name: usage}]\n", r"pillars\[0\].weight: is missing"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(load, nps, csat, more, problem):
    with pytest.raises(SpecError, match=problem):
        wished(load, nps, csat, more)


def test_every_contradiction_is_told_at_once(load):
    with pytest.raises(SpecError, match="minima") as refused:
        wished(load, "0.7", "0.5", WHO + "pillars: [{name: voice, weight: {max: 0.5}}]\n")
    assert len(refused.value.problems) == 2


def test_what_has_no_weight_can_have_no_wish(load):
    with pytest.raises(SpecError, match=r"metrics\[2\].weight: found a wish for 'region', which has role: audit"):
        load("  - {name: region, role: audit, weight: 0.2}\n" + WHO)
