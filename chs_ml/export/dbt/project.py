"""The folder: models, the macro that is the formula, the seed and its test, descriptions, a page that explains them."""

from __future__ import annotations

from chs_ml.errors import FormulaError
from chs_ml.export.dbt.jinja import place, rendered
from chs_ml.export.dbt.metrics import metrics_of
from chs_ml.export.dbt.papers import MACRO, METRICS, SCORES, descriptions, project_yml, readme, sources_yml
from chs_ml.export.dbt.vectors import SEED, seed_csv, singular_test
from chs_ml.export.options import Options
from chs_ml.export.plan import plan_of
from chs_ml.export.sql import Dialect, dialect_of, scoring_sql
from chs_ml.export.sql.query import SOURCE
from chs_ml.export.sql.tree import table
from chs_ml.formula import WeightsFile

WAREHOUSES = (
    "duckdb", "postgres", "snowflake", "bigquery", "redshift", "databricks", "spark", "trino", "clickhouse",
)  # fmt: skip
"""Dialects that an adapter of dbt speaks."""


def to_dbt(weights: WeightsFile, options: Options) -> dict[str, str]:
    """Return the texts of a dbt project by their paths.

    options: dialect (DuckDB's if none), key (the id column of the table that is scored; as in training), spec (its
    history becomes the model of the metrics; without one they are columns of a table).

    Raises:
        FormulaError: an unknown dialect, one that dbt has no adapter for, what SQL cannot hold, a text that would end
            what is raw, or a spec that does not measure what the formula reads.
        SpecError: for a dialect in which the panel's query is not written.
    """
    dialect = dialect_of(options.dialect)
    if dialect.name not in WAREHOUSES:
        raise FormulaError(f"target 'dbt': dbt speaks no {dialect.name}; choose a --dialect of {', '.join(WAREHOUSES)}")
    plan = plan_of(weights)
    metrics = metrics_of(plan, dialect, options)
    seed, asked = seed_csv(weights, plan, dialect)
    return {
        "README.md": readme(plan, dialect, metrics, asked, len(weights.vectors)),
        "dbt_project.yml": project_yml(plan, dialect),
        f"macros/{MACRO}.sql": _macro(weights, dialect, metrics.key),
        f"models/{METRICS}.sql": metrics.text,
        f"models/{SCORES}.sql": f"{{{{ {MACRO}(ref('{METRICS}')) }}}}\n",
        "models/schema.yml": descriptions(weights, plan, metrics),
        "models/sources.yml": sources_yml(metrics),
        f"seeds/{SEED}.csv": seed,
        f"tests/{SEED}_score_as_written.sql": singular_test(plan, dialect, metrics.key, MACRO),
    }


def _macro(weights: WeightsFile, dialect: Dialect, key: str) -> str:
    """Return the one place in which the formula stands, for the customers and for the test."""
    there = place(plan_of(weights), "relation")
    sql = scoring_sql(weights, dialect, table(there, alias=SOURCE), key)
    text = rendered(sql, dialect.name, {there: "{{ relation }}"})
    return f"{{% macro {MACRO}(relation) %}}\n{text}{{% endmacro %}}\n"
