"""SQLite and DuckDB: databases in one file, opened to read only."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any

import pyarrow as pa

from chs_ml.history.cursors import (
    BATCH_ROWS,
    BOOLEAN,
    CONNECT_SECONDS,
    DATE,
    EXACT,
    INTEGER,
    MOMENT,
    MOMENT_UTC,
    NUMBER,
    TEXT,
    Address,
    Column,
    Result,
    UnfitError,
    chunks,
    on_calendar,
)

# SQLite


class _SqliteFile(sqlite3.Connection):
    """Closes its cursor too: one that has rows left keeps the file locked for as long as anything refers to it."""

    cursor_of_rows: sqlite3.Cursor | None = None

    def close(self) -> None:
        """End the reading."""
        if self.cursor_of_rows is not None:
            self.cursor_of_rows.close()
        super().close()


def enter_sqlite(to: Address) -> Any:
    """A connection to a SQLite file that only reads; FileNotFoundError."""
    if not to.path.is_file():
        raise FileNotFoundError
    address = f"{to.path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(
        address, uri=True, timeout=CONNECT_SECONDS, isolation_level=None, check_same_thread=False, factory=_SqliteFile
    )
    try:
        connection.execute("PRAGMA schema_version")  # the first to look into the file
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def select_sqlite(connection: Any, query: str) -> Result:
    """The rows; a first pass asks for the type of every value, since SQLite gives a column none."""
    connection.execute("BEGIN")  # both passes see the same rows
    cursor = connection.cursor_of_rows = connection.execute(query)
    names = [each[0] for each in cursor.description]
    inner = [f"c{at}" for at in range(len(names))]
    kinds = ", ".join(f"group_concat(DISTINCT typeof({each}))" for each in inner)
    found = connection.execute(f"WITH q({', '.join(inner)}) AS ({query}) SELECT {kinds} FROM q").fetchone()  # noqa: S608 - one_select has seen it
    columns = [_sqlite_column(name, set((kind or "").split(","))) for name, kind in zip(names, found, strict=True)]

    return columns, chunks(partial(cursor.fetchmany, BATCH_ROWS), [partial(_sqlite_values, each) for each in columns])


def _sqlite_column(name: str, kinds: set[str]) -> Column:
    kinds -= {"null", ""}
    if kinds == {"integer"}:
        return Column(name, INTEGER)
    return Column(name, NUMBER if kinds and kinds <= {"integer", "real"} else TEXT)


def _sqlite_values(column: Column, cells: Sequence[Any]) -> pa.Array:
    if column.type == TEXT:
        return pa.array([cell.hex() if isinstance(cell, bytes) else cell and str(cell) for cell in cells], TEXT)
    if column.type == NUMBER and any(isinstance(cell, int) and abs(cell) >= EXACT for cell in cells):
        raise UnfitError(column)
    return pa.array(cells, column.type)


# DuckDB

_DUCKDB = dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"), "BIGINT")
_DUCKDB |= {"FLOAT": "DOUBLE", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN", "DATE": "DATE"}
_DUCKDB |= dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "TIMESTAMP")
_DUCKDB |= {"TIMESTAMP WITH TIME ZONE": "TIMESTAMP WITH TIME ZONE"}
_ARROW = {"BIGINT": INTEGER, "DOUBLE": NUMBER, "BOOLEAN": BOOLEAN, "DATE": DATE, "TIMESTAMP": MOMENT}
_ARROW |= {"TIMESTAMP WITH TIME ZONE": MOMENT_UTC, "VARCHAR": TEXT}


def enter_duckdb(to: Address) -> Any:
    """A connection to a DuckDB file that only reads; FileNotFoundError."""
    if not to.path.is_file():
        raise FileNotFoundError
    return import_module("duckdb").connect(str(to.path), read_only=True)


def select_duckdb(connection: Any, query: str) -> Result:
    """The rows, cast by DuckDB itself."""
    connection.execute("SET TimeZone = 'UTC'")
    described = connection.sql(query)
    columns, casts = [], []
    for at, (name, kind) in enumerate(zip(described.columns, map(str, described.types), strict=True)):
        whole = kind in {"UBIGINT", "HUGEINT", "UHUGEINT"} or (kind.startswith("DECIMAL(") and kind.endswith(",0)"))
        target = "DOUBLE" if kind.startswith("DECIMAL(") and not whole else _DUCKDB.get(kind, "VARCHAR")
        columns.append(Column(name, INTEGER if whole else _ARROW[target]))
        casts.append(f"CAST(c{at} AS {target})")
    inner = ", ".join(f"c{at}" for at in range(len(columns)))
    statement = f"WITH q({inner}) AS ({query}) SELECT {', '.join(casts)} FROM q"  # noqa: S608 - one_select has seen it
    reader = connection.sql(statement).to_arrow_reader(BATCH_ROWS)

    return columns, ([_duckdb_values(*each) for each in zip(columns, batch.columns, strict=True)] for batch in reader)


def _duckdb_values(column: Column, values: pa.Array) -> pa.Array:
    try:
        return on_calendar(column, values.cast(column.type))
    except pa.ArrowInvalid:  # its text quotes the value
        raise UnfitError(column) from None
