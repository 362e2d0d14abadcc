"""Tables from databases: types as the database has them, constant memory, and no word of the url in any message."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import struct
import sys
import threading
import time
import traceback
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import duckdb
import pyarrow as pa
import pytest

from chs_ml.errors import ChsError, DataError
from chs_ml.history import servers
from chs_ml.history.cursors import BATCH_ROWS
from chs_ml.history.databases import open_query
from chs_ml.history.findings import TableError

PASSWORD = "pl4nted-S3cret"
ROW = "row-value@example.com"
UTC_MOMENT = pa.timestamp("us", tz="UTC")
SERVERS = ["postgres", "mariadb"]
EVERYWHERE = [*SERVERS, "sqlite", "duckdb"]


@dataclass(frozen=True)
class Place:
    """A database of this test's own. run: what its owner says to it; admin: what the server's owner says."""

    url: str
    run: Any
    admin: Any = None
    user: str = ""

    def with_password(self, password: str) -> str:
        return self.url.replace(PASSWORD, password)


def refused(url: str, query: str, match: str, code: str = "database") -> str:
    """The message of a refusal, in which there is nothing of the url; reads all rows."""
    with pytest.raises(TableError, match=match) as caught:
        open_query(url, query, "table").read_all()
    said = str(caught.value)
    printed = said + "".join(traceback.format_exception(caught.value)).partition("chs_ml.history.findings.")[2]
    user = re.match(r"\w+://(\w+):", url)
    for secret in {url or PASSWORD, PASSWORD, user[1] if user else PASSWORD}:
        assert secret.lower() not in printed.lower()
    assert "127.0.0.1" not in printed
    assert ROW not in printed
    assert isinstance(caught.value, DataError) and caught.value.exit_code == 2
    assert caught.value.__cause__ is None
    assert [finding.code for finding in caught.value.findings] == [code]
    assert "\n" not in said and said.startswith("table: ")
    return said


def reached(connect: Any) -> Any:
    try:
        return connect()
    except Exception as found:
        reason = f"no server to test with: {type(found).__name__}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Place]:
    native = reached(lambda: import_module("pg8000.native"))
    parts = urlsplit(os.environ.get("CHS_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test"))
    where = {"host": parts.hostname, "port": parts.port or 5432, "database": parts.path[1:]}
    admin = reached(lambda: native.Connection(parts.username, password=parts.password, timeout=30, **where))
    user = f"chs_{uuid4().hex[:12]}"
    admin.run(f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'")
    admin.run(f"CREATE SCHEMA {user} AUTHORIZATION {user}")
    owner = native.Connection(user, password=PASSWORD, timeout=30, **where)
    address = f"postgresql://{user}:{PASSWORD}@{parts.hostname}:{where['port']}{parts.path}"
    yield Place(address, owner.run, admin.run, user)
    owner.close()
    admin.run(f"DROP OWNED BY {user} CASCADE")
    admin.run(f"DROP ROLE {user}")
    admin.close()


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Place]:
    pymysql = reached(lambda: import_module("pymysql"))
    parts = urlsplit(os.environ.get("CHS_MARIADB", "mysql://root@127.0.0.1:3306/test"))
    where = {"host": parts.hostname, "port": parts.port or 3306}
    admin = reached(lambda: pymysql.connect(user=parts.username, password=parts.password or "", **where))
    user = f"chs_{uuid4().hex[:12]}"
    for statement in (
        f"CREATE DATABASE {user} CHARACTER SET utf8mb4",
        f"CREATE USER {user}@'%' IDENTIFIED BY '{PASSWORD}'",
        f"GRANT ALL ON {user}.* TO {user}@'%'",
    ):
        admin.query(statement)
    owner = pymysql.connect(user=user, password=PASSWORD, database=user, autocommit=True, charset="utf8mb4", **where)

    def rows(statement: str) -> Any:
        with admin.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    yield Place(f"mysql://{user}:{PASSWORD}@{parts.hostname}:{where['port']}/{user}", owner.query, rows, user)
    owner.close()
    rows(f"DROP DATABASE {user}")
    rows(f"DROP USER {user}@'%'")
    admin.close()


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory) -> Place:
    path = tmp_path_factory.mktemp(PASSWORD) / "warehouse.db"

    def run(statement: str, *values: object) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute(statement, values)
        connection.close()

    run("CREATE TABLE first_of_all (a)")
    return Place(f"sqlite:///{path}", run)


@pytest.fixture(scope="module")
def duck(tmp_path_factory) -> Place:
    path = tmp_path_factory.mktemp(PASSWORD) / "warehouse.duckdb"

    def run(statement: str) -> None:
        with duckdb.connect(str(path)) as connection:
            connection.execute(statement)

    run("CREATE TABLE first_of_all (a INTEGER)")
    return Place(f"duckdb:///{path}", run)


@pytest.fixture
def place(request) -> Place:
    return request.getfixturevalue({"duckdb": "duck"}.get(request.param, request.param))


def everywhere(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("place", names or EVERYWHERE, indirect=True)


# Types


def typed(url: str, columns: dict[str, tuple[str, pa.DataType, object]]) -> None:
    """The SELECT of these expressions has these types and values."""
    query = "SELECT " + ", ".join(f"{sql} AS {name}" for name, (sql, _, _) in columns.items())
    table = open_query(url, query, "table").read_all()
    assert {field.name: field.type for field in table.schema} == {name: kind for name, (_, kind, _) in columns.items()}
    assert table.to_pylist() == [{name: value for name, (_, _, value) in columns.items()}]


NOON = datetime(2024, 2, 29, 12, 0, 0, 500000)


def test_postgres_types(postgres):
    typed(
        postgres.url,
        {
            "yes": ("true", pa.bool_(), True),
            "small": ("7::int2", pa.int64(), 7),
            "above_2_53": ("9007199254740993::int8", pa.int64(), 9007199254740993),
            "price": ("1.25::numeric(9,2)", pa.float64(), 1.25),
            "account": ("9007199254740993::numeric(20,0)", pa.int64(), 9007199254740993),
            "free": ("12.5::numeric", pa.float64(), 12.5),
            "single": ("0.1::float4", pa.float64(), 0.1),
            "huge": ("1e300::float8", pa.float64(), 1e300),
            "name": ("'Жанна 😀'::text", pa.string(), "Жанна 😀"),
            "padded": ("' a '::varchar", pa.string(), " a "),
            "day": ("date '2024-02-29'", pa.date32(), date(2024, 2, 29)),
            "wall": ("timestamp '2024-02-29 12:00:00.5'", pa.timestamp("us"), NOON),
            "moment": ("timestamptz '2024-02-29 17:30:00.5+05:30'", UTC_MOMENT, NOON.replace(tzinfo=UTC)),
            "document": ("'{\"a\": 1}'::jsonb", pa.string(), '{"a": 1}'),
            "key": (
                "'6f1b7a6e-0000-4000-8000-000000000001'::uuid",
                pa.string(),
                "6f1b7a6e-0000-4000-8000-000000000001",
            ),
            "span": ("interval '1 day'", pa.string(), "1 day"),
            "tags": ("array['x', 'y']", pa.string(), "{x,y}"),
            "address": ("inet '10.0.0.1'", pa.string(), "10.0.0.1"),
            "octets": (r"'\xdead'::bytea", pa.string(), r"\xdead"),
            "unknown": ("null", pa.string(), None),
            "none_yet": ("null::int", pa.int64(), None),
        },
    )


def test_postgres_domains_and_enumerations(postgres):
    postgres.run("CREATE TYPE plan AS ENUM ('free', 'paid')")
    postgres.run("CREATE DOMAIN seats AS int CHECK (value > 0)")
    typed(postgres.url, {"p": ("'paid'::plan", pa.string(), "paid"), "s": ("3::seats", pa.int64(), 3)})


def test_mariadb_types(mariadb):
    mariadb.run(
        "CREATE TABLE kinds (flag BOOLEAN, big BIGINT, positive INT UNSIGNED, price DECIMAL(9,2), "
        "account DECIMAL(20,0), twice DOUBLE, name VARCHAR(30), plan ENUM('free', 'paid'), day DATE, "
        "wall DATETIME(6), moment TIMESTAMP(6),"
        " founded YEAR, bits BIT(3), hash BINARY(2), document JSON, note TEXT, clock TIME, filled INT(5) ZEROFILL)"
    )
    mariadb.run("SET time_zone = '+05:30'")
    mariadb.run(
        "INSERT INTO kinds VALUES (true, 9007199254740993, 4294967295, 1.25, 9007199254740993, 1e300, 'Жанна 😀', "
        "'paid', '2024-02-29', '2024-02-29 12:00:00.5', '2024-02-29 17:30:00.5', 1999, b'101', x'dead', "
        "'{\"a\": 1}', ' a ', '10:00:00', 42)"
    )
    table = open_query(mariadb.url, "SELECT * FROM kinds", "table").read_all()
    expected: dict[str, tuple[pa.DataType, object]] = {
        "flag": (pa.int64(), 1),  # MySQL's BOOLEAN is TINYINT(1)
        "big": (pa.int64(), 9007199254740993),
        "positive": (pa.int64(), 4294967295),
        "price": (pa.float64(), 1.25),
        "account": (pa.int64(), 9007199254740993),
        "twice": (pa.float64(), 1e300),
        "name": (pa.string(), "Жанна 😀"),
        "plan": (pa.string(), "paid"),
        "day": (pa.date32(), date(2024, 2, 29)),
        "wall": (pa.timestamp("us"), NOON),
        "moment": (UTC_MOMENT, NOON.replace(tzinfo=UTC)),
        "founded": (pa.int64(), 1999),
        "bits": (pa.int64(), 5),
        "hash": (pa.string(), "dead"),
        "document": (pa.string(), '{"a": 1}'),
        "note": (pa.string(), " a "),
        "clock": (pa.string(), "10:00:00"),
        "filled": (pa.int64(), 42),
    }
    assert {field.name: field.type for field in table.schema} == {name: kind for name, (kind, _) in expected.items()}
    assert table.to_pylist() == [{name: value for name, (_, value) in expected.items()}]


def test_duckdb_types(duck):
    typed(
        duck.url,
        {
            "yes": ("true", pa.bool_(), True),
            "tiny": ("7::utinyint", pa.int64(), 7),
            "above_2_53": ("9007199254740993", pa.int64(), 9007199254740993),
            "hashed": ("9007199254740993::ubigint", pa.int64(), 9007199254740993),
            "total": ("sum(3)", pa.int64(), 3),
            "price": ("1.25::decimal(9,2)", pa.float64(), 1.25),
            "account": ("9007199254740993::decimal(20,0)", pa.int64(), 9007199254740993),
            "name": ("'Жанна 😀'", pa.string(), "Жанна 😀"),
            "plan": ("'paid'::enum('free', 'paid')", pa.string(), "paid"),
            "day": ("date '2024-02-29'", pa.date32(), date(2024, 2, 29)),
            "wall": ("timestamp_ns '2024-02-29 12:00:00.5'", pa.timestamp("us"), NOON),
            "moment": ("timestamptz '2024-02-29 17:30:00.5+05:30'", UTC_MOMENT, NOON.replace(tzinfo=UTC)),
            "hour": ("hour(timestamptz '2024-02-29 17:30:00+05:30')", pa.int64(), 12),
            "document": ("'{\"a\": 1}'::json", pa.string(), '{"a": 1}'),
            "parts": ("{'a': [1]}", pa.string(), "{'a': [1]}"),
            "span": ("interval 1 day", pa.string(), "1 day"),
            "unknown": ("null::int", pa.int64(), None),
        },
    )


def test_sqlite_types_are_those_of_the_values(sqlite):
    sqlite.run("CREATE TABLE kinds (id INTEGER, price, mixed INTEGER, name TEXT, hash, none_yet)")
    sqlite.run("INSERT INTO kinds VALUES (9007199254740993, 1.5, 3, 'Жанна 😀', x'dead', NULL)")
    sqlite.run("INSERT INTO kinds VALUES (1, 2, 'n/a', NULL, NULL, NULL)")
    table = open_query(sqlite.url, "SELECT * FROM kinds; -- all", "table").read_all()
    assert [str(kind) for kind in table.schema.types] == ["int64", "double", "string", "string", "string", "string"]
    assert [tuple(row.values()) for row in table.to_pylist()] == [
        (9007199254740993, 1.5, "3", "Жанна 😀", "dead", None),
        (1, 2.0, "n/a", None, None, None),
    ]


@everywhere()
def test_a_first_batch_without_values_fixes_no_type(place):
    place.run("CREATE TABLE late (i BIGINT, x DOUBLE PRECISION, t VARCHAR(9))")
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {BATCH_ROWS + 1})"
    if "mysql" in place.url:
        numbers = f"WITH n AS (SELECT seq AS i FROM seq_1_to_{BATCH_ROWS + 1})"
    tail = f"{numbers} SELECT NULLIF(i, i), NULL, NULL FROM n"
    place.run(f"INSERT INTO late {tail}")
    place.run("INSERT INTO late VALUES (9007199254740993, 1.5, 'ж')")
    query = "SELECT i, x, t FROM late ORDER BY CASE WHEN i IS NULL THEN 0 ELSE 1 END"
    batches = list(open_query(place.url, query, "table"))
    assert len(batches) > 1
    assert batches[0].column(0).null_count == len(batches[0])
    assert [str(kind) for kind in batches[0].schema.types] == ["int64", "double", "string"]
    assert batches[-1].slice(len(batches[-1]) - 1).to_pylist() == [{"i": 9007199254740993, "x": 1.5, "t": "ж"}]


@everywhere()
def test_an_empty_result_keeps_its_columns(place):
    place.run("CREATE TABLE nobody (id INTEGER, x DOUBLE PRECISION, Name VARCHAR(9))")
    table = open_query(
        place.url,
        'SELECT id, x, t AS "Näme 1" FROM (SELECT id, x, Name AS t FROM nobody) AS q'.replace(
            '"', "`" if "mysql" in place.url else '"'
        ),
        "table",
    ).read_all()
    assert table.column_names == ["id", "x", "Näme 1"]
    assert len(table) == 0
    if "sqlite" not in place.url:
        assert [str(kind) for kind in table.schema.types] == ["int64", "double", "string"]


# Values that a type cannot carry


@pytest.mark.parametrize(
    ("place", "expression", "match"),
    [
        ("postgres", "12345678901234567890::numeric", "column 'v' has numbers with more digits .* Cast it"),
        ("postgres", "12345678901234567890::numeric(30,0)", "more digits"),
        ("postgres", "timestamp 'infinity'", "column 'v' has dates outside the years 1 to 9999.* Make them NULL"),
        ("postgres", "date '0044-03-15 BC'", "outside the years"),
        ("mariadb", "18446744073709551615", "more digits"),
        ("mariadb", "CAST('0000-00-00' AS DATE)", "outside the years"),
        ("duckdb", "18446744073709551615::ubigint", "more digits"),
        ("duckdb", "date 'infinity'", "outside the years"),
        ("sqlite", "9007199254740993 AS v UNION ALL SELECT 1.5", "more digits"),
    ],
    indirect=["place"],
)
def test_what_a_type_cannot_carry_is_refused_not_rounded(place, expression, match):
    if "0000" in expression:
        place.run("CREATE TABLE zero (v DATE)")
        place.run("SET sql_mode = ''")
        place.run("INSERT INTO zero VALUES ('0000-00-00')")
        expression = "v FROM zero"
    refused(
        place.url,
        f"SELECT {expression}" + (" AS v" if " AS v" not in expression and "FROM" not in expression else ""),
        match,
    )


# Streams

ROWS = {
    "postgres": "SELECT i, 'customer ' || i AS t FROM generate_series(1, {}) AS i",
    "mariadb": "SELECT seq AS i, concat('customer ', seq) AS t FROM seq_1_to_{}",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
    "SELECT i, 'customer ' || i AS t FROM n",
    "duckdb": "SELECT range + 1 AS i, 'customer ' || (range + 1) AS t FROM range({}) ORDER BY range",
}


@pytest.mark.parametrize("kind", EVERYWHERE)
def test_many_rows_need_the_memory_of_one_batch(request, kind):
    url = request.getfixturevalue({"duckdb": "duck"}.get(kind, kind)).url

    def peak(rows: int) -> int:
        total, seen = 0, 0
        arrow = pa.total_allocated_bytes()
        tracemalloc.start()
        for batch in open_query(url, ROWS[kind].format(rows), "table"):
            assert len(batch) <= BATCH_ROWS
            assert batch.column("i")[0].as_py() == seen + 1
            seen += len(batch)
            total = max(total, pa.total_allocated_bytes() - arrow)
        python = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert seen == rows
        assert total < 20e6
        return python

    assert peak(120_000) < 1.4 * peak(BATCH_ROWS) + 1e6


@everywhere(*SERVERS)
def test_a_reader_that_is_dropped_closes_its_connection(place):
    sessions = (
        f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{place.user}'"
        if "postgres" in place.url
        else f"SELECT count(*) FROM information_schema.processlist WHERE user = '{place.user}'"
    )
    kind = "postgres" if "postgres" in place.url else "mariadb"
    before = place.admin(sessions)[0][0]
    reader = open_query(place.url, ROWS[kind].format(3_000_000), "table")
    reader.read_next_batch()
    assert place.admin(sessions)[0][0] == before + 1
    began = time.monotonic()
    del reader
    while place.admin(sessions)[0][0] > before and time.monotonic() - began < 5:
        time.sleep(0.05)
    assert place.admin(sessions)[0][0] == before
    assert time.monotonic() - began < 2, "the rows that are left were read first"


@everywhere(*SERVERS)
def test_a_connection_lost_between_batches_is_told(place):
    kind = "postgres" if "postgres" in place.url else "mariadb"
    reader = open_query(place.url, ROWS[kind].format(3_000_000), "table")
    reader.read_next_batch()
    if kind == "postgres":
        place.admin(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{place.user}' AND state <> 'idle'"
        )
    else:
        for (number,) in place.admin(
            f"SELECT id FROM information_schema.processlist WHERE user = '{place.user}' AND command = 'Query'"
        ):
            place.admin(f"KILL {number}")
    with pytest.raises(DataError, match=r"table: .* refused the query: the connection was lost"):
        reader.read_all()


# Nobody gets in


class Listener:
    """A port of this machine that answers once, in the words given, or never."""

    def __init__(self, *answers: bytes) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._answers = answers
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        caller, _ = self._socket.accept()
        for answer in self._answers:
            caller.recv(4096)
            caller.sendall(answer)
        time.sleep(3)
        caller.close()
        self._socket.close()


def postgres_error(code: str, message: str) -> bytes:
    fields = f"SFATAL\0C{code}\0M{message}\0\0".encode()
    return b"E" + struct.pack("!i", len(fields) + 4) + fields


@pytest.mark.parametrize(
    ("code", "match"),
    [
        ("28P01", "cannot connect to PostgreSQL: the user or the password is wrong. Check its url"),
        ("3D000", "there is no such database"),
        ("53300", "too many connections"),
        ("XX000", "it answers XX000"),
    ],
)
def test_what_postgres_says_of_the_user_is_not_repeated(code, match):
    said = f'password "{PASSWORD}" for user "someone" at 127.0.0.1 is wrong'
    port = Listener(b"N", postgres_error(code, said)).port
    refused(f"postgresql://someone:{PASSWORD}@127.0.0.1:{port}/warehouse", "SELECT 1", match)


@everywhere("mariadb")
def test_a_wrong_password(place):
    refused(
        place.with_password(f"{PASSWORD}-old"), "SELECT 1", "cannot connect to MySQL: the user or the password is wrong"
    )


@everywhere("postgres")
def test_an_unknown_database(place):
    url = place.url.rpartition("/")[0] + "/nowhere_at_all"
    refused(url, "SELECT 1", "cannot connect to PostgreSQL: there is no such database")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "mysql", "mariadb", "postgresql+psycopg"])
def test_nothing_listens(scheme):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    refused(
        f"{scheme}://someone:{PASSWORD}@127.0.0.1:{port}/w", "SELECT 1", "cannot connect to .*: nothing listens there"
    )


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_an_unknown_host(scheme):
    refused(f"{scheme}://someone:{PASSWORD}@no-such-host.invalid/w", "SELECT 1", "its host is not known")


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_host_that_stays_silent(scheme, monkeypatch):
    monkeypatch.setattr(servers, "CONNECT_SECONDS", 0.3)
    url = f"{scheme}://someone:{PASSWORD}@127.0.0.1:{Listener().port}/w"
    began = time.monotonic()
    refused(url, "SELECT 1", "no answer within 10 seconds")
    assert time.monotonic() - began < 3


@everywhere("postgres", "mariadb")
def test_an_encryption_that_the_server_has_not_is_not_given_up(place):
    if "mysql" in place.url and place.admin("SELECT @@have_ssl")[0][0] == "YES":
        pytest.skip("this MariaDB has TLS")
    if "postgres" in place.url and place.admin("SHOW ssl")[0][0] == "on":
        refused(f"{place.url}?sslmode=verify-full", "SELECT 1", "the encrypted connection failed")
        assert len(open_query(f"{place.url}?sslmode=require", "SELECT 1 AS a", "table").read_all()) == 1
    else:
        refused(f"{place.url}?sslmode=require", "SELECT 1", "cannot connect to")
    assert len(open_query(f"{place.url}?sslmode=disable", "SELECT 1 AS a", "table").read_all()) == 1


@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_a_file_that_is_not_there_is_not_made(scheme, tmp_path):
    path = tmp_path / PASSWORD / "new.db"
    path.parent.mkdir()
    refused(f"{scheme}:///{path}", "SELECT 1", "cannot connect to .*: there is no such file")
    assert not path.exists()


@pytest.mark.parametrize(("scheme", "title"), [("sqlite", "SQLite"), ("duckdb", "DuckDB")])
def test_a_file_that_is_no_database(scheme, title, tmp_path):
    path = tmp_path / f"{PASSWORD}.db"
    path.write_text(f"customer,churned\n{ROW},yes\n" * 200, encoding="utf-8")
    refused(f"{scheme}:///{path}", "SELECT 1", f"the file is no {title} database")


@pytest.mark.parametrize(
    ("url", "match"),
    [
        (f"snowflake://someone:{PASSWORD}@account/db", "its url begins with none of postgresql://"),
        (f"{PASSWORD}", "its url begins with none of"),
        ("", "its url begins with none of"),
        (f"postgresql://someone:{PASSWORD}/x@127.0.0.1/db", "its url cannot be read. Write /, :, @, # and"),
        (f"postgresql://someone:{PASSWORD}#x@127.0.0.1/db", "its url cannot be read"),
        (f"mysql://someone:x@127.0.0.1:{PASSWORD}/db", "its url cannot be read"),
        (f"mysql://someone:{PASSWORD}@127.0.0.1/db?password={PASSWORD}", "only sslmode and sslrootcert"),
        (f"postgresql://someone:{PASSWORD}@127.0.0.1/db?sslmode=perhaps", "its url cannot be read"),
        (
            f"postgresql://someone:{PASSWORD}@127.0.0.1/db?sslmode=verify-ca&sslrootcert=/none/{PASSWORD}",
            "cannot be read",
        ),
        (f"postgresql://someone:{PASSWORD}@[127.0.0.1/db", "its url cannot be read"),
        (f"sqlite://{PASSWORD}.db", "its url has no path after three slashes. Write sqlite:///path"),
    ],
)
def test_a_url_that_is_none(url, match):
    refused(url, "SELECT 1", match)


def test_a_password_with_signs_is_decoded(mariadb):
    mariadb.admin(f"CREATE USER {mariadb.user}_s@'%' IDENTIFIED BY 'p@ss/w:rd#?%'")
    try:
        url = mariadb.url.replace(f"{mariadb.user}:{PASSWORD}", f"{mariadb.user}_s:p%40ss%2Fw%3Ard%23%3F%25")
        reader = open_query(url.rpartition("/")[0], "SELECT 1 AS a", "table")
        assert reader.read_all().to_pylist() == [{"a": 1}]
    finally:
        mariadb.admin(f"DROP USER {mariadb.user}_s@'%'")


@pytest.mark.parametrize(
    ("module", "url", "extra"),
    [
        ("pg8000.native", f"postgresql://someone:{PASSWORD}@127.0.0.1/db", r'pip install "chs-ml\[postgres\]"'),
        ("pymysql", f"mysql://someone:{PASSWORD}@127.0.0.1/db", r'pip install "chs-ml\[mysql\]"'),
    ],
)
def test_a_missing_driver_names_its_extra(module, url, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    refused(url, "SELECT 1", f"table: the driver of .* is missing. {extra}")


# The database refuses


def test_a_refusal_that_is_kept_does_not_keep_the_file_locked(sqlite):
    kept = []
    for query in (
        "SELECT 1 AS a, 2 AS a FROM first_of_all UNION ALL SELECT 1, 2",
        "SELECT 9007199254740993 UNION SELECT 1.5",
    ):
        with pytest.raises(TableError, match="table: column") as caught:
            open_query(sqlite.url, query, "table")
        kept.append(caught)
    sqlite.run("CREATE TABLE after_refusals (a)")
    assert len(kept) == 2


@everywhere()
def test_an_unknown_column_is_named_and_the_url_is_not(place):
    place.run("CREATE TABLE known (id INTEGER)")
    refused(place.url, "SELECT nosuch FROM known", "refused the query: .*nosuch.*. Correct the query")
    refused(place.url, "SELECT id FROM nosuch", "refused the query: .*nosuch")


@everywhere(*SERVERS)
def test_what_of_the_url_stands_in_a_message_is_removed(place):
    for word in (PASSWORD, f"x{PASSWORD}x", place.user):
        column = f"`{word}`" if "mysql" in place.url else f'"{word}"'
        refused(place.url, f"SELECT {column} FROM (SELECT 1 AS a) AS q", "refused the query: .*…")


@everywhere("postgres", "duckdb")
def test_a_value_of_a_row_is_not_repeated(place):
    place.run(f"CREATE TABLE people AS SELECT '{ROW}' AS email")
    refused(place.url, "SELECT CAST(email AS integer) AS e FROM people", "refused the query: ")


def test_broken_text_of_sqlite_is_not_repeated(sqlite):
    sqlite.run(f"CREATE TABLE broken AS SELECT CAST(CAST('{ROW}' AS BLOB) || x'ff' AS TEXT) AS t")
    sqlite.run("UPDATE broken SET t = CAST(x'ff' || CAST(t AS BLOB) AS TEXT)")
    sqlite.run("UPDATE broken SET t = CAST(x'726f77ff' AS TEXT)")
    refused(sqlite.url, "SELECT t FROM broken", "SQLite refused the query: it answers OperationalError")


@everywhere(*SERVERS)
def test_a_table_that_the_user_may_not_read(place):
    table = "pg_authid" if "postgres" in place.url else "mysql.global_priv"
    refused(place.url, f"SELECT * FROM {table}", "refused the query: (permission denied|the user may not read)")


@everywhere(*SERVERS)
def test_a_time_limit_of_the_database(place):
    if "postgres" in place.url:
        limit, none = (f"ALTER ROLE {place.user} SET statement_timeout = '{ms}'" for ms in (300, 0))
        query = "SELECT pg_sleep(5)"
    else:
        limit, none = (f"ALTER USER {place.user}@'%' WITH MAX_STATEMENT_TIME {s}" for s in (0.3, 0))
        query = "SELECT sum(a.seq * b.seq) AS s FROM seq_1_to_100000 AS a, seq_1_to_100000 AS b"
    place.admin(limit)
    try:
        refused(place.url, query, "refused the query: it took longer than the database allows")
    finally:
        place.admin(none)


@everywhere(*SERVERS)
def test_a_function_that_writes_is_refused(place):
    place.run("CREATE TABLE written (a INTEGER)")
    if "postgres" in place.url:
        place.run("CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO written VALUES (1) RETURNING a'")
        refused(
            place.url,
            "SELECT set_config('transaction_read_only', 'off', false) AS s, writes() AS w",
            "refused the query",
        )
    else:
        place.run("CREATE FUNCTION writes() RETURNS int BEGIN INSERT INTO written VALUES (1); RETURN 1; END")
    refused(place.url, "SELECT writes() AS w", "it would change something, and the connection only reads")
    assert open_query(place.url, "SELECT count(*) AS n FROM written", "table").read_all().to_pylist() == [{"n": 0}]


@everywhere("sqlite", "duckdb")
def test_files_are_opened_to_read_only(place, monkeypatch):
    monkeypatch.setattr("chs_ml.history.databases.one_select", lambda query, dialect, name: query)
    place.run("CREATE TABLE kept (a INTEGER)")
    refused(place.url, "DELETE FROM kept", "refused the query")
    refused(place.url, "CREATE TABLE more (a INTEGER)", "refused the query")


@everywhere()
def test_names_that_are_not_unique(place):
    refused(
        place.url,
        "SELECT 1 AS a, 2 AS a, 3 AS b",
        "column names 'a' are empty or not unique. Name each column with AS",
        "duplicate-header",
    )


# One SELECT


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("", "the query is empty"),
        (" ;; -- nothing", "the query is empty"),
        ("UPDATE customers SET churned = true", "the query is no SELECT; .* Write one SELECT"),
        ("INSERT INTO t SELECT 1", "is no SELECT"),
        ("DROP TABLE t", "is no SELECT"),
        ("CREATE TABLE t AS SELECT 1", "is no SELECT"),
        ("TRUNCATE t", "is no SELECT"),
        ("CALL f()", "is no SELECT"),
        ("SET default_transaction_read_only = off", "is no SELECT"),
        ("EXPLAIN ANALYZE SELECT 1", "is no SELECT"),
        ("VALUES (1)", "is no SELECT"),
        ("SELECT 1; SELECT 2", "holds more than one statement"),
        ("SELECT 1; DROP TABLE t;", "holds more than one statement"),
        ("SELECT * INTO copy FROM t", "holds SELECT INTO, which writes"),
        ("SELECT a FROM t FOR UPDATE", "locks rows"),
        ("SELECT a FROM (SELECT a FROM t FOR UPDATE) AS q", "locks rows"),
        ("WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone", "holds a statement that writes"),
        ("WITH new AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM new", "holds a statement that writes"),
        ("SELECT a FRM t WHERE", "cannot be parsed"),
        ("SELECT 'open", "cannot be parsed; .* check its quotes"),
        ("SELECT (1", "cannot be parsed; .* make it a view"),
    ],
)
def test_what_is_no_select_is_refused_before_connecting(query, match):
    said = refused(f"postgresql://someone:{PASSWORD}@no-such-host.invalid/w", query, match, "not-a-select")
    assert "a table is read by one SELECT" in said


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("SELECT 1 /*! INTO OUTFILE '/tmp/x' */", "holds a comment that MySQL executes"),
        ("SELECT 1 /*M! INTO OUTFILE '/tmp/x' */ -- x", "holds a comment that MySQL executes"),
        ("SELECT a INTO @x FROM t", "holds SELECT INTO"),
        ("SELECT a FROM t INTO OUTFILE '/tmp/x'", "cannot be parsed"),
        ("SELECT a FROM t LOCK IN SHARE MODE", "(cannot be parsed|locks rows)"),
    ],
)
def test_what_only_mysql_executes_is_refused_too(query, match):
    refused(f"mysql://someone:{PASSWORD}@no-such-host.invalid/w", query, match, "not-a-select")


@everywhere()
@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 AS a;",
        "select 1 as a -- ; delete",
        "/* why */ WITH q AS (SELECT 1 AS a) SELECT a FROM q ; -- done",
        "(SELECT 1 AS a) UNION ALL (SELECT 1 AS a) LIMIT 1",
        "SELECT 1 AS a WHERE ';' <> '--'",
    ],
)
def test_the_forms_of_one_select(place, query):
    if "sqlite" in place.url and query.startswith("("):
        refused(place.url, query, 'refused the query: near "\\("')  # SQLite knows no parentheses around a SELECT
        return
    assert open_query(place.url, query, "table").read_all().to_pylist() == [{"a": 1}]


def test_an_error_of_the_family(sqlite):
    with pytest.raises(ChsError, match="no such table"):
        open_query(sqlite.url, "SELECT * FROM nowhere", "table")
