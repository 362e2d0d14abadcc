"""The promise of docs/versions.md: files of every shape that there was load and score as they did when written.

A file in ``files/`` was written by the code of its day and is never written again; a shape that changes adds one.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from chs_ml import export
from chs_ml.errors import FormulaError
from chs_ml.export.points import card_of
from chs_ml.formula import WeightsFile, check_vectors
from chs_ml.formula.canonical import digest_of
from chs_ml.formula.weights_file import VERSION

FILES = Path(__file__).parent / "files"
WRITTEN = {  # name: its digest; the day and the commit whose code wrote it; what it was the first to hold
    "first": "c759b40d71ede68a38d1edb66ec36c4f6cfaf9db14e44402e2019815a874d9d5",  # 2026-11-22 d164e95: all of `formula`
    "learned": "9de1bee16b5d099ca80d0553483a8b23ff7915f1c4be3d1ab19c4be0954fdea7",  # 2026-11-22 6983911: a calibration
    "wishes": "7453ac5a316a7d046c9ba4f144f74ef0c3a376441b768676de606ec034b0fcb1",  # 2026-11-22 5cf80c7: wishes, a card
    "anchored": "0ac508b3352f19825b37b62fa9fe05e394f003d18780e57e2ed641260d9b9541",  # 2026-11-22 5cf80c7: an anchor
    "splits": "a6970b30ec657ae4774a1172be4e78db1960d410c0004bafe2a7fa82a5dbb43b",  # 2026-11-29 38d4b48: learned splits
    "history": "72c27758ee3153727eb3be841247a8fcd36ca17f9980f9516a7318c778e5b183",  # 2026-11-30 639d0f4: raw history
}
WITH_A_CARD = ("wishes", "anchored", "splits", "history")
ROUND = 1e-12


def load(name):
    return WeightsFile.load(FILES / f"{name}.json")


def parsed(name="first"):
    return json.loads((FILES / f"{name}.json").read_text("utf-8"))


def of_minor(data, version="1.7"):
    """The file as a later chs_ml of this major would have written it: with its version, and a digest that fits."""
    return WeightsFile.loads(json.dumps({**data, "version": version, "digest": digest_of(data["formula"])}), "w.json")


def test_every_kept_file_is_in_the_table():
    assert sorted(WRITTEN) == sorted(path.stem for path in FILES.glob("*.json"))


@pytest.mark.parametrize("name", WRITTEN)
def test_an_old_file_loads_and_scores_as_when_it_was_written(name):
    weights = load(name)
    assert weights.digest == parsed(name)["digest"] == WRITTEN[name]
    assert weights.notes == () and weights.version == "1.0"
    assert len(weights.vectors) >= 20 and check_vectors(weights) == []
    for vector in weights.vectors:  # the kept answers themselves are of that day
        assert 0.0 - ROUND <= vector["score"] <= 100.0 + ROUND
    kept, now = parsed(name)["vectors"], json.loads(weights.dumps())["vectors"]
    assert [vector["score"] for vector in now] == [vector["score"] for vector in kept]


@pytest.mark.parametrize("name", WRITTEN)
def test_an_old_file_is_written_again_as_it_was(name):
    assert WeightsFile.loads(load(name).dumps()) == load(name)
    again = json.loads(load(name).dumps())
    assert again == parsed(name)


@pytest.mark.parametrize("target", ["csv", "markdown", "churnzero", "gainsight"])
@pytest.mark.parametrize("name", WRITTEN)
def test_old_papers_are_readable_by_what_reads_papers(name, target):
    assert export(load(name), target)


@pytest.mark.parametrize("name", WRITTEN)
def test_an_old_card_is_read_and_its_absence_told(name):
    if name in WITH_A_CARD:
        assert card_of(load(name)).losses.rows > 0
        return
    with pytest.raises(FormulaError, match="written by hand or by an earlier version"):
        card_of(load(name))


def test_the_files_hold_what_they_were_kept_for():
    assert {term.origin.kind for term in load("wishes").formula.terms} == {"learned", "pinned"}
    assert load("wishes").training["wishes"]
    assert load("anchored").training["anchor"]["digest"] == WRITTEN["wishes"]
    assert "formula" in load("anchored").reference["judged"]
    assert [term.metric for term in load("splits").formula.terms if term.when] == ["usage", "usage"]
    assert card_of(load("splits")).terms[0].when is not None
    assert card_of(load("splits")).losses.typical_change is None  # not measured then
    assert len(load("history").training["sources"]) == 7
    assert card_of(load("history")).losses.typical_change > 0 and "totango" in load("history").reference["platforms"]


PLACES = {
    "file": [],
    "formula": ["formula"],
    "curve": ["formula", "terms", 0],
    "levels": ["formula", "terms", 4],
    "condition": ["formula", "terms", 1, "when"],
    "pin": ["formula", "terms", 3, "origin"],
    "pinned by": ["formula", "terms", 3, "origin", "pinned"],
    "link": ["formula", "link"],
    "band": ["formula", "bands", 0],
    "rule": ["formula", "rules", 0],
    "condition of a rule": ["formula", "rules", 0, "when"],
    "floor": ["formula", "score_when", "tenure"],
    "vector": ["vectors", 0],
    "metric": ["metrics", "nps"],
}


def with_novelty(way):
    data = copy.deepcopy(parsed())
    place = data
    for step in way:
        place = place[step]
    place["novelty"] = {"of": ["a", "later", "minor"]}
    return data


@pytest.mark.parametrize("way", PLACES.values(), ids=PLACES)
def test_an_unknown_key_of_a_newer_minor_version_is_ignored_wherever_it_stands(way):
    weights = of_minor(with_novelty(way))
    assert "version 1.7 is newer than 1.0" in weights.notes[0] and len(weights.notes) == 1
    assert weights.formula == load("first").formula
    assert check_vectors(weights) == []


@pytest.mark.parametrize("way", [way for name, way in PLACES.items() if name not in {"metric"}])
def test_the_same_key_is_refused_where_the_file_says_it_is_of_this_version(way):
    data = with_novelty(way)
    with pytest.raises(FormulaError, match="novelty: unknown key"):
        of_minor(data, VERSION)


def test_the_digest_of_a_newer_file_is_checked_over_keys_that_nobody_here_knows():
    data = with_novelty(PLACES["curve"])
    weights = of_minor(data)
    assert weights.digest == WRITTEN["first"] != digest_of(data["formula"])  # what is printed is of what was read
    edited = {**data, "version": "1.7", "digest": digest_of(data["formula"])}
    edited["formula"]["terms"][0]["novelty"] = "edited"
    with pytest.raises(FormulaError, match="the formula was edited after it was written"):
        WeightsFile.loads(json.dumps(edited))


def test_what_was_read_of_a_newer_file_is_saved_as_a_file_of_this_version(tmp_path):
    of_minor(with_novelty(PLACES["levels"])).save(tmp_path / "w.json")
    again = WeightsFile.load(tmp_path / "w.json")
    assert again.notes == () and again.version == VERSION and again.formula == load("first").formula


@pytest.mark.parametrize(
    ("way", "value", "message"),
    [
        (["formula", "terms", 0, "kind"], "spline", r"kind: 'spline' is none of \['curve', 'levels'\]"),
        (["formula", "terms", 0, "direction"], "cyclic", "direction: 'cyclic' is none of"),
        (["formula", "terms", 0, "origin"], "bought", "origin: 'bought' is none of"),
        (["formula", "link", "of"], "renewed", "of: 'renewed' is none of"),
        (["formula", "score_when", "recent"], True, r"score_when\.recent: must be an object"),
    ],
)
def test_what_would_change_a_score_is_not_guessed_in_a_newer_minor_version_either(way, value, message):
    data = parsed()
    place = data
    for step in way[:-1]:
        place = place[step]
    place[way[-1]] = value
    with pytest.raises(FormulaError, match=message):
        of_minor(data)


@pytest.mark.parametrize("version", ["1.1", "1.10", "1.9999"])
def test_minor_versions_are_compared_as_numbers(version):
    assert f"version {version} is newer than {VERSION}" in of_minor(parsed(), version).notes[0]


@pytest.mark.parametrize("version", ["2.0", "2.1", "10.0", "0.9"])
def test_another_major_version_is_refused_before_anything_else_is_read(version):
    data = {"format": "chs-ml/weights", "version": version, "nothing": "else is as here"}
    with pytest.raises(
        FormulaError, match=rf"^w\.json: version {version} is not known; this chs_ml reads 1\.x\."
    ) as error:
        WeightsFile.loads(json.dumps(data), "w.json")
    assert len(error.value.problems) == 1


@pytest.mark.parametrize("version", ["1", "1.", "1.0.0", "1.0 ", "١.٠", "1.0-rc1", "99999.0"])
def test_a_version_that_is_none_is_refused(version):
    with pytest.raises(FormulaError, match=r"'version' must be text such as '1\.0'"):
        of_minor(parsed(), version)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_that_was_cut_off_is_refused(name):
    text = (FILES / f"{name}.json").read_bytes()
    for kept in range(1, 10):
        with pytest.raises(FormulaError, match=r"^w\.json: "):
            WeightsFile.loads(text[: len(text) * kept // 10], "w.json")


def test_losses_of_a_later_card_are_read_past_what_is_not_known():
    weights = load("history")
    weights.reference["whole_points"]["losses"]["measured_later"] = 0.5
    weights.reference["platforms"]["totango"]["measured_later"] = [1]
    assert card_of(weights).losses == card_of(load("history")).losses
    assert "Measured on" in export(weights, "totango")
