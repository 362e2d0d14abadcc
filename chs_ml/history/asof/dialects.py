"""What differs between engines, and cannot be left to sqlglot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from chs_ml.errors import SpecError
from chs_ml.history.asof.tree import Node, word
from chs_ml.spec.nearest import nearest

EXECUTED = ("duckdb", "postgres", "mysql", "spark")
"""Dialects in which the tests run the panel's query."""
GENERATED = ("databricks", "snowflake", "bigquery", "redshift", "trino")
"""Dialects whose text is parsed back, and was not run."""
ALIASES: Mapping[str, str] = MappingProxyType({"mariadb": "mysql", "postgresql": "postgres"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """One engine's way to compare texts and to tell times in another zone. name: as sqlglot calls it."""

    name: str

    def text(self, value: Node) -> Node:
        """A value as text that is compared and ordered byte by byte, as in every other engine."""
        told = exp.cast(value, "text")
        if self.name == "mysql":
            return exp.cast(told, "binary")
        if self.name == "postgres":
            return exp.Collate(this=told, expression=exp.to_identifier("C", quoted=True))
        return told

    def shown(self, value: Node) -> Node:
        """A text as it is handed over."""
        return exp.cast(value, "text") if self.name == "mysql" else value

    def trimmed(self, value: Node) -> Node:
        """A value as text without blanks around it; NULL where nothing is left."""
        return exp.Nullif(this=exp.Trim(this=exp.cast(value, "text")), expression=word(""))

    def moved(self, at: Node, zone: str, local: str) -> Node:
        """A local time of one zone as local time of another."""
        here, there = word(zone), word(local)
        match self.name:
            case "mysql":
                return exp.func("CONVERT_TZ", at, here, there)
            case "spark" | "databricks":
                return exp.func("FROM_UTC_TIMESTAMP", exp.func("TO_UTC_TIMESTAMP", at, here), there)
            case "snowflake" | "redshift":
                return exp.Anonymous(this="CONVERT_TIMEZONE", expressions=[here, there, at])
            case "bigquery":
                utc = exp.Anonymous(this="TIMESTAMP", expressions=[at, here])
                return exp.Anonymous(this="DATETIME", expressions=[utc, there])
            case "trino":
                known = exp.Anonymous(this="WITH_TIMEZONE", expressions=[at, here])
                return exp.cast(exp.Anonymous(this="AT_TIMEZONE", expressions=[known, there]), "timestamp")
        return exp.AtTimeZone(this=exp.paren(exp.AtTimeZone(this=at, zone=here), copy=False), zone=there)


def dialect_of(name: str) -> Dialect:
    """The dialect of that name; SpecError names the nearest one."""
    known = ALIASES.get(name.lower(), name.lower())
    if known not in (*EXECUTED, *GENERATED):
        raise SpecError(f"no dialect is called {name!r}. {nearest(name, [*EXECUTED, *GENERATED, *ALIASES])}")
    return Dialect(known)
