"""What people and dbt read about the project: its settings, descriptions of models and sources, a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from sqlglot import exp

from chs_ml.export.dbt.jinja import raw
from chs_ml.export.dbt.metrics import HISTORY, Metrics
from chs_ml.export.dbt.vectors import SEED, seed_columns
from chs_ml.export.plan import Plan
from chs_ml.export.sql import Dialect
from chs_ml.formula import WeightsFile

PROJECT = "health_score"
METRICS, SCORES, MACRO = "customer_metrics", "customer_health_scores", "chs_health_score"
BUILT = "duckdb"
"""The dialect in which the tests run dbt."""
_OUTPUT = {
    "customer": "The customer's id.",
    "score": "The health score, 0 (about to leave) to 100 (healthy).",
    "churn_probability": "The probability of churn, 0 to 1; empty where the formula was never calibrated.",
    "band": "The band after the formula's rules; 'not scored' where too little is known.",
    "band_by_score": "The band by the score alone.",
    "coverage": "The share of the weights whose metric is known, 0 to 1.",
    "reason_1": "What costs most points against the average customer; or why the customer is not scored.",
    "reason_2": "What costs most points after that.",
    "reason_3": "What costs most points after that.",
    "formula": "Which formula this is.",
    "digest": "The SHA-256 of the formula: the same digest is the same formula.",
}


def project_yml(plan: Plan, dialect: Dialect) -> str:
    """Return dbt_project.yml."""
    types = dict.fromkeys(seed_columns(plan), exp.DataType.build("TEXT").sql(dialect=dialect.name))
    return _written({
        "name": PROJECT,
        "version": "1.0.0",
        "config-version": 2,
        "profile": PROJECT,
        "model-paths": ["models"],
        "macro-paths": ["macros"],
        "seed-paths": ["seeds"],
        "test-paths": ["tests"],
        "vars": {"as_of": "current_date"},
        "models": {PROJECT: {"+materialized": "table"}},
        "seeds": {PROJECT: {SEED: {"+quote_columns": True, "+column_types": types}}},
    })  # fmt: skip


def sources_yml(metrics: Metrics) -> str:
    """Return models/sources.yml: where the raw tables are."""
    tables = [{"name": name, "description": said} for name, said in metrics.tables.items()]
    schema = f"{{{{ var('{metrics.source}_schema', target.schema) }}}}"
    what = "Raw history." if metrics.source == HISTORY else "What is known of each customer."
    source = {"name": metrics.source, "description": what, "schema": schema, "tables": tables}
    return _written({"version": 2, "sources": [source]})


def descriptions(weights: WeightsFile, plan: Plan, metrics: Metrics) -> str:
    """Return models/schema.yml: what each model and column is, and that each customer is scored once."""
    ids: dict[str, Any] = {"name": raw(metrics.key), "description": "The customer's id."}
    read = [ids, *({"name": raw(name), "description": raw(_about(weights, name))} for name in plan.kinds)]
    scores: list[dict[str, Any]] = [{"name": name, "description": said} for name, said in _OUTPUT.items()]
    if metrics.source == HISTORY:
        scores[0]["data_tests"] = ["unique", "not_null"]
    when = " as of the day in the variable as_of" if metrics.source == HISTORY else ""
    inputs = f"What the formula reads of each customer{when}."
    models = [
        {"name": METRICS, "description": inputs, "columns": read},
        {"name": SCORES, "description": "Score, band and reasons of each customer.", "columns": scores},
    ]
    return _written({"version": 2, "models": models})


def _about(weights: WeightsFile, metric: str) -> str:
    about = weights.metrics.get(metric, {})
    said = [str(about.get("label") or metric), *(str(about[key]) for key in ("unit", "definition") if about.get(key))]
    return "; ".join(said)


def _written(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)


def readme(plan: Plan, dialect: Dialect, metrics: Metrics, asked: int, of: int) -> str:
    """Return README.md."""
    return "\n".join(_page(plan, dialect, metrics, asked, of)) + "\n"


def _page(plan: Plan, dialect: Dialect, metrics: Metrics, asked: int, of: int) -> Iterator[str]:
    yield "# Customer health scores in the warehouse"
    yield ""
    yield f"Made by chs_ml for {dialect.name}. The formula's digest is `{plan.digest[:12]}`."
    yield ""
    yield "1. Say how to reach your warehouse: a profile called `health_score` in dbt's `profiles.yml`."
    yield f"2. Say where the raw tables are: in `models/sources.yml`, or `--vars '{{{metrics.source}_schema: raw}}'`."
    yield "3. `dbt build`, every night."
    yield ""
    yield from _what_is_shown(dialect)
    yield ""
    yield "| What | Where |"
    yield "|---|---|"
    yield f"| Scores, bands, reasons: the table that people read | `{SCORES}` |"
    yield f"| What the formula reads of each customer | `{METRICS}` |"
    yield f"| The formula, once, for the customers and for the test | `macros/{MACRO}.sql` |"
    yield f"| {asked} customers with known scores | `seeds/{SEED}.csv` |"
    yield f"| The proof that this warehouse computes the formula | `tests/{SEED}_score_as_written.sql` |"
    yield ""
    yield f"The test scores the {asked} customers of the seed with the macro that scores yours. It fails, and shows"
    yield "which, where a score or a probability differs by more than 1e-9, or a band at all. Texts in the seed begin"
    yield "with `~`, so that a blank one is told from none."
    if asked < of:
        yield f"{of - asked} of the formula's {of} are not in it: {dialect.name} cannot hold their NaN or infinities."
    yield ""
    yield from _where_metrics_come_from(metrics)
    yield ""
    yield "Do not change the formula here: calibrate again, export again, and put the new folder in place of this one."


def _what_is_shown(dialect: Dialect) -> Iterator[str]:
    if dialect.name == BUILT:
        yield "Projects of this kind are built in the tests of chs_ml, with dbt on DuckDB."
    else:
        yield f"This was generated for {dialect.name}, and chs_ml has not run dbt there: the first `dbt build`, whose"
        yield "test has to pass, is the proof."


def _where_metrics_come_from(metrics: Metrics) -> Iterator[str]:
    if metrics.source == HISTORY:
        yield f"`{METRICS}` measures the raw history as of today's date, as it was measured when the formula was"
        yield "learned; `dbt build --vars '{as_of: 2026-01-31}'` asks for another day. Today is the session's day: set"
        yield "its time zone to the history's."
    else:
        yield f"`{METRICS}` takes the columns of one table under the names that the formula knows. Where yours have"
        yield "other names, or are still to be computed, change this model and nothing else."
