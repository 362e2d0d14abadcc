"""The folder's texts: what dbt renders is ours, what stands between is the user's; what cannot be is refused."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import duckdb
import jinja2
import pytest
import sqlglot
import yaml
from hypothesis import given, settings

from chs_ml.errors import FormulaError, SpecError
from chs_ml.export import Options, export
from chs_ml.export.dbt.jinja import raw, rendered
from chs_ml.export.dbt.project import WAREHOUSES
from chs_ml.export.sql import dialect_of, relation_of, scoring_sql
from chs_ml.export.sql.tree import number
from chs_ml.formula import Curve, Formula, Levels, Link, Term, WeightsFile
from chs_ml.history.asof.moments import AsOf
from chs_ml.history.asof.text import panel_sql
from chs_ml.spec import load_spec
from tests.export.conformance import hostile
from tests.export.conformance.formulas import DRAWN, FIXED, whole

MACRO = "macros/chs_health_score.sql"
METRICS = "models/customer_metrics.sql"
TEST = "tests/health_score_vectors_score_as_written.sql"
HISTORY = """
name: late
history:
  timezone: Europe/Kyiv
  accounts: {table: accounts.parquet, customer: id, start: began, churned: left}
  tables:
    events: {table: events.parquet, customer: id, time: at, type: what}
    tickets:
      table: {url: "${WAREHOUSE}", query: "select id, opened, closed from raw.tickets where opened < CURRENT_DATE"}
      customer: id
      opened: opened
      closed: closed
    unread: {table: unread.parquet, customer: id, time: at}
  cutoffs: [2025-12-31]
  horizon: 90d
metrics:
  - {name: logins, direction: positive, count: ["CURRENT_DATE", "{{ login }}", "it's"], from: events, window: 30d}
  - {name: open, direction: negative, open: all, from: tickets}
"""
TABLE = """
name: plain
data: {table: customers.csv, customer: id, outcome: {column: left, churned: ["yes"]}}
metrics: [{name: usage}, {name: nps}, {name: tickets}]
"""


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.setenv("WAREHOUSE", "postgresql://localhost/x")
    (tmp_path / "calibration.yaml").write_text(HISTORY)
    return load_spec(tmp_path / "calibration.yaml")


def late() -> WeightsFile:
    terms = (
        Term("logins", "usage", "positive", 0.5, Curve((0.0, 10.0), (0.0, 1.0), 0.5)),
        Term("open", "support", "negative", 0.5, Curve((0.0, 3.0), (1.0, 0.0), 0.5)),
    )
    return WeightsFile(Formula(terms, Link(-1.0, 3.0)), "late", customer="id")


def print_as_dbt(text, **names) -> str:
    return jinja2.Environment(autoescape=False).from_string(text, globals=names).render()


def macro(text, relation) -> str:
    module = jinja2.Environment(autoescape=False).from_string(text).module
    return module.chs_health_score(relation)


def of_two(*levels) -> WeightsFile:
    table = Levels(tuple((level, at / 2.0) for at, level in enumerate(levels)), 0.5, 0.5)
    return whole(Formula((Term("m", "p", "free", 1.0, table),)), "levels")


@pytest.mark.slow
@settings(max_examples=60)  # each with 18 hostile names, labels, levels, bands and reasons: over a thousand
@given(hostile.FILES)
def test_what_dbt_prints_of_hostile_names_is_the_query_as_sql_has_it(weights):
    project = export(weights, "dbt")
    query = scoring_sql(weights, dialect_of("duckdb"), relation_of("somewhere"), weights.customer)
    assert macro(project[MACRO], "somewhere").strip() == query.strip()
    for path in (METRICS, TEST):
        text = print_as_dbt(
            project[path], ref=lambda name: "seed", source=lambda *_: "raw", chs_health_score=lambda _: "SELECT 1"
        )
        found = sqlglot.parse_one(text, read="duckdb")
        assert len(found.selects) == (7 if path == TEST else len(weights.formula.metrics) + 1)
    for path, text in project.items():
        assert not path.endswith(".yml") or yaml.safe_load(text)
    written = yaml.safe_load(project["models/schema.yml"])["models"][0]["columns"]
    assert [print_as_dbt(one["name"]) for one in written] == [weights.customer, *weights.formula.metrics]


def mismatches(project) -> list[tuple]:
    """What the project's test returns in DuckDB, its seed loaded as dbt loads it: texts as they are."""
    header, *rows = csv.reader(io.StringIO(project["seeds/health_score_vectors.csv"]))
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE seed ({', '.join(f'{name} VARCHAR' for name in header)})")
        connection.executemany(f"INSERT INTO seed VALUES ({', '.join('?' for _ in header)})", rows)
        formula = lambda relation: macro(project[MACRO], relation)  # noqa: E731
        return connection.execute(
            print_as_dbt(project[TEST], ref=lambda _: "seed", chs_health_score=formula)
        ).fetchall()


@settings(max_examples=12)
@given(DRAWN)
def test_the_test_of_a_drawn_formula_passes_and_of_another_formula_fails(weights):
    project = export(weights, "dbt")
    assert mismatches(project) == []
    weight = weights.formula.terms[0].weight
    told, lighter = (f'{number(one).sql()} * "n1"' for one in (weight, weight - 1e-6))
    macro_of_another = project[MACRO].replace(told, lighter)
    assert macro_of_another != project[MACRO]
    found = mismatches({**project, MACRO: macro_of_another})
    assert found and all(abs(row[1] - row[2]) <= 1.1e-4 for row in found)
    fewer = project[MACRO].replace('AS "t"', 'AS "t" WHERE 1 = 0')
    assert len(mismatches({**project, MACRO: fewer})) == len(weights.vectors), "who is not scored is told"


@pytest.mark.parametrize("dialect", WAREHOUSES)
def test_every_warehouse_s_project_parses_in_its_own_language(dialect, spec):
    names = {"ref": lambda name: "seed", "source": lambda *_: "raw", "var": lambda _, usual: usual}
    projects = [export(FIXED["everything"](), "dbt", Options(dialect=dialect))]
    if dialect == "clickhouse":
        with pytest.raises(SpecError, match="clickhouse"):
            export(late(), "dbt", Options(dialect=dialect, spec=spec))
    else:
        projects.append(export(late(), "dbt", Options(dialect=dialect, spec=spec)))
    for project in projects:
        score = macro(project[MACRO], "somewhere")
        texts = [
            score,
            *(
                print_as_dbt(project[path], **names, chs_health_score=lambda _, score=score: score)
                for path in (METRICS, TEST)
            ),
        ]
        assert all(len(sqlglot.parse_one(text, read=dialect).selects) > 2 for text in texts)


def test_the_history_is_the_panel_s_query_with_sources_and_the_day_asked(spec):
    project = export(late(), "dbt", Options(spec=spec))
    query = panel_sql(spec, AsOf((), None), "duckdb").strip()
    head = query[: query.index("WITH ")]
    given = query[query.index("(", query.index('"chs_given_tickets"')) : query.index("), ")]
    assert all("CURRENT_DATE" in part for part in (head, given)) and "'CURRENT_DATE'" in query
    for said, day in (("current_date", "CURRENT_DATE"), ("2026-01-31", "CAST('2026-01-31' AS DATE)")):
        found = print_as_dbt(project[METRICS], source=lambda *names: f'"{names[1]}"', var=lambda *_, said=said: said)
        wanted = query
        for at, kept in enumerate((head, given, "'CURRENT_DATE'")):
            wanted = wanted.replace(kept, f"<{at}>")
        wanted = wanted.replace("CURRENT_DATE", day)
        for at, kept in enumerate((head, given, "'CURRENT_DATE'")):
            wanted = wanted.replace(f"<{at}>", kept)
        assert found.strip() == wanted
    assert "{% raw %}" in project[METRICS] and "raw.tickets" not in project["models/sources.yml"]
    (source,) = yaml.safe_load(project["models/sources.yml"])["sources"]
    assert source["name"] == "history"
    assert [table["name"] for table in source["tables"]] == ["accounts", "events"]


def test_a_spec_with_a_table_is_a_project_of_columns(tmp_path):
    (tmp_path / "calibration.yaml").write_text(TABLE)
    spec = load_spec(tmp_path / "calibration.yaml")
    project = export(FIXED["by hand"](), "dbt", Options(spec=spec, key="mail"))
    assert "{{ source('customers', 'customers') }}" in project[METRICS]
    assert '"t"."mail" AS "mail"' in project[METRICS]
    assert project["models/customer_health_scores.sql"] == "{{ chs_health_score(ref('customer_metrics')) }}\n"


def test_the_seed_has_the_vectors_and_tells_a_blank_text_from_none():
    weights = of_two("null", "gold")
    vectors = [*weights.vectors]
    rows = list(csv.DictReader(io.StringIO(export(weights, "dbt")["seeds/health_score_vectors.csv"])))
    assert len(rows) == len(vectors) and "~null" in {row["x1"] for row in rows}
    for row, vector in zip(rows, vectors, strict=True):
        assert row["x1"] == (f"~{vector['inputs']['m']}" if vector["inputs"]["m"] else "")
        assert float(row["expected_score"]) == vector["score"]


def test_what_a_warehouse_cannot_hold_is_left_out_and_counted():
    weights = FIXED["by hand"]()
    strange = sum(any(isinstance(one, dict) for one in vector["inputs"].values()) for vector in weights.vectors)
    texts = {name: export(weights, "dbt", Options(dialect=name)) for name in ("duckdb", "spark")}
    counts = {name: len(text["seeds/health_score_vectors.csv"].splitlines()) - 1 for name, text in texts.items()}
    assert strange > 0 and counts == {"duckdb": len(weights.vectors), "spark": len(weights.vectors)}
    assert f"{len(weights.vectors)} customers with known scores" in texts["duckdb"]["README.md"]
    assert "are built in the tests of chs_ml" in texts["duckdb"]["README.md"]
    assert "chs_ml has not run dbt there" in texts["spark"]["README.md"]


@pytest.mark.parametrize("word", ["{% endraw %}", "{%endraw%}", "{%- endraw", "{{ x }}{%   endraw"])
@pytest.mark.parametrize("where", ["metric", "level", "label", "key"])
def test_a_text_that_ends_what_is_raw_is_refused(word, where):
    weights = of_two(word if where == "level" else "a", "b")
    if where == "metric":
        weights = whole(Formula((Term(word, "p", "free", 1.0, Curve((0.0, 1.0), (0.0, 1.0), 0.5)),)), "metric")
    if where == "label":
        weights = replace(weights, metrics={"m": {"label": word}})
    with pytest.raises(FormulaError, match=r"^target 'dbt' writes names, labels .* holds '\{% endraw'; rename it$"):
        export(weights, "dbt", Options(key=word if where == "key" else None))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dialect": "tsql"}, "target 'dbt': dbt speaks no tsql; choose a --dialect of duckdb, postgres"),
        ({"dialect": "duckdbb"}, "no dialect is called 'duckdbb'. Did you mean 'duckdb'?"),
        ({"key": "nps"}, "target 'dbt': 'nps' is a metric, and cannot be the id as well; say --key"),
        ({"table": "x"}, "target 'dbt' takes no --table; "),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(FormulaError, match=f"^{re.escape(message)}"):
        export(FIXED["by hand"](), "dbt", Options(**options))


def test_a_history_that_does_not_fit_is_refused(spec):
    with pytest.raises(FormulaError, match=r"^the spec beside the weights does not measure 'usage', which the formula"):
        export(FIXED["by hand"](), "dbt", Options(spec=spec))
    with pytest.raises(FormulaError, match=r"from raw history the id is called 'customer'; leave out --key$"):
        export(late(), "dbt", Options(spec=spec, key="id"))


def test_names_are_put_in_where_they_are_names_and_nowhere_else():
    given = 'WITH "given_x" AS (SELECT CURRENT_DATE AS d, (SELECT CURRENT_DATE()) AS e)'
    rest = """, "n" AS (SELECT CURRENT_DATE) SELECT '"p"', '{{ x }}', CURRENT_DATE() FROM "p" """
    sql = '/* "p" {{ c }} */ ' + given + rest
    text = rendered(sql, "duckdb", {"p": "{{ ref('x') }}"}, "{{ day }}", "given_")
    assert text.count("{{ day }}") == 2 and text.count("{{ ref('x') }}") == 1
    shown = print_as_dbt(text, ref=lambda name: name, day="TODAY")
    now = rest.replace("CURRENT_DATE()", "TODAY").replace("CURRENT_DATE", "TODAY").replace('FROM "p"', "FROM x")
    assert shown == sql.replace(rest, now)
    assert rendered(sql, "duckdb", {}) == raw(sql)
    assert raw("plain { text } %") == "plain { text } %"
