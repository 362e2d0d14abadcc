"""The exported SQL computes what the formula does, and says of each customer what ``chs-ml score`` says."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections import Counter
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from chs_ml.cli.reading import Columns
from chs_ml.cli.scoring import scored_batch
from chs_ml.errors import FormulaError
from chs_ml.export import Options, export
from chs_ml.formula import Condition, Curve, Formula, Levels, Link, Term, WeightsFile
from chs_ml.formula.kinds import kinds_of
from chs_ml.formula.vectors import read_input
from tests.export.conformance import hostile, sql_engines
from tests.export.conformance.formulas import DRAWN, FIXED, by_hand, drawn_file
from tests.export.conformance.suite import TOLERANCE, check, with_many
from tests.export.sql.test_levels import TEXTS as SPELLINGS
from tests.export.sql.test_levels import file_of
from tests.history.asof import engines

TEXTS = ("band", "band_by_score", "reason_1", "reason_2", "reason_3", "formula", "digest")
ASKED = ("score", "churn_probability", "band")
NUMBERS = ("score", "churn_probability", "coverage")


@pytest.fixture(scope="module")
def duckdb():
    return sql_engines.DuckDB()


@pytest.fixture(scope="module")
def sqlite():
    return sql_engines.SQLite()


@pytest.fixture(scope="module")
def polars():
    return sql_engines.Polars()


@pytest.fixture(scope="module")
def clickhouse():
    return sql_engines.ClickHouse()


@pytest.fixture(scope="module")
def postgres():
    with engines.postgres() as server:
        yield sql_engines.Postgres(server)


@pytest.fixture(scope="module")
def mariadb():
    with engines.mariadb() as server:
        yield sql_engines.MariaDB(server)


@pytest.fixture(scope="module")
def spark():
    with engines.spark() as session:
        yield sql_engines.Spark(session)


HERE, SERVERS = ("duckdb", "sqlite"), ("postgres", "mariadb")
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("clickhouse", "spark")]


@pytest.fixture(scope="module")
def engine(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("engine", [*HERE, "polars", *SERVERS, *SLOW], indirect=True)
def test_a_fixed_formula_and_its_self_test(engine):
    for make in FIXED.values():
        weights = with_many(make())
        assert check(engine, weights) >= 14
        assert check_the_rest(engine, weights) >= 14
        if engine.name.startswith("Polars"):
            continue  # its SQL reads no table of literals
        assert engine.query(self_test(make(), engine)) == []


@pytest.mark.slow
@pytest.mark.parametrize("engine", HERE, indirect=True)
@settings(max_examples=200)
@given(weights=DRAWN)
def test_a_drawn_formula(engine, weights):
    assert check(engine, weights) >= 10
    assert check_the_rest(engine, weights) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("engine", SERVERS, indirect=True)
@settings(max_examples=200)
@given(weights=DRAWN)
def test_a_drawn_formula_on_a_server(engine, weights):
    assert check(engine, weights) >= 10
    assert check_the_rest(engine, weights) >= 10


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "many"), [("polars", 40), ("clickhouse", 20), ("spark", 6)], indirect=["engine"])
def test_drawn_formulas_where_an_answer_takes_long(engine, many):
    """Fewer: they take from 0.1 to 3 seconds each."""
    for seed in range(many):
        assert check(engine, drawn_file(seed)) >= 10
        assert check_the_rest(engine, drawn_file(seed)) >= 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "many", "least"),
    [("duckdb", 60, 40), ("postgres", 12, 8), ("mariadb", 40, 2)],  # 18 hostile texts each: over a thousand on DuckDB
    indirect=["engine"],
)
def test_hostile_names_are_data_or_refused(engine, many, least):
    """MariaDB refuses most of them: no sign of a name lies beyond U+FFFF."""
    met: Counter[str] = Counter()

    @settings(max_examples=many)
    @given(hostile.FILES)
    def ask(weights: WeightsFile) -> None:
        try:
            text = export(weights, "sql", Options(dialect=engine.dialect))
        except FormulaError as refused:
            assert re.search(r"cannot be a column in|are one column in", str(refused))
            met["refused"] += 1
            return
        assert len(sqlglot.parse(text, read=engine.dialect)) == 1
        assert check(engine, weights) >= 10
        assert check_the_rest(engine, weights) >= 10
        met["scored"] += 1

    ask()
    assert met["scored"] >= least, met


@settings(max_examples=100)
@given(st.lists(hostile.NAMES, min_size=1, max_size=2))
def test_a_hostile_name_of_a_table(duckdb, parts):
    said = ".".join('"' + part.replace('"', '""') + '"' for part in parts)
    weights = by_hand()
    text = export(weights, "sql", Options(table=said))
    assert len(sqlglot.parse(text, read="duckdb")) == 1
    cursor = duckdb.connection.cursor()
    cursor.execute("BEGIN")
    try:
        if len(parts) == 2:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {duckdb.quoted(parts[0])}")
        cursor.execute(f"CREATE TABLE {said} AS SELECT 7 AS customer, 1.0 AS usage, 10 AS nps, 0 AS tickets")
        assert cursor.execute(text).fetchone()[:2] == (7, 100.0)
    finally:
        cursor.execute("ROLLBACK")


@pytest.mark.parametrize("engine", [*HERE, "polars", *SERVERS, *SLOW], indirect=True)
def test_every_spelling_of_a_level(engine):
    for table in [("1.0", "0", "gold"), ("10", "True", "-5.0")]:
        weights = file_of(table)
        rows = [{"plan": text} for text in SPELLINGS]
        found = [row["score"] for row in engine.scored(weights, rows)]
        assert found == pytest.approx(weights.formula.score({"plan": SPELLINGS}).tolist(), abs=1e-9)


@pytest.mark.parametrize("engine", [*HERE, *SERVERS], indirect=True)
def test_a_formulas_name_may_hold_anything(engine):
    weights = replace(by_hand(), name="a\\b\\' ${x} {{ y }} -- /*", label=None)
    assert check(engine, weights) >= 10
    assert {row["formula"] for row in engine.last} == {weights.name}


@pytest.mark.parametrize("engine", [*HERE, *SERVERS], indirect=True)
@pytest.mark.parametrize(
    ("weight", "value"), [(1e-5, 1e-320), (1e-30, 1e-300), (1e-150, 1e-200), (1e-160, 1e-170), (1e-99, 1e-199)]
)
def test_no_product_is_too_small_for_the_engine(engine, weight, value):
    """PostgreSQL raises where a product is below the least double."""
    tiny = Term("x", "usage", "positive", weight, Curve((0.0, 10.0), (value, 1.0), value))
    plan = Term("plan", "usage", "free", weight, Levels((("gold", value), ("red", 1.0)), value, value))
    half = (1.0 - 2.0 * weight) / 2.0
    when = Condition("x", 5.0)
    split = [
        Term("y", "usage", "positive", half, Curve((0.0, 1.0), (value, 1.0), 0.5), when=when, otherwise=value),
        Term("y", "usage", "positive", half, Curve((0.0, 1.0), (0.0, 1.0), 0.5), when=replace(when, holds=False),
             otherwise=value),
    ]  # fmt: skip
    weights = WeightsFile(Formula((tiny, plan, *split), Link(0.0, value)), "small", customer="customer")
    rows = [{"x": x, "plan": level, "y": x} for x in (-1.0, 0.0, 1e-300, 3.0, 7.0, None) for level in ("gold", "", "z")]
    got = [row["score"] for row in engine.scored(weights, rows)]
    want = weights.formula.score({name: [row[name] for row in rows] for name in weights.formula.metrics})
    assert got == pytest.approx(want.tolist(), abs=TOLERANCE)


@pytest.mark.parametrize("engine", [*HERE, *SERVERS], indirect=True)
def test_nor_is_the_links(engine):
    least = Term("x", "usage", "positive", 1e-98, Curve((0.0, 1.0), (1e-199, 1.0), 0.0))
    most = Term("y", "usage", "positive", 1.0 - 1e-98, Curve((0.0, 1.0), (0.0, 1.0), 0.0))
    weights = WeightsFile(Formula((least, most), Link(0.5, 1e-90)), "small", customer="customer")
    [row] = engine.scored(weights, [{"x": -1.0, "y": -1.0}])
    assert row["churn_probability"] == pytest.approx(float(weights.formula.read({"x": [-1.0], "y": [-1.0]}).
                                                     churn_probability[0]), abs=TOLERANCE)  # fmt: skip


@pytest.mark.parametrize("engine", [*HERE, *SERVERS], indirect=True)
def test_the_self_test_finds_a_weight_that_is_off_by_a_millionth(engine):
    text = self_test(FIXED["everything"](), engine)
    assert text.count("0.15E0 * ") == 2
    wrong = engine.query(text.replace("0.15E0 * ", "0.150001E0 * ", 1))
    assert wrong and all(0 < abs(row["expected_score"] - row["got_score"]) < 1e-3 for row in wrong)
    assert list(wrong[0]) == ["vector", *(f"{side}_{name}" for name in ASKED for side in ("expected", "got"))]


def self_test(weights: WeightsFile, engine: sql_engines.SqlEngine) -> str:
    text = export(weights, "sql", Options(dialect=engine.dialect, self_test=True))
    assert isinstance(text, str)
    return text


def check_the_rest(engine: sql_engines.SqlEngine, weights: WeightsFile) -> int:
    """Compare the last answer with what ``chs-ml score`` writes of the same rows, column by column."""
    asked = [vector for vector in weights.vectors if not set(vector["tags"]) & set(engine.skips)]
    kinds = kinds_of(weights.formula)
    types = {"number": pa.float64(), "level": pa.string()}
    columns = {}
    for name, kind in kinds.items():
        cells = [read_input(vector["inputs"][name]) for vector in asked]
        columns[name] = pa.array([None if kind == "number" and cell == "" else cell for cell in cells], types[kind])
    batch = pa.record_batch(columns)
    scored = scored_batch(weights, batch, Columns(), 0, dt.date(2026, 1, 1)).to_pylist()
    assert len(scored) == len(engine.last)
    for want, got in zip(scored, engine.last, strict=True):
        assert list(got) == ["customer", *(name for name in want if name not in {"customer", "as_of"})]
        assert all(_close(want[name], got[name]) for name in NUMBERS), (want, got)
        assert {name: got[name] for name in TEXTS} == {name: want[name] for name in TEXTS}
    return len(scored)


def _close(want: Any, got: Any) -> bool:
    return want is got if want is None or got is None else abs(want - got) <= TOLERANCE


def test_polars_is_no_silent_skip_in_continuous_integration(monkeypatch):
    monkeypatch.setenv("CI", "true")
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(pytest.fail.Exception, match="polars is not installed"):
        sql_engines.Polars()
