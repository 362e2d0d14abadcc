from __future__ import annotations

import pytest

from chs_ml.errors import SpecError
from chs_ml.spec import Cut


@pytest.mark.parametrize(
    ("preset", "names", "cuts"),
    [
        ("quartiles", ["healthy", "at risk", "unhealthy"], [Cut("share", 0.25), Cut("share", 0.75)]),
        ("0.8/0.5", ["healthy", "needs attention", "at risk"], [Cut("score", 80), Cut("score", 50)]),
        ("70/80", ["healthy", "at risk", "unhealthy"], [Cut("score", 80), Cut("score", 70)]),
    ],
)
def test_presets(load, preset, names, cuts):
    spec = load(f"bands: {preset}\n")
    assert [band.name for band in spec.bands] == names
    assert [band.color for band in spec.bands] == ["green", "yellow", "red"]
    assert list(spec.cuts) == cuts


def test_cuts_may_be_of_several_kinds(load):
    spec = load("bands: [{name: a, color: green, churn_below: 5%}, {name: b, color: '#ffaa00', from: 40},"
                " {name: c, color: grey}, {name: d, color: red, bottom: 10%}]\n")  # fmt: skip
    assert spec.cuts == (Cut("churn", 0.05), Cut("score", 40), Cut("share", 0.9))


@pytest.mark.parametrize(
    ("bands", "problem"),
    [
        ("a top: 25%, b", None),
        ("a top: 25%, b bottom: 25%", "found 2 cuts between 'a' and 'b'; neighbours share exactly one"),
        ("a, b", "found 0 cuts between 'a' and 'b'"),
        ("a top: 25%", "found a list of 1; must be"),
        ("a bottom: 25%, b", "the best band 'a' has nothing above it"),
        ("a top: 25%, b from: 30", "the last band 'b' has nothing below it"),
        ("a from: 30, b from: 40, c", "found cuts by score out of order"),
        ("a churn_below: 0.3, b churn_below: 0.1, c", "found cuts by churn out of order"),
        ("a top: 30%, b, c bottom: 80%", "found cuts by share out of order"),
        ("a top: 25%, a", "found two bands of the same name"),
        ("a top: 25%, not scored", "the name 'not scored' is reserved"),
        ("a top: 130%, b", "must be less than 1"),
        ("a from: 100, b", "must be less than 100"),
        ("a from: nan, b", "from: found 'nan'"),
    ],
)
def test_neighbours_share_one_cut(load, bands, problem):
    parts = [one.strip() for one in bands.split(",")]
    text = ", ".join(_band(part) for part in parts)
    if problem is None:
        assert len(load(f"bands: [{text}]\n").bands) == len(parts)
        return
    with pytest.raises(SpecError, match=problem):
        load(f"bands: [{text}]\n")


def _band(part: str) -> str:
    name, _, value = part.partition(": ")
    name, _, cut = name.rpartition(" ") if value else (name, "", "")
    return f"{{name: {name}, color: green{f', {cut}: {value}' if value else ''}}}"


def test_one_band_has_one_cut(load):
    with pytest.raises(SpecError, match="found top and from; a band is given by one cut at most"):
        load("bands: [{name: a, color: green, top: 25%, from: 80}, {name: b, color: red}]\n")


@pytest.mark.parametrize("color", ["'#12'", "'red; x'", "1"])
def test_a_color_is_a_name_or_hex(load, color):
    with pytest.raises(SpecError, match=r"bands\[0\].color: found .*; must be of the right form"):
        load(f"bands: [{{name: a, color: {color}, top: 25%}}, {{name: b, color: red}}]\n")


def test_an_unknown_preset_is_named(load):
    with pytest.raises(SpecError, match=r"found 'terciles'; presets are quartiles, 0.8/0.5, 70/80"):
        load("bands: terciles\n")
