"""The panel's query as text for a warehouse, where it runs every night before scoring."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

import sqlglot
from sqlglot import exp

from chs_ml.errors import SpecError
from chs_ml.history.asof.dialects import EXECUTED, Dialect, dialect_of
from chs_ml.history.asof.moments import AsOf
from chs_ml.history.asof.query import panel_query
from chs_ml.history.asof.rows import SOURCE
from chs_ml.history.databases import ENGINES
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.expansion import expand, unset
from chs_ml.spec.history import History
from chs_ml.spec.nearest import nearest

GIVEN = "chs_given_"
"""Before the name of a table that the spec reads by a query: no table of the warehouse is called so."""
UPPER = "snowflake"


def panel_sql(spec: CalibrationSpec, as_of: AsOf, dialect: str, places: Mapping[str, str] | None = None) -> str:
    """Return one SELECT that builds the panel in a warehouse.

    Tables are called as in the spec, or as ``places`` says (events → analytics.events); those that the spec reads by a
    query are read by that query.

    Raises:
        SpecError: an unknown dialect or table, or a query that cannot be told in this dialect.
    """
    history, engine = spec.history, dialect_of(dialect)
    if history is None:
        raise SpecError("the spec has a labelled table, which is a panel already; a query is made from history.")
    said = dict(places or {})
    for name in said:
        if name not in (*history.past, "accounts"):
            raise SpecError(f"no table is called {name!r}. {nearest(name, ['accounts', *history.past])}")
    asked = dict(_asked(history, said, engine))
    places_of = {name: _place(place, engine) for name, place in said.items()}
    places_of |= {name: exp.Table(this=exp.to_identifier(f"{GIVEN}{name}", quoted=True)) for name in asked}
    query = panel_query(spec, as_of, engine)
    query = _as_stored(query, places_of) if engine.name == UPPER else query
    query = engine.written(_placed(query, places_of))
    for name, answer in asked.items():
        query = query.with_(exp.to_identifier(f"{GIVEN}{name}", quoted=True), as_=answer, append=True, copy=False)
        _first(query)
    head = "".join(f"-- {line}\n" for line in _head(history, engine))
    return head + query.sql(dialect=engine.name, identify=True, pretty=True) + "\n"


def _place(said: str, engine: Dialect) -> exp.Table:
    """Return the table that a name in the warehouse means; SpecError for what is no name."""
    try:
        found = exp.to_table(said, dialect=engine.name)
        parts = [part.name for part in found.parts]
    except sqlglot.errors.SqlglotError:
        parts = []
    if not 1 <= len(parts) <= 3 or not all(re.fullmatch(r"[\w$-]+", part) for part in parts):
        raise SpecError(f"{said!r} is no name of a table; write it as in schema.events. Correct --table.")
    return found


def _placed(query: exp.Select, places: Mapping[str, exp.Table]) -> exp.Select:
    """Put the warehouse's names in the place of the spec's."""
    for table in [*query.find_all(exp.Table)]:
        if table.alias == SOURCE and table.name in places:
            there = places[table.name].copy()
            for key in ("this", "db", "catalog"):
                table.set(key, there.args.get(key))
    return query


def _as_stored(query: exp.Select, placed: Collection[str]) -> exp.Select:
    """Put the tables' own names in upper case, as Snowflake stores what was not quoted; placed: said as they are."""
    for column in query.find_all(exp.Column):
        if column.table == SOURCE:
            column.this.set("this", column.name.upper())
    for table in query.find_all(exp.Table):
        if table.alias == SOURCE and table.name not in placed:
            table.this.set("this", table.name.upper())
    return query


def _asked(history: History, places: Mapping[str, str], engine: Dialect) -> Iterator[tuple[str, exp.Expr]]:
    """Give the tables that the spec reads by a query, as the query's own parts."""
    for where, table in history.read.items():
        name = where.removeprefix("tables.")
        if table.query is None or name in places:
            continue
        scheme = "" if unset(str(table.url)) else expand(str(table.url)).partition("://")[0]
        read = ENGINES[scheme].dialect if scheme in ENGINES else engine.name
        yield name, sqlglot.parse_one(table.query, read=read)


def _first(query: exp.Select) -> None:
    """Put the part that came last before all others: a part reads only those above it."""
    parts = query.args["with_"].expressions
    parts.insert(0, parts.pop())


def _head(history: History, engine: Dialect) -> Iterator[str]:
    ran = "was run in the tests" if engine.name in EXECUTED else "is generated and parsed back, and was not run"
    yield f"The panel as of each cutoff, made by chs_ml. For {engine.name} the query {ran}."
    if engine.name == UPPER:
        yield "Names of your columns and tables are in upper case, as Snowflake stores them unless they were quoted."
    yield f"Times are local times of {history.timezone}, and so has the session's zone to be: CURRENT_DATE is its day,"
    yield "and a time that has a zone is read in it."
