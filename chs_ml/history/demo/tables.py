"""The tables as they are written: their columns and types, and files to which batch after batch is appended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from chs_ml.formula.columns import BoolArray, TextArray
from chs_ml.history.demo.calendar import Calendar
from chs_ml.history.demo.contracts import PRICES
from chs_ml.history.demo.events import EVENTS, FEATURES
from chs_ml.history.demo.past import Past
from chs_ml.history.demo.rows import DAY, Rows
from chs_ml.history.demo.spells import INTS, NEVER, PLANS
from chs_ml.history.demo.trouble import INTERVENTIONS, SEVERITIES
from chs_ml.history.demo.voices import SURVEYS

FILES = {
    "accounts": "accounts.parquet",
    "plans": "plans.parquet",
    "events": "events.parquet",
    "surveys": "surveys.csv",
    "tickets": "tickets.csv",
    "invoices": "invoices.csv",
    "interventions": "interventions.csv",
}


def arrow_tables(past: Past) -> dict[str, pa.Table]:
    """Return all tables of a past; while nobody has left, a second spell has an id of its own."""
    ids = past.spells.keys if (past.churned == NEVER).all() else past.spells.ids
    writers: dict[str, Callable[[Rows, Calendar], dict[str, pa.Array]]] = {
        "plans": _plans,
        "events": _events,
        "surveys": _surveys,
        "tickets": _tickets,
        "invoices": _invoices,
        "interventions": _interventions,
    }
    tables = {"accounts": _accounts(past, ids)}
    texts = pa.array(ids, pa.string())
    for name, columns in writers.items():
        rows = past.tables[name]
        tables[name] = pa.table({"account_id": texts.take(pa.array(rows.spell)), **columns(rows, past.batch.calendar)})
    return tables


class Append:
    """Files, one a table, that grow by a row group (Parquet) or by lines (CSV) with every batch."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._open: dict[str, Any] = {}
        self.rows: dict[str, int] = dict.fromkeys(FILES, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._open.values():
            writer.close()

    def append(self, tables: dict[str, pa.Table]) -> None:
        """Write the tables under what is there already."""
        for name, table in tables.items():
            if name not in self._open:
                self._open[name] = _writer(self._directory / FILES[name], table.schema)
            if isinstance(self._open[name], pq.ParquetWriter):
                self._open[name].write_table(table, row_group_size=max(1, table.num_rows))
            else:
                self._open[name].write_table(table)
            self.rows[name] += table.num_rows


def _writer(path: Path, schema: pa.Schema) -> Any:
    if path.suffix == ".parquet":
        return pq.ParquetWriter(path, schema, compression="zstd", compression_level=3)
    return pa.csv.CSVWriter(path, schema, write_options=pa.csv.WriteOptions(quoting_style="none"))


def _accounts(past: Past, ids: TextArray) -> pa.Table:
    spells, calendar = past.spells, past.batch.calendar
    table = pa.table(
        {
            "account_id": pa.array(ids, pa.string()),
            "signed_up_at": _dates(spells.start, calendar),
            "churned_at": _dates(past.churned, calendar),
            "renews_on": _dates(spells.renewal, calendar),
            "segment": pa.array(spells.segment, pa.string()),
            "plan_at_start": _words(PLANS, spells.plan),
            "seats_at_start": pa.array(spells.seats),
            "mrr": pa.array(np.round(spells.seats * PRICES[spells.plan], 2)),
            "internal": _words(np.array(["no", "yes"], dtype=object), spells.internal.astype(np.int64)),
        }
    )
    real = past.churned > -NEVER
    order = np.lexsort((spells.second, spells.customer))
    return table.take(pa.array(order[real[order]]))


def _plans(rows: Rows, calendar: Calendar) -> dict[str, pa.Array]:
    return {
        "from": _dates(rows.at // DAY, calendar),
        "to": _dates(_days(rows.until), calendar),
        "plan": pa.array(rows.columns["plan"], pa.string()),
        "seats": pa.array(rows.columns["seats"]),
        "price": pa.array(rows.columns["price"]),
    }


def _events(rows: Rows, calendar: Calendar) -> dict[str, pa.Array]:
    return {
        "occurred_at": _times(rows.at, calendar),
        "event": _words(EVENTS, rows.columns["event"]),
        "feature": _words(FEATURES, rows.columns["feature"], rows.columns["feature"] < 0),
        "value": _numbers(rows.columns["value"]),
    }


def _surveys(rows: Rows, calendar: Calendar) -> dict[str, pa.Array]:
    return {
        "asked_at": _times(rows.at, calendar),
        "survey": _words(SURVEYS, rows.columns["survey"]),
        "answer": _numbers(rows.columns["answer"]).cast(pa.int64()),
    }


def _tickets(rows: Rows, calendar: Calendar) -> dict[str, pa.Array]:
    return {
        "opened_at": _times(rows.at, calendar),
        "closed_at": _times(rows.until, calendar),
        "severity": _words(SEVERITIES, rows.columns["severity"]),
    }


def _invoices(rows: Rows, calendar: Calendar) -> dict[str, pa.Array]:
    return {
        "issued_on": _dates(rows.at // DAY, calendar),
        "due_on": _dates(rows.columns["due"], calendar),
        "paid_on": _dates(_days(rows.until), calendar),
        "amount": pa.array(rows.columns["amount"]),
        "currency": _words(np.array(["EUR"], dtype=object), np.zeros(len(rows), dtype=np.int64)),
    }


def _interventions(rows: Rows, calendar: Calendar) -> dict[str, pa.Array]:
    return {"called_at": _times(rows.at, calendar), "kind": _words(INTERVENTIONS, rows.columns["kind"])}


def _days(seconds: INTS | None) -> INTS:
    assert seconds is not None  # noqa: S101 - only asked of tables that have an end
    return np.where(seconds < NEVER, seconds // DAY, NEVER)


def _dates(days: INTS, calendar: Calendar) -> pa.Array:
    unknown = np.abs(days) >= NEVER
    return pa.array(calendar.dates(np.where(unknown, 0, days)), pa.date32(), mask=unknown)


def _times(seconds: INTS | None, calendar: Calendar) -> pa.Array:
    assert seconds is not None  # noqa: S101
    unknown = seconds >= NEVER
    moments = calendar.first.astype("datetime64[s]") + np.where(unknown, 0, seconds).astype("timedelta64[s]")
    return pa.array(moments, pa.timestamp("s"), mask=unknown)


def _words(words: TextArray, places: NDArray[Any], unknown: BoolArray | None = None) -> pa.Array:
    chosen = pa.array(np.asarray(places, dtype=np.int32), mask=unknown)
    return pa.array(words, pa.string()).take(chosen)


def _numbers(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)
