"""The self-test: the formula's own vectors inlined, scored, and only what differs returned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from math import isfinite, isnan
from typing import Any

from sqlglot import exp

from chs_ml.errors import FormulaError
from chs_ml.export.plan import Plan, plan_of
from chs_ml.export.sql.comment import leading
from chs_ml.export.sql.dialects import Dialect
from chs_ml.export.sql.head import head_of
from chs_ml.export.sql.names import check_labels
from chs_ml.export.sql.query import SOURCE, Source, answers, scoring_parts, with_parts
from chs_ml.export.sql.tree import (
    Node,
    Query,
    at_most,
    called,
    case,
    col,
    either,
    every,
    is_null,
    minus,
    named,
    number,
    same,
    selected,
    table,
    whole,
    word,
)
from chs_ml.formula import WeightsFile
from chs_ml.formula.kinds import Kind
from chs_ml.formula.names import check_name
from chs_ml.formula.vectors import TOLERANCE, Vector, read_input

ROW, VECTORS, ANSWERED = "vector", "chs_vectors", "chs_answered"
ASKED: dict[str, Kind] = {"score": "number", "churn_probability": "number", "band": "level"}


def self_test_sql(weights: WeightsFile, dialect: Dialect) -> str:
    """Return one SELECT that scores the file's vectors and returns those that come out otherwise, [] as a proof."""
    plan = plan_of(weights)
    check_labels(weights)
    rows = {at: row for at, vector in enumerate(weights.vectors, 1) if (row := _inlined(vector, plan, dialect))}
    if not rows:
        raise FormulaError(f"none of the {len(weights.vectors)} vectors can be written in {dialect.name}")
    asked, there = len(rows), len(weights.vectors)
    left_out = "" if asked == there else f": {dialect.name} cannot hold the others (NaN, an empty text as a number)"
    head = [
        *head_of(plan, dialect),
        f"Self-test: no row is the proof that this engine computes the formula, within {TOLERANCE:g} and bands equal.",
        f"{asked} of {there} vectors asked{left_out}.",
    ]
    return leading(head) + dialect.written(_query(plan, dialect, rows)) + "\n"


def _query(plan: Plan, dialect: Dialect, rows: Mapping[int, list[Node]]) -> Query:
    """Return vectors → parts of the score → what differs; columns x1, x2 … since a metric may be called ``vector``."""
    source = Source(table(VECTORS, alias=SOURCE), ROW, {metric: f"x{at}" for at, metric in enumerate(plan.kinds, 1)})
    got = [named(value, f"got_{name}") for name, value in answers(plan, dialect).items() if name in ASKED]
    parts = [
        (VECTORS, _vectors(plan, dialect, rows)),
        *scoring_parts(plan, dialect, source),
        (ANSWERED, selected([named(col("customer"), "asked"), *got], "chs_told")),
    ]
    shown = [named(col(f"{side}_{name}"), f"{side}_{name}") for name in ASKED for side in ("expected", "got")]
    query = selected([named(col(ROW), ROW), *shown], ANSWERED)
    query = query.join(table(VECTORS), on=same(col("asked"), col(ROW)), copy=False)
    pairs = ((col(f"got_{name}"), col(f"expected_{name}"), kind) for name, kind in ASKED.items())
    differs = either(*(same(right(*pair, dialect), whole(0)) for pair in pairs))
    return with_parts(query.where(differs, copy=False), parts, dialect)


def right(got: Node, expected: Node, kind: Kind, dialect: Dialect) -> Node:
    """Return 1 where an answer is as expected: both NULL, or equal texts, or numbers that are close; else 0."""
    nothing = every(is_null(got.copy()), is_null(expected.copy()))
    close = at_most(called("ABS", minus(got, expected)), number(TOLERANCE))
    equal = close if kind == "number" else same(dialect.compared(got.copy()), dialect.compared(expected.copy()))
    return case((nothing, whole(1)), (equal, whole(1)), otherwise=whole(0))


def _vectors(plan: Plan, dialect: Dialect, rows: Mapping[int, list[Node]]) -> Query:
    """Return the vectors as rows; the first one gives the columns their types and names."""
    kinds = [*plan.kinds.values(), "number", "number", "level"]
    names = [*(f"x{at}" for at in range(1, len(plan.kinds) + 1)), *(f"expected_{name}" for name in ASKED)]
    (first, cells), *others = rows.items()
    typed = [_typed(cell, kind, dialect) for cell, kind in zip(cells, kinds, strict=True)]
    columns = [named(cell, name) for cell, name in zip(typed, names, strict=True)]
    lines = [exp.select(named(whole(first), ROW), *columns, copy=False)]
    lines += [exp.select(whole(at), *row, copy=False) for at, row in others]
    return reduce(_below, map(dialect.of_one_row, lines))


def _below(upper: Any, lower: Any) -> Any:
    return exp.union(upper, lower, distinct=False, copy=False)


def _typed(cell: Node, kind: Kind, dialect: Dialect) -> Node:
    return dialect.as_double(cell) if kind == "number" else dialect.text(cell)


def _inlined(vector: Vector, plan: Plan, dialect: Dialect) -> list[Node] | None:
    """Return a vector's inputs and answers as literals, None where the dialect cannot write one of them."""
    inputs = [_literal(read_input(vector["inputs"].get(name)), kind, dialect) for name, kind in plan.kinds.items()]
    expected = [_number(vector["score"]), _number(vector["churn_probability"]), _text(vector["band"])]
    found = [cell for cell in [*inputs, *expected] if cell is not None]
    return found if len(found) == len(plan.kinds) + len(ASKED) else None


def _literal(value: Any, kind: Kind, dialect: Dialect) -> Node | None:
    if value is None:
        return exp.null()
    if kind == "level":
        return _text(value)
    if isinstance(value, str):
        return None
    if isfinite(value):
        return dialect.exactly(value)
    told = dialect.nan if isnan(value) else dialect.infinity
    if told is None:
        return None
    return dialect.as_double(word(f"-{told}" if value < 0 else told))


def _number(value: float | None) -> Node:
    return exp.null() if value is None else number(value)


def _text(value: Any) -> Node | None:
    """Return a text as a literal; None for what a file that somebody changed may hold."""
    if value is None:
        return exp.null()
    if not isinstance(value, str):
        return None
    try:
        check_name("text", value)
    except FormulaError:
        return None
    return word(value)
