"""How the columns of a table become texts, numbers and times, and what is refused on the way."""

from __future__ import annotations

import datetime as dt
import sqlite3
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from chs_ml.history.asof import build_panel, staged_history
from chs_ml.history.asof.dialects import Dialect
from chs_ml.history.asof.moments import AsOf
from chs_ml.history.asof.names import marked
from chs_ml.history.asof.query import panel_query
from chs_ml.history.findings import TableError
from chs_ml.spec import load_spec

ACCOUNTS = "id,start,left\n1,2023-01-01,\n2,2023-01-01,2024-06-10\n"
DAYS = [dt.datetime(2024, 5, day) for day in (1, 2, 3)]


class Ground:
    """A folder with a history of two customers, whose events are what a test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.accounts = {"table": "accounts.csv", "customer": "id", "start": "start", "churned": "left"}
        self.events = {"table": "events.csv", "customer": "id", "time": "at"}
        self.more = {}
        self.write("accounts.csv", ACCOUNTS)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def parquet(self, columns: dict, name: str = "events.parquet") -> None:
        """Three events, two of the first customer, with these columns."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"id": ["1", "1", "2"], "at": DAYS} | columns), path)
        self.events["table"] = name

    def spec(self, *metrics: dict):
        said = [{"name": f"m{at}", **metric} for at, metric in enumerate(metrics)]
        history = {
            "accounts": self.accounts,
            "tables": {"events": self.events},
            "cutoffs": [dt.date(2024, 6, 1)],
            "horizon": "30d",
            "observed_until": dt.date(2025, 12, 31),
        }
        (self.folder / "c.yaml").write_text(yaml.dump({"name": "t", "history": history | self.more, "metrics": said}))
        return load_spec(self.folder / "c.yaml")

    def values(self, *metrics: dict) -> list:
        """The metrics' columns of the panel, each with its two customers."""
        panel = build_panel(self.spec(*metrics))
        return [panel[f"m{at}"].to_pylist() for at in range(len(metrics))]

    def found(self, *metrics: dict) -> list:
        """(code, evidence) of what stops the panel."""
        with pytest.raises(TableError) as refused:
            build_panel(self.spec(*metrics))
        return [(one.code, one.evidence) for one in refused.value.findings]


@pytest.fixture
def ground(tmp_path) -> Ground:
    return Ground(tmp_path)


# Files, to the letter


@pytest.mark.parametrize("name", ["lake/at=2024-04-01/e.parquet", "e[1].parquet", "e*.parquet", "q?.parquet"])
def test_a_parquet_file_is_the_one_that_is_named(ground, name):
    ground.parquet({}, "e1.parquet")
    ground.parquet({"at": [dt.datetime(2024, 5, 30)] * 2 + [dt.datetime(2024, 6, 5)]}, name)
    assert ground.values({"count": "all"}, {"recency": "all"}) == [[2.0, 0.0], [2.0, None]]


def test_damaged_pages_are_told(ground):
    ground.parquet({"v": [1.0, 2.0, 3.0]})
    path = ground.folder / "events.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"X" * 60 + whole[64:])
    assert [code for code, _ in ground.found({"sum": "v"})] == ["not-parquet"]


def test_an_empty_file_has_types_too(ground):
    columns = {"id": pa.array([], pa.large_string()), "at": pa.array([], pa.timestamp("us"))}
    columns["kind"] = pa.array([], pa.dictionary(pa.int8(), pa.string()))
    pq.write_table(pa.table(columns), ground.folder / "none.parquet")
    ground.events["table"] = "none.parquet"
    assert ground.values({"count": "all", "where": {"kind": "a"}}) == [[0.0, 0.0]]


def test_duckdb_s_own_words_reach_nobody(ground):
    """They quote values of rows."""
    ground.parquet({})
    with staged_history(ground.spec({"count": "all"})) as staged, pytest.raises(TableError) as refused:
        staged.rows_of("SELECT CAST('a secret' AS DOUBLE)")
    [found] = refused.value.findings
    assert found.code == "engine" and "secret" not in str(refused.value) and "ConversionException" in found.evidence
    assert refused.value.__suppress_context__


def test_what_a_database_refuses_halfway_is_its_own_finding(ground):
    """Dates that Python has not, which come after the first rows."""
    path = ground.folder / "a.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE e AS SELECT '1' AS id, DATE '2024-05-01' AS at FROM range(70000)")
        connection.execute("INSERT INTO e VALUES ('2', 'infinity')")
    ground.events["table"] = {"url": f"duckdb:///{path}", "query": "SELECT * FROM e"}
    [(code, said)] = ground.found({"count": "all"})
    assert code == "database" and "infinite" in said


# Times

ENDLESS = [float("inf"), float("nan")]
BAD = [
    "2024-05-31 22:30:00 UTC", "2024-05-31T10:00:00 America/New_York", "infinity", "-infinity", "epoch", "10:00",
    "2024-05-31 (BC)", "12024-05-31", "0000-01-01", "2024-5-1", "2024/05/31", "20240531", "2024-02-30",
    "2024-05-31 24:00:00", "2024-05-31 10:00:60", "2024-05-31T10:00:00+99:00", "2024-05-31Z", "2024-05-31T10",
    "9999-12-31T23:00:00-02:00", "now", "2024-05-31T10:00:00 +02:00",
]  # fmt: skip


@pytest.mark.parametrize("time", BAD)
def test_a_time_that_is_not_written_so_is_refused(ground, time):
    ground.write("events.csv", f"id,at\n1,2024-05-01\n1,{time}\n")
    [(code, said)] = ground.found({"count": "all"})
    assert code == "bad-time" and f"line 3 has {time!r}" in said


@pytest.mark.parametrize(
    ("time", "utc"),
    [
        ("2024-05-31", "2024-05-31 00:00:00"),
        ("2024-05-31 3:05", "2024-05-31 03:05:00"),
        (" 2024-05-31T10:00 ", "2024-05-31 10:00:00"),
        ("2024-05-31 10:00:00.123456789", "2024-05-31 10:00:00.123456"),
        ("2024-05-31T23:59:59.9999999", "2024-05-31 23:59:59.999999"),
        ("2024-05-31T10:00Z", "2024-05-31 10:00:00"),
        ("2024-05-31 10:00:00-05", "2024-05-31 15:00:00"),
        ("2024-05-31T10:00:00+0530", "2024-05-31 04:30:00"),
        ("2024-05-31T10:00:00+02:30:15", "2024-05-31 07:29:45"),
    ],
)
def test_times_that_are_read(ground, time, utc):
    ground.write("events.csv", f"id,at\n1,{time}\n")
    with staged_history(ground.spec({"count": "all"})) as staged:
        assert staged.rows_of('SELECT "at" FROM events') == [(dt.datetime.fromisoformat(utc),)]


def test_all_of_a_column_have_an_offset_or_none_has(ground):
    ground.write("events.csv", "id,at\n1,2024-05-01T10:00:00Z\n1,2024-05-02T10:00:00\n")
    [(code, said)] = ground.found({"count": "all"})
    assert code == "mixed-time-zones" and "line 3" in said


@pytest.mark.parametrize(
    "kind",
    [pa.timestamp("us"), pa.timestamp("us", tz="UTC"), pa.timestamp("s"), pa.timestamp("s", tz="UTC"), pa.date32()],
)
def test_infinite_and_far_times_of_a_parquet_file(ground, kind):
    most = 2**31 - 1 if pa.types.is_date(kind) else 2**63 - 1 if kind.unit == "us" else 2**53
    far = pa.array([1, most, 2], pa.int32() if pa.types.is_date(kind) else pa.int64())
    ground.parquet({"at": far.cast(kind)})
    [(code, said)] = ground.found({"count": "all"})
    assert code == "bad-time" and "row 2" in said


def test_nanoseconds_are_never_rounded_into_the_next_day(ground):
    last = int(dt.datetime(2024, 6, 1, tzinfo=dt.UTC).timestamp()) * 10**9 - 1
    for kind in (pa.timestamp("ns"), pa.timestamp("ns", tz="UTC")):
        ground.parquet({"at": pa.array([last] * 3, kind)})
        assert ground.values({"count": "all"}) == [[2.0, 1.0]]


@pytest.mark.parametrize("column", [[5, 6, 7], [dt.time(1, 2)] * 3, [1.5] * 3, [True] * 3])
def test_a_time_of_another_type(ground, column):
    ground.parquet({"at": column})
    [(code, said)] = ground.found({"count": "all"})
    assert code == "bad-time" and "history.tables.events.time" in said


# One column in several forms

SEATS = [{"sum": "seats"}, {"count": "all", "where": {"seats": "5"}}, {"last": "seats", "kind": "category"}]
SEATS += [{"distinct": "seats"}]


@pytest.mark.parametrize(
    "cells",
    [
        [5, 5, 3], [5.0, 5.0, 3.0], [Decimal("5.00"), Decimal("5.00"), Decimal("3.00")], ["5", " 5 ", "3"],
    ],
)  # fmt: skip
def test_a_number_that_is_read_as_text_as_well(ground, cells):
    ground.parquet({"seats": cells})
    assert ground.values(*SEATS) == [[10.0, 3.0], [2.0, 0.0], ["5", "3"], [1.0, 1.0]]
    ground.parquet({"seats": [str(cell) for cell in cells]})
    assert ground.values(SEATS[0]) == [[10.0, 3.0]]


def test_a_numeric_column_of_a_database_has_the_same_text(ground):
    path = ground.folder / "a.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute('CREATE TABLE e (id INT, "at" TIMESTAMP, seats DECIMAL(10, 2))')
        connection.execute("INSERT INTO e VALUES (1, '2024-05-01', 5), (1, '2024-05-02', 5), (2, '2024-05-03', 3.10)")
    ground.events["table"] = {"url": f"duckdb:///{path}", "query": "SELECT * FROM e"}
    assert ground.values(*SEATS)[1:3] == [[2.0, 0.0], ["5", "3.1"]]
    ground.parquet({"seats": [Decimal("5.00"), Decimal("5.00"), Decimal("3.10")]})
    assert ground.values(*SEATS)[1:3] == [[2.0, 0.0], ["5", "3.1"]]


def test_truth_is_a_number_and_a_text(ground):
    ground.parquet({"ok": [True, False, None]})
    found = ground.values({"sum": "ok"}, {"count": "all", "where": {"ok": "true"}})
    assert found == [[1.0, 0.0], [1.0, 0.0]]


def test_a_time_that_is_read_as_text_as_well(ground):
    ground.write("events.csv", "id,at\n1,2024-05-01\n2,2024-05-02\n")
    assert ground.values({"count": "all", "where": {"at": "2024-05-01"}}) == [[1.0, 0.0]]
    ground.parquet({})
    assert ground.values({"count": "all", "where": {"at": "2024-05-01 00:00:00"}}) == [[1.0, 0.0]]


def test_revenue_decides_who_is_left_out(ground):
    ground.write("accounts.csv", "id,start,left,mrr\n1,2023-01-01,,0\n2,2023-01-01,2024-06-10,7\n")
    ground.write("events.csv", "id,at\n1,2024-05-01\n")
    ground.accounts["revenue"] = "mrr"
    ground.more = {"eligible": {"exclude": {"mrr": "0"}}}
    panel = build_panel(ground.spec({"count": "all"}))
    assert (panel["customer"].to_pylist(), panel["revenue"].to_pylist()) == (["2"], [7.0])


def test_a_decimal_comma_is_part_of_the_text(ground):
    ground.write("events.csv", "id;at;v\n1;2024-05-01;1,5\n1;2024-05-02;2\n2;2024-05-03;3\n")
    ground.events["table"] = {"file": "events.csv", "delimiter": ";", "decimal": ","}
    assert ground.values({"sum": "v"}, {"count": "all", "where": {"v": "1,5"}}) == [[3.5, 3.0], [1.0, 0.0]]


def test_the_query_of_a_warehouse_reads_the_spec_s_columns(ground):
    ground.write("events.csv", "id,at,Seats\n1,2024-05-01,5\n")
    spec = ground.spec({"sum": "Seats"}, {"count": "all", "where": {"Seats": "5"}})
    text = panel_query(spec, AsOf((dt.date(2024, 6, 1),), None), Dialect("postgres")).sql("postgres", identify=True)
    assert '"source"."Seats"' in text and "chs_held" not in text and "Seats+" not in text


# Numbers


@pytest.mark.parametrize(
    ("decimal", "cell", "code"),
    [
        (",", "1.234", "mixed-decimals"),
        (",", "1.234,5", "not-a-number"),
        (None, "1,5", "decimal-comma"),
        (None, "1,234", "decimal-comma"),
        (None, "many", "not-a-number"),
        (None, "inf", "not-finite"),
        (None, "1e999", "not-finite"),
        (None, "1e15", "too-large"),
    ],
)
def test_what_is_no_number(ground, decimal, cell, code):
    ground.write("events.csv", f"id;at;v\n1;2024-05-01;1\n1;2024-05-01;{cell}\n")
    ground.events["table"] = {"file": "events.csv", "delimiter": ";", **({"decimal": decimal} if decimal else {})}
    [(found, said)] = ground.found({"sum": "v"})
    assert found == code and "line 3" in said


def test_columns_of_accounts_are_numbers_unless_they_are_categories(ground):
    ground.parquet({})
    ground.write("accounts.csv", "id;start;left;n;plan\n1;2023-01-01;;5,5;a\n2;2023-01-01;;nan;b\n")
    ground.accounts["table"] = {"file": "accounts.csv", "delimiter": ";", "decimal": ","}
    found = ground.values({"last": "n", "from": "accounts"}, {"last": "plan", "from": "accounts", "kind": "category"})
    assert found == [[5.5, None], ["a", "b"]]
    assert ground.values({"last": "n", "from": "accounts", "kind": "category"}) == [["5,5", "nan"]]
    [(code, said)] = ground.found({"last": "plan", "from": "accounts"})
    assert code == "not-a-number" and "line 2 has 'a'" in said


def test_endless_numbers_of_a_typed_file_are_missing(ground):
    ground.parquet({"x": [1.5, float("inf"), float("nan")]})
    assert ground.values({"max": "x"}, {"sum": "x"}) == [[1.5, None], [1.5, 0.0]]
    pq.write_table(
        pa.table(
            {
                "id": ["1", "2"],
                "start": DAYS[:2],
                "left": [None, dt.datetime(2024, 7, 1)],
                "x": [float("inf"), float("nan")],
            }
        ),
        ground.folder / "accounts.parquet",
    )
    ground.accounts["table"] = "accounts.parquet"
    ground.more = {"cutoffs": [dt.date(2024, 5, 4)]}
    assert ground.values({"last": "x", "from": "accounts"}) == [[None, None]]


def test_any_double_has_a_text(ground):
    ground.parquet({"x": [1e300, float("nan"), float("-inf")]})
    found = ground.values({"last": "x", "kind": "category"}, {"distinct": "x"}, {"count": "all", "where": {"x": "1"}})
    assert found == [["1e+300", "-inf"], [1.0, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("column", "metric", "code"),
    [
        ([dt.date(2024, 5, 1)] * 3, {"sum": "x"}, "not-a-number"),
        ([dt.time(1)] * 3, {"sum": "x"}, "not-a-number"),
        ([[1]] * 3, {"sum": "x"}, "nested-values"),
        ([[1]] * 3, {"last": "x", "kind": "category"}, "nested-values"),
        ([{"a": 1}] * 3, {"count": "all", "where": {"x": "1"}}, "nested-values"),
        ([b"\xff"] * 3, {"distinct": "x"}, "nested-values"),
        ([b"1"] * 3, {"max": "x"}, "nested-values"),
    ],
)
def test_types_that_cannot_be_read_so(ground, column, metric, code):
    ground.parquet({"x": column})
    [(found, said)] = ground.found(metric)
    assert found == code and "events.parquet: column 'x'" in said


def test_a_column_of_numbers_may_be_no_time_and_times_no_number_at_once(ground):
    ground.parquet({})
    assert [code for code, _ in ground.found({"sum": "at"})] == ["not-a-number"]


def test_ids_stand_in_no_message(ground):
    ground.write("events.csv", "id,at\nsecret,2024-05-01\n")
    [(code, said)] = ground.found({"max": "id"})
    assert code == "not-a-number" and "line 2" in said and "secret" not in said


# Names


def test_columns_that_differ_only_by_case(ground):
    ground.parquet({"Value": [1.0, 1.0, 2.0], "value": [100.0, 100.0, 200.0], "VALUE": ["a", "a", "b"]})
    found = ground.values({"sum": "value"}, {"sum": "Value"}, {"last": "VALUE", "kind": "category"})
    assert found == [[200.0, 200.0], [2.0, 2.0], ["a", "b"]]
    assert ground.values({"sum": "Value"}) == [[2.0, 2.0]]
    assert ground.values({"sum": "value"}) == [[200.0, 200.0]]


def test_ids_that_differ_only_by_case_from_a_column_that_is_read(ground):
    ground.parquet({"ID": ["9", "9", "9"], "At": [1, 2, 3]})
    assert ground.values({"distinct": "ID"}, {"sum": "At"}) == [[1.0, 1.0], [3.0, 3.0]]


def test_roles_that_differ_only_by_case_are_refused(ground):
    ground.parquet({"At": DAYS})
    ground.events["known"] = "At"
    [(code, said)] = ground.found({"count": "all"})
    assert code == "duplicate-header" and "'at' and 'At'" in said


@pytest.mark.parametrize("name", ["rowid", "file_row_number", "chs row", "row", "chs_held_events", "a+1", "filename"])
def test_names_that_duckdb_or_we_use(ground, name):
    ground.parquet({name: [5.0, 6.0, 7.0]})
    assert ground.values({"sum": name}, {"last": name, "kind": "category"}) == [[11.0, 7.0], ["6", "7"]]
    ground.write("events.csv", f"id,at,{name}\n1,nonsense,1\n")
    ground.events["table"] = "events.csv"
    [(code, said)] = ground.found({"sum": name})
    assert code == "bad-time" and "line 2" in said


def test_no_two_names_are_marked_alike():
    names = ["value", "Value", "VALUE", "vaLue", "value+1", "Value+1", "value+1+0", "a+", "A+", "a", "A", "", "+", "Ї"]
    assert len({marked(name).lower() for name in names}) == len(names)
    assert marked("snake_case_7") == "snake_case_7"


def test_metrics_that_differ_only_by_case(ground):
    ground.parquet({})
    panel = build_panel(ground.spec({"name": "Nps", "count": "all"}, {"name": "nps", "recency": "all"}))
    assert (panel["Nps"].to_pylist(), panel["nps"].to_pylist()) == ([2.0, 1.0], [30.0, 29.0])


# Databases


def test_texts_and_types_of_a_database_s_query(ground):
    path = ground.folder / "a.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE e (id, at, v); INSERT INTO e VALUES (1, '2024-05-01', 5), (2, '2024-05-31 UTC', 3)"
        )
    connection.close()
    ground.events["table"] = {"url": f"sqlite:///{path}", "query": "SELECT * FROM e"}
    [(code, said)] = ground.found({"sum": "v"})
    assert (code, "row 2 has '2024-05-31 UTC'" in said) == ("bad-time", True)
    ground.events["table"] = {"url": f"sqlite:///{path}", "query": "SELECT id, substr(at, 1, 10) AS at, v FROM e"}
    assert ground.values({"sum": "v"}, {"count": "all", "where": {"v": "5"}}) == [[5.0, 3.0], [1.0, 0.0]]


def test_missing_columns_of_a_query_are_told(ground):
    path = ground.folder / "a.db"
    with sqlite3.connect(path) as connection:
        connection.executescript("CREATE TABLE e (id, at); INSERT INTO e VALUES (1, '2024-05-01')")
    connection.close()
    ground.events["table"] = {"url": f"sqlite:///{path}", "query": "SELECT * FROM e"}
    [(code, said)] = ground.found({"sum": "v"})
    assert code == "missing-column" and "'v'" in said


def test_a_table_is_copied_no_oftener_than_it_needs(ground):
    """Typed files are held once: what the query reads is a view of the rows as they came."""
    ground.parquet({"v": [1.0, 2.0, 3.0]})
    with patch("chs_ml.history.asof.build.soundness", lambda *_: []), staged_history(ground.spec({"sum": "v"})) as one:
        kinds = dict(one.rows_of("SELECT table_name, table_type FROM information_schema.tables"))
    assert kinds["chs raw events"] == "BASE TABLE" and kinds["chs_held_events"] == "VIEW"
    assert kinds["chs_held_accounts"] == "BASE TABLE" and "chs raw accounts" not in kinds
