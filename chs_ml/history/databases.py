"""Tables from databases: one SELECT, streamed. A url is a secret, so no message holds any part of one."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import pyarrow as pa

from chs_ml.history.cursors import Address, Column, Result, leave
from chs_ml.history.embedded import enter_duckdb, enter_sqlite, select_duckdb, select_sqlite
from chs_ml.history.findings import TableError, error
from chs_ml.history.refusals import ENTRY, QUERY, failure, told
from chs_ml.history.selects import one_select
from chs_ml.history.servers import enter_mysql, enter_postgres, leave_mysql, select_mysql, select_postgres


@dataclass(frozen=True, slots=True)
class Engine:
    """One kind of database. dialect: sqlglot's name of it; install: what pip installs for it."""

    title: str
    dialect: str
    install: str
    connect: Callable[[Address], Any]
    select: Callable[[Any, str], Result]
    close: Callable[[Any], None] = leave
    is_file: bool = False


_PG = Engine("PostgreSQL", "postgres", "chs-ml[postgres]", enter_postgres, select_postgres)
_MY = Engine("MySQL", "mysql", "chs-ml[mysql]", enter_mysql, select_mysql, leave_mysql)
_LITE = Engine("SQLite", "sqlite", "chs-ml", enter_sqlite, select_sqlite, is_file=True)
_DUCK = Engine("DuckDB", "duckdb", "chs-ml", enter_duckdb, select_duckdb, is_file=True)
ENGINES: Mapping[str, Engine] = MappingProxyType(
    {"postgresql": _PG, "postgres": _PG, "mysql": _MY, "mariadb": _MY, "sqlite": _LITE, "duckdb": _DUCK}
)
"""Scheme of a url → the database behind it."""


def open_query(url: str, query: str, name: str) -> pa.RecordBatchReader:
    """The rows of one SELECT in constant memory, in the database's own types and under its own column names.

    url: postgresql://, mysql://, mariadb://, sqlite:///path or duckdb:///path. name: what messages call the table.
    Whole numbers are int64, others float64, moments timestamp[us] (UTC where the database knows the zone), bytes and
    what has no type of its own text. TableError (a DataError), now or from the reader: not-a-select, database,
    duplicate-header; it holds no part of the url, and no value of a row.
    """
    engine, address = _address_of(url, name)
    stream = _stream(engine, address, one_select(query, engine.dialect, name), name)
    schema = next(stream)  # the stream has begun: whoever drops the reader closes the connection
    return pa.RecordBatchReader.from_batches(schema, stream)


def _stream(engine: Engine, address: Address, query: str, name: str) -> Iterator[Any]:
    """The schema, then the batches."""
    with told(name, f"cannot connect to {engine.title}", "Check its url", address, ENTRY):
        try:
            connection = engine.connect(address)
        except ImportError:
            raise failure(
                f"{name}: the driver of {engine.title} is missing", f'pip install "{engine.install}"'
            ) from None
    try:
        with told(name, f"{engine.title} refused the query", "Correct the query", address, QUERY):
            columns, chunks = engine.select(connection, query)
            _refuse_names(name, columns)
            first = next(chunks, None)  # what is wrong with the first rows is told at once
            schema = pa.schema([(column.name, column.type) for column in columns])
            yield schema
            for arrays in chain([] if first is None else [first], chunks):
                yield pa.record_batch(arrays, schema=schema)
    finally:
        engine.close(connection)


def _refuse_names(name: str, columns: Sequence[Column]) -> None:
    names = [column.name for column in columns]
    doubled = [repr(each) for each in dict.fromkeys(names) if names.count(each) > 1 or not each.strip()]
    if doubled or not names:
        found = f"column names {', '.join(doubled)} are empty or not unique" if doubled else "no columns are selected"
        raise TableError(error("duplicate-header", f"{name}: {found}", "Name each column with AS"))


# Where the database is


def _address_of(url: str, name: str) -> tuple[Engine, Address]:
    scheme, _, rest = url.strip().partition("://")
    engine = ENGINES.get(scheme.lower().partition("+")[0])  # postgresql+psycopg:// is SQLAlchemy's
    if engine is None:
        known = "postgresql://, mysql://, mariadb://, sqlite:/// and duckdb:///"
        raise failure(f"{name}: its url begins with none of {known}", "Correct it, or write the table to a file")
    if engine.is_file:
        if not rest.startswith("/"):
            raise failure(f"{name}: its url has no path after three slashes", f"Write {scheme.lower()}:///path")
        path = Path(rest[1:])
        return engine, Address(path=path, secrets=(url, str(path), path.name))
    try:
        parts = urlsplit(url.strip())
        return engine, _server(url, parts, parts.port)
    except (ValueError, OSError):  # its text quotes the url
        remedy = "Write /, :, @, # and ? in a user or a password as %2F, %3A, %40, %23 and %3F; after ? only sslmode"
        raise failure(f"{name}: its url cannot be read", f"{remedy} and sslrootcert are known") from None


def _server(url: str, parts: SplitResult, port: int | None) -> Address:
    """ValueError for what no url of a server has."""
    options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    if parts.fragment or not options.keys() <= {"sslmode", "sslrootcert"}:
        raise ValueError
    user, password, database = (unquote(each or "") for each in (parts.username, parts.password, parts.path[1:]))
    written = (parts.username or "", parts.password or "", parts.netloc, parts.path[1:])
    secrets = (url, user, password, parts.hostname or "", str(port or ""), database, *written, *options.values())
    tls = _tls(options.get("sslmode", "prefer"), options.get("sslrootcert"))
    return Address(
        user or None, password or None, parts.hostname or "localhost", port, database or None, tls, secrets=secrets
    )


def _tls(mode: str, root: str | None) -> ssl.SSLContext | bool | None:
    """The words of PostgreSQL's sslmode, for every server."""
    if mode in {"disable", "prefer"}:
        return False if mode == "disable" else None
    if mode not in {"require", "verify-ca", "verify-full"}:
        raise ValueError
    context = ssl.create_default_context(cafile=root)
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    return context
