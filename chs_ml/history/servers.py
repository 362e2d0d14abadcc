"""PostgreSQL and MySQL: entered to read only, their rows streamed as text that Arrow turns into columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from getpass import getuser
from importlib import import_module
from typing import Any

import pyarrow as pa

from chs_ml.history.cursors import (
    BATCH_ROWS,
    BOOLEAN,
    CONNECT_SECONDS,
    DATE,
    INTEGER,
    MOMENT,
    MOMENT_UTC,
    NUMBER,
    TEXT,
    Address,
    Column,
    Result,
    chunks,
    leave,
    typed,
)

# PostgreSQL

_POSTGRES = {16: BOOLEAN, 20: INTEGER, 21: INTEGER, 23: INTEGER, 26: INTEGER, 700: NUMBER, 701: NUMBER}
_POSTGRES |= {1082: DATE, 1114: MOMENT, 1184: MOMENT_UTC}
_FETCH = f"FETCH {BATCH_ROWS} FROM chs_rows"


def enter_postgres(to: Address) -> Any:
    """A connection to PostgreSQL."""
    connection = import_module("pg8000.native").Connection(
        to.user or getuser(),
        host=to.host,
        port=to.port or 5432,
        database=to.database,
        password=to.password,
        ssl_context=to.tls,
        timeout=CONNECT_SECONDS,
        application_name="chs-ml",
    )
    connection._usock.settimeout(None)  # the driver would hold every answer to the time that connecting may take
    connection.pg_types = defaultdict(lambda: str)  # Arrow reads the text of a whole column faster than Python
    return connection


def select_postgres(connection: Any, query: str) -> Result:
    """The rows of a cursor within a transaction that only reads."""
    connection.run(
        "BEGIN READ ONLY; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL client_encoding = 'UTF8';"
        "SET LOCAL standard_conforming_strings = on; SET LOCAL cursor_tuple_fraction = 1"
    )
    connection.execute_unnamed(f"DECLARE chs_rows NO SCROLL CURSOR FOR {query}")  # unlike run: one statement only
    fetched = [connection.run(_FETCH)]
    columns = [_postgres_column(each) for each in connection.columns]

    def fetch() -> Any:
        return fetched.pop() if fetched else connection.run(_FETCH)

    return columns, chunks(fetch, [partial(typed, each) for each in columns])


def _postgres_column(described: Mapping[str, Any]) -> Column:
    name, modifier = described["name"], described["type_modifier"]
    if described["type_oid"] != 1700:
        return Column(name, _POSTGRES.get(described["type_oid"], TEXT))
    if modifier >= 4 and (modifier - 4) & 0x7FF == 0:  # numeric(p, 0)
        return Column(name, INTEGER)
    return Column(name, NUMBER, exact=modifier < 4)


# MySQL and MariaDB

_MYSQL = {code: INTEGER for code in (1, 2, 3, 8, 9, 13, 16)} | {4: NUMBER, 5: NUMBER}
_MYSQL |= {7: MOMENT_UTC, 10: DATE, 12: MOMENT, 14: DATE}
_BIT, _BINARY = 16, 63  # a type; the character set of what is no text


def enter_mysql(to: Address) -> Any:
    """A connection to MySQL or MariaDB that only reads."""
    connection = import_module("pymysql").connect(
        user=to.user or getuser(),
        host=to.host,
        port=to.port or 3306,
        database=to.database,
        password=to.password or "",
        ssl=to.tls or None,
        ssl_disabled=to.tls is False,
        charset="utf8mb4",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=CONNECT_SECONDS,  # a host that takes the call and stays silent
        init_command="SET SESSION TRANSACTION READ ONLY",
    )
    connection._read_timeout = None
    connection.decoders = {}  # values stay text: Arrow reads that of a whole column faster than Python
    return connection


def select_mysql(connection: Any, query: str) -> Result:
    """The rows as the server sends them."""
    with connection.cursor() as settings:
        settings.execute("SET time_zone = '+00:00'")
    cursor = connection.cursor(import_module("pymysql.cursors").SSCursor)
    cursor.execute(query)
    fields = cursor._result.fields
    columns = [_mysql_column(each) for each in fields]

    readers = [partial(_mysql_values, *each) for each in zip(columns, fields, strict=True)]
    return columns, chunks(partial(cursor.fetchmany, BATCH_ROWS), readers)


def _mysql_column(described: Any) -> Column:
    if described.type_code in {0, 246}:
        return Column(described.name, NUMBER if described.scale else INTEGER)
    return Column(described.name, _MYSQL.get(described.type_code, TEXT))


def _mysql_values(column: Column, described: Any, cells: Sequence[Any]) -> pa.Array:
    if described.type_code == _BIT:
        cells = [None if cell is None else str(int.from_bytes(cell, "big")) for cell in cells]
    elif described.charsetnr == _BINARY:
        cells = [cell.hex() if isinstance(cell, bytes) else cell for cell in cells]
    if column.type == MOMENT_UTC:  # written in the session's zone, which is UTC, and without it
        return typed(Column(column.name, MOMENT), cells).cast(MOMENT_UTC)
    return typed(column, cells)


def leave_mysql(connection: Any) -> None:
    """Close it without reading the rows that are left, as the driver would."""
    if connection._result is not None:
        connection._result.unbuffered_active = False
    leave(connection)
