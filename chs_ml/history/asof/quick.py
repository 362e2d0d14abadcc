"""A Parquet file of plain columns, straight into DuckDB, which reads it on all cores.

What is not plain, or turns out not to be sound, is left to the exact way through Arrow, which says what is wrong where.
"""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlglot import exp

from chs_ml.history.asof.forms import LARGEST
from chs_ml.history.asof.names import NUMBER, TEXT, TIME, WHOSE, held, marked
from chs_ml.history.asof.staging import Staged, hold, raw_of, trimmed, whose, with_customers
from chs_ml.history.asof.tree import (
    Node,
    as_double,
    col,
    count,
    either,
    finite,
    less,
    named,
    number,
    quoted,
    selected,
    word,
)
from chs_ml.history.asof.wanted import Wanted
from chs_ml.history.findings import TableError

MOST_LISTED = 1000
"""A column of no more different texts is kept as numbers of a list, which are compared faster and take less room."""
FILE = "chs file"


def held_quickly(staged: Staged, wanted: Wanted, path: Path) -> bool:
    """Hold the rows of a file, if every column is plain and every value sound; otherwise nothing."""
    if wanted.name == "accounts" or not _is_plain(wanted, pq.read_schema(path)):
        return False
    try:
        _keep(staged, wanted, path, spaced=False)
        if staged.number(f"SELECT count(*) FROM {quoted(raw_of(wanted))} WHERE {WHOSE} = 0"):  # noqa: S608
            _keep(staged, wanted, path, spaced=True)
        if not _too_large(staged, wanted) and not hold(staged, wanted):
            return True
    except TableError:
        pass
    staged.rows_of(f"DROP TABLE IF EXISTS {quoted(raw_of(wanted))}")
    return False


def _is_plain(wanted: Wanted, schema: pa.Schema) -> bool:
    """Whether DuckDB reads the columns as Arrow does. It does not tell a name from the same in capitals."""
    apart = len({name.lower() for name in schema.names}) == len(schema.names)
    return apart and all(_fits(schema.field(name).type, form) for name, form in wanted.read)


def _fits(kind: pa.DataType, form: str) -> bool:
    types = pa.types
    if form == TIME:
        return bool(types.is_date32(kind) or (types.is_timestamp(kind) and kind.unit == "us"))
    if form == NUMBER:
        return bool(types.is_float32(kind) or types.is_float64(kind) or types.is_integer(kind))
    inner = kind.value_type if types.is_dictionary(kind) else kind
    return bool(types.is_string(inner) or types.is_large_string(inner) or types.is_integer(inner))


def _keep(staged: Staged, wanted: Wanted, path: Path, *, spaced: bool) -> None:
    """Take the rows. spaced: ids may have blanks around them, and taking those off takes as long as all the rest."""
    file = f"read_parquet({word(_to_the_letter(path)).sql('duckdb')}, hive_partitioning = false)"
    staged.rows_of(f"CREATE OR REPLACE VIEW {quoted(FILE)} AS SELECT * FROM {file}")  # noqa: S608
    given = exp.cast(col(wanted.customer, "f"), "text")
    customer = trimmed(given) if spaced else given
    columns = {WHOSE: whose(customer)}
    for name, form in wanted.read:
        if name != wanted.customer or form != TEXT or wanted.keeps_ids:
            columns[marked(held(name, form))] = _formed(staged, wanted, name, form)
    query = with_customers(selected([named(value, key) for key, value in columns.items()], FILE, "f"), customer)
    staged.rows_of(f"CREATE OR REPLACE TABLE {quoted(raw_of(wanted))} AS {query.sql('duckdb', identify=True)}")


def _to_the_letter(path: Path) -> str:
    """A path in which no sign stands for others."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _formed(staged: Staged, wanted: Wanted, name: str, form: str) -> Node:
    column = col(name, "f")
    if form == TIME:
        return column
    if form == NUMBER:
        return finite(as_double(column))
    return _listed(staged, wanted, name)


def _listed(staged: Staged, wanted: Wanted, name: str) -> Node:
    """A column of texts, as numbers of a list where they are few."""
    text, kind = trimmed(col(name, "f")), quoted(f"chs list {wanted.name}.{name}")
    told = text.sql("duckdb", identify=True)
    few = f"SELECT DISTINCT {told} AS text FROM {quoted(FILE)} AS f LIMIT {MOST_LISTED + 1}"  # noqa: S608
    answered = staged.rows_of(few)
    found = sorted(value for (value,) in answered if value is not None)
    if not found or len(answered) > MOST_LISTED:
        return text
    listed = ", ".join(word(value).sql("duckdb") for value in found)
    staged.rows_of(f"DROP TYPE IF EXISTS {kind}")
    staged.rows_of(f"CREATE TYPE {kind} AS ENUM ({listed})")
    return exp.Cast(this=text, to=exp.DataType.build(kind, dialect="duckdb", udt=True))


def _too_large(staged: Staged, wanted: Wanted) -> bool:
    numbers = [col(marked(held(name, NUMBER))) for name, form in wanted.read if form == NUMBER]
    large = [less(number(LARGEST), exp.Abs(this=one)) for one in numbers]
    return bool(large) and staged.number(selected([count()], raw_of(wanted), "r").where(either(*large))) > 0
