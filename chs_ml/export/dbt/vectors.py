"""The seed of customers with known scores, and the test that scores them and returns only what differs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from math import isfinite, isnan
from typing import Any

from sqlglot import exp

from chs_ml.errors import FormulaError
from chs_ml.export.dbt.jinja import place, rendered
from chs_ml.export.plan import Plan
from chs_ml.export.sql import Dialect
from chs_ml.export.sql.selftest import ASKED, ROW, right
from chs_ml.export.sql.tree import (
    Node,
    called,
    col,
    either,
    named,
    nothing_if,
    same,
    selected,
    table,
    whole,
    word,
)
from chs_ml.formula import WeightsFile
from chs_ml.formula.kinds import Kind
from chs_ml.formula.vectors import Vector, read_input

SEED = "health_score_vectors"
BEFORE = "~"
"""Stands before every text: a blank one, or one that says null, would come back from a seed as NULL."""


def seed_columns(plan: Plan) -> list[str]:
    """Return the columns of the seed: x1, x2 … for the metrics, since a metric may have a name that no seed can.

    All of them are texts, which every warehouse loads alike.
    """
    return [ROW, *(f"x{at}" for at in range(1, len(plan.kinds) + 1)), *(f"expected_{name}" for name in ASKED)]


def seed_csv(weights: WeightsFile, plan: Plan, dialect: Dialect) -> tuple[str, int]:
    """Return CSV text, and how many vectors are in it; FormulaError where there is none that the dialect can hold."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(seed_columns(plan))
    rows = [cells for vector in weights.vectors if (cells := _cells(vector, plan, dialect)) is not None]
    writer.writerows([str(at), *cells] for at, cells in enumerate(rows, 1))
    if not rows:
        raise FormulaError(f"none of the {len(weights.vectors)} vectors can be held in a seed of {dialect.name}")
    return out.getvalue(), len(rows)


def _cells(vector: Vector, plan: Plan, dialect: Dialect) -> list[str] | None:
    """Return a vector as texts, None where the dialect cannot hold one of them."""
    inputs = [(read_input(vector["inputs"].get(metric)), kind) for metric, kind in plan.kinds.items()]
    values = [*inputs, *((vector[name], kind) for name, kind in ASKED.items())]
    found = [_cell(value, kind, dialect) for value, kind in values]
    return None if None in found else [cell for cell in found if cell is not None]


def _cell(value: Any, kind: Kind, dialect: Dialect) -> str | None:
    if value is None or value == "":
        return ""
    if kind == "level":
        return f"{BEFORE}{value}"
    if isfinite(value):
        return repr(float(value))
    told = dialect.nan if isnan(value) else dialect.infinity
    return None if told is None else f"-{told}" if value < 0 else told


def singular_test(plan: Plan, dialect: Dialect, key: str, macro: str) -> str:
    """Return the test: the seed in the columns of the metrics, scored by the macro that scores customers.

    Its parts: ``seed`` as metrics, ``scored`` by the formula, and those of which an answer is not as expected.
    """
    columns = [named(col(ROW, "t"), key)]
    for at, (metric, kind) in enumerate(plan.kinds.items(), 1):
        columns.append(named(_read(col(f"x{at}", "t"), kind, dialect), metric))
    expected = [named(_read(col(f"expected_{name}", "t"), kind, dialect), name) for name, kind in ASKED.items()]
    seed = table(place(plan, "seed"), alias="t")
    parts = {
        "chs_vectors": selected(columns, seed),
        "chs_expected": selected([named(col(ROW, "t"), ROW), *expected], seed.copy()),
        "chs_answered": selected([exp.Star()], place(plan, "scored")),
    }
    query = selected(list(_shown()), table("chs_expected", alias="e"))
    on = same(col("customer", "a"), col(ROW, "e"))
    query = query.join(table("chs_answered", alias="a"), on=on, join_type="left", copy=False)  # none is lost unseen
    pairs = ((col(name, "a"), col(name, "e"), kind) for name, kind in ASKED.items())
    query = query.where(either(*(same(right(*pair, dialect), whole(0)) for pair in pairs)))
    for name, part in parts.items():
        query = query.with_(exp.to_identifier(name, quoted=True), as_=part, append=True, copy=False)
    vectors = table("chs_vectors").sql(dialect=dialect.name)
    scored = f"({{{{ {macro}('{vectors}') }}}}) AS {table('chs_scored').sql(dialect=dialect.name)}"
    ours = {place(plan, "seed"): f"{{{{ ref('{SEED}') }}}}", place(plan, "scored"): scored}
    return rendered(dialect.written(query), dialect.name, ours) + "\n"


def _read(column: Node, kind: Kind, dialect: Dialect) -> Node:
    there = nothing_if(dialect.text(column), word(""))
    return dialect.as_double(there) if kind == "number" else called("SUBSTR", there, whole(len(BEFORE) + 1))


def _shown() -> Iterator[Node]:
    yield named(col(ROW, "e"), ROW)
    for name in ASKED:
        yield named(col(name, "e"), f"expected_{name}")
        yield named(col(name, "a"), f"got_{name}")
