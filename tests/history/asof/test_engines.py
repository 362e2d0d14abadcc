"""The panel's query in PostgreSQL, MariaDB and Spark, cell by cell against DuckDB; other dialects' text, read back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest
import sqlglot
from hypothesis import HealthCheck, Phase, given, seed, settings

from chs_ml.errors import SpecError
from chs_ml.history.asof import build
from chs_ml.history.asof.dialects import EXECUTED, GENERATED, NO_ZONES, Dialect
from chs_ml.history.asof.moments import AsOf
from chs_ml.history.asof.query import panel_query
from chs_ml.history.asof.tree import moment
from chs_ml.spec import CalibrationSpec, load_spec
from tests.history.asof import engines, hostile
from tests.history.asof.engines import Engine, Rows, Tables, tables_in
from tests.history.asof.histories import histories
from tests.history.asof.on_disk import write
from tests.history.asof.test_against_reference import is_same

SERVERS = ("postgres", "mariadb")
SPARK = pytest.param("spark", marks=[pytest.mark.slow, pytest.mark.timeout(600)])
TODAY = dt.datetime.now(dt.UTC).date()
compared = {"histories": 0, "cells": 0}


@dataclass(frozen=True)
class Case:
    """A history that was read: its tables, when it is looked at, and its panel by DuckDB."""

    spec: CalibrationSpec
    tables: Tables
    when: AsOf
    panel: Rows

    def query_tree(self, when: AsOf, dialect: str = "duckdb") -> sqlglot.exp.Select:
        return panel_query(self.spec, when, Dialect(dialect))

    def query(self, dialect: str, when: AsOf | None = None) -> str:
        return self.query_tree(when or self.when, dialect).sql(dialect=dialect, identify=True)


def read(path: Path, when: AsOf | None = None) -> Case:
    """Read a history, whether or not a panel of it would be sound."""
    spec = load_spec(path)
    with patch.object(build, "soundness", lambda *_: []), build.staged_history(spec) as staged:
        when = when or build.outcomes_of(staged, spec)
        panel = build.panel_of_history(staged, spec, when).to_pylist()
        return Case(spec, tables_in(staged.connection, ["accounts", *spec.history.past]), when, panel)


def written(folder: Path, option: str, **changes: Any) -> Path:
    said = hostile.history(option) | changes
    return write(folder, said, hostile.metrics(), hostile.tables(option))


def same(found: Rows, wanted: Rows) -> None:
    found, wanted = sorted(found, key=_key), sorted(wanted, key=_key)
    assert [_key(row) for row in found] == [_key(row) for row in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert list(one) == list(other)
        wrong = {name: (one[name], other[name]) for name in other if not _is_same(one[name], other[name])}
        assert not wrong, f"{_key(other)}, (found, expected): {wrong}"
        compared["cells"] += len(other)
    compared["histories"] += 1


def _key(row: dict[str, Any]) -> tuple[Any, Any]:
    return row["customer"], row["cutoff"]


def _is_same(found: Any, wanted: Any) -> bool:
    return found == wanted if isinstance(wanted, dt.date) else is_same(found, wanted)


@pytest.fixture(scope="session")
def engine_of() -> Any:
    """Name → engine, each begun once, when it is first asked for."""
    begun: dict[str, tuple[Any, Engine]] = {}

    def engine(name: str) -> Engine:
        if name not in begun:
            context = getattr(engines, name)()
            begun[name] = (context, context.__enter__())
        return begun[name][1]

    yield engine
    for context, _ in begun.values():
        context.__exit__(None, None, None)


# A history written by hand


@pytest.fixture(scope="module")
def case_of(tmp_path_factory) -> Callable[[str], Case]:
    found: dict[str, Case] = {}

    def case(option: str) -> Case:
        if option not in found:
            found[option] = read(written(tmp_path_factory.mktemp("hostile"), option))
        return found[option]

    return case


def test_the_history_by_hand_asks_something(case_of):
    """No metric is always 0 or missing, and every outcome occurs."""
    panel = case_of("by date").panel
    assert {row["churned"] for row in panel} == {0, 1, None} and {row["touched"] for row in panel} == {0, 1}
    assert [name for name in panel[0] if not any(row[name] for row in panel)] == []
    assert {row["churned"] for row in case_of("by types").panel} == {0, 1}
    assert min(len(case_of(option).panel) for option in hostile.OPTIONS) >= 4


@pytest.mark.parametrize("option", hostile.OPTIONS)
@pytest.mark.parametrize("name", SERVERS)
def test_by_hand(name, option, engine_of, case_of):
    engine, case = engine_of(name), case_of(option)
    engine.load(case.tables)
    same(engine.rows(case.query(engine.dialect)), case.panel)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("option", ["by date", "without ids"])
def test_by_hand_in_spark(option, engine_of, case_of):
    test_by_hand("spark", option, engine_of, case_of)


@pytest.mark.parametrize("name", SERVERS)
def test_blanks_around_texts_are_nothing_anywhere(name, engine_of, case_of):
    """A warehouse's own tables are not trimmed, as those are that were read from files."""
    engine, case = engine_of(name), case_of("by date")
    padded = dict(case.tables)
    for table in ("events", "tickets", "surveys", "accounts"):
        frame = padded[table].to_pylist()
        rows = [{key: f" {cell}  " if isinstance(cell, str) else cell for key, cell in row.items()} for row in frame]
        padded[table] = type(padded[table]).from_pylist(rows, padded[table].schema)
    engine.load(padded)
    same(engine.rows(case.query(engine.dialect)), case.panel)


# Random histories


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SERVERS)
def test_random_histories(name, engine_of, tmp_path_factory):
    _random_histories(engine_of(name), tmp_path_factory, 30)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_random_histories_in_spark(engine_of, tmp_path_factory):
    _random_histories(engine_of("spark"), tmp_path_factory, 6)


def _random_histories(engine, tmp_path_factory, examples):
    @seed(20260331)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories())
    def compare(one):
        setting, tables = one
        case = read(write(tmp_path_factory.mktemp("random"), setting.history, setting.metrics, tables))
        engine.load(case.tables)
        same(engine.rows(case.query(engine.dialect)), case.panel)

    compare()


# The form that runs every night


@pytest.mark.parametrize("name", ["duckdb", *SERVERS, SPARK])
def test_every_night_the_same_as_at_that_date(name, engine_of, case_of, tmp_path):
    """Two queries at the same date: the one says it, the other asks the engine for it."""
    days = dt.date.fromisoformat("2024-04-30") - TODAY
    tables = {file: _moved(frame, -days) for file, frame in hostile.tables("by date").items()}
    said = hostile.history("by date") | {"timezone": "UTC", "cutoffs": [TODAY], "observed_until": TODAY}
    case = read(write(tmp_path, said, hostile.metrics(), tables), AsOf((TODAY,), TODAY))
    assert len(case.panel) > 5
    wanted = [{key: cell for key, cell in row.items() if key not in {"churned", "touched"}} for row in case.panel]
    nightly = AsOf((), None)
    if name == "duckdb":
        found = read(tmp_path / "calibration.yaml", nightly).panel
    else:
        engine = engine_of(name)
        engine.load(case.tables)
        found = engine.rows(case.query(engine.dialect, nightly))
    same(found, wanted)


def _moved(frame, days):
    """The frame with all its moments so many days later."""
    return frame.map(lambda cell: _later(cell, days))


def _later(cell: Any, days: dt.timedelta) -> Any:
    if isinstance(cell, dt.datetime):
        return cell + days
    if isinstance(cell, str) and cell[:3] == "202":
        return (dt.datetime.fromisoformat(cell) + days).isoformat(" ")
    return cell


# Dialects that were not run


@pytest.mark.parametrize("dialect", [*EXECUTED, *GENERATED])
@pytest.mark.parametrize("when", [AsOf((TODAY,), TODAY), AsOf((), None)], ids=["at a date", "every night"])
@pytest.mark.parametrize("option", hostile.OPTIONS)
def test_one_statement_that_reads_back(dialect, option, when, case_of):
    [statement] = sqlglot.parse(_text(case_of(option), when, dialect), read=dialect)
    again = statement.sql(dialect=dialect, identify=True)
    assert sqlglot.parse_one(again, read=dialect).sql(dialect=dialect, identify=True) == again
    assert statement.named_selects == case_of(option).query_tree(when).named_selects


@pytest.mark.parametrize("dialect", ["postgres", "spark", *GENERATED])
def test_read_back_and_run_by_duckdb_it_is_the_same(dialect, case_of):
    """All but MariaDB's, whose bytes DuckDB tells from texts: it is run where it belongs."""
    case = case_of("by date")
    tree = sqlglot.parse_one(_text(case, case.when, dialect), read=dialect)
    for cast in tree.find_all(sqlglot.exp.Cast):
        if cast.is_type("varchar", "bigdecimal"):  # Redshift's VARCHAR(MAX), BigQuery's BIGNUMERIC
            cast.set("to", sqlglot.exp.DataType.build("text" if cast.is_type("varchar") else "decimal(38, 12)"))
    with duckdb.connect() as connection:
        connection.execute("CREATE MACRO with_timezone(moment, place) AS timezone(place, moment)")  # Trino's
        connection.execute("CREATE MACRO at_timezone(moment, place) AS timezone(place, moment)")
        for name, table in case.tables.items():
            connection.register("read", table)
            connection.execute(f'CREATE TABLE "{name}" AS FROM read')
        found = connection.query(tree.sql(dialect="duckdb", identify=True)).to_arrow_table()
    same(found.to_pylist(), case.panel)


def test_bigquery_refuses_what_it_cannot_name(case_of):
    with pytest.raises(SpecError, match="cannot be a column in bigquery: a name has none of"):
        case_of("by date").query("bigquery")


def _text(case: Case, when: AsOf, dialect: str) -> str:
    """The query's text; for BigQuery with names that it would refuse."""
    with patch("chs_ml.history.asof.dialects.UNNAMEABLE", frozenset()):
        return case.query(dialect, when)


@pytest.mark.parametrize(
    ("dialect", "name", "said"),
    [
        ("spark", "a ${x}", "the beginning of a variable"),
        ("databricks", "a ${x}", "the beginning of a variable"),
        ("mysql", "🎉", "beyond U.FFFF"),
        ("mysql", " a", "blanks around a name are cut"),
        ("postgres", "ї" * 32, "more than 63 bytes"),
        ("redshift", "ї" * 64, "more than 127 bytes"),
        ("bigquery", "a.b", "a name has none of"),
    ],
)
def test_names_that_an_engine_would_read_otherwise(dialect, name, said, tmp_path):
    spec = load_spec(written(tmp_path, "by date"))
    renamed = spec.model_copy(
        update={"metrics": tuple(one.model_copy(update={"name": name}) for one in spec.metrics[:1])}
    )
    with pytest.raises(SpecError, match=said):
        panel_query(renamed, AsOf((TODAY,), None), Dialect(dialect))


# Zones


def test_mariadb_without_a_zone_says_so(engine_of):
    engine = engine_of("mariadb")
    tree = Dialect("mysql").moved(moment(TODAY), "No/Where", "UTC")
    with pytest.raises(Exception, match=NO_ZONES):
        engine.rows(f"SELECT {tree.sql(dialect='mysql')} AS at")
