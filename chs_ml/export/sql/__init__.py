"""The formula as one SELECT, in the language of the user's warehouse."""

from __future__ import annotations

from sqlglot import exp

from chs_ml.export.options import Options
from chs_ml.export.plan import plan_of
from chs_ml.export.sql.comment import leading
from chs_ml.export.sql.dialects import DIALECTS, EXECUTED, GENERATED, Dialect, dialect_of
from chs_ml.export.sql.head import columns_of, head_of
from chs_ml.export.sql.names import check_columns, check_labels, table_parts
from chs_ml.export.sql.query import SOURCE, Source, score_query
from chs_ml.export.sql.selftest import self_test_sql
from chs_ml.export.sql.tree import Node, table
from chs_ml.formula import WeightsFile
from chs_ml.formula.names import check_name

USUAL_TABLE = "customers"


def to_sql(weights: WeightsFile, options: Options | None = None) -> str:
    """Return one SELECT with a leading comment; with ``self_test`` one that returns only mismatches.

    options: dialect (DuckDB's if none), table (``customers``; ``schema.table``), key (its id column; as in training).
    The query has the columns customer (the key as it is), score, churn_probability, band, band_by_score, coverage,
    reason_1, reason_2, reason_3, formula, digest, a row for each of the table's, as ``chs-ml score`` writes them.

    Another target puts its own relation in the place of the table by ``scoring_sql(weights, dialect_of("duckdb"),
    relation_of("{{ ref('customers') }}"), key)``. The tree itself is ``score_query(plan_of(weights), dialect,
    Source(relation, key))``, and its text ``dialect.written(tree)``.

    Raises:
        FormulaError: an unknown dialect (the nearest is named), a table, a name or a label that cannot be written.
    """
    options = options or Options()
    dialect = dialect_of(options.dialect)
    if options.self_test:
        return self_test_sql(weights, dialect)
    parts = table_parts(USUAL_TABLE if options.table is None else options.table)
    return scoring_sql(weights, dialect, table(*parts, alias=SOURCE), options.key)


def scoring_sql(weights: WeightsFile, dialect: Dialect, relation: Node, key: str | None = None) -> str:
    """Return the query with its leading comment; relation: what is scored, aliased as ``SOURCE``."""
    plan = plan_of(weights)
    key = key or plan.customer
    check_name("--key", key)
    check_columns([key, *plan.kinds], dialect)
    check_labels(weights)
    query = score_query(plan, dialect, Source(relation, key))
    return leading([*head_of(plan, dialect), *columns_of(plan)]) + dialect.written(query) + "\n"


def relation_of(text: str) -> Node:
    """Return a relation that is printed as it stands, under the alias that the query reads: ``{{ ref('x') }} AS "t"``.

    The text is trusted: it is the caller's own, never a user's.
    """
    alias = exp.TableAlias(this=exp.to_identifier(SOURCE, quoted=True))
    return exp.Table(this=exp.Var(this=text), alias=alias)


__all__ = [
    "DIALECTS",
    "EXECUTED",
    "GENERATED",
    "Dialect",
    "Source",
    "dialect_of",
    "relation_of",
    "score_query",
    "scoring_sql",
    "to_sql",
]
