"""The model of the metrics: one row a customer, from raw history or from the columns of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chs_ml.errors import FormulaError
from chs_ml.export.dbt.jinja import place, raw, rendered
from chs_ml.export.options import Options
from chs_ml.export.plan import Plan
from chs_ml.export.sql import Dialect
from chs_ml.export.sql.names import check_columns
from chs_ml.export.sql.tree import col, named, selected, table
from chs_ml.history.asof.moments import AsOf
from chs_ml.history.asof.text import GIVEN, panel_sql
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.measuring import CUSTOMER

HISTORY, CUSTOMERS = "history", "customers"
"""The names of sources."""
AS_OF = """\
{#- the day as of which customers are measured: dbt build --vars '{as_of: 2026-01-31}' -#}
{%- set as_of = var('as_of', 'current_date') | string -%}
{%- set as_of = 'CURRENT_DATE' if as_of | lower == 'current_date' else "CAST('" ~ as_of ~ "' AS DATE)" -%}
"""


@dataclass(frozen=True, slots=True)
class Metrics:
    """text: of the model. source: its name. tables: of it, each with a description. key: the id's column."""

    text: str
    source: str
    tables: Mapping[str, str]
    key: str


def metrics_of(plan: Plan, dialect: Dialect, options: Options) -> Metrics:
    """Return the model of the metrics.

    Raises:
        FormulaError: for a key beside a history, whose id is always called ``customer``, and a formula of metrics that
            the history does not measure.
        SpecError: for a dialect in which the panel's query is not written.
    """
    spec = options.spec
    if spec is not None and spec.history is not None:
        return _from_history(plan, dialect, options, spec)
    return _from_columns(plan, dialect, options)


def _from_history(plan: Plan, dialect: Dialect, options: Options, spec: CalibrationSpec) -> Metrics:
    if options.key is not None:
        raise FormulaError(f"target 'dbt': from raw history the id is called {CUSTOMER!r}; leave out --key")
    measured = {metric.name for metric in spec.metrics if metric.role != "exclude"}
    absent = [metric for metric in plan.kinds if metric not in measured]
    if absent:
        raise FormulaError(f"the spec beside the weights does not measure {absent[0]!r}, which the formula reads")
    tables = _read(spec)
    places = {name: place(plan, name) for name in tables}
    sql = panel_sql(spec, AsOf((), None), dialect.name, places)
    found = {place: _source(HISTORY, name) for name, place in places.items()}
    text = rendered(sql, dialect.name, found, "{{ as_of }}", GIVEN)
    there = {name: tables[name] for name in tables if _source(HISTORY, name) in text}
    return Metrics(AS_OF + text, HISTORY, there, CUSTOMER)


def _read(spec: CalibrationSpec) -> dict[str, str]:
    """Return the tables of the history that are not read by a query of the user's, each with a description."""
    history = spec.history
    if history is None:
        return {}
    plain = [where.removeprefix("tables.") for where, table in history.read.items() if table.query is None]
    said = {"accounts": f"A row for each customer, or spell of one; {raw(history.accounts.customer)} is the id."}
    for name, past in history.past.items():
        when = getattr(past, past.begins)
        said[name] = f"What happened to customers, and when: {raw(when)}. {raw(past.customer)} is the customer's id."
    return {name: said[name] for name in plain}


def _from_columns(plan: Plan, dialect: Dialect, options: Options) -> Metrics:
    key = options.key or plan.customer
    if key in plan.kinds:
        raise FormulaError(f"target 'dbt': {key!r} is a metric, and cannot be the id as well; say --key")
    check_columns([key, *plan.kinds], dialect)
    columns = [named(col(name, "t"), name) for name in (key, *plan.kinds)]
    sql = dialect.written(selected(columns, table(place(plan, CUSTOMERS), alias="t")))
    text = rendered(sql, dialect.name, {place(plan, CUSTOMERS): _source(CUSTOMERS, CUSTOMERS)})
    return Metrics(text + "\n", CUSTOMERS, {CUSTOMERS: "The table that is scored, a row for each customer."}, key)


def _source(source: str, name: str) -> str:
    return f"{{{{ source('{source}', '{name}') }}}}"
