"""What differs between engines, and cannot be left to sqlglot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import frexp
from types import MappingProxyType
from typing import Literal

from sqlglot import exp

from chs_ml.errors import FormulaError
from chs_ml.export.sql.tree import Node, Query, called, nothing_if, number, over, plus, times, whole, word
from chs_ml.spec.nearest import nearest

USUAL = "duckdb"
EXECUTED = ("duckdb", "postgres", "sqlite", "mysql", "spark", "databricks", "clickhouse")
"""Dialects whose text the tests run in the engine; that of Databricks is Spark's, and runs in Spark."""
GENERATED = ("snowflake", "bigquery", "redshift", "tsql", "trino", "oracle")
"""Dialects whose text is parsed back, and was not run."""
ALIASES: Mapping[str, str] = MappingProxyType(
    {"mariadb": "mysql", "postgresql": "postgres", "sqlserver": "tsql", "mssql": "tsql"}
)
MARK = "|"
"""Stands behind both texts where an engine would pass over blanks at their end."""


UNSEEN_HEALTH, UNSEEN_WEIGHT = 1e-200, 1e-50
"""What is below adds nothing to a score that anybody sees; no product of what is left is too small for a double."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One engine's ways. name: as sqlglot calls it.

    apart: what keeps the engine from copying a part of the query into each place that uses it, which would multiply
    the text from part to part. tells_case: 'a' and 'A' are two columns. longest: bytes of a name. unnameable: signs
    that no name has. marked: it passes over blanks at the end of texts. decimals: it takes 1.5E0 for a decimal, which
    cannot hold the ends of a double. underflows: it raises where a product is too small for a double. substitutes:
    it puts a variable's value in the place of ${variable}, even within texts. nan, infinity: how they are written.
    """

    name: str
    apart: Literal["", "offset", "limit", "materialized"] = ""
    tells_case: bool = False
    longest: int | None = None
    unnameable: frozenset[str] = frozenset()
    marked: bool = False
    decimals: bool = False
    underflows: bool = False
    substitutes: bool = False
    nan: str | None = "NaN"
    infinity: str | None = "Infinity"

    # Reading

    def given(self, column: Node) -> Node:
        """A column of numbers as doubles; in SQLite any column may hold '', which its cast takes for 0."""
        return self.as_double(nothing_if(column, word("")) if self.name == "sqlite" else column)

    def as_double(self, value: Node) -> Node:
        """A value as a double."""
        if self.name == "oracle":
            return called("TO_BINARY_DOUBLE", value)
        return exp.cast(value, "double", copy=False)

    def text(self, value: Node) -> Node:
        """A value as text."""
        kind = {"tsql": "NVARCHAR(4000)", "oracle": "VARCHAR(4000)", "mysql": "CHAR(501)"}.get(self.name, "TEXT")
        return exp.cast(value, exp.DataType.build(kind), copy=False)

    def compared(self, text: Node) -> Node:
        """A text as it is compared: letter for letter, with its case and the blanks at its end; NULL for ''."""
        told = plus(text, word(MARK)) if self.name == "tsql" else text
        match self.name:
            case "duckdb":
                told = exp.Collate(this=text, expression=exp.var("C"))
            case "postgres":
                told = exp.Collate(this=text, expression=exp.to_identifier("C", quoted=True))
            case "mysql":
                told = exp.cast(_in_utf8(text), "binary", copy=False)
            case "tsql":
                told = exp.Collate(this=exp.paren(told, copy=False), expression=exp.var("Latin1_General_100_BIN2"))
            case "redshift":
                told = exp.paren(exp.DPipe(this=text, expression=word(MARK)), copy=False)
        return nothing_if(told, self.level(""))

    def level(self, text: str) -> Node:
        """The other side of a comparison."""
        return word(text + MARK if self.marked else text)

    # Writing

    def health(self, value: float) -> Node:
        """A number between 0 and 1 that is multiplied; nobody sees the smallest, which some engines cannot multiply."""
        return self.number(0.0 if self.underflows and abs(value) < UNSEEN_HEALTH else value)

    def weight(self, value: float) -> Node:
        """A number that something between 0 and 100 is multiplied by."""
        return self.number(0.0 if self.underflows and abs(value) < UNSEEN_WEIGHT else value)

    def number(self, value: float) -> Node:
        """A number that stands for a double, however large or small."""
        if not self.decimals or value == 0.0 or 1e-30 < abs(value) < 1e30:
            return number(value)
        return self.as_double(word(repr(value).upper()))

    def exactly(self, value: float) -> Node:
        """A number to its last bit, where a comparison may hang on it.

        SQLite reads some literals a bit off (3 in 10,000 in version 3.40), but whole numbers and powers of two exactly.
        """
        if self.name != "sqlite" or (1024.0 * value).is_integer():
            return self.number(value)
        mantissa, power = frexp(value)
        power -= 53
        found = self.as_double(whole(int(mantissa * 2.0**53)))
        while power:
            step = min(abs(power), 62)
            found = over(found, whole(2**step)) if power < 0 else times(found, whole(2**step))
            power += step if power < 0 else -step
        return found

    def least(self, values: list[Node]) -> Node:
        """The least of values none of which is NULL. SQLite takes at most 127 of them at once, so they go in groups."""
        if len(values) == 1:
            return values[0]
        if len(values) > 100:
            return self.least([self.least(values[at : at + 100]) for at in range(0, len(values), 100)])
        return called("MIN" if self.name == "sqlite" else "LEAST", *values)

    def joined(self, *texts: Node) -> Node:
        """Texts one behind the other."""
        if self.name != "oracle":  # whose CONCAT takes two
            return exp.Concat(expressions=[*texts])
        first, *rest = texts
        for text in rest:
            first = exp.DPipe(this=first, expression=text)
        return first

    def kept_apart(self, query: Query) -> Query:
        """A part of the query that is not copied into the next; sqlite's is held by its name."""
        if self.apart == "offset":
            return query.offset(0, copy=False)
        return query.limit(2**64 - 1, copy=False) if self.apart == "limit" else query

    def of_one_row(self, query: Query) -> Query:
        """A SELECT that reads no table."""
        return query.from_("DUAL", copy=False) if self.name == "oracle" else query

    def written(self, query: Query) -> str:
        """The text; texts within it as the engine reads them."""
        for text in [*query.find_all(exp.Literal)]:
            if not text.is_string:
                continue
            if self.name == "tsql":
                text.replace(exp.National(this=text.this))
            elif self.substitutes and "${" in text.this:
                text.replace(_in_pieces(text.this))
        return query.sql(dialect=self.name, pretty=True)


def _in_utf8(text: Node) -> Node:
    """CONVERT(text USING utf8mb4): a column of another character set has other bytes."""
    kind = exp.DataType(this=exp.DataType.Type.CHARACTER_SET, kind=exp.var("utf8mb4"))
    return exp.Cast(this=text, to=kind)


def _in_pieces(text: str) -> Node:
    """A text in pieces, between which no ${variable} is seen."""
    pieces = text.replace("${", "$\0{").split("\0")
    return exp.paren(exp.Concat(expressions=[word(piece) for piece in pieces]), copy=False)


_ALL = (
    Dialect("duckdb"),
    Dialect("postgres", "offset", tells_case=True, longest=63, decimals=True, underflows=True),
    Dialect("sqlite", "materialized", nan=None, infinity=None),
    Dialect("mysql", "limit", longest=64, nan=None, infinity=None),
    Dialect("spark", substitutes=True),
    Dialect("databricks", substitutes=True),
    Dialect("clickhouse", tells_case=True),
    Dialect("snowflake", tells_case=True, longest=255, decimals=True, infinity="inf"),
    Dialect("bigquery", unnameable=frozenset('!"$()*,./;?@[\\]^`{}~')),
    Dialect("redshift", "offset", longest=127, decimals=True, underflows=True, marked=True),
    Dialect("tsql", longest=128, marked=True, nan=None, infinity=None),
    Dialect("trino"),
    Dialect("oracle", tells_case=True, longest=128, unnameable=frozenset('"'), decimals=True, nan=None, infinity=None),
)
DIALECTS: Mapping[str, Dialect] = MappingProxyType({one.name: one for one in _ALL})


def dialect_of(name: str | None) -> Dialect:
    """The dialect of that name, DuckDB's where none is asked for; FormulaError names the nearest one."""
    asked = (name or USUAL).lower()
    known = ALIASES.get(asked, asked)
    if known not in DIALECTS:
        near = nearest(asked, [*DIALECTS, *ALIASES])
        hint = near if near.startswith("Did") else f"There are: {', '.join(DIALECTS)}."  # all of them
        raise FormulaError(f"no dialect is called {name!r}. {hint}")
    return DIALECTS[known]
