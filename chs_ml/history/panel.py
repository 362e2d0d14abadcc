"""The panel: customer × cutoff, metrics known by then, and whether the customer churned later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chs_ml.history.assembly import Parts, read_parts
from chs_ml.history.findings import TableError
from chs_ml.history.readings import Reading
from chs_ml.history.sources import Source
from chs_ml.spec import CalibrationSpec


@dataclass(frozen=True, eq=False)
class Panel:
    """Rows sorted by (customer, cutoff), so that any order of the file gives the same panel.

    customer: object array of str. cutoff: datetime64[D], or None for a single snapshot. metrics: float64 columns
    (NaN: missing) and text columns (NaN: missing), in the spec's order. audit: text columns, never weighted.
    churned: float64: 1, 0, NaN = not known yet. current: float64, the score in use today, or None. segment, stage:
    object arrays of str (None: missing), revenue: float64 (NaN: missing); None where the spec names no column.
    touched: float64, 1 where an intervention lies between the cutoff and the horizon's end; None where none are told.
    """

    customer: NDArray[np.object_]
    cutoff: NDArray[np.datetime64] | None
    metrics: pd.DataFrame
    audit: pd.DataFrame
    churned: NDArray[np.float64]
    current: NDArray[np.float64] | None
    sources: tuple[Source, ...]
    notes: tuple[str, ...]
    segment: NDArray[np.object_] | None = None
    stage: NDArray[np.object_] | None = None
    revenue: NDArray[np.float64] | None = None
    touched: NDArray[np.float64] | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.churned)

    @property
    def customers(self) -> int:
        """Number of different customers."""
        return len(set(self.customer.tolist()))

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the content; files, notes and the order of columns do not enter."""
        digest = hashlib.sha256(f"{self.rows}".encode())
        for name, column in self._named_columns():
            digest.update(f"\0{name}\0".encode())
            digest.update(_bytes_of(column))
        return digest.hexdigest()

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Panel:
        """The panel of some rows only (numbers, or a flag per row)."""
        at = np.arange(self.rows)[rows]
        return replace(
            self,
            customer=self.customer[at],
            cutoff=_some(self.cutoff, at),
            metrics=self.metrics.take(at).reset_index(drop=True),
            audit=self.audit.take(at).reset_index(drop=True),
            churned=self.churned[at],
            current=_some(self.current, at),
            segment=_some(self.segment, at),
            stage=_some(self.stage, at),
            revenue=_some(self.revenue, at),
            touched=_some(self.touched, at),
        )

    def known(self) -> Panel:
        """The rows whose outcome is known."""
        return self.take(~np.isnan(self.churned))

    def _named_columns(self) -> Iterable[tuple[str, pd.Series]]:
        names = ("customer", "churned", "cutoff", "current", "segment", "stage", "revenue", "touched")
        own = {name: getattr(self, name) for name in names}
        yield from ((f"panel/{name}", pd.Series(column)) for name, column in own.items() if column is not None)
        for frame, title in ((self.metrics, "metric"), (self.audit, "audit")):
            yield from ((f"{title}/{name}", frame[name]) for name in sorted(frame.columns))


def load_panel(spec: CalibrationSpec) -> Panel:
    """Read the spec's table; DataError lists every problem of it at once (customer ids are never shown)."""
    parts = read_parts(spec)
    if parts.findings:
        raise TableError(*parts.findings, *parts.warnings)
    return panel_of(parts)


def panel_of(parts: Parts) -> Panel:
    """The panel of a table that has no errors: kept rows by customer (code points), then cutoff."""
    kept = np.flatnonzero(parts.outcomes.kept)
    ids = parts.ids[kept]
    if parts.cutoffs is None:
        order = kept[np.argsort(ids, kind="stable")]
    else:
        ranks = np.unique(ids, return_inverse=True)[1]
        order = kept[np.lexsort((parts.cutoffs[kept].astype(np.int64), ranks))]
    return Panel(
        customer=parts.ids[order],
        cutoff=_some(parts.cutoffs, order),
        metrics=_frame(parts.metrics, order),
        audit=_frame(parts.audit, order),
        churned=parts.outcomes.churned[order],
        current=_some(parts.current, order),
        sources=parts.sources,
        notes=(*parts.notes, *map(str, parts.warnings)),
        **{what: _own(reading)[order] for what, reading in parts.business.items()},
    )


def _some(column: NDArray[Any] | None, rows: NDArray[np.intp]) -> NDArray[Any] | None:
    return None if column is None else column[rows]


def _own(reading: Reading) -> NDArray[Any]:
    """The column as the panel keeps it beside the metrics: numbers, or text and None."""
    if isinstance(reading.values, np.ndarray):
        return reading.values
    return np.array(reading.values.to_pylist(), dtype=object)


def _frame(columns: dict[str, Reading], order: NDArray[np.intp]) -> pd.DataFrame:
    taken = {name: _series(column.values).take(order).reset_index(drop=True) for name, column in columns.items()}
    return pd.DataFrame(taken, index=range(len(order)), columns=list(columns))


def _series(column: object) -> pd.Series:
    if isinstance(column, np.ndarray):
        return pd.Series(column)
    return pd.Series(column.to_pandas().to_numpy(), dtype="str")  # type: ignore[attr-defined]


def _bytes_of(column: pd.Series) -> bytes:
    if column.dtype.kind in "fM":
        values = column.to_numpy()
        if column.dtype.kind == "M":
            return values.astype("datetime64[D]").astype("<i8").tobytes()
        return np.where(np.isnan(values), np.nan, values + 0.0).astype("<f8").tobytes()
    texts = [None if value is None or value != value else str(value).encode() for value in column.tolist()]  # noqa: PLR0124
    lengths = np.array([-1 if text is None else len(text) for text in texts], dtype="<i8")
    return lengths.tobytes() + b"".join(text for text in texts if text is not None)
