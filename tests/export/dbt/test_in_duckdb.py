"""The dbt project is built for real: raw tables in a DuckDB file, metrics, scores, and the test of the seed."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from chs_ml.export import Options, export
from chs_ml.formula import Band, Curve, Formula, Levels, Link, Term, WeightsFile
from chs_ml.formula.edges import frame_of
from chs_ml.formula.kinds import kinds_of
from chs_ml.formula.vectors import read_input
from chs_ml.history.asof.build import panel_of_history, staged_history
from chs_ml.history.asof.moments import AsOf
from chs_ml.history.demo import write_demo
from chs_ml.spec import load_spec
from tests.export.conformance import hostile
from tests.export.conformance.formulas import FIXED, drawn_file
from tests.export.dbt import warehouse

AS_OF = date(2025, 12, 31)
MACRO = "macros/chs_health_score.sql"
TEST = "health_score_vectors_score_as_written"
BUILD = ["build", "--vars", f"{{as_of: {AS_OF}}}"]
SCORES = "SELECT customer, score, churn_probability, band, reason_1 FROM customer_health_scores ORDER BY customer"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def learned_from(panel) -> WeightsFile:
    """A formula of every metric of the demo: each curve through quartiles, each level with a health of its own."""
    names = [name for name in panel.column_names if name not in ("customer", "cutoff", "segment", "revenue")]
    terms = [Term(name, "p", "free", 1.0 / len(names), _shape(panel[name])) for name in names]
    bands = (Band("healthy", "green", 60.0), Band("at risk", "yellow", 40.0), Band("unhealthy", "red", 0.0))
    return WeightsFile(Formula(tuple(terms), Link(-2.0, 6.0), bands), "demo", customer="customer")


def _shape(column):
    values = [value for value in column.to_pylist() if value is not None]
    if isinstance(values[0], str):
        levels = sorted(set(values))
        return Levels(tuple((level, at / len(levels)) for at, level in enumerate(levels)), 0.5, 0.4)
    knots = np.unique(np.quantile(values, [0.05, 0.35, 0.65, 0.95]))
    knots = knots if len(knots) > 1 else np.array([knots[0], knots[0] + 1.0])
    return Curve(tuple(knots.tolist()), tuple(np.linspace(0.1, 0.9, len(knots)).tolist()), 0.45)


def loaded(folder, spec) -> list[str]:
    """Statements that load the history's files as its tables."""
    found = []
    for where, table in spec.history.read.items():
        read = "read_parquet" if table.file.endswith(".parquet") else "read_csv"
        found.append(f"CREATE TABLE {where.removeprefix('tables.')} AS FROM {read}('{folder / table.file}')")
    return found


def test_a_history_is_measured_and_scored_as_chs_ml_does_it(tmp_path):
    demo, folder, changed = (tmp_path / name for name in ("demo", "project", "changed"))
    write_demo(demo, customers=120, quarters=3, seed=2)
    spec = load_spec(demo / "calibration.yaml")
    with staged_history(spec) as staged:
        panel = panel_of_history(staged, spec, AsOf((AS_OF,), None))
    weights = learned_from(panel)
    project = export(weights, "dbt", Options(spec=spec))
    heavier = project[MACRO].replace('0.05E0 * "n1"', '0.050001E0 * "n1"')
    assert heavier != project[MACRO]
    zone = spec.history.timezone
    ours = warehouse.put(project, folder, zone), warehouse.put({**project, MACRO: heavier}, changed, zone)
    tables = loaded(demo, spec)
    first, second = warehouse.done(
        [
            warehouse.job(ours[0], tables, [BUILD], [SCORES, "SELECT count(*) FROM customer_metrics"]),
            warehouse.job(ours[1], [], [["build", "--select", f"resource_type:seed {TEST}"]], []),
        ],
        tmp_path,
    )
    (run,) = first["runs"]
    assert run["success"], run
    assert len(run["results"]) == 6, "two models, the seed, its test, and each customer once"
    scored = weights.formula.read(panel)
    found = first["after"][0]
    assert len(panel) == len(found) == first["after"][1][0][0] > 60
    assert [row[0] for row in found] == panel["customer"].to_pylist()
    assert np.abs(np.array([row[1] for row in found]) - scored.score).max() <= 1e-9
    assert np.abs(np.array([row[2] for row in found]) - scored.churn_probability).max() <= 1e-9
    assert [row[3] for row in found] == scored.band.tolist() and len(set(scored.band)) == 3
    (run,) = second["runs"]
    assert not run["success"]
    assert run["results"][TEST][0] == "fail", run
    assert run["results"]["health_score_vectors"][0] == "success"


def templates() -> WeightsFile:
    """A formula in which every name is one that dbt would render."""
    levels = Levels((("{{ 1/0 }}", 1.0), ("{% set x = 1 %}", 0.5), ("{# x #}", 0.25), ("null", 0.125)), 0.0, 0.5)
    terms = (
        Term("{{ target.schema }}", "p", "free", 0.5, Curve((0.0, 1.0), (0.0, 1.0), 0.5)),
        Term("{%- raw -%}", "{{", "free", 0.5, levels),
    )
    bands = (Band("{{ var('x') }}", "green", 50.0), Band("{% if %}", "red", 0.0))
    labels = {term.metric: {"label": "{{ doc('x') }}", "unit": "{%", "definition": "#} %} }}"} for term in terms}
    return WeightsFile(Formula(terms, Link(-1.0, 2.0), bands), "{{ name }}", customer="{{ id }}", metrics=labels)


def hostile_files(count) -> list[WeightsFile]:
    found: list[WeightsFile] = []

    @settings(max_examples=count, database=None, suppress_health_check=list(HealthCheck))
    @given(hostile.FILES)
    def collect(weights):
        found.append(weights)

    collect()
    return found


def test_columns_of_a_table_and_hostile_names_score_equal(tmp_path):
    files = [FIXED["everything"](), drawn_file(1), templates(), *hostile_files(2)]
    jobs, expected = [], []
    for at, weights in enumerate(files):
        rows = [{name: read_input(value) for name, value in vector["inputs"].items()} for vector in weights.vectors]
        key = weights.customer or "customer"
        folder = warehouse.put(export(weights, "dbt"), tmp_path / str(at))
        jobs.append(warehouse.job(folder, _table(weights, key, rows), [["build"]], [SCORES]))
        expected.append(weights.formula.read(frame_of(rows)))
    for weights, answer, scored in zip(files, warehouse.done(jobs, tmp_path), expected, strict=True):
        (run,) = answer["runs"]
        assert run["success"] and len(run["results"]) == 4, (weights.name, run)
        found = [row[1] for row in answer["after"][0]]
        assert len(found) == len(scored.score)
        assert np.abs(np.array(found) - scored.score).max() <= 1e-9
        assert [row[3] for row in answer["after"][0]] == scored.band.tolist()


def _table(weights, key, rows) -> list[str]:
    """Statements that put the vectors into a table of customers: the raw table of a project without history."""
    kinds = kinds_of(weights.formula)
    columns = [
        f"{_name(key)} VARCHAR",
        *(f"{_name(name)} {'DOUBLE' if kind == 'number' else 'VARCHAR'}" for name, kind in kinds.items()),
    ]
    lines = []
    for at, row in enumerate(rows):
        cells = [f"'{at:03}'", *(_literal(row[name], kind) for name, kind in kinds.items())]
        lines.append(f"({', '.join(cells)})")
    return [f"CREATE TABLE customers ({', '.join(columns)})", f"INSERT INTO customers VALUES {', '.join(lines)}"]


def _name(text) -> str:
    return '"' + text.replace('"', '""') + '"'


def _literal(value, kind) -> str:
    if value is None or (kind == "number" and value == ""):
        return "NULL"
    told = value if isinstance(value, str) else repr(value)
    return "'" + told.replace("'", "''") + "'" + ("::DOUBLE" if kind == "number" else "")
