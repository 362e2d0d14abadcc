"""Claim: the panel is built in less than half of the CPU time of straightforward pandas, in bounded memory.

10 million events x 8 cutoffs x 20 metrics, from Parquet to a table in memory. Pandas reads the same file, in two ways:
a function a metric that filters the whole table and groups, once a cutoff; and by hand, where each cutoff's past is
filtered once before. All must give the same numbers. Then from 1 to 30 million events: time grows no worse than
linearly, and the peak of the process stays below 4 GB.

Run: python benchmarks/bench_panel.py [millions for the race] [millions at the end]
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

TYPES = ("login", "report", "export", "invite", "comment", "api_call")
EVENTS_PER_CUSTOMER = 200
CUTOFFS = pd.to_datetime(
    ["2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31", "2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31"]
)
FIRST, DAYS = np.datetime64("2023-07-01"), 915
METRICS = (
    *(("count", one, 30) for one in TYPES),
    *(("count", one, 90) for one in TYPES[:3]),
    *(("days_active", one, 90) for one in TYPES[:3]),
    *(("sum", one, 90) for one in TYPES[3:]),
    ("mean", "api_call", 90),
    ("max", "api_call", 180),
    ("recency", "login", None),
    ("recency", "report", None),
    ("distinct", "export", 90),
)


def main() -> None:
    """Race, then grow."""
    race, end = (float(said) for said in [*sys.argv[1:], "10", "30"][:2])
    with tempfile.TemporaryDirectory() as folder:
        print(f"## {race:g} million events x {len(CUTOFFS)} cutoffs x {len(METRICS)} metrics\n")
        home = written(Path(folder) / "race", int(race * 1e6))
        found = {which: alone(which, home) for which in WAYS}
        worst = max(compared(home, which) for which in WAYS)
        print("| | seconds | CPU seconds | peak MB | times ours | in CPU time |\n|---|---:|---:|---:|---:|---:|")
        for which, told in found.items():
            times = [told[one] / found["chs_ml"][one] for one in ("wall", "cpu")]
            print(f"| {which} | {told['wall']:.1f} | {told['cpu']:.1f} | {told['peak']:,.0f} ", end="")
            print(f"| {times[0]:.1f} | {times[1]:.1f} |")
        print(f"\nLargest relative difference: {worst:.1g}.\n")
        print("## Growth\n\n| million events | seconds | CPU seconds | peak MB | CPU seconds a million |")
        print("|---:|---:|---:|---:|---:|")
        for millions in sorted({1.0, 3.0, 10.0, end}):
            home = written(Path(folder) / f"grown {millions:g}", int(millions * 1e6))
            told = alone("chs_ml", home)
            each = told["cpu"] / millions
            print(f"| {millions:g} | {told['wall']:.1f} | {told['cpu']:.1f} | {told['peak']:,.0f} | {each:.2f} |")


def written(folder: Path, events: int) -> Path:
    """Write accounts and events, in parts that fit in memory, and the spec."""
    folder.mkdir(parents=True)
    customers = max(events // EVENTS_PER_CUSTOMER, 1)
    draw = np.random.default_rng(0)
    start = FIRST + draw.integers(0, 400, customers).astype("timedelta64[D]")
    names = [f"c{at:07d}" for at in range(customers)]
    pq.write_table(
        pa.table({"id": names, "start": start, "left": pa.nulls(customers, pa.date32())}), folder / "accounts.parquet"
    )
    schema = pa.schema(
        [("id", pa.string()), ("at", pa.timestamp("us")), ("type", pa.string()), ("value", pa.float64())]
    )
    with pq.ParquetWriter(folder / "events.parquet", schema) as writer:
        for at in range(0, events, 1_000_000):
            rows = min(1_000_000, events - at)
            who = draw.integers(0, customers, rows)
            seconds = draw.integers(0, DAYS * 86_400, rows)
            columns = {
                "id": pa.array(names).take(pa.array(who)),
                "at": (FIRST.astype("datetime64[us]") + seconds.astype("timedelta64[s]")),
                "type": pa.array(TYPES).take(pa.array(draw.integers(0, len(TYPES), rows))),
                "value": np.round(draw.exponential(4.0, rows) * 4) / 4,
            }
            writer.write_table(pa.table(columns, schema=schema))
    (folder / "calibration.yaml").write_text(spec())
    return folder


def spec() -> str:
    """Return the calibration spec with the metrics."""
    days = ", ".join(str(one.date()) for one in CUTOFFS)
    lines = [
        "name: bench",
        "history:",
        "  accounts: {table: accounts.parquet, customer: id, start: start, churned: left}",
        "  tables:",
        "    events: {table: events.parquet, customer: id, time: at, type: type, value: value}",
        f"  cutoffs: [{days}]",
        "  horizon: 90d",
        "  observed_until: 2026-12-31",
        "metrics:",
    ]
    for kind, what, window in METRICS:
        within = "" if window is None else f", window: {window}d"
        lines.append(f"  - {{name: {named(kind, what, window)}, {kind}: {what}{within}}}")
    return "\n".join(lines) + "\n"


def named(kind: str, what: str, window: int | None) -> str:
    """Return a metric's name."""
    return f"{kind}_{what}_{window or 'ever'}"


def ours(home: Path) -> pd.DataFrame:
    """Build the panel as chs_ml does, without asking whether the history can be trusted."""
    from chs_ml.history.asof import build_panel
    from chs_ml.spec import load_spec

    table = build_panel(load_spec(home / "calibration.yaml"))
    return table.to_pandas().rename(columns={"customer": "id"})


def by_function(home: Path) -> pd.DataFrame:
    """Build it as one would first: each metric a function of the whole table and a cutoff."""
    return in_pandas(home, ahead=False)


def by_hand(home: Path) -> pd.DataFrame:
    """Build it with each cutoff's past filtered once, ahead of its metrics."""
    return in_pandas(home, ahead=True)


def in_pandas(home: Path, *, ahead: bool) -> pd.DataFrame:
    """Build it in pandas: per cutoff and metric filter, group, join."""
    accounts = pd.read_parquet(home / "accounts.parquet")
    events = pd.read_parquet(home / "events.parquet").merge(accounts[["id", "start"]], on="id")
    events = events[events["at"] >= events["start"]]
    return pd.concat([at_cutoff(accounts, events, cutoff, ahead=ahead) for cutoff in CUTOFFS], ignore_index=True)


def at_cutoff(accounts: pd.DataFrame, events: pd.DataFrame, cutoff: pd.Timestamp, *, ahead: bool) -> pd.DataFrame:
    """Return one cutoff's rows."""
    start = pd.to_datetime(accounts["start"])
    panel = accounts.loc[start < cutoff, ["id"]].assign(cutoff=cutoff.date()).set_index("id")
    started = start[start < cutoff].set_axis(panel.index)
    past = events[events["at"] < cutoff] if ahead else events
    for kind, what, window in METRICS:
        since = cutoff - pd.Timedelta(days=window or 0)
        counts = past["type"] == what
        counts = counts if ahead else counts & (past["at"] < cutoff)
        rows = past[counts & (past["at"] >= since)] if window else past[counts]
        values = measured(kind, rows, cutoff).reindex(panel.index)
        if kind in ("count", "days_active", "sum", "distinct"):
            values = values.fillna(0)
        panel[named(kind, what, window)] = values.where(started <= since) if window else values
    return panel.reset_index()


def measured(kind: str, rows: pd.DataFrame, cutoff: pd.Timestamp) -> pd.Series:
    """Return one metric by customer."""
    if kind == "days_active":
        return rows.assign(day=rows["at"].dt.floor("D")).groupby("id")["day"].nunique()
    groups = rows.groupby("id")
    if kind == "count":
        return groups.size()
    if kind == "recency":
        return (cutoff - groups["at"].max().dt.floor("D")).dt.days
    if kind == "distinct":
        return groups["value"].nunique()
    return groups["value"].agg(kind)


def alone(which: str, home: Path) -> dict[str, float]:
    """Run one way in a process of its own; it leaves its panel beside."""
    command = [sys.executable, __file__, "--one", which, str(home)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def one(which: str, home: Path) -> None:
    """Build, keep and say what it took."""
    wall, cpu = time.perf_counter(), os.times()
    panel = WAYS[which](home)
    took, spent = time.perf_counter() - wall, os.times()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    used = spent.user + spent.system - cpu.user - cpu.system
    panel.to_parquet(home / f"{which}.parquet")
    print(json.dumps({"wall": took, "cpu": used, "peak": peak}))


WAYS = {"chs_ml": ours, "pandas, a function a metric": by_function, "pandas, by hand": by_hand}


def compared(home: Path, way: str) -> float:
    """Return the largest relative difference to our panel; fail where one knows what the other does not."""
    left, right = (
        pd.read_parquet(home / f"{which}.parquet").sort_values(["id", "cutoff"], ignore_index=True)
        for which in ("chs_ml", way)
    )
    assert len(left) == len(right)
    worst = 0.0
    for name in (named(*metric) for metric in METRICS):
        a, b = left[name].to_numpy(float), right[name].to_numpy(float)
        assert np.array_equal(np.isnan(a), np.isnan(b)), name
        worst = max(worst, float(np.nanmax(np.abs(a - b) / np.maximum(np.abs(b), 1.0))))
    return worst


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
