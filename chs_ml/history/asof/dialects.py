"""What differs between engines, and cannot be left to sqlglot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp

from chs_ml.errors import SpecError
from chs_ml.history.asof import names
from chs_ml.history.asof.tree import Node, word
from chs_ml.spec.nearest import nearest

EXECUTED = ("duckdb", "postgres", "mysql", "spark")
"""Dialects in which the tests run the panel's query."""
GENERATED = ("databricks", "snowflake", "bigquery", "redshift", "trino")
"""Dialects whose text is parsed back, and was not run."""
ALIASES: Mapping[str, str] = MappingProxyType({"mariadb": "mysql", "postgresql": "postgres"})

TYPES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "mysql": {"TIMESTAMP": "DATETIME(6)"},
        "trino": {"TIMESTAMP": "TIMESTAMP(6)"},
        "spark": {"TIMESTAMP": "TIMESTAMP_NTZ"},
        "databricks": {"TIMESTAMP": "TIMESTAMP_NTZ"},
        "snowflake": {"TIMESTAMP": "TIMESTAMPNTZ"},
        "bigquery": {"DECIMAL": "BIGNUMERIC"},
    }
)
"""Types of the tree as they are written where the plain word has a zone, or rounds (microseconds count)."""
NO_ZONES = "the server has no time zones: load them with mariadb-tzinfo-to-sql"
LONGEST_NAME: Mapping[str, int] = MappingProxyType({"postgres": 63, "redshift": 127})
"""Bytes of a name beyond which it is cut in silence."""
UNNAMEABLE = frozenset('!"$()*,./;?@[\\]^`{}~')
"""What stands in no column's name of BigQuery."""
SUBSTITUTING = frozenset({"spark", "databricks"})
"""Dialects that put a variable's value in the place of ${variable}, even within texts."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One engine's way to compare texts and to tell times in another zone. name: as sqlglot calls it.

    own: it runs in our own database, which holds every column once for each form in which it is read.
    """

    name: str
    own: bool = False

    def table(self, name: str) -> str:
        """What a table of the history is called there."""
        return names.held_in(name) if self.own else name

    def column(self, name: str, form: str) -> str:
        """What a column of it is called, when it is read in that form."""
        return names.held(name, form) if self.own else name

    @property
    def whose(self) -> str:
        """The column of spells by which rows are joined with them."""
        return names.WHOSE if self.own else names.CUSTOMER

    def text(self, value: Node) -> Node:
        """A value as text without blanks around it, compared and ordered byte by byte; NULL where nothing is left.

        Our own database holds texts so.
        """
        if self.own:
            return value
        told: Node = exp.Trim(this=exp.cast(value, "text"))
        if self.name == "mysql":
            told = exp.cast(told, "binary")
        elif self.name == "postgres":
            told = exp.Collate(this=told, expression=exp.to_identifier("C", quoted=True))
        return exp.Nullif(this=told, expression=word(""))

    def shown(self, value: Node) -> Node:
        """A text as it is handed over."""
        return exp.cast(value, "text") if self.name == "mysql" or self.own else value

    def moved(self, at: Node, zone: str, local: str) -> Node:
        """A local time of one zone as local time of another."""
        here, there = word(zone), word(local)
        match self.name:
            case "mysql":
                return exp.Coalesce(
                    this=exp.Anonymous(this="CONVERT_TZ", expressions=[at, here, there]), expressions=[_refused(at)]
                )
            case "snowflake" | "redshift" | "spark" | "databricks":
                return exp.Anonymous(this="CONVERT_TIMEZONE", expressions=[here, there, at])
            case "bigquery":
                utc = exp.Anonymous(this="TIMESTAMP", expressions=[at, here])
                return exp.Anonymous(this="DATETIME", expressions=[utc, there])
            case "trino":
                known = exp.Anonymous(this="WITH_TIMEZONE", expressions=[at, here])
                return exp.cast(exp.Anonymous(this="AT_TIMEZONE", expressions=[known, there]), "timestamp")
        return exp.AtTimeZone(this=exp.paren(exp.AtTimeZone(this=at, zone=here), copy=False), zone=there)

    def written(self, query: exp.Select) -> exp.Select:
        """The query with the types, texts and names that the engine can read; SpecError where it cannot read a name."""
        for cast in query.find_all(exp.Cast):
            instead = TYPES.get(self.name, {}).get(cast.to.this.value)
            if instead:
                cast.set("to", exp.DataType.build(instead, dialect=self.name))
        if self.name in SUBSTITUTING:
            for text in [*query.find_all(exp.Literal)]:
                if text.is_string and "${" in text.this:
                    text.replace(_apart(text.this))
        shown = {id(column.args.get("alias")) for column in query.expressions}
        for name in query.find_all(exp.Identifier):
            self._refuse(name.this)
            if self.own and id(name) not in shown:
                name.set("this", names.marked(name.this))
        return query

    def _refuse(self, name: str) -> None:
        """SpecError where the engine would read another name, or none."""
        most = LONGEST_NAME.get(self.name)
        found = ""
        if most and len(name.encode()) > most:
            found = f"a name of more than {most} bytes is cut"
        elif self.name in SUBSTITUTING and "${" in name:
            found = "${ is read as the beginning of a variable"
        elif self.name == "mysql" and max(name, default="") > "\uffff":
            found = "a name has no signs beyond U+FFFF"
        elif self.name == "mysql" and name != name.strip():
            found = "blanks around a name are cut"
        elif self.name == "bigquery" and UNNAMEABLE & set(name):
            found = f"a name has none of {' '.join(sorted(UNNAMEABLE))}"
        if found:
            raise SpecError(f"{name!r} cannot be a column in {self.name}: {found}. Rename it")


def _apart(text: str) -> Node:
    """A text in pieces, between which no ${variable} is seen."""
    pieces = text.replace("${", "$\0{").split("\0")
    return exp.Concat(expressions=[word(piece) for piece in pieces])


def _refused(at: Node) -> Node:
    """NULL of NULL, else an error that quotes its cause: MySQL knows no zone, and says NULL, until they are loaded."""
    cause = exp.Concat(expressions=[at.copy(), word(NO_ZONES)])
    overflow = exp.Add(this=exp.Literal.number(2**64 - 1), expression=exp.Length(this=cause))
    return exp.DateAdd(this=at.copy(), expression=exp.paren(overflow, copy=False), unit=exp.var("DAY"))


def dialect_of(name: str) -> Dialect:
    """The dialect of that name; SpecError names the nearest one."""
    known = ALIASES.get(name.lower(), name.lower())
    if known not in (*EXECUTED, *GENERATED):
        raise SpecError(f"no dialect is called {name!r}. {nearest(name, [*EXECUTED, *GENERATED, *ALIASES])}")
    return Dialect(known)
