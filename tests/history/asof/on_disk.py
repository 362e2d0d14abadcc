"""A history as files: its tables as CSV or Parquet, and the spec that names them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

MICROSECONDS = {True: pa.timestamp("us", tz="UTC"), False: pa.timestamp("us")}


class _WrittenOut(yaml.SafeDumper):
    """Without aliases, which a spec may not have."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write(folder: Path, history: dict, metrics: list[dict], tables: dict[str, pd.DataFrame]) -> Path:
    """→ path of calibration.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, frame in tables.items():
        if file.endswith(".csv"):
            frame.map(_as_text).to_csv(folder / file, index=False)
        else:
            columns = {name: _as_arrow(frame[name].tolist()) for name in frame.columns}
            pq.write_table(pa.table(columns), folder / file)
    path = folder / "calibration.yaml"
    said = {"name": "random", "history": history, "metrics": metrics}
    path.write_text(yaml.dump(said, Dumper=_WrittenOut, allow_unicode=True), encoding="utf-8")
    return path


def _as_text(cell: Any) -> Any:
    if not isinstance(cell, str) and pd.isna(cell):
        return None
    return cell.isoformat() if isinstance(cell, (dt.date, dt.datetime)) else cell


def _as_arrow(cells: list[Any]) -> pa.Array:
    cells = [None if not isinstance(cell, str) and pd.isna(cell) else cell for cell in cells]
    known = next((cell for cell in cells if cell is not None), "")
    if isinstance(known, dt.datetime):
        return pa.array(cells, MICROSECONDS[known.tzinfo is not None])
    return pa.array(cells, pa.string() if isinstance(known, str) else None)
