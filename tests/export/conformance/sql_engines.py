"""Engines that run the exported SQL on a table with typed columns: doubles for numbers, texts for levels."""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import duckdb
import pyarrow as pa
import pytest

from chs_ml.export import Options, export
from chs_ml.export.plan import plan_of
from chs_ml.formula import WeightsFile
from chs_ml.formula.kinds import kinds_of
from tests.export.conformance.suite import Answer
from tests.history.asof.engines import imported

Row = dict[str, Any]
TABLE, ROWS_AT_ONCE = "asked", 500
NO_TEXT = {"empty_string": "a column of numbers holds no ''; '' as a level is asked with the rows of the test itself"}
NO_NAN = {"needs_nan": "the engine has neither NaN nor infinities", **NO_TEXT}


@dataclass
class SqlEngine:
    """One engine and its dialect. last: the whole answer to the last question, a dict for each row."""

    name: str
    dialect: str
    last: list[Row] = field(default_factory=list)
    skips: ClassVar[dict[str, str]] = NO_TEXT
    number: ClassVar[str] = "DOUBLE PRECISION"
    text: ClassVar[str] = "TEXT"

    def answers(self, weights: WeightsFile, rows: Sequence[Row]) -> list[Answer]:
        self.last = self.scored(weights, rows)
        return [Answer(row["score"], row["churn_probability"], row["band"]) for row in self.last]

    def scored(self, weights: WeightsFile, rows: Sequence[Row]) -> list[Row]:
        """Load the rows with their number as the key, score them, and give them back in their order."""
        text = export(weights, "sql", Options(dialect=self.dialect, table=TABLE))
        assert isinstance(text, str)
        found = self.run(text, table_of(weights, rows), kinds_of(weights.formula))
        return sorted(found, key=lambda row: row["customer"])

    def run(self, text: str, table: pa.Table, kinds: dict[str, str]) -> list[Row]:
        """Load the table as ``asked``, and give the rows that a query answers."""
        raise NotImplementedError

    def query(self, text: str) -> list[Row]:
        """Give the rows that a query answers which reads no table."""
        raise NotImplementedError

    # What those share that are loaded by statements

    def create(self, table: pa.Table, kinds: dict[str, str]) -> str:
        types = {"number": self.number, "level": self.text}
        columns = [
            f"{self.quoted(one)} {types[kinds[one]] if one in kinds else 'INTEGER'}" for one in table.column_names
        ]
        return f"CREATE TABLE {self.quoted(TABLE)} ({', '.join(columns)})"

    def insert(self, table: pa.Table) -> str:
        lines = (", ".join(self.literal(cell) for cell in row.values()) for row in table.to_pylist())
        return f"INSERT INTO {self.quoted(TABLE)} VALUES {', '.join(f'({line})' for line in lines)}"

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def literal(self, cell: Any) -> str:
        if cell is None:
            return "NULL"
        if isinstance(cell, str):
            return "'" + cell.replace("'", "''") + "'"
        return f"'{cell}'" if isinstance(cell, float) and not math.isfinite(cell) else f"{cell!r}"


def table_of(weights: WeightsFile, rows: Sequence[Row]) -> pa.Table:
    """The rows with typed columns, and the row's number as the key."""
    key, kinds = plan_of(weights).customer, kinds_of(weights.formula)
    types = {"number": pa.float64(), "level": pa.string()}
    columns = {name: pa.array([row[name] for row in rows], types[kind]) for name, kind in kinds.items()}
    return pa.table({key: pa.array(range(len(rows)), pa.int32()), **columns})


class DuckDB(SqlEngine):
    def __init__(self) -> None:
        super().__init__(f"DuckDB {duckdb.__version__}", "duckdb")
        self.connection = duckdb.connect()

    def run(self, text: str, table: pa.Table, kinds: dict[str, str]) -> list[Row]:
        self.connection.register(TABLE, table)
        return self.query(text)

    def query(self, text: str) -> list[Row]:
        return self.connection.sql(text).to_arrow_table().to_pylist()


class SQLite(SqlEngine):
    """Its columns hold anything: '' stays a text in a column of numbers, NaN becomes NULL."""

    skips: ClassVar[dict[str, str]] = {}

    def __init__(self) -> None:
        super().__init__(f"SQLite {sqlite3.sqlite_version}", "sqlite")
        self.connection = sqlite3.connect(":memory:")

    def scored(self, weights: WeightsFile, rows: Sequence[Row]) -> list[Row]:
        key, kinds = plan_of(weights).customer, kinds_of(weights.formula)
        names = pa.table({name: pa.array([], pa.string()) for name in (key, *kinds)})
        self.connection.execute(f"DROP TABLE IF EXISTS {TABLE}")
        self.connection.execute(self.create(names, dict(kinds)))
        marks = ", ".join("?" * (len(kinds) + 1))
        cells = [[at, *(row[name] for name in kinds)] for at, row in enumerate(rows)]
        self.connection.executemany(f"INSERT INTO {TABLE} VALUES ({marks})", cells)
        text = export(weights, "sql", Options(dialect="sqlite", table=TABLE))
        return sorted(self.query(str(text)), key=lambda row: row["customer"])

    def query(self, text: str) -> list[Row]:
        found = self.connection.execute(text)
        return [dict(zip([one[0] for one in found.description], line, strict=True)) for line in found]


class Server(SqlEngine):
    """A server, in a schema of its own: engine is one of tests/history/asof/engines.py."""

    def __init__(self, name: str, engine: Any) -> None:
        super().__init__(f"{name} {engine.version}", engine.dialect)
        self.engine = engine

    def run(self, text: str, table: pa.Table, kinds: dict[str, str]) -> list[Row]:
        self.engine.run(f"DROP TABLE IF EXISTS {self.quoted(TABLE)}")
        self.engine.run(self.create(table, kinds))
        for at in range(0, len(table), ROWS_AT_ONCE):
            self.engine.run(self.insert(table.slice(at, ROWS_AT_ONCE)))
        return self.query(text)

    def query(self, text: str) -> list[Row]:
        rows: list[Row] = self.engine.rows(text)
        return rows


class Postgres(Server):
    def __init__(self, engine: Any) -> None:
        super().__init__("PostgreSQL", engine)


class MariaDB(Server):
    """Texts are loaded under a collation that knows neither case nor blanks at their end."""

    skips: ClassVar[dict[str, str]] = NO_NAN
    number, text = "DOUBLE", "VARCHAR(600) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"

    def __init__(self, engine: Any) -> None:
        super().__init__("MariaDB", engine)

    def quoted(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def literal(self, cell: Any) -> str:
        return super().literal(cell.replace("\\", "\\\\") if isinstance(cell, str) else cell)


class Spark(SqlEngine):
    def __init__(self, engine: Any, dialect: str = "spark") -> None:
        super().__init__(f"Spark {engine.version}", dialect)
        self.session = engine.run

    def run(self, text: str, table: pa.Table, kinds: dict[str, str]) -> list[Row]:
        self.session.createDataFrame(table).coalesce(1).createOrReplaceTempView(TABLE)
        return self.query(text)

    def query(self, text: str) -> list[Row]:
        found = self.session.sql(text)
        return [dict(zip(found.columns, line, strict=True)) for line in found.collect()]


class ClickHouse(SqlEngine):
    """ClickHouse within this process, through chdb."""

    number, text = "Nullable(Float64)", "Nullable(String)"

    def __init__(self) -> None:
        if os.environ.get("CHS_ALL_ENGINES") == "true":
            import chdb.session as module
        else:
            module = pytest.importorskip("chdb.session")
        self.session = module.Session()
        [[version]] = self._lines("SELECT version()")
        super().__init__(f"ClickHouse {version}", "clickhouse")

    def run(self, text: str, table: pa.Table, kinds: dict[str, str]) -> list[Row]:
        self.session.query(f"DROP TABLE IF EXISTS {TABLE}")
        self.session.query(self.create(table, kinds) + " ENGINE = Memory")
        self.session.query(self.insert(table))
        return self.query(text)

    def query(self, text: str) -> list[Row]:
        said = str(self.session.query(text, "JSONCompact"))
        found = json.loads(said) if said else {"meta": [], "data": []}
        return [dict(zip([one["name"] for one in found["meta"]], line, strict=True)) for line in found["data"]]

    def literal(self, cell: Any) -> str:
        if isinstance(cell, str):
            return super().literal(cell.replace("\\", "\\\\"))
        return str(cell) if isinstance(cell, float) and not math.isfinite(cell) else super().literal(cell)

    def _lines(self, text: str) -> list[list[Any]]:
        lines: list[list[Any]] = json.loads(str(self.session.query(text, "JSONCompact")))["data"]
        return lines


class Polars(SqlEngine):
    """Polars' own SQL, which reads the text for Trino: that for DuckDB and Postgres says how texts are compared."""

    def __init__(self) -> None:
        polars = imported("polars")
        super().__init__(f"Polars {polars.__version__}", "trino")
        self.polars = polars

    def run(self, text: str, table: pa.Table, kinds: dict[str, str]) -> list[Row]:
        context = self.polars.SQLContext({TABLE: self.polars.from_arrow(table)})
        rows: list[Row] = context.execute(text, eager=True).to_dicts()
        return rows
