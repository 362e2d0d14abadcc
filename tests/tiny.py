"""A small simulated table with known drivers of churn, its spec, and one calibration of it for the whole session."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from chs_ml.calibration import Calibration, calibrate

ROWS = 600
SPEC = {
    "name": "tiny",
    "data": {
        "table": "customers.csv",
        "customer": "id",
        "outcome": {"column": "left", "churned": ["yes"], "retained": ["no"]},
    },
    "metrics": [
        {
            "name": "tenure",
            "pillar": "relationship",
            "direction": "positive",
            "label": "Time with us",
            "unit": "months",
        },
        {"name": "logins", "pillar": "usage"},
        {"name": "tickets", "pillar": "support", "direction": "negative"},
        {"name": "plan", "pillar": "relationship", "kind": "category"},
        {"name": "nps", "pillar": "satisfaction", "scale": "nps", "keep": True},
        {"name": "region", "role": "audit"},
    ],
    "calibration": {"ramps": 4, "strength": {"size": 1.0, "bend": 3.0}},
    "validation": {"holdout": {"customers": 0.3}, "cross_validation": 3},
}


def customers(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Draw customers: tenure and logins keep them, tickets and the monthly plan lose them, NPS is often not known."""
    rng = np.random.default_rng(seed)
    tenure, logins = rng.integers(1, 60, rows), rng.poisson(8, rows)
    tickets, plan = rng.poisson(1.0, rows), rng.choice(["monthly", "yearly"], rows, p=[0.6, 0.4])
    nps = np.where(rng.random(rows) < 0.4, np.nan, rng.integers(0, 11, rows))
    odds = 1.2 - 0.04 * tenure - 0.1 * logins + 0.7 * tickets + (plan == "monthly") - 0.1 * np.nan_to_num(nps - 5)
    left = rng.random(rows) < 1 / (1 + np.exp(-odds))
    return pd.DataFrame(
        {
            "id": [f"customer-{10_000 + at}" for at in range(rows)],
            "left": np.where(left, "yes", "no"),
            "tenure": tenure,
            "logins": logins,
            "tickets": tickets,
            "plan": plan,
            "nps": pd.array(nps).astype("Int64"),
            "region": rng.choice(["north", "south"], rows),
        }
    )


def write(folder: Path, frame: pd.DataFrame | None = None, **changes: object) -> Path:
    """Write the table and its spec with these sections changed; return the spec's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (customers() if frame is None else frame).to_csv(folder / "customers.csv", index=False)
    return respec(folder, **changes)


def respec(folder: Path, name: str = "calibration.yaml", **changes: object) -> Path:
    """Write only the spec; a section that is None is left out."""
    said = {key: value for key, value in {**SPEC, **changes}.items() if value is not None}
    path = folder / name
    path.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


@functools.cache
def calibrated() -> Calibration:
    """The tiny table calibrated once for this process; nobody may change its directory."""
    folder = Path(tempfile.mkdtemp(prefix="tiny"))
    return calibrate(write(folder), folder / "runs" / "tiny", track=False)
