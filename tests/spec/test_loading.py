from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chs_ml.errors import SpecError
from chs_ml.spec import load_spec, spec_schema

LEVELS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8)

EVERYTHING = """\
label: 2026Q4
owner: Олена
because: the quarter's routine
calibration: {ramps: 8, strength: {size: 0.5, bend: 3}, seed: 7, anchor: {file: old.json, strength: 2}}
validation: {holdout: {from: 2025-07-01}, cross_validation: 4}
baseline: {column: score_today}
bands: 70/80
rules: [{when: {metric: logins, above: 90}, band: unhealthy, because: finance}]
score_when: {coverage: 0.6, logins: {from: 30}}
tracking: {experiment: telco}
"""


def test_defaults_are_filled_in(load):
    resolved = load().resolved()
    plain = {"ramps": "auto", "strength": "auto", "seed": 0, "anchor": {"strength": "auto"}}
    plain["splits"] = {"most": 3, "fixed": [], "never": []}
    assert resolved["calibration"] == {**plain, "evidence": "usual", "row_weights": {"revenue": False}}
    assert resolved["validation"] == {"holdout": {"customers": 0.3}, "cross_validation": 5}
    assert [band["name"] for band in resolved["bands"]] == ["healthy", "at risk", "unhealthy"]


@pytest.mark.parametrize("more", ["", EVERYTHING])
def test_the_resolved_spec_reads_back_to_the_same(load, tmp_path, more):
    spec = load(more)
    again = tmp_path / "calibration.yaml"  # two are equal that read the same from the same place
    again.write_text(yaml.safe_dump(spec.resolved(), allow_unicode=True), encoding="utf-8")
    assert load_spec(again) == spec
    assert load_spec(again).digest == spec.digest


def test_the_digest_ignores_how_the_file_is_written(load):
    plain = load("tracking: {experiment: a}\n")
    assert load("# a comment\ntracking:\n  experiment: 'a'\n").digest == plain.digest
    assert load("tracking: {experiment: b}\n").digest != plain.digest


def test_resolved_is_plain_json(load):
    assert json.loads(json.dumps(load(EVERYTHING).resolved(), allow_nan=False)) == load(EVERYTHING).resolved()


@pytest.mark.parametrize("word", ["Yes", "no", "007", "1.0", "0x1F", "1e3", "2025-01-01", "null", "~", "True", "12:30"])
def test_levels_and_outcomes_stay_what_was_written(load, word):
    spec = load(outcome=f"  outcome: {{column: left, churned: [{word}], exclude: {word}x}}")
    assert spec.data.outcome.churned == (word,)
    assert spec.data.outcome.exclude == (f"{word}x",)


@given(LEVELS)
def test_any_outcome_survives_a_yaml_writer(tmp_path_factory, level):
    path = tmp_path_factory.mktemp("spec") / "calibration.yaml"
    tree = {
        "name": "клієнти",
        "data": {"table": "т.csv", "outcome": {"column": "відтік", "churned": [level]}},
        "metrics": [{"name": "вхід"}],
    }
    path.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    assert load_spec(path).data.outcome.churned == (level,)


def test_paths_are_relative_to_the_spec_and_take_variables(load, tmp_path, monkeypatch):
    monkeypatch.setenv("PLACE", "tables")
    spec = load(table="  table: ${PLACE}/${FILE:-customers.csv}")
    assert spec.locate(spec.data.table.file) == tmp_path / "tables" / "customers.csv"
    assert spec.resolved()["data"]["table"]["file"] == "${PLACE}/${FILE:-customers.csv}"


def test_a_variable_that_is_not_set_is_named(load, monkeypatch):
    monkeypatch.delenv("NOWHERE", raising=False)
    with pytest.raises(SpecError, match=r"line 3: data.table: variable NOWHERE is not set. Set it"):
        load(table="  table: ${NOWHERE}/customers.csv")


def test_an_address_is_refused_and_never_shown(load, monkeypatch):
    with pytest.raises(SpecError, match=r"found an address \(not shown\); a file is a path") as refused:
        load(table="  table: postgres://me:hunter2@host/db")
    assert "hunter2" not in str(refused.value)
    monkeypatch.setenv("WAREHOUSE", "postgres://me:hunter2@host/db")
    spec = load(table="  table: ${WAREHOUSE}")
    assert "hunter2" not in repr(spec)
    with pytest.raises(SpecError, match="is an address") as refused:
        spec.locate(spec.data.table.file)
    assert "hunter2" not in str(refused.value)


def test_every_problem_is_named_at_once_with_its_line(load):
    with pytest.raises(SpecError) as refused:
        load("calibration: {ramps: many}\nbaseline: {}\n", name="name: a b", customer="  custmer: id")
    assert refused.value.problems[0].startswith("calibration.yaml, line 1: name: found 'a b'; must be")
    assert refused.value.problems[1] == "calibration.yaml, line 4: data.custmer: unknown key. Did you mean 'customer'?"
    assert refused.value.problems[2].startswith("calibration.yaml, line 10: calibration.ramps: found 'many'")
    assert refused.value.problems[3].startswith("calibration.yaml, line 11: baseline: the baseline is {column}")
    assert len(refused.value.problems) == 4


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "found no keys"),
        ("- a\n", "found no keys"),
        ("name: a\nname: b\n", "line 2: found the key 'name' twice; a key stands once. Remove one of them."),
        ("data: {table: a, table: b}\n", "found the key 'table' twice"),
        ("a: &x [1]\nb: *x\n", r"line 2: found an alias \(\*name\)"),
        ("a: [\n", "not YAML"),
        ("a: 'b\n", "not YAML"),
        ("? [a]\n: b\n", "a key that is not text"),
        ("a: \x07\n", "characters that text does not"),
        ("[" * 20_000, "nested too deep"),
        ("#" * (1 << 20) + "\n\n", "over 1 MiB"),
        ("!!python/object/apply:os.system [ls]\n", "found no keys"),
    ],
)
def test_what_is_no_spec_is_refused(tmp_path, text, problem):
    path = tmp_path / "calibration.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=problem):
        load_spec(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "calibration.yaml"
    path.write_bytes("name: отток\n".encode("cp1251"))
    with pytest.raises(SpecError, match=r"not UTF-8 text. Save the spec as UTF-8"):
        load_spec(path)
    with pytest.raises(SpecError, match="cannot be read: No such file"):
        load_spec(tmp_path / "absent.yaml")


def test_a_byte_order_mark_is_no_part_of_the_first_key(load, tmp_path):
    load()
    path = tmp_path / "calibration.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_spec(path).name == "small"


def test_the_schema_knows_the_keys_as_they_are_written():
    schema = spec_schema()
    assert set(schema["required"]) == {"name", "metrics"}
    assert schema["oneOf"] == [{"required": ["data"]}, {"required": ["history"]}]
    assert {"from", "below", "churn_below"} <= set(schema["$defs"]["Band"]["properties"])
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema)
    table = {"table": "a.csv", "outcome": {"column": "left", "churned": "yes"}}
    jsonschema.validate({"name": "a", "data": table, "metrics": [{"name": "x"}], "bands": "quartiles"}, schema)


def test_a_spec_is_frozen(load):
    with pytest.raises(ValueError, match="frozen"):
        load().name = "other"


def test_names_may_be_cyrillic(load):
    spec = load("  - {name: входи за 30 днів, label: Входи}\n", name="name: клієнти")
    assert spec.metrics[-1].name == "входи за 30 днів"


def test_no_path_of_this_machine_in_a_resolved_spec(load, tmp_path: Path):
    assert str(tmp_path) not in json.dumps(load(EVERYTHING).resolved())
