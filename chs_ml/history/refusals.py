"""What a database refuses, told without any part of its url and without a value of a row."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from chs_ml.errors import ChsError
from chs_ml.history.cursors import CONNECT_SECONDS, Address, UnfitError
from chs_ml.history.findings import TableError, error

Reasons = Mapping[str | int, str]
"""What an error is called (SQLSTATE, MySQL's number, or its class) → what it means here."""


def _each(*meanings: tuple[str, tuple[str | int, ...]]) -> Reasons:
    return {code: meaning for meaning, codes in meanings for code in codes}


ENTRY = _each(
    ("the user or the password is wrong", ("28P01", "28000", 1045, 1044, 1698)),
    ("there is no such database", ("3D000", 1049)),
    ("it has too many connections", ("53300", 1040)),
    ("it asks for a password or a way of proof that its url does not give", ("InterfaceError", "AttributeError")),
    ("it takes a password over an encrypted connection only: add ?sslmode=require", ("RuntimeError",)),
    ("there is no such file", ("FileNotFoundError",)),
    ("the file is no SQLite database", ("SQLITE_NOTADB",)),
    ("the file is no DuckDB database, or another program writes to it", ("IOException",)),
    ("this program has the file open already", ("ConnectionException",)),
)
"""Reasons for which nobody gets in."""
QUERY = _each(
    ("it took longer than the database allows", ("57014", 1317, 1969, 3024)),
    ("it would change something, and the connection only reads", ("25006", 1792)),
    ("the connection was lost", ("57P01", 1927, 2006, 2013, "InterfaceError")),
    ("the user may not read all that it names", (1142, 1143, 1370)),
)
"""Reasons for which a query has no rows."""
_NETWORK: Sequence[tuple[type[OSError], str]] = (
    (ssl.SSLError, "the encrypted connection failed"),
    (socket.gaierror, "its host is not known"),
    (TimeoutError, f"no answer within {CONNECT_SECONDS} seconds"),
    (ConnectionRefusedError, "nothing listens there"),
    (ConnectionError, "the connection was lost"),
)
_MYSQL_OF_THE_SCHEMA = {1052, 1054, 1055, 1056, 1064, 1066, 1109, 1111, 1140, 1146, 1222, 1241, 1247, 1248, 1305}
_DUCKDB_OF_THE_SCHEMA = {"BinderException", "CatalogException", "ParserException"}
_SQLITE_OF_THE_SCHEMA = ("no such ", "ambiguous ", "near ", "misuse ", "wrong number ")


def failure(evidence: str, remedy: str, column: str | None = None) -> TableError:
    """The error of a table whose database cannot give it."""
    return TableError(error("database", evidence, remedy, column))


@contextmanager
def told(name: str, what: str, remedy: str, address: Address, reasons: Reasons) -> Iterator[None]:
    """Any driver's error within becomes a TableError of ours, and its own text is left behind."""
    try:
        yield
    except ChsError:
        raise
    except UnfitError as found:
        raise failure(f"{name}: column {found.column!r} {found.found}", found.remedy, found.column) from None
    except Exception as found:
        raise failure(f"{name}: {what}: {_reason(found, reasons, address)}", remedy) from None


def _reason(found: BaseException, reasons: Reasons, address: Address) -> str:
    code, message = _code_and_message(found)
    if _speaks_of_the_schema(code, message):
        return _without(address, message)
    if isinstance(code, str) and re.fullmatch("22...", code):
        return "a value does not fit the type or the function it is given to"
    return _of_the_network(found) or reasons.get(code) or f"it answers {code}"


def _code_and_message(found: BaseException) -> tuple[str | int, str]:
    """pg8000 raises {C: SQLSTATE, M: message, …}, PyMySQL (number, message); the others have a name and a text."""
    match found.args:
        case [dict() as fields]:
            return str(fields.get("C")), str(fields.get("M"))
        case [int() as number, *rest]:
            return number, str(rest[0]) if rest else ""
    text = str(found).partition("\n")[0]
    return str(getattr(found, "sqlite_errorname", type(found).__name__)), text.partition("Error: ")[2] or text


def _speaks_of_the_schema(code: str | int, message: str) -> bool:
    """Messages about columns, tables and syntax may be quoted; those about values would show rows."""
    if code == "SQLITE_ERROR":
        return message.startswith(_SQLITE_OF_THE_SCHEMA)
    if isinstance(code, int):
        return code in _MYSQL_OF_THE_SCHEMA
    return code in _DUCKDB_OF_THE_SCHEMA or re.fullmatch("42...", code) is not None


def _of_the_network(found: BaseException | None) -> str | None:
    while found is not None:
        for kind, reason in _NETWORK:
            if isinstance(found, kind):
                return reason
        found = found.__cause__ or found.__context__
    return None


def _without(address: Address, message: str) -> str:
    """The message with … for the password, wherever it stands, and for each other part of the url that is a word."""
    for secret in sorted(filter(None, address.secrets), key=len, reverse=True):
        hidden = re.escape(secret) if secret == address.password else rf"(?<!\w){re.escape(secret)}(?!\w)"
        message = re.sub(hidden, "…", message, flags=re.IGNORECASE)
    return message.rstrip("!. ")
