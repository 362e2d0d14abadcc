"""The weights file: what is written is read, for ever; what is not right is refused with its path."""

from __future__ import annotations

import copy
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chs_ml.errors import FormulaError, OutputError
from chs_ml.formula import Formula, WeightsFile, check_vectors, formula_as_dict, formula_from_dict
from chs_ml.formula.canonical import digest_of
from tests.formula import drawn
from tests.formula.papers import first_file

FIRST = Path(__file__).parent / "files" / "first.json"
FIRST_DIGEST = "c759b40d71ede68a38d1edb66ec36c4f6cfaf9db14e44402e2019815a874d9d5"


def parsed():
    return json.loads(FIRST.read_text("utf-8"))


def load(data, redigest=True):
    if redigest and "digest" in data:
        data["digest"] = digest_of(data["formula"])
    return WeightsFile.loads(json.dumps(data), "weights file 'w.json'")


def test_the_first_file_loads_for_ever():
    weights = WeightsFile.load(FIRST)
    assert weights.digest == parsed()["digest"] == FIRST_DIGEST
    assert weights.notes == ()
    assert check_vectors(weights) == []
    assert replace(weights, vectors=[]) == replace(first_file(), vectors=[])  # later vectors ask for more
    assert Formula.load(str(FIRST)) == weights.formula
    assert weights.training["spec"]["notes"] == ["ї", 1e-7, None, True]
    assert weights.metrics["nps"]["scale"] == "nps"


def test_write_read_write_is_byte_equal(tmp_path):
    text = FIRST.read_bytes()
    assert WeightsFile.loads(text).dumps().encode() == text
    WeightsFile.load(FIRST).save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == text


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_drawn_formulas_survive_the_file(seed):
    formula = drawn.with_rules(drawn.formula(seed), seed)
    text = WeightsFile(formula, "drawn").dumps()
    again = WeightsFile.loads(text)
    assert again.formula == formula
    assert again.dumps() == text
    assert again.digest == formula.digest
    assert check_vectors(again) == []
    assert formula_from_dict(formula_as_dict(formula)) == formula


def test_integers_and_floats_have_one_digest():
    data = parsed()
    data["formula"]["terms"][0]["knots"] = [0, 6.5, 10]
    assert load(data, redigest=False).digest == FIRST_DIGEST


def test_labels_stand_outside_the_digest_and_thresholds_inside():
    weights = first_file()
    assert replace(weights, label="other", owner=None).digest == weights.digest
    assert replace(weights.formula, score_when=None).digest != weights.digest


def test_an_edited_formula_is_noticed():
    data = parsed()
    data["formula"]["terms"][0]["missing"] = 0.6
    with pytest.raises(FormulaError, match=r"digest: says .* the formula was edited.*set \"digest\" to null"):
        load(data, redigest=False)


def test_a_null_digest_is_read_with_a_note_and_saved_with_a_new_one():
    data = parsed()
    data["formula"]["terms"][0]["missing"] = 0.6
    data["digest"] = None
    weights = load(data, redigest=False)
    assert "no digest" in weights.notes[0]
    assert check_vectors(weights) == []
    assert WeightsFile.loads(weights.dumps()).notes == ()


def test_a_newer_minor_version_is_read_with_a_note():
    data = parsed()
    data["version"] = "1.7"
    data["novelty"] = {"a": 1}
    data["formula"]["terms"][0]["novelty"] = 2
    weights = load(data)
    assert "version 1.7 is newer than 1.0" in weights.notes[0]
    assert weights.formula == first_file().formula
    assert json.loads(weights.dumps())["version"] == "1.0"


def at(path, value):
    def change(data):
        *way, last = path
        for step in way:
            data = data[step]
        data[last] = value

    return change


def without(*path):
    def change(data):
        *way, last = path
        for step in way:
            data = data[step]
        del data[last]

    return change


TERMS = ("formula", "terms")
BROKEN = {
    "other format": (at(["format"], "pmml"), "'format' is not 'chs-ml/weights'"),
    "version 2": (at(["version"], "2.0"), r"version 2\.0 is not known.*reads 1\.x"),
    "version as number": (at(["version"], 1.0), "'version' must be text"),
    "version in words": (at(["version"], "one"), "'version' must be text"),
    "unknown key at the top": (at(["ownr"], "x"), "ownr: unknown key. Did you mean 'owner'"),
    "unknown key in a term": (
        at([*TERMS, 3, "wieght"], 1),
        r"formula\.terms\[3\]\.wieght: unknown key. Did you mean 'weight'",
    ),
    "key of the other kind": (at([*TERMS, 0, "levels"], []), r"formula\.terms\[0\]\.levels: unknown key"),
    "no weight": (without(*TERMS, 1, "weight"), r"formula\.terms\[1\]\.weight: is not there"),
    "no name": (without("name"), "name: is not there"),
    "no digest": (without("digest"), "digest: is not there"),
    "weight as text": (at([*TERMS, 1, "weight"], "0.2"), r"terms\[1\]\.weight: must be a number, not '0\.2'"),
    "weight as truth": (at([*TERMS, 1, "weight"], True), r"terms\[1\]\.weight: must be a number, not true"),
    "weights that do not sum": (at([*TERMS, 1, "weight"], 0.9), r"formula: weights sum to 1\.7"),
    "negative weight": (at([*TERMS, 1, "weight"], -0.2), r"terms\[1\]: metric 'day_charge': weight -0\.2"),
    "terms as object": (at(TERMS, {}), r"formula\.terms: must be a list, not an object"),
    "no terms": (at(TERMS, []), "formula: a formula needs one term"),
    "term as null": (at([*TERMS, 0], None), r"terms\[0\]: must be an object, not null"),
    "unknown kind": (at([*TERMS, 0, "kind"], "curv"), r"terms\[0\]\.kind: 'curv' is none of .*mean 'curve'"),
    "kind as list": (at([*TERMS, 0, "kind"], ["curve"]), r"terms\[0\]\.kind: must be text, not a list"),
    "direction": (at([*TERMS, 0, "direction"], "auto"), r"terms\[0\]\.direction: 'auto' is none of"),
    "origin": (at([*TERMS, 0, "origin"], "guessed"), r"terms\[0\]\.origin: 'guessed' is none of"),
    "pin without a reason": (at([*TERMS, 3, "origin", "pinned", "because"], ""), r"origin: a pinned weight must say"),
    "knots that fall": (at([*TERMS, 0, "knots"], [0, 6, 5]), r"terms\[0\]: knots must be finite and strictly incr"),
    "knots beyond doubles": (at([*TERMS, 0, "knots"], [-1e308, 0, 1e308]), r"terms\[0\]: knots lie too close"),
    "knots a denormal apart": (at([*TERMS, 0, "knots"], [0, 5e-324, 1]), r"terms\[0\]: knots lie too close"),
    "a knot as text": (at([*TERMS, 0, "knots", 1], "6"), r"terms\[0\]\.knots\[1\]: must be a number"),
    "a value above 1": (at([*TERMS, 0, "values", 2], 1.5), r"terms\[0\]: values: 1\.5 is outside 0\.\.1"),
    "values too few": (at([*TERMS, 0, "values"], [0, 1]), r"terms\[0\]: a curve needs two knots or more"),
    "missing as null": (at([*TERMS, 0, "missing"], None), r"terms\[0\]\.missing: must be a number, not null"),
    "missing_learned as number": (at([*TERMS, 0, "missing_learned"], 1), "missing_learned: must be true or false"),
    "a level without value": (at([*TERMS, 4, "levels", 0], ["x"]), r"levels\[0\]: must be a pair"),
    "a level as number": (at([*TERMS, 4, "levels", 0, 0], 1), r"levels\[0\]\[0\]: must be text, not 1"),
    "a level twice": (at([*TERMS, 4, "levels", 0, 0], "Рік"), "level 'Рік' is listed twice"),
    "levels that differ in case": (at([*TERMS, 4, "levels", 0, 0], "рІК "), "'рІК ' and 'Рік' differ only"),
    "an empty level": (at([*TERMS, 4, "levels", 0, 0], ""), "no empty one"),
    "a blank level": (at([*TERMS, 4, "levels", 0, 0], " \u00a0"), "is blank"),
    "a level with a backtick": (at([*TERMS, 4, "levels", 0, 0], "a`b"), "holds '`', which no target can quote"),
    "a metric with a line break": (at([*TERMS, 0, "metric"], "a\nb"), r"holds the control character U\+000A"),
    "a metric with a backslash": (at([*TERMS, 0, "metric"], "a\\b"), r"holds '\\\\', which"),
    "a condition on both": (at([*TERMS, 1, "when", "level"], "x"), r"when\.above: unknown key"),
    "a condition on nothing": (without(*TERMS, 1, "when", "above"), r"when\.above: is not there"),
    "a condition without a side": (without(*TERMS, 1, "when", "holds"), r"when\.holds: is not there"),
    "when without otherwise": (at([*TERMS, 1, "otherwise"], None), "'when' and 'otherwise' go together"),
    "a link to something else": (at(["formula", "link", "of"], "churned"), r"formula\.link\.of: 'churned' is none"),
    "a link that overflows": (at(["formula", "link", "a"], 800), "formula.link: link a=800"),
    "bands that rise": (at(["formula", "bands", 1, "from"], 80), "bands must descend"),
    "no band from 0": (at(["formula", "bands", 2, "from"], 1), "last band must start from 0"),
    "a colour with more in it": (at(["formula", "bands", 0, "color"], "red;background:url(x)"), "is neither a word"),
    "a rule to no band": (at(["formula", "rules", 0, "band"], "gone"), "band 'gone' is none of"),
    "a floor as number": (at(["formula", "score_when", "tenure"], 3), r"score_when\.tenure: must be an object"),
    "no coverage": (without("formula", "score_when", "coverage"), r"score_when\.coverage: is not there"),
    "score_when as list": (at(["formula", "score_when"], []), r"formula\.score_when: must be an object, not a list"),
    "coverage above 1": (at(["formula", "score_when", "coverage"], 60), "coverage 60.0 is outside"),
    "created": (at(["created"], "yesterday"), "created: 'yesterday' is no time in ISO 8601"),
    "owner as list": (at(["owner"], []), "owner: must be text, not a list"),
    "label with a control character": (at(["label"], "a\u0007"), r"label 'a\\x07' holds the control character"),
    "metrics as list": (at(["metrics"], []), "metrics: must be an object, not a list"),
    "a metric as text": (at(["metrics", "nps"], "x"), r"metrics\.nps: must be an object"),
    "observed of one": (at(["metrics", "nps", "observed"], [1]), r"metrics\.nps\.observed: must be \[low, high\]"),
    "evidence as object": (at(["evidence"], {}), "evidence: must be a list"),
    "evidence of text": (at(["evidence"], ["x"]), r"evidence\[0\]: must be an object"),
    "training as list": (at(["training"], []), "training: must be an object"),
    "vectors as null": (at(["vectors"], None), "vectors: must be a list, not null"),
    "a vector without a score": (without("vectors", 0, "score"), r"vectors\[0\]\.score: is not there"),
    "a vector with a list": (at(["vectors", 0, "inputs", "nps"], [1]), r"vectors\[0\]\.inputs\.nps: must be text"),
    "a vector with a wrong tag": (
        at(["vectors", 0, "inputs", "nps"], {"$f": "eval"}),
        r"inputs\.nps\.\$f: 'eval' is none of",
    ),
}


@pytest.mark.parametrize(("change", "match"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_named(change, match):
    data = parsed()
    change(data)
    with pytest.raises(FormulaError, match=match) as error:
        load(data)
    assert all(problem.startswith("weights file 'w.json': ") for problem in error.value.problems)


def test_all_problems_are_told_at_once():
    data = parsed()
    for change in ("unknown key at the top", "knots that fall", "a rule to no band", "no weight", "owner as list"):
        BROKEN[change][0](data)
    with pytest.raises(FormulaError, match="ownr: unknown key") as error:
        load(data)
    told = str(error.value)
    assert "knots must be" in told
    assert "terms[1].weight: is not there" in told
    assert "owner: must be text" in told


def test_no_more_than_twenty_problems_are_told():
    data = parsed()
    data["formula"]["terms"] = [None] * 5000
    with pytest.raises(FormulaError, match="and more") as error:
        load(data)
    assert len(error.value.problems) == 21


@pytest.mark.parametrize(
    ("name", "match"),
    [("gone.json", "'gone.json' cannot be read: No such file"), (".", "cannot be read: Is a directory"),
     ("a\0b", "cannot be read: its name is no file name")],
)  # fmt: skip
def test_a_file_that_cannot_be_opened(tmp_path, name, match):
    with pytest.raises(FormulaError, match=match) as error:
        WeightsFile.load(tmp_path / name)
    assert str(tmp_path.parent) not in str(error.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in this file system")
def test_a_pipe_is_refused_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "weights.json").symlink_to(tmp_path / "pipe")
    with pytest.raises(FormulaError, match=r"'weights.json' cannot be read: it is a pipe, .* a regular file"):
        WeightsFile.load(tmp_path / "weights.json")


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"training": {"a": [1.0, float("nan")]}}, r"training\.a\[1\]: nan cannot stand"),
        ({"reference": {"a": object()}}, r"reference\.a: .* cannot stand"),
        ({"name": "a\nb"}, "name .* control character"),
        ({"created": "soon"}, "no time in ISO 8601"),
    ],
)
def test_papers_that_json_cannot_hold(given, match):
    with pytest.raises(FormulaError, match=match):
        replace(first_file(), **given)


def test_papers_become_plain_json_values():
    weights = replace(first_file(), training={"a": np.float64(0.5), "b": np.array([1, 2]), "c": (np.bool_(True),)})
    assert weights.training == {"a": 0.5, "b": [1, 2], "c": [True]}


def test_saving_what_could_not_be_read_again_is_refused(tmp_path):
    path = tmp_path / "w.json"
    first_file().save(path)
    before = path.read_bytes()
    with pytest.raises(FormulaError, match="not yet written: larger than 1 MiB"):
        replace(first_file(), training={"a": "x" * 1024 * 1024}).save(path)
    deep: list[object] = []
    for _ in range(20):
        deep = [deep]
    with pytest.raises(FormulaError, match="nested deeper than 16"):
        replace(first_file(), training={"a": deep}).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["w.json"]


def test_saving_replaces_the_whole_file(tmp_path, monkeypatch):
    path = tmp_path / "w.json"
    first_file().save(path)
    assert stat.S_IMODE(path.stat().st_mode) & 0o400
    before = path.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(OutputError, match=r"'w\.json' cannot be written: No space left"):
            replace(first_file(), name="other").save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["w.json"]
    with pytest.raises(OutputError, match="cannot be written: No such file"):
        first_file().save(tmp_path / "gone" / "w.json")


def test_a_wide_formula_still_fits_into_its_file(tmp_path):
    from chs_ml.formula import Curve, Formula, Term

    count = 1000
    curve = Curve(tuple(np.arange(9.0)), tuple(np.linspace(0, 1, 9)), 0.5)
    terms = tuple(Term(f"metric {i}", "usage", "positive", 1 / count, curve) for i in range(count))
    weights = WeightsFile(Formula(terms), "wide")
    weights.save(tmp_path / "w.json")
    assert check_vectors(WeightsFile.load(tmp_path / "w.json")) == []


def test_first_file_is_left_as_it_was_by_loading():
    data = parsed()
    load(copy.deepcopy(data))
    assert data == parsed()
