"""Times as they are written → local time of a table's zone, in DuckDB: ISO 8601 to the letter, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from chs_ml.history.asof.tree import Node, either, every, is_known, is_null, word

DAY = r"\d{4}-\d{2}-\d{2}"
CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?"
OFFSET = r"(?:Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d(?::?[0-5]\d)?)?)"
FIRST, LAST = "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"
"""Beyond them lie infinity, and days that only some engines have."""

BAD_TIME = ("bad-time", "a time is written as in 2025-03-31 or 2025-03-31T08:00:00+02:00", "Correct them")
MIXED = ("mixed-time-zones", "some times of the column have an offset, others have none", "Write all of them alike")


@dataclass(frozen=True, slots=True)
class Told:
    """A column of times. value: as local time; bad: whether it is none; zoned: whether it is text with an offset."""

    value: Node
    bad: Node
    zoned: Node | None = None


def told(column: Node, kind: str, zone: str) -> Told:
    """How a column of DuckDB's type ``kind`` is read as local time of a zone."""
    value, zoned = _of_text(column, zone) if kind == "VARCHAR" else (_of_type(column, kind, zone), None)
    outside = [exp.LT(this=value.copy(), expression=_at(FIRST)), exp.GT(this=value.copy(), expression=_at(LAST))]
    bad = every([is_known(column.copy()), either(is_null(value.copy()), *outside)])
    return Told(value, bad, zoned)


def _of_type(column: Node, kind: str, zone: str) -> Node:
    zoned = kind in {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"}
    return exp.AtTimeZone(this=column.copy(), zone=word(zone)) if zoned else _read(column, "timestamp")


def _of_text(column: Node, zone: str) -> tuple[Node, Node]:
    plain = _matches(column, f"^{DAY}(?:[T ]{CLOCK})?$")
    zoned = _matches(column, f"^{DAY}[T ]{CLOCK}{OFFSET}$")
    moment = exp.AtTimeZone(this=_read(column, "timestamptz"), zone=word(zone))
    value = exp.Case(ifs=[exp.If(this=plain, true=_read(column, "timestamp")), exp.If(this=zoned, true=moment)])
    return exp.paren(value), zoned.copy()


def _matches(column: Node, pattern: str) -> Node:
    return exp.func("REGEXP_MATCHES", column.copy(), word(pattern))


def _read(column: Node, kind: str) -> Node:
    """NULL for what is none, as the 31st of February."""
    return exp.TryCast(this=column.copy(), to=exp.DataType.build(kind))


def _at(moment: str) -> Node:
    return exp.cast(word(moment), "timestamp")
