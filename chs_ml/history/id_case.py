"""Ids that accounts do not have, and would have if upper and lower case were ignored: what a person is told of them.

The panel's own tables keep no id of a stranger, so that the ids are read again, where there are strangers at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.history.columns import as_text
from chs_ml.history.databases import open_query
from chs_ml.history.findings import Finding, TableError
from chs_ml.history.sources import BATCH_ROWS, open_table
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.expansion import expand
from chs_ml.spec.table import Table

STRANGERS = "unknown-customer"


@contextmanager
def hinting(spec: CalibrationSpec) -> Iterator[None]:
    """Give hints to what is refused within."""
    try:
        yield
    except TableError as refused:
        raise TableError(*with_hints(refused.findings, spec)) from None


def with_hints(findings: Sequence[Finding], spec: CalibrationSpec) -> list[Finding]:
    """Return the findings, of strangers with how many of their rows differ from known ids only by case."""
    history = spec.history
    if history is None or all(one.code != STRANGERS for one in findings):
        return [*findings]
    accounts = _ids(spec, history.accounts.table, history.accounts.customer, "accounts")
    known = pa.chunked_array(accounts, pa.string()).unique().drop_null()
    return [_with_hint(one, spec, known) if one.code == STRANGERS else one for one in findings]


def _with_hint(one: Finding, spec: CalibrationSpec, known: pa.Array) -> Finding:
    """Return the finding, whose evidence begins with the name of its table."""
    name = one.evidence.partition(":")[0]
    past = spec.history.past[name] if spec.history else None
    ids = _ids(spec, past.table, past.customer, name) if past else iter(())
    folded = pc.utf8_lower(known)
    alike = sum(_alike(batch, known, folded) for batch in ids)
    if not alike:
        return one
    hint = f"{alike:,} of them would be known if upper and lower case were ignored"
    return replace(one, evidence=f"{one.evidence}; {hint}", remedy="Write the ids alike in both tables")


def _alike(ids: pa.Array, known: pa.Array, folded: pa.Array) -> int:
    """Return how many ids are unknown as they stand, and known in lower case."""
    strange = pc.invert(pc.is_in(ids, known))
    return int(pc.sum(pc.and_(strange, pc.is_in(pc.utf8_lower(ids), folded))).as_py() or 0)


def _ids(spec: CalibrationSpec, table: Table, column: str, name: str) -> Iterator[pa.Array]:
    """Give the ids of a table that was read before, batch by batch."""
    if table.query is not None:
        batches: Iterator[pa.RecordBatch] = iter(open_query(expand(str(table.url)), str(table.query), name))
    else:
        path, form = spec.locate(str(table.file)), {"delimiter": table.delimiter, "encoding": table.encoding}
        batches = open_table(path, **form).batches([column], BATCH_ROWS, [])
    for batch in batches:
        yield as_text(batch[column])
