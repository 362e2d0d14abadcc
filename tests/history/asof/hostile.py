"""A history written by hand: every kind of metric and every option, texts and names that engines stumble over."""

from __future__ import annotations

import datetime as dt
from copy import deepcopy

import pandas as pd

CUTOFFS = ["2024-03-31", "2024-04-30", "2024-10-27"]
CASES = ["a", "A", "é", "e\u0301", "e", "ß", "ss", "вхід", "Вхід", "🎉", "🎊", "\u200b"]
SIGNS = ["it's", 'say "hi"', "50%", "%s", "%(x)s", ":name", "?", "$1", "back\\slash", "end\\", "\\'", "a;--", "/*"]
SIGNS += ["${x}", "${env:HOME}", "${spark.app.name}", "$${x}}", "{{ x }}", "#", "NULL", "a\tb", "two  blanks"]
TYPES = CASES + SIGNS
NAMES = ['it\'s "50%" %s', "Їжак", "Login", "login", "select", "cutoff at", "m1", "m1_at", "value", "rows", "start"]
NAMES += ["chs_grid", "a;--", "%(x)s", ":name", "?", "{x}", "$1", "/* */", "since_30", "events", "{{ x }}"]
DEVICE = 'what "device", 50% пристрій'
TABLES = {
    "events": {
        "table": "events.parquet", "customer": "id", "time": "at", "type": "event", "value": "value",
        "known": "loaded", "timezone": "America/New_York",
    },
    "visits": {"table": "visits.csv", "customer": "the id", "time": "at"},
    "tickets": {"table": "tickets.csv", "customer": "id", "opened": "opened", "closed": "closed", "type": "select"},
    "invoices": {
        "table": "invoices.csv", "customer": "id", "due": "due", "paid": "paid", "amount": "amount",
        "currency": "currency", "timezone": "Asia/Kolkata",
    },
    "plans": {"table": "plans.csv", "customer": "id", "valid_from": "from", "valid_to": "to"},
    "surveys": {"table": "surveys.csv", "customer": "id", "time": "at", "type": "survey", "value": "score"},
}  # fmt: skip
ACCOUNTS = {
    "table": "accounts.csv", "customer": "id", "start": "start", "churned": "churned", "renewal": "renewal",
    "segment": "tier", "stage": "stage", "revenue": "mrr", "known": "loaded", "timezone": "Pacific/Auckland",
}  # fmt: skip
CALLS = {"table": "calls.csv", "customer": "id", "time": "called", "type": "how", "known": "loaded"}
SILENT = {key: value for key, value in ACCOUNTS.items() if key != "churned"}
OPTIONS = {
    "by date": {"horizon": "30d", "gap": "7d", "observed_until": dt.date(2024, 11, 3), "interventions": CALLS},
    "by inactivity": {"churn": {"inactive_for": "30d"}, "accounts": SILENT, "eligible": {"active_within": "30d"}},
    "by types": {
        "churn": {"inactive_for": "14d", "from": "events", "count": ["a", "${x}", "it's"]},
        "accounts": SILENT, "gap": "3d", "eligible": {"active_within": "60d"}, "interventions": CALLS,
    },
    "eligible": {"horizon": "30d", "eligible": {"tenure": "30d", "renewal_in_horizon": True}},
    "without ids": {"horizon": "60d", "eligible": {"active_within": "60d", "exclude": ["a", "é", "x'y"]}},
    "without tiers": {"horizon": "60d", "eligible": {"exclude": {"tier": ["${x}", "Pro"], "stage": "it's"}}},
}  # fmt: skip


def history(option: str) -> dict:
    """The section of the spec with one of OPTIONS."""
    whole = {"timezone": "Europe/Kyiv", "accounts": ACCOUNTS, "tables": TABLES, "cutoffs": CUTOFFS}
    return whole | OPTIONS[option]


def metrics() -> list[dict]:
    """One of each type, each kind with a window and without, and hostile names."""
    found = [{"count": one, "from": "events"} for one in TYPES]
    kinds = ("count", "days_active", "sum", "mean", "max", "distinct", "last", "recency", "share")
    events = [{kind: what, "from": "events"} for kind in kinds for what in ("all", ["a", "it's", "${x}", "\\'"])]
    events += [{"distinct": "all", "of": DEVICE, "from": "events"}, {"share": "a", "among": TYPES, "from": "events"}]
    events += [{"last": "all", "of": DEVICE, "kind": "category", "from": "events"}]
    events += [{"count": "all", "from": "events", "where": {DEVICE: ["web", "${x}", "é"]}}]
    events += [{"count": "all", "from": "visits"}, {"share": "all", "where": {"page": "/a"}, "from": "visits"}]
    events += [{"sum": "seconds", "from": "visits"}, {"days_late": "mean"}, {"days_late": "max"}, {"days_late": "sum"}]
    events += [{"sum": "amount", "from": "invoices"}, {"survey": "nps", "from": "surveys"}]
    events += [{"survey": "all", "age": True, "from": "surveys"}, {"last": "seats", "from": "plans"}]
    found += events + [one | {"window": "30d"} for one in events]
    found += [{"trend": what, "window": "30d", "from": "events"} for what in ("all", ["a", "A"])]
    found += [{"open": "all"}, {"open": ["a", "${x}"]}, {"days_until": "renewal"}, {"days_until": "trial_ends"}]
    found += [{"tenure": unit} for unit in ("days", "months", "years")]
    found += [{"last": "plan", "kind": "category", "from": "plans"}, {"last": "seats", "from": "accounts"}]
    found += [{"last": "stage", "kind": "category", "from": "accounts"}]
    names = [*NAMES, *(f"metric {at}" for at in range(len(found) - len(NAMES)))]
    named = [{"name": name, **deepcopy(one)} for name, one in zip(names, found, strict=True)]
    per = [("third", "metric 20", "metric 21"), ("of seats", NAMES[0], "metric 74")]
    return named + [{"name": name, "per": {"metric": above, "by": below}} for name, above, below in per]


CUSTOMERS = ["a", "A", "é", "e", "007", "7", "x'y", "Їжак 🎉", "${x}", "50%", "back\\slash"]


def tables(option: str) -> dict[str, pd.DataFrame]:
    """File → frame. Rows lie at, just before and just after each cutoff, and up to 70 days around it."""
    around = [dt.datetime.fromisoformat(f"{day} 00:00:00") for day in CUTOFFS]
    micro = dt.timedelta(microseconds=1)
    moments = [
        at + dt.timedelta(days, hours=hours) + nudge * micro
        for at in around
        for days in (-70, -60, -31, -30, -12, -7, -1, 0, 3, 7, 21, 37)
        for hours in (0, 10, 7, -3)
        for nudge in (-1, 0)
    ]
    found = {"events": [], "visits": [], "tickets": [], "invoices": [], "plans": [], "surveys": [], "calls": []}
    for at, moment in enumerate(moments):
        customer = CUSTOMERS[at * 7 % len(CUSTOMERS)]
        local, later = moment.isoformat(" "), (moment + dt.timedelta(days=at % 17, hours=5)).isoformat(" ")
        value = [None, 0.1, 0.25, 1e-3, 12345.678901, -2.5, 7.0][at % 7]
        for one in TYPES[at % 3 :: 3] + TYPES[at % 5 : at % 5 + 2] + [None]:
            who = CUSTOMERS[(at * 7 + (at % 4) * len(one or "")) % len(CUSTOMERS)]
            device = ["web", "Web", "é", "${x}", "\\'", None, "🎉"][(at + len(one or "")) % 7]
            loaded = [None, moment, moment + dt.timedelta(at % 5)][at % 3]
            line = {"id": who, "at": moment, "event": one, "value": value, DEVICE: device, "loaded": loaded}
            found["events"].append(line)
        found["visits"].append({"the id": customer, "at": local, "page": ["/a", "/A", "/b"][at % 3], "seconds": at / 3})
        closed = later if at % 4 else None
        found["tickets"].append({"id": customer, "opened": local, "closed": closed, "select": TYPES[at % len(TYPES)]})
        paid = later if at % 3 else None
        bill = {"id": customer, "due": local, "paid": paid, "amount": at * 1.1, "currency": "EUR"}
        found["invoices"].append(bill)
        plan = {"id": customer, "from": local, "to": closed, "plan": CASES[at % len(CASES)], "seats": at % 6}
        found["plans"].append(plan)
        survey = {"id": customer, "at": local, "score": [9, 3, None][at % 3], "survey": ["nps", "NPS"][at % 2]}
        found["surveys"].append(survey)
        if at % 6 == 0:
            found["calls"].append({"id": customer, "called": local, "how": "it's", "loaded": later})
    spells = _spells()
    if "churn" in OPTIONS[option]:
        spells = spells.drop_duplicates("id")
    whole = {"accounts.csv": spells, "events.parquet": pd.DataFrame(found.pop("events"), dtype=object)}
    return whole | {f"{name}.csv": pd.DataFrame(rows, dtype=object) for name, rows in found.items()}


def _spells() -> pd.DataFrame:
    """Who came, left, and came back."""
    rows = []
    for at, customer in enumerate(CUSTOMERS):
        turns = [["2023-05-01", None], ["2024-02-29 11:00", "2024-04-04 10:00"], ["2024-03-01", "2024-05-20"]][at % 3]
        tiers = ["Pro", "pro", "${x}", "it's", "🎉", None]
        told = {"tier": tiers[at % 6], "stage": tiers[at % 5], "mrr": [None, 10.1, 99.0][at % 3], "seats": str(at)}
        told |= {"renewal": ["2024-04-20", "2024-05-15 22:00:00", None][at % 3], "trial_ends": "2024-04-30 01:00"}
        rows.append({"id": customer, "start": turns[0], "churned": turns[1], "loaded": [None, turns[0]][at % 2]} | told)
        if turns[1] and at % 2:
            again = {"id": customer, "start": "2024-09-01 15:00:00", "churned": ["2024-11-10", None][at % 4 == 1]}
            rows.append(again | {"loaded": "2024-09-05"} | told)
    return pd.DataFrame(rows, dtype=object)
