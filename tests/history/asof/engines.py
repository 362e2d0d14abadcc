"""The engines that run the panel's query besides DuckDB: each takes the tables of a history, and gives its rows."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import duckdb
import pyarrow as pa
import pytest

POSTGRES = os.environ.get("CHS_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
MARIADB = os.environ.get("CHS_MARIADB", "mysql://root@127.0.0.1:3306/test")
ROWS_AT_ONCE = 500

Tables = dict[str, pa.Table]
Rows = list[dict[str, Any]]


def tables_in(connection: duckdb.DuckDBPyConnection, names: list[str]) -> Tables:
    """The tables of a history, as the query reads them in DuckDB."""
    return {name: connection.query(f'SELECT * FROM "{name}"').to_arrow_table() for name in names}


@dataclass
class Engine:
    """One engine in a database of its own. dialect: of the query; held: the tables that are there."""

    dialect: str
    version: str
    run: Any
    held: list[str] = field(default_factory=list)

    def load(self, tables: Tables) -> None:
        """Put the tables there in the place of those of the history before."""
        for name in self.held:
            self.run(f"DROP TABLE {self.quoted(name)}")
        self.held = list(tables)
        for name, table in tables.items():
            columns = ", ".join(f"{self.quoted(one.name)} {self.type_of(one.type)}" for one in table.schema)
            self.run(f"CREATE TABLE {self.quoted(name)} ({columns}){self.with_()}")
            for batch in table.to_batches(ROWS_AT_ONCE):
                lines = [", ".join(self.literal(cell) for cell in line.values()) for line in batch.to_pylist()]
                self.run(f"INSERT INTO {self.quoted(name)} VALUES {', '.join(f'({line})' for line in lines)}")

    def rows(self, query: str) -> Rows:
        names, lines = self.run(query)
        return [dict(zip(names, line, strict=True)) for line in lines]

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def with_(self) -> str:
        return ""

    def type_of(self, kind: pa.DataType) -> str:
        if pa.types.is_timestamp(kind):
            assert kind.tz is None, "staged times are local"
            return self.time
        return {pa.string(): self.text, pa.float64(): self.number}[kind]

    text, number, time = "TEXT", "DOUBLE PRECISION", "TIMESTAMP"

    def literal(self, cell: Any) -> str:
        if cell is None:
            return "NULL"
        if isinstance(cell, dt.datetime):
            return f"'{cell.isoformat(' ', 'microseconds')}'"
        return self.as_text(cell) if isinstance(cell, str) else f"{cell!r}"

    def as_text(self, cell: str) -> str:
        return "'" + cell.replace("'", "''") + "'"


class MariaDB(Engine):
    """Its texts are loaded under a collation that knows neither case nor trailing blanks."""

    number, time = "DOUBLE", "DATETIME(6)"

    def quoted(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def as_text(self, cell: str) -> str:
        return super().as_text(cell.replace("\\", "\\\\"))

    def with_(self) -> str:
        return " DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"


class Spark(Engine):
    """Its tables are views of frames: Spark's own times without zone."""

    def load(self, tables: Tables) -> None:
        for name, table in tables.items():
            self.run.createDataFrame(table).coalesce(1).cache().createOrReplaceTempView(name)

    def rows(self, query: str) -> Rows:
        found = self.run.sql(query)
        return [dict(zip(found.columns, line, strict=True)) for line in found.collect()]


def unreachable(reason: str) -> None:
    """Skip on a person's machine; fail in continuous integration."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason, allow_module_level=True)


def imported(module: str) -> Any:
    """A library that brings an engine; its absence is no silent skip in continuous integration."""
    try:
        return import_module(module)
    except ImportError as found:
        return unreachable(f"{module} is not installed: {found}")


def reached(connect: Any) -> Any:
    try:
        return connect()
    except Exception as found:
        return unreachable(f"no server to test with: {type(found).__name__}: {found}")


@contextmanager
def postgres() -> Iterator[Engine]:
    """A schema of its own, whose texts are compared by a language's order unless the query says otherwise."""
    native = imported("pg8000.native")
    to = urlsplit(POSTGRES)
    where = {"host": to.hostname, "port": to.port or 5432, "database": to.path[1:], "password": to.password}
    connection = reached(lambda: native.Connection(to.username, timeout=60, **where))

    def run(statement: str) -> Any:
        answer = connection.execute_simple(statement)
        return [column["name"] for column in answer.columns or []], answer.rows

    [[version]] = run("SHOW server_version")[1]
    schema = f"chs_{uuid4().hex[:12]}"
    run(f"CREATE SCHEMA {schema}")
    try:
        run(f"SET search_path = {schema}")
        yield Engine("postgres", version, run)
    finally:
        run(f"DROP SCHEMA {schema} CASCADE")
        connection.close()


@contextmanager
def mariadb() -> Iterator[Engine]:
    """A database of its own."""
    pymysql = imported("pymysql")
    to = urlsplit(MARIADB)
    where = {"host": to.hostname, "port": to.port or 3306, "user": to.username, "password": to.password or ""}
    connection = reached(lambda: pymysql.connect(**where, charset="utf8mb4", autocommit=True))

    def run(statement: str) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return [column[0] for column in cursor.description or []], cursor.fetchall()

    [[version]] = run("SELECT version()")[1]
    schema = f"chs_{uuid4().hex[:12]}"
    run(f"CREATE DATABASE {schema}")
    try:
        run(f"USE {schema}")
        _load_zones(run, to)
        yield MariaDB("mysql", version, run)
    finally:
        run(f"DROP DATABASE {schema}")
        connection.close()


def _load_zones(run: Any, to: Any) -> None:
    """Load the zones that a new server lacks, one process at a time."""
    run("SELECT GET_LOCK('chs_ml_zones', 120)")
    try:
        [[known]] = run("SELECT CONVERT_TZ('2024-01-01', 'UTC', 'Europe/Kyiv')")[1]
        if known is not None:
            return
        [[loaded]] = run("SELECT COUNT(*) FROM mysql.time_zone_name")[1]
        tools = shutil.which("mariadb-tzinfo-to-sql"), shutil.which("mariadb")
        if loaded or not all(tools):
            unreachable("MariaDB has no time zones: mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql")
        told = subprocess.run([tools[0], "/usr/share/zoneinfo"], capture_output=True, check=True).stdout
        where = [f"--host={to.hostname}", f"--port={to.port or 3306}", f"--user={to.username}", "mysql"]
        secret = {**os.environ, "MYSQL_PWD": to.password or ""}
        subprocess.run([tools[1], *where], input=told, env=secret, capture_output=True, check=True)
    finally:
        run("SELECT RELEASE_LOCK('chs_ml_zones')")


@contextmanager
def spark() -> Iterator[Engine]:
    """Spark on two cores of this machine, as it is set up from the factory but for UTC."""
    imported("pyspark")
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    said = {
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.codegen.wholeStage": "false",  # of tables this small, compiling takes longer than reading
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        "spark.buffer.pageSize": "64k",  # all its aggregates share one task's memory
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master("local[2]").appName("chs-ml tests")
    for key, value in said.items():
        builder = builder.config(key, value)
    session = reached(builder.getOrCreate)
    try:
        yield Spark("spark", session.version, session)
    finally:
        session.stop()
