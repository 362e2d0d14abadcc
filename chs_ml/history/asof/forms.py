"""Columns as a file has them → a column for each form in which it is read; what cannot take its form is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.history.asof.names import NUMBER, TEXT, TIME, held, marked
from chs_ml.history.asof.wanted import Wanted
from chs_ml.history.columns import Column, as_text, can_be_text, is_time
from chs_ml.history.findings import Finding, Trouble, error, trouble
from chs_ml.history.numbers import NumberReader

INFINITE = 2**63 - 1
"""Microseconds that mean infinity to DuckDB."""
LARGEST = 1e14
TOO_LARGE = (
    "too-large",
    "a number that is summed stays below a hundred trillion",
    "Correct them, or take a larger unit",
)


@dataclass(slots=True)
class Forms:
    """Takes the batches of one table. source: what messages call it; decimal: the sign that was said."""

    wanted: Wanted
    source: str
    decimal: str | None
    findings: list[Finding] = field(default_factory=list)
    troubles: dict[tuple[str, str], Trouble] = field(default_factory=dict)
    rows: int = 0

    def taken(self, batches: Iterator[pa.RecordBatch], empty: Callable[[], pa.Schema]) -> pa.RecordBatchReader:
        """The columns under the names that the query gives them; times in text are still text. empty: if no batch."""
        first = next(batches, None)
        if first is None:
            kinds = {one.name: _plain(one.type) for one in empty()}
            first = pa.record_batch([pa.nulls(0, kind) for kind in kinds.values()], names=[*kinds])
        self.findings += [found for found in map(self._unfit, first.schema) if found]
        if self.findings:
            return pa.RecordBatchReader.from_batches(pa.schema([]), [])
        begun = self._formed(first)
        return pa.RecordBatchReader.from_batches(begun.schema, self._all(begun, batches))

    def _all(self, begun: pa.RecordBatch, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield begun
        for batch in batches:
            yield self._formed(batch)

    def _unfit(self, column: pa.Field) -> Finding | None:
        """Why values of a column's type cannot be read as they are to be; None if they can."""
        name, kind, forms = column.name, column.type, self.wanted.forms[column.name]
        said = f"{self.source}: column {name!r} holds"
        if not can_be_text(kind):
            return error("nested-values", f"{said} values of type {kind}", "Give numbers, text or dates", name)
        if TIME in forms and not _can_be_time(kind):
            found = f"{said} values of type {kind}; it is {self.wanted.columns[name]}, a time"
            return error("bad-time", found, "Give dates, times, or text as in 2025-03-31", name)
        if NUMBER in forms and is_time(kind):
            found = f"{said} dates or times, and it is read as a number"
            return error("not-a-number", found, "Give a number in its place, or say kind: category", name)
        return None

    def _formed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        by = {TEXT: _text, NUMBER: self._number, TIME: _time}
        read = self.wanted.read
        found = [by[form](name, batch.column(name)) for name, form in read]
        self.rows += len(batch)
        return pa.record_batch(found, names=[marked(held(name, form)) for name, form in read])

    def _number(self, name: str, column: Column) -> Column:
        """Doubles; null for NaN and infinities of a file that has types, and for what is told."""
        read, found = NumberReader(name, self.decimal, may_hold_commas=False).read(column)
        values = np.asarray(read.to_numpy(zero_copy_only=False), dtype=np.float64)
        values = np.where(np.isfinite(values), values, np.nan)
        large = np.flatnonzero(np.abs(values) > LARGEST)
        if len(large):
            found = [*found, trouble(name, large, {row: values[row] for row in large[:5].tolist()}, TOO_LARGE)]
        for one in found:
            placed, known = one.later_by(self.rows), self.troubles.get((one.code, name))
            self.troubles[one.code, name] = known.joined(placed) if known else placed
        return pa.array(values, from_pandas=True)


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type that a Parquet file's values come in."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.string() if pa.types.is_large_string(inner) or pa.types.is_string_view(inner) else inner


def _can_be_time(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_string(kind) or types.is_null(kind) or types.is_date(kind) or types.is_timestamp(kind))


def _text(_: str, column: Column) -> Column:
    """What a column's values are called; text itself, and times, are left to the database."""
    kind = column.type
    return column if pa.types.is_string(kind) or is_time(kind) else as_text(column)


def _time(_: str, column: Column) -> Column:
    """Times in microseconds: finer ones would be rounded up, into a day that has not begun; far ones are infinite."""
    kind = column.type
    if pa.types.is_null(kind):
        return column.cast(pa.timestamp("us"))
    if not pa.types.is_timestamp(kind) or kind.unit == "us":
        return column
    to = pa.timestamp("us", tz=kind.tz)
    if kind.unit == "ns":
        return pc.cast(column, to, safe=False)
    each = {"s": 10**6, "ms": 10**3}[kind.unit]
    whole = column.cast(pa.int64())
    near = pc.and_(pc.less_equal(whole, INFINITE // each), pc.greater_equal(whole, -(INFINITE // each)))
    return pc.if_else(near, pc.multiply(whole, each), INFINITE).cast(to)
