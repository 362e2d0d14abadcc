"""Who a row is about, and as of when."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from chs_ml.history.columns import Column, as_text
from chs_ml.history.days import Dates
from chs_ml.history.findings import Finding, Trouble, error, trouble
from chs_ml.history.sources import TableFile

_EMPTY_ID = ("empty-id", "a customer's id is empty", "Fill it, or leave the row out")


def read_ids(name: str, column: Column) -> tuple[NDArray[np.object_], list[Trouble]]:
    """Ids as trimmed text, whatever they look like: `007`, `NA` and `null` are ids."""
    text = as_text(column)
    empty = np.flatnonzero(pc.is_null(text).to_numpy())
    ids = np.asarray(pc.fill_null(text, "").to_numpy(), dtype=object)
    return ids, [trouble(name, empty, None, _EMPTY_ID)] if len(empty) else []


def ids_from_content(table: pa.Table, learned_from: Collection[str]) -> NDArray[np.object_]:
    """Ids for a table without an id column: a digest of what is learned from in the row, numbered where rows are alike.

    They do not depend on the order of rows or columns, nor on a column that is only looked at.
    """
    names = sorted(table.column_names)
    contents, rows = _joined(table, [name for name in names if name in learned_from]), _joined(table, names)
    seen: Counter[str] = Counter()
    ids = np.empty(len(rows), dtype=object)
    for at in sorted(range(len(rows)), key=rows.__getitem__):
        digest = hashlib.blake2b(contents[at].encode(), digest_size=8).hexdigest()
        ids[at] = f"{digest}-{seen[digest]}" if seen[digest] else digest
        seen[digest] += 1
    return ids


def _joined(table: pa.Table, names: Sequence[str]) -> list[str]:
    columns = [pc.fill_null(as_text(table[name]), "") for name in names]
    joined: list[str] = pc.binary_join_element_wise(*columns, "\x1f").to_pylist()
    return joined


def duplicates(
    file: TableFile, ids: NDArray[np.object_], cutoffs: Dates | None, rows: NDArray[np.intp]
) -> list[Finding]:
    """One finding if a customer (or a customer at one cutoff) stands in more than one of ``rows``."""
    keys: Sequence[object] = ids[rows].tolist() if cutoffs is None else list(zip(ids[rows], cutoffs[rows], strict=True))
    first: dict[object, int] = {}
    again = [
        (first[key], row) for key, row in zip(keys, rows.tolist(), strict=True) if first.setdefault(key, row) != row
    ]
    if not again:
        return []
    places = sorted({row for pair in again[:5] for row in pair})
    named = dict(zip(places, file.locate(places), strict=True))
    pairs = ", ".join(f"{named[one]} and {named[two]}" for one, two in again[:5])
    more = f" and {len(again) - 5:,} more" if len(again) > 5 else ""
    what = "customer" if cutoffs is None else "customer and cutoff"
    remedy = "Keep one row each" + (", or name the column of the date as data.cutoff" if cutoffs is None else "")
    return [error("duplicate-customer", f"{file.name}: the same {what} in {pairs}{more}; each stands once", remedy)]
