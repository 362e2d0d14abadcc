"""One company whose records are in order: 400 customers, four cutoffs, five tables. Leaks are planted into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from chs_ml.history.asof import panel_of_history, staged_history
from chs_ml.history.findings import Finding
from chs_ml.history.leaks import suspicions
from chs_ml.spec import load_spec

FIRST, LAST = pd.Timestamp("2022-09-01"), pd.Timestamp("2024-12-31")
CUTOFFS = ["2023-12-31", "2024-03-31", "2024-06-30", "2024-09-30"]
CUSTOMERS, DAYS = 400, (LAST - FIRST).days
TYPES, RATES = ("login", "export", "invite"), (0.6, 0.3, 0.1)


@dataclass
class Past:
    """Frames by table, and what the spec says of them; ``rng`` draws what is planted."""

    tables: dict[str, pd.DataFrame]
    history: dict
    metrics: list[dict]
    rng: np.random.Generator
    more: dict = field(default_factory=dict)

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.tables[table]

    def __setitem__(self, table: str, frame: pd.DataFrame) -> None:
        self.tables[table] = frame.reset_index(drop=True)

    @property
    def gone(self) -> pd.DataFrame:
        """The accounts that churned."""
        return self["accounts"].dropna(subset="left_on")

    @property
    def stayed(self) -> pd.DataFrame:
        return self["accounts"][self["accounts"]["left_on"].isna()]

    def add(self, table: str, customers: pd.Series, at: pd.Series, **columns: object) -> None:
        """Append rows to a table of events."""
        rows = pd.DataFrame({"id": customers.to_numpy(), "at": pd.to_datetime(at).to_numpy(), **columns})
        self[table] = pd.concat([self[table], rows])

    def findings(self, folder: Path) -> list[Finding]:
        """What the checks say of it, once it was written to files and read from them."""
        import yaml

        for name, frame in self.tables.items():
            frame.to_parquet(
                folder / f"{name}.parquet", index=False, coerce_timestamps="us", allow_truncated_timestamps=True
            )
        said = {"name": "clean", "history": self.history, "metrics": self.metrics, **self.more}
        (folder / "calibration.yaml").write_text(yaml.safe_dump(said))
        spec = load_spec(folder / "calibration.yaml")
        with staged_history(spec) as staged:
            return list(suspicions(staged, panel_of_history(staged, spec), spec))


def clean(seed: int = 0) -> Past:
    """Return a company in order; who is unhappy does less, asks more, pays later, and leaves more often."""
    rng = np.random.default_rng(seed)
    accounts, mood = _accounts(rng)
    tables = {
        "accounts": accounts,
        "events": _events(rng, accounts, mood),
        "tickets": _tickets(rng, accounts, mood),
        "invoices": _invoices(rng, accounts, mood),
        "plans": _plans(rng, accounts),
        "surveys": _surveys(rng, accounts, mood),
    }
    return Past(tables, _history(), _metrics(), np.random.default_rng(seed + 1000))


def _history() -> dict:
    own = {
        "events": {"time": "at", "type": "event", "value": "value"},
        "tickets": {"opened": "at", "closed": "closed"},
        "invoices": {"due": "at", "paid": "paid", "amount": "amount"},
        "plans": {"valid_from": "at", "valid_to": "until"},
        "surveys": {"time": "at", "type": "survey", "value": "value", "known": "loaded"},
    }
    return {
        "accounts": {"table": "accounts.parquet", "customer": "id", "start": "began", "churned": "left_on"},
        "tables": {name: {"table": f"{name}.parquet", "customer": "id", **said} for name, said in own.items()},
        "cutoffs": CUTOFFS,
        "horizon": "90d",
        "observed_until": "2024-12-31",
    }


def _metrics() -> list[dict]:
    return [
        {"name": "logins_30d", "count": "login", "from": "events", "window": "30d"},
        {"name": "days_60d", "days_active": "all", "from": "events", "window": "60d"},
        {"name": "value_30d", "mean": "login", "from": "events", "window": "30d"},
        {"name": "last_seen", "recency": "all", "from": "events"},
        {"name": "tickets_90d", "count": "all", "from": "tickets", "window": "90d"},
        {"name": "tickets_open", "open": "all", "from": "tickets"},
        {"name": "days_late_90d", "days_late": "max", "from": "invoices", "window": "90d"},
        {"name": "paid_90d", "sum": "amount", "from": "invoices", "window": "90d"},
        {"name": "seats", "last": "seats", "from": "plans"},
        {"name": "nps", "survey": "nps", "from": "surveys"},
        {"name": "tenure", "tenure": "months"},
    ]


def _accounts(rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Accounts, and each customer's mood by quarter; who leaves is drawn from it."""
    began = rng.integers(0, 400, CUSTOMERS)
    quarters = DAYS // 90 + 1
    mood = rng.normal(size=(CUSTOMERS, quarters))
    for at in range(1, quarters):
        mood[:, at] = 0.8 * mood[:, at - 1] + 0.6 * mood[:, at]
    leaves = rng.random((CUSTOMERS, quarters)) < 1 / (1 + np.exp(2.6 + 1.0 * mood))
    left = np.full(CUSTOMERS, DAYS + 1)
    for at in reversed(range(quarters)):
        day = at * 90 + rng.integers(0, 90, CUSTOMERS)
        left = np.where(leaves[:, at] & (day > began + 20) & (day < DAYS), day, left)
    days = FIRST + pd.to_timedelta(left, "D")
    ids = [f"c{at:04}" for at in range(CUSTOMERS)]
    began_at = FIRST + pd.to_timedelta(began, "D") + pd.to_timedelta(rng.integers(0, 86_400, CUSTOMERS), "s")
    frame = pd.DataFrame({"id": ids, "began": began_at, "left_on": pd.Series(days).where(left <= DAYS)})
    return frame, mood


def _happening(rng: np.random.Generator, accounts: pd.DataFrame, mood: np.ndarray, rate: float, pull: float):
    """Customer number and moment of what happens by chance, more or less often with the mood, never on a Sunday."""
    many = rng.poisson(rate * DAYS * np.exp(0.5 * pull**2) * 1.6, CUSTOMERS)
    who = np.repeat(np.arange(CUSTOMERS), many)
    second = rng.integers(0, DAYS * 86_400, len(who))
    at = FIRST + pd.to_timedelta(second, "s") + pd.to_timedelta(rng.integers(0, 10**6, len(who)), "us")
    strength = np.exp(pull * mood[who, second // 86_400 // 90]) / 3
    ends = accounts["left_on"].fillna(LAST).to_numpy()[who]
    there = (at >= accounts["began"].to_numpy()[who]) & (at < ends) & (at.day_of_week != 6)
    kept = there & (rng.random(len(who)) < strength)
    return who[kept], at[kept]


def _events(rng, accounts, mood) -> pd.DataFrame:
    who, at = _happening(rng, accounts, mood, 0.35, 0.5)
    value = np.round(5 + mood[who, (at - FIRST).days // 90] + rng.normal(size=len(who)), 3)
    kinds = rng.choice(TYPES, p=RATES, size=len(who))
    return pd.DataFrame({"id": accounts["id"].to_numpy()[who], "at": at, "event": kinds, "value": value})


def _tickets(rng, accounts, mood) -> pd.DataFrame:
    who, at = _happening(rng, accounts, mood, 0.02, -0.5)
    closed = at + pd.to_timedelta(rng.exponential(5, len(who)) * 86_400, "s")
    frame = pd.DataFrame({"id": accounts["id"].to_numpy()[who], "at": at, "closed": closed})
    return frame.assign(closed=frame["closed"].where(frame["closed"] < LAST))


def _invoices(rng, accounts, mood) -> pd.DataFrame:
    rows = []
    for number, (customer, began, left) in enumerate(accounts.itertuples(index=False)):
        ends = LAST if pd.isna(left) else left
        for due in pd.date_range(began.normalize() + pd.Timedelta(30, "D"), ends, freq="30D"):
            late = rng.integers(-10, 5) + int(rng.exponential(4 * np.exp(-mood[number, (due - FIRST).days // 90])))
            rows.append((customer, due, due + pd.Timedelta(late, "D"), round(50 + 100 * rng.random(), 2)))
    frame = pd.DataFrame(rows, columns=["id", "at", "paid", "amount"])
    return frame.assign(paid=frame["paid"].where(frame["paid"] < LAST))


def _plans(rng, accounts) -> pd.DataFrame:
    changed = accounts["began"].dt.normalize() + pd.to_timedelta(rng.integers(60, 400, CUSTOMERS), "D")
    ends = accounts["left_on"].fillna(LAST + pd.Timedelta(1, "D"))
    first = pd.DataFrame({"id": accounts["id"], "at": accounts["began"].dt.normalize()})
    first["until"] = changed.where(changed < ends, accounts["left_on"])
    second = pd.DataFrame({"id": accounts["id"], "at": changed, "until": accounts["left_on"]})[changed < ends]
    frame = pd.concat([first, second], ignore_index=True)
    return frame.assign(seats=rng.integers(1, 50, len(frame)).astype(float))


def _surveys(rng, accounts, mood) -> pd.DataFrame:
    who, at = _happening(rng, accounts, mood, 0.012, 0.0)
    answer = np.clip(np.round(7 + 2 * mood[who, (at - FIRST).days // 90] + rng.normal(size=len(who))), 0, 10)
    frame = pd.DataFrame({"id": accounts["id"].to_numpy()[who], "at": at})
    return frame.assign(
        survey=rng.choice(["nps", "csat"], size=len(who)),
        value=answer,
        loaded=at + pd.to_timedelta(rng.integers(0, 2 * 86_400, len(who)), "s"),
    )
