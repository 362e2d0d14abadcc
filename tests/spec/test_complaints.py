"""Each refusal of the spec has its own sentence."""

from __future__ import annotations

import pytest

from chs_ml.errors import SpecError
from chs_ml.spec import load_spec

LATER = [
    ("bands: keep\n", "`bands: keep` is not served yet"),
    *((f"  - {{name: x, {key}: 1}}\n", rf"metrics\[2\].{key}: not served yet")
      for key in ("actionable", "cost")),
]  # fmt: skip

WRONG = [
    (
        "  - {name: logins}\n",
        r"metrics\[2\].name: found 'logins' a second time; each metric is named once. Remove one.",
    ),
    ("  - {name: left}\n", r"metrics\[2\].name: found 'left', which is data.outcome"),
    ("  - {name: quarter}\n", "which is data.cutoff"),
    ("  - {name: x, direction: positve}\n", "must be one of 'positive', .* Did you mean 'positive'?"),
    ("  - {name: x, direction: up}\n", "Use one of them."),
    ("  - {name: x, scale: stars}\n", "scale: found 'stars'; must be one of 'nps', 'csat' or 'ces'"),
    ("  - {name: x, scale: nps, kind: category}\n", "a scale holds numbers"),
    ("  - {name: x, kind: category, direction: negative}\n", "levels have no order"),
    ("  - {name: 'a`b'}\n", "neither control characters nor backslash nor backtick"),
    ("  - {name: 'a\\b'}\n", "neither control characters nor backslash"),
    ('  - {name: "a\\tb"}\n', "neither control characters"),
    ("  - {name: ''}\n", "must be text that is not empty"),
    ("  - {name: ' '}\n", "a name is not blank"),
    ("  - {pillar: usage}\n", r"metrics\[2\].name: is missing \(column of the metric\). Add it."),
    ("calibration: {ramps: 0}\n", "a curve has 1 to 64 ramps"),
    ("calibration: {strength: -1}\n", "found '-1'; strength is auto, best, a number of 0 to 1,000,000"),
    ("calibration: {strength: {size: nan}}\n", "strength is auto"),
    ("calibration: {strength: 1e20}\n", "a number of 0 to 1,000,000"),
    ("calibration: {strength: {size: 1, bend: 1e7}}\n", "a number of 0 to 1,000,000"),
    ("calibration: {seed: 1.5}\n", "seed: found '1.5'; must be a whole number"),
    *(
        (
            f"calibration: {{anchor: {{file: a.json, strength: {said}}}}}\n",
            "auto or a number above 0, at most 1,000,000",
        )
        for said in ("0", "-1", "nan", "inf", "strong", "{size: 1}", "1e12", "1e308")
    ),
    ("  - {name: x, unit_factor: 0}\n", r"unit_factor: found '0'; must be greater than 0 \(new value = factor"),
    ("  - {name: x, unit_factor: inf}\n", "unit_factor: found 'inf'; must be a finite number"),
    ("  - {name: x, kind: category, unit_factor: 2}\n", "levels have no unit"),
    ("calibration: {anchor: {strength: 3}}\n", "anchor.strength: found without a file .* Add file"),
    ("  - {name: x, was: y}\n", r"line 10: metrics\[2\].was: speaks of an anchor, .* Add calibration.anchor.file"),
    ("  - {name: x, unit_factor: 60}\n", r"metrics\[2\].unit_factor: speaks of an anchor"),
    *(
        (f"  - {{name: x, role: {role}, {key}}}\n", rf"metrics\[2\].{key.split(':')[0]}: found for 'x', which has role")
        for role in ("audit", "exclude")
        for key in ("keep: true", "was: y", "unit_factor: 2")
    ),
    (
        "  - {name: x, was: logins}\ncalibration: {anchor: {file: a.json}}\n",
        r"metrics\[2\].was: found 'logins', a metric that the spec still serves; two metrics have no common past",
    ),
    ("  - {name: x, was: y}\n  - {name: z, was: y}\n", r"metrics\[3\].was: found 'y' a second time; two metrics"),
    (
        "calibration: {row_weights: {revenue: true}}\n",
        "row_weights.revenue: needs the revenue of each row. Add data.rev",
    ),
    ("calibration: {row_weights: {revenu: true}}\n", "unknown key. Did you mean 'revenue'?"),
    ("base_rate: 0.05\n", "base_rate: unknown key here. base_rate belongs under calibration. Move it there"),
    ("calibration: {recency: 30d}\n", "recency belongs under calibration.row_weights. Move"),
    ("validation: {rules: []}\n", "validation.rules: unknown key here. rules belongs at the top of the spec. Move"),
    ("validation: {column: x}\n", "validation.column: unknown key. Known here: 'holdout'"),  # in two other sections
    ("calibration: {row_weights: 1}\n", "found '1'; must be a mapping of keys"),
    ("calibration: {base_rate: 1}\n", "base_rate: found '1'; must be less than 1 .churn rate of all customers"),
    ("calibration: {base_rate: 0%}\n", "base_rate: found 0.0; must be greater than 0"),
    ("calibration: {base_rate: nan}\n", "base_rate: found 'nan'; must be"),
    ("calibration: 3\n", "found '3'; must be a mapping of keys"),
    ("validation: {holdout: {customers: 1.5}}\n", "must be less than 1"),
    ("validation: {holdout: {}}\n", "exactly one of them"),
    ("validation: {holdout: {from: soon}}\n", "must be a date as in 2025-07-01"),
    ("validation: {cross_validation: 1}\n", "must be greater than or equal to 2"),
    ("baseline: {column: a, formula: b}\n", "exactly one of them"),
    ("rules: [{when: {metric: login, above: 1}, band: healthy, because: x}]\n", "Did you mean 'logins'?"),
    ("rules: [{when: {metric: logins}, band: healthy, because: x}]\n", "exactly one. Give one"),
    ("rules: [{when: {metric: plan, above: 1}, band: healthy, because: x}]\n", "is a category; it has levels"),
    ("rules: [{when: {metric: logins, above: 1}, band: helthy, because: x}]\n", "Did you mean 'healthy'?"),
    ("rules: [{when: {metric: logins, above: 1}, band: healthy}]\n", r"rules\[0\].because: is missing"),
    ("score_when: {coverage: 60}\n", "must be less than or equal to 1"),
    ("score_when: {tenure: {from: 3}}\n", "score_when: found metric 'tenure'; a condition needs one with role: metric"),
    ("score_when: {logins: {fro: 3}}\n", "score_when.logins.from: is missing"),
    ("trackin: {}\n", "trackin: unknown key. Did you mean 'tracking'?"),
]


@pytest.mark.parametrize(("more", "problem"), [*LATER, *WRONG])
def test_the_refusal_says_what_and_why(load, more, problem):
    with pytest.raises(SpecError, match=problem):
        load(more)


@pytest.mark.parametrize("key", ["url", "query"])
def test_a_database_needs_both_and_its_address_is_not_shown(load, key):
    with pytest.raises(
        SpecError, match=r"a table is a path, \{file\}, or \{url, query\}\. Give the path, or both"
    ) as refused:
        load(table=f"  table: {{{key}: 'postgres://${{ME}}:hunter2@host/db'}}")
    assert "hunter2" not in str(refused.value)


def test_an_address_with_a_user_belongs_in_a_variable(load, monkeypatch):
    with pytest.raises(SpecError, match=r"found an address with a user \(not shown\)") as refused:
        load(table="  table: {url: 'postgres://me:hunter2@host/db', query: select 1}")
    assert "hunter2" not in str(refused.value)
    with pytest.raises(SpecError, match=r"data\.table: variable WAREHOUSE is not set"):
        load(table="  table: {url: '${WAREHOUSE}', query: select 1}")
    monkeypatch.setenv("WAREHOUSE", "postgres://me:hunter2@host/db")
    spec = load(table="  table: {url: '${WAREHOUSE}', query: select 1}")
    assert "hunter2" not in repr(spec) + str(spec.resolved())


def test_a_query_has_no_form(load):
    with pytest.raises(SpecError, match="found delimiter, decimal or encoding with a query"):
        load(table="  table: {url: 'sqlite:///x.db', query: select 1, decimal: ','}")


def test_a_key_of_another_section_says_where_it_belongs(load):
    with pytest.raises(
        SpecError, match=r"data\.base_rate: unknown key here. base_rate belongs under calibration. Move"
    ):
        load(cutoff="  base_rate: 0.05")


def test_columns_of_later_versions_are_refused(load):
    with pytest.raises(SpecError, match=r"data\.renewal: not served yet"):
        load(cutoff="  renewal: some_column")


@pytest.mark.parametrize("key", ["segment", "stage", "revenue"])
def test_a_column_that_says_who_is_used_once(load, key):
    with pytest.raises(SpecError, match=f"found column 'id' as customer and as {key}; each needs a column of its own"):
        load(cutoff=f"  {key}: id")


def test_a_segment_is_no_stage(load):
    with pytest.raises(SpecError, match="found column 'tier' as segment and as stage"):
        load(cutoff="  segment: tier\n  stage: tier")


@pytest.mark.parametrize(
    ("recency", "found"), [("6m", "'6m'"), ("180", "'180'"), ("0d", "'0d'"), ("-5d", "'-5d'"), ("[1]", r"\['1'\]")]
)
def test_a_half_life_is_days(load, recency, found):
    with pytest.raises(SpecError, match=f"recency: found {found}; a duration is a whole number of days. Write it as"):
        load(f"calibration: {{row_weights: {{recency: {recency}}}}}\n")


def test_recency_needs_a_cutoff(load):
    with pytest.raises(SpecError, match=r"row_weights\.recency: needs the cutoff of each row\. Add data\.cutoff"):
        load("calibration: {row_weights: {recency: 90d}}\n", cutoff="")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("  outcome: {column: left, churned: [Yes], retained: [Yes]}", "found 'Yes' in more than one list"),
        ("  outcome: {column: left, churned: []}", "churned"),
        ("  outcome: {column: id, churned: [Yes]}", "found column 'id' as customer and as outcome"),
        ("  outcome: {churned: [Yes]}", "data.outcome.column: is missing"),
    ],
)
def test_an_outcome_is_told_in_one_way(load, line, problem):
    with pytest.raises(SpecError, match=problem):
        load(outcome=line)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("  table: {file: a.csv, delimiter: '#'}", "delimiter: found '#'; must be one of"),
        ("  table: {file: a.csv, decimal: x}", "decimal: found 'x'"),
        ("  table: {file: a.csv, encoding: klingon}", "no such text encoding"),
        ("  table: {file: a.csv, encoding: rot13}", "no such text encoding"),
        ("  table: {file: a.csv, encoding: punycode}", "no such text encoding"),
        ("  table: {file: a.csv, encoding: undefined}", "no such text encoding"),
        ("  table: {}", r"data.table: a table is a path, \{file\}, or \{url, query\}"),
    ],
)
def test_a_table_has_a_known_form(load, line, problem):
    with pytest.raises(SpecError, match=problem):
        load(table=line)


def test_a_split_by_time_needs_cutoffs(load):
    with pytest.raises(SpecError, match=r"needs the cutoff of each row. Add data.cutoff"):
        load("validation: {holdout: {from: 2025-07-01}}\n", cutoff="")


def test_a_formula_needs_a_metric(tmp_path):
    path = tmp_path / "calibration.yaml"
    path.write_text("name: a\ndata: {table: a, outcome: {column: y, churned: 1}}\nmetrics: [{name: x, role: audit}]\n")
    with pytest.raises(SpecError, match="metrics: found none with role: metric; a formula needs at least one"):
        load_spec(path)
