"""The reference itself, held to cells computed by hand from docs/history.md."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from tests.history.asof.reference import cutoffs, local_time, reference_panel

D = dt.date(2024, 3, 31)
TABLES = {
    "events": {"table": "events", "customer": "id", "time": "at", "type": "event", "value": "value"},
    "tickets": {"table": "tickets", "customer": "id", "opened": "opened", "closed": "closed"},
    "invoices": {"table": "invoices", "customer": "id", "due": "due", "paid": "paid", "amount": "amount"},
    "plans": {"table": "plans", "customer": "id", "valid_from": "from", "valid_to": "to"},
    "surveys": {"table": "surveys", "customer": "id", "time": "at", "value": "score"},
}
COLUMNS = {
    "accounts": ["id", "start", "churned", "renewal", "tier"],
    "events": ["id", "at", "event", "value", "device", "loaded"],
    "tickets": ["id", "opened", "closed", "priority"],
    "invoices": ["id", "due", "paid", "amount"],
    "plans": ["id", "from", "to", "plan", "seats"],
    "surveys": ["id", "at", "score"],
}
ACCOUNTS = {"table": "accounts", "customer": "id", "start": "start", "churned": "churned", "renewal": "renewal"}
OLD = [("a", "2023-01-01")]


def panel(metrics=(), accounts=OLD, *, known=False, changes=None, **rows):
    """The panel of a few rows; a row may leave out its last cells."""
    tables = {name: said | ({"known": "loaded"} if known and name == "events" else {}) for name, said in TABLES.items()}
    history = {"timezone": "Europe/Kyiv", "accounts": ACCOUNTS, "tables": tables, "cutoffs": [D], "horizon": "30d"}
    history |= {"observed_until": dt.date(2025, 1, 1)} | (changes or {})
    history = {key: value for key, value in history.items() if value is not None}
    metrics = [{"name": f"m{at}", **said} for at, said in enumerate(metrics)]
    return reference_panel(history, metrics, _frames(rows | {"accounts": accounts}))


def _frames(rows):
    return {
        name: pd.DataFrame(
            [(*row, *[None] * (len(columns) - len(row))) for row in rows.get(name, [])], columns=columns, dtype=object
        )
        for name, columns in COLUMNS.items()
    }


def values(*metrics, **said):
    """The metrics of the only row."""
    (row,) = panel(metrics, **said).to_dict("records")
    return [row[f"m{at}"] for at in range(len(metrics))]


EVENTS = [
    ("a", "2024-03-01 00:00:00", "login", 1.0, "web"),  # the first moment of a window of 30 days
    ("a", "2024-02-29 23:59:59.999999", "login", 2.0, "ios"),
    ("a", "2024-03-30 23:59:59.999999", "login", 4.0, "web"),
    ("a", "2024-03-30 08:00:00", "view", None, "web"),
    ("a", "2024-03-31 00:00:00", "login", 100.0, "tv"),
    ("A", "2024-03-30 08:00:00", "login", 100.0, "tv"),
    ("a", None, "login", 100.0, "tv"),
    ("a", "2022-12-31 23:59:59", "login", 100.0, "tv"),  # before the spell
    ("a", "2024-03-10 08:00:00", None, -1.0, None),
]


@pytest.mark.parametrize(
    ("metric", "whole", "month"),
    [
        ({"count": "login"}, 3, 2),
        ({"count": ["login", "view"]}, 4, 3),
        ({"count": "all"}, 5, 4),
        ({"count": "Login"}, 0, 0),
        ({"count": "all", "where": {"device": ["web", "tv"]}}, 3, 3),
        ({"days_active": "all"}, 4, 3),
        ({"days_active": "view"}, 1, 1),
        ({"sum": "login"}, 7, 5),
        ({"sum": "view"}, 0, 0),
        ({"mean": "login"}, 7 / 3, 2.5),
        ({"mean": "view"}, None, None),
        ({"max": "all"}, 4, 4),
        ({"max": "nothing"}, None, None),
        ({"distinct": "login"}, 3, 2),
        ({"distinct": "all", "of": "device"}, 2, 1),
        ({"last": "login"}, 4, 4),
        ({"last": "view"}, None, None),
        ({"last": "login", "where": {"device": "ios"}}, 2, None),
        ({"last": "all", "of": "device", "kind": "category"}, "web", "web"),
        ({"recency": "view"}, 1, 1),
        ({"recency": "all", "where": {"device": "ios"}}, 31, None),
        ({"share": "login"}, 3 / 5, 2 / 4),
        ({"share": "login", "among": ["login", "view"]}, 3 / 4, 2 / 3),
        ({"share": "login", "where": {"device": "web"}}, 2 / 5, 2 / 4),
        ({"share": "login", "among": ["nothing"]}, None, None),
    ],
)
def test_events(metric, whole, month):
    metric = metric | {"from": "events"}
    assert values(metric, metric | {"window": "30d"}, events=EVENTS) == [whole, month]


def test_of_the_same_time_the_largest_is_last():
    events = [("a", "2024-03-02", "x", value, text) for value, text in ((2.0, "b"), (3.0, "ab"), (None, "a"))]
    numbers, texts = (
        {"last": "x", "from": "events"},
        {"last": "x", "of": "device", "kind": "category", "from": "events"},
    )
    assert values(numbers, texts, events=events) == [3, "b"]


def test_trend():
    events = [("a", day, "x") for day in ("2024-03-30", "2024-03-01", "2024-02-29", "2024-01-31", "2024-01-30")]
    month = {"trend": "all", "window": "30d", "from": "events"}
    assert values(month, month | {"window": "1d"}, month | {"trend": "y"}, events=events[:4]) == [0, 1, None]
    assert values(month, events=events[:3]) == [pytest.approx(1 / 3)]
    assert values(month, events=[*events[2:]]) == [-1]


def test_tenure_is_asked_of_windows():
    metrics = [{kind: "all", "window": "30d", "from": "events"} for kind in ("count", "last", "recency", "trend")]
    event = [("a", "2024-03-30", "x", 5.0)]
    assert values(*metrics, accounts=[("a", "2024-03-01 00:00:00")], events=event) == [1, 5, 1, None]
    assert values(*metrics, accounts=[("a", "2024-03-01 23:59:59")], events=event) == [1, 5, 1, None]
    assert values(*metrics, accounts=[("a", "2024-03-02 00:00:00")], events=event) == [None, 5, 1, None]
    assert values(*metrics, accounts=[("a", "2024-01-31")], events=event) == [1, 5, 1, 1]
    assert values({"count": "all", "from": "events"}, accounts=[("a", "2024-03-30")], events=event) == [1]
    assert values({"days_late": "max", "window": "30d"}, accounts=[("a", "2024-03-02")]) == [None]


def test_open():
    tickets = [
        ("a", "2024-03-30 23:59:59", None, "high"),
        ("a", "2024-03-01", "2024-03-31 00:00:00", "low"),
        ("a", "2024-03-01", "2024-03-30 23:59:59", "high"),
        ("a", "2024-03-31", None, "high"),
    ]
    assert values({"open": "all"}, {"open": "all", "where": {"priority": "high"}}, tickets=tickets) == [2, 1]
    assert values({"open": "all"}) == [0]


def test_days_late():
    metrics = [{"days_late": way} for way in ("max", "mean", "sum")]
    invoices = [
        ("a", "2024-03-01", "2024-03-05"),
        ("a", "2024-03-10", "2024-03-08"),  # early is not negative
        ("a", "2024-03-21", None),
        ("a", "2024-03-30", "2024-03-31"),  # paid at the cutoff: not yet
        ("a", "2024-03-31", None),  # not due yet
    ]
    assert values(*metrics, invoices=invoices) == [10, 15 / 4, 15]
    assert values(*(one | {"window": "10d"} for one in metrics), invoices=invoices) == [10, 5.5, 11]
    assert values(*metrics) == [None, None, None]


def test_the_plan_of_the_moment_before():
    seats, plan = {"last": "seats", "from": "plans"}, {"last": "plan", "kind": "category", "from": "plans"}
    one, two = ("a", "2024-01-01", "2024-03-31", "free", 3), ("a", "2024-02-01", "2024-03-30", "pro", 9)
    assert values(seats, plan, plans=[one, two]) == [3, "free"]
    assert values(seats, plan, plans=[two, ("a", "2024-03-31", None, "pro", 7)]) == [None, None]
    assert values(seats, plan, plans=[one, ("a", "2024-03-01", None, "pro", None)]) == [3, "pro"]


def test_days_until_and_tenure():
    until, *long = {"days_until": "renewal"}, *({"tenure": unit} for unit in ("days", "months", "years"))
    accounts = [("a", "2024-03-01 23:00:00", None, "2024-04-02 15:00:00")]
    assert values(until, *long, accounts=accounts) == [2, 30, 30 / 30.4375, 30 / 365.25]
    assert values(until, accounts=[("a", "2023-01-01", None, "2024-03-31")]) == [0]
    assert values(until, until, accounts=[("a", "2023-01-01", None, "2024-03-30 23:00:00")]) == [None, None]
    assert values(until) == [None]


def test_survey():
    metrics = [{"survey": "score", "from": "surveys"}, {"survey": "all", "from": "surveys", "age": True}]
    surveys = [("a", "2024-03-01", 9), ("a", "2024-03-20 23:00:00", 4), ("a", "2024-03-25", None)]
    assert values(*metrics, surveys=surveys) == [4, 11]
    windows = [one | {"window": "5d"} for one in metrics]
    assert values(*windows, surveys=[*surveys, ("a", "2024-03-31", 10)]) == [None, None]
    young = [one | {"window": "30d"} for one in metrics]
    assert values(*young, accounts=[("a", "2024-03-15")], surveys=surveys) == [4, 11]


def test_per():
    metrics = [{"count": "all", "from": "tickets"}, {"last": "seats", "from": "plans"}]
    per, back = {"per": {"metric": "m0", "by": "m1"}}, {"per": {"metric": "m1", "by": "m0"}}
    assert values(*metrics, per, back, tickets=[("a", "2024-03-01")], plans=[("a", "2024-01-01", None, "", 4)]) == [
        1, 4, 0.25, 4,
    ]  # fmt: skip
    assert values(*metrics, per, back, plans=[("a", "2024-01-01", None, "", 4)]) == [0, 4, 0, None]
    assert values(*metrics, per, back, tickets=[("a", "2024-03-01")]) == [1, None, None, None]


def test_known_before_the_cutoff():
    events = [
        ("a", "2024-03-02", "x", 1.0, "", "2024-03-30 23:59:59"),
        ("a", "2024-03-02", "x", 2.0, "", "2024-03-31 00:00:00"),
        ("a", "2024-03-02", "x", 4.0, "", None),
        ("a", "2024-03-31", "x", 8.0, "", "2024-03-01"),
    ]
    metric = {"sum": "all", "from": "events"}
    assert (values(metric, events=events), values(metric, events=events, known=True)) == ([7], [5])


@pytest.mark.parametrize(
    ("cell", "own", "local"),
    [
        ("2024-03-31T02:59:59", None, "2024-03-31 02:59:59"),
        ("2024-03-31T03:30:00", None, "2024-03-31 03:30:00"),  # no such moment in Kyiv; said is said
        ("2024-03-31T01:00:00Z", None, "2024-03-31 04:00:00"),  # the clock goes from 3 to 4
        ("2024-03-31T00:59:59Z", None, "2024-03-31 02:59:59"),
        ("2024-03-30T22:00:00+00:00", None, "2024-03-31 00:00:00"),
        ("2024-10-27T00:30:00+00:00", None, "2024-10-27 03:30:00"),
        ("2024-10-27T01:30:00+00:00", None, "2024-10-27 03:30:00"),
        ("2024-03-31T08:00:00+02:00", None, "2024-03-31 09:00:00"),
        ("2024-03-30 22:00:00", "UTC", "2024-03-31 00:00:00"),
        ("2024-03-30T22:00:00-05:00", "UTC", "2024-03-31 06:00:00"),
        (pd.Timestamp("2024-03-30 18:00", tz="America/New_York"), None, "2024-03-31 00:00:00"),
        (dt.date(2024, 3, 31), None, "2024-03-31 00:00:00"),
    ],
)
def test_local_time(cell, own, local):
    assert local_time(cell, "Europe/Kyiv", own) == dt.datetime.fromisoformat(local)


def test_an_offset_decides_on_which_side_of_midnight():
    events = [("a", "2024-03-31T00:30:00+03:00", "x"), ("a", "2024-03-31T00:30:00+02:00", "x")]
    metrics = [{"count": "all", "from": "events"}, {"days_active": "all", "from": "events"}]
    assert values(*metrics, events=events) == [1, 1]  # the first is 23:30 of the day before


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ([dt.date(2024, 5, 1), "2024-04-01"], ["2024-04-01", "2024-05-01"]),
        ({"every": "quarter", "from": "2024-03-31", "to": "2024-12-31"}, ["03-31", "06-30", "09-30", "12-31"]),
        ({"every": "month", "from": "2024-02-29", "to": "2024-05-30"}, ["02-29", "03-31", "04-30"]),
        ({"every": "month", "from": "2024-01-30", "to": "2024-03-30"}, ["01-30", "02-29", "03-30"]),
        ({"every": "year", "from": "2023-02-28", "to": "2024-02-29"}, ["2023-02-28", "02-29"]),
        ({"every": "week", "from": "2024-01-30", "to": "2024-02-12"}, ["01-30", "02-06"]),
        ({"every": "28d", "from": "2024-01-30", "to": "2024-02-27"}, ["01-30", "02-27"]),
    ],
)
def test_cutoffs(said, days):
    assert cutoffs(said) == [dt.date.fromisoformat(day if len(day) > 5 else f"2024-{day}") for day in days]


@pytest.mark.parametrize(
    ("left", "gap", "churned"),
    [
        (None, "0d", [0]),
        ("2024-03-31 23:00:00", "0d", []),  # left on the day of the cutoff
        ("2024-04-01 00:00:00", "0d", [1]),
        ("2024-04-30 23:59:59", "0d", [1]),
        ("2024-05-01", "0d", [0]),
        ("2024-04-07 23:00:00", "7d", [None]),
        ("2024-04-08", "7d", [1]),
        ("2024-05-07 12:00:00", "7d", [1]),
        ("2024-05-08", "7d", [0]),
    ],
)
def test_churned_by_date(left, gap, churned):
    found = panel(accounts=[("a", "2023-01-01", left)], changes={"gap": gap})
    assert found["churned"].tolist() == churned


def test_observed_until():
    for until, churned in ((dt.date(2024, 4, 30), 0), (dt.date(2024, 4, 29), None), ("2024-04-30", 0)):
        assert panel(changes={"observed_until": until})["churned"].tolist() == [churned]
    for newest, churned in (("2024-04-30 23:00:00", 0), ("2024-04-29 23:59:59", None)):
        for table in ("events", "tickets", "surveys"):
            assert panel(**{table: [("a", newest)]}, changes={"observed_until": None})["churned"].tolist() == [churned]
        left = [*OLD, ("b", "2024-02-01", newest)]
        accounts = panel(accounts=left, changes={"observed_until": None}).set_index("customer")
        assert accounts["churned"].loc[["a"]].tolist() == [churned]
    for table in ("invoices", "plans"):  # what is due may be yet to come
        assert panel(**{table: [("a", "2024-12-31")]}, changes={"observed_until": None})["churned"].tolist() == [None]


def test_rows_count_from_the_day_of_the_start():
    events = [("a", "2024-03-20 00:00:00", "x"), ("a", "2024-03-19 23:59:59", "x")]
    found = values({"count": "all", "from": "events"}, accounts=[("a", "2024-03-20 17:00:00")], events=events)
    assert found == [1]


def test_last_of_accounts():
    tier = {"last": "tier", "from": "accounts", "kind": "category"}
    assert values(tier, accounts=[("a", "2023-01-01", None, None, "pro")]) == ["pro"]
    assert values(tier) == [None]


@pytest.mark.parametrize(
    ("day", "kind", "count", "churned"),
    [
        ("2024-04-07 00:00:00", "buy", None, 0),
        ("2024-04-06 23:59:59", "buy", None, 1),  # within the gap
        ("2024-05-06 23:59:59", "buy", None, 0),
        ("2024-05-07 00:00:00", "buy", None, 1),
        ("2024-04-10", "view", "buy", 1),
        ("2024-04-10", "buy", "buy", 0),
    ],
)
def test_churned_by_inactivity(day, kind, count, churned):
    churn = {"inactive_for": "30d"} | ({"from": "events", "count": count} if count else {})
    changes = {"horizon": None, "gap": "7d", "churn": churn}
    assert panel(events=[("a", day, kind)], changes=changes)["churned"].tolist() == [churned]
    assert panel(tickets=[("a", day)], changes=changes)["churned"].tolist() == [1]
    assert panel(surveys=[("a", day)], changes=changes)["churned"].tolist() == [1 if count else churned]


def test_who_came_back_begins_anew():
    spells = [("a", "2023-01-01", "2024-02-10"), ("a", "2024-03-20", None)]
    events = [("a", "2024-02-01", "x"), ("a", "2024-03-10", "x"), ("a", "2024-03-20", "x"), ("a", "2024-04-02", "x")]
    days = [dt.date(2024, 2, 9), dt.date(2024, 2, 10), dt.date(2024, 3, 20), dt.date(2024, 3, 31)]
    metrics = [{"count": "all", "from": "events"}, {"tenure": "days"}]
    found = panel(metrics, spells, events=events, changes={"cutoffs": days})
    assert found.values.tolist() == [["a", days[0], 1, 1, 404], ["a", days[3], 0, 1, 11]]


def test_eligible():
    spells = [
        ("a", "2024-03-01 00:00:00", None, "2024-03-31", "pro"),
        ("b", "2024-03-02 00:00:00", None, "2024-04-01", "Pro"),
        ("c", "2023-01-01", None, "2024-04-30 23:00:00", None),
        ("d", "2024-03-31", None, "2024-04-30", "pro"),  # not there yet
        ("e", "2024-01-01", None, "2024-05-01", "free"),
    ]
    events = [("a", "2024-03-24"), ("b", "2024-03-23 23:59:59"), ("c", "2024-03-31"), ("e", "2024-03-30")]

    def left(**eligible):
        return "".join(panel(accounts=spells, events=events, changes={"eligible": eligible})["customer"])

    assert left() == "abce"
    assert left(tenure="30d") == "ace"
    assert left(active_within="7d") == "ae"
    assert left(renewal_in_horizon=True) == "bc"
    assert left(exclude=["a", "A"]) == "bce"
    assert left(exclude={"tier": "pro"}) == "bce"
    assert left(exclude={"tier": ["Pro", "free"]}) == "ac"


def test_what_accounts_carry():
    accounts = ACCOUNTS | {"segment": "tier", "known": "renewal"}
    spells = [("a", "2023-01-01", None, "2024-03-30", "pro"), ("b", "2023-01-01", None, "2024-03-31", "pro")]
    found = panel(accounts=spells, changes={"accounts": accounts})
    assert found[["customer", "segment"]].values.tolist() == [["a", "pro"]]
