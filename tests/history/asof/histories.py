"""Random histories, crowded where the law of the cutoff is easily broken: midnights, ties, changes of the clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from hypothesis import strategies as st

from tests.history.asof.reference import duration

ZONES = ("UTC", "Europe/Kyiv", "America/New_York", "Pacific/Auckland")
OWN_ZONES = ("UTC", "Asia/Kolkata", "Pacific/Honolulu", "Europe/Kyiv")
CUSTOMERS = ("a", "A", "aa", "007", "7", "Їжак", "ї", "null", "1e5", "x'y")
CUTOFFS = tuple(
    dt.date.fromisoformat(day)
    for day in (
        "2024-02-29", "2024-03-10", "2024-03-11", "2024-03-31", "2024-04-01", "2024-04-07", "2024-04-08", "2024-04-30",
        "2024-09-29", "2024-10-27", "2024-10-28", "2024-11-03", "2024-11-04",
    )
)  # fmt: skip
STEPS = ("day", "week", "month", "quarter", "year", "5d")
CLOCK = tuple(
    dt.time.fromisoformat(time)
    for time in (
        "12:00",
        *["00:00"] * 4,
        "00:00:00.000001",
        "01:30",
        "02:30",
        "03:00",
        "03:30",
        "04:00",
        "23:59:59",
        "23:59:59.999999",
    )
)
AROUND = (-1, 0, 0, 0, -1, -7, -30, 1, -2, -3, -5, -6, -8, -14, -15, -20, -29, -31, -60, -61, 7, 8, 30, 31, 37)
STARTS = (-1, -2, -3, -6, -7, -8, -13, -14, -15, -29, -30, -31, -59, -60, -61)
WINDOWS = ("1d", "7d", "30d")
TYPES = ("login", "Login", "view", "вхід")
DEVICES = ("web", "ios", "Web")
WRITTEN = ("naive", "text", "aware", "aware text", "own", "own text", "date")

Frames = dict[str, pd.DataFrame]
Draw = Callable[[st.SearchStrategy], Any]


@dataclass(frozen=True)
class Setting:
    """All but the rows. written: how the moments of each column are given, by table and column."""

    history: dict
    metrics: list[dict]
    cutoffs: list[dt.date]
    customers: list[str]
    written: dict[str, dict[str, str]]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.history["timezone"])

    @property
    def edges(self) -> tuple[int, ...]:
        """Days from a cutoff to where the window of its outcome begins and ends, and to other borders."""
        horizon = self.history["horizon"] if "horizon" in self.history else self.history["churn"]["inactive_for"]
        gap = duration(self.history.get("gap", "0d")).days
        return (*AROUND, *(gap, gap + duration(horizon).days) * 4)

    def files(self) -> dict[str, str]:
        """Name of a table → its file."""
        return {name: said["table"] for name, said in (("accounts", self.history["accounts"]), *self._tables())}

    def _tables(self) -> list[tuple[str, dict]]:
        return list(self.history["tables"].items())

    def but(self, **changes: Any) -> Setting:
        """The same with other keys of ``history``; None removes one."""
        history = {key: value for key, value in (self.history | changes).items() if value is not None}
        return replace(self, history=history)


@st.composite
def histories(draw: Draw) -> tuple[Setting, Frames]:
    setting = draw(settings_of_histories())
    return setting, draw(frames(setting))


# Settings


@st.composite
def settings_of_histories(draw: Draw) -> Setting:
    cutoffs, listed = draw(_cutoffs())
    tables, written = _tables(draw)
    accounts, written["accounts"] = _accounts(draw)
    history = {"timezone": draw(st.sampled_from(ZONES)), "accounts": accounts, "tables": tables, "cutoffs": cutoffs}
    history["horizon"] = draw(st.sampled_from(("3d", "1d", "7d", "30d")))
    history |= _sometimes(draw, "gap", st.sampled_from(("0d", "1d", "7d")))
    if "churned" not in accounts:
        history["churn"] = _churn(draw, history["horizon"])
        if draw(st.booleans()):
            del history["horizon"]
    history |= {"eligible": draw(_eligible())} if draw(st.integers(0, 2)) == 0 else {}
    customers = draw(st.lists(st.sampled_from(CUSTOMERS), min_size=1, max_size=3, unique=True))
    setting = Setting(history, draw(metrics_of(tables)), listed, customers, written)
    return setting.but(observed_until=draw(_observed_until(setting)))


def _observed_until(setting: Setting) -> st.SearchStrategy:
    """Not said, or so that the horizon of all cutoffs, of the first or of none has ended."""
    ends = [cutoff + dt.timedelta(setting.edges[-1]) for cutoff in setting.cutoffs]
    return st.sampled_from((max(ends), None, max(ends), min(ends), min(ends) - dt.timedelta(1)))


@st.composite
def _cutoffs(draw: Draw) -> tuple[list | dict, list[dt.date]]:
    listed = draw(st.lists(st.sampled_from(CUTOFFS), min_size=1, max_size=3, unique=True))
    if draw(st.integers(0, 3)):
        return listed, listed
    every, first = draw(st.sampled_from(STEPS)), listed[0]
    longest = {"month": 70, "quarter": 190, "year": 740}.get(every, 12)
    last = first + dt.timedelta(draw(st.integers(0, longest)))
    return {"every": every, "from": first, "to": last}, [first, last]


def _sometimes(draw: Draw, key: str, values: st.SearchStrategy) -> dict:
    return {key: draw(values)} if draw(st.booleans()) else {}


def _tables(draw: Draw) -> tuple[dict, dict]:
    """The tables and how their moments are written."""
    typed = draw(st.booleans())
    plain = {
        "events": {"time": "at", "type": "event", "value": "value"},
        "tickets": {"opened": "opened_at", "closed": "closed_at"},
        "invoices": {"due": "due_on", "paid": "paid_on", "amount": "amount"},
        "plans": {"valid_from": "from", "valid_to": "to"},
        "surveys": {"time": "answered", "value": "score"} | ({"type": "survey"} if typed else {}),
    }
    tables, written = {}, {}
    for name, roles in plain.items():
        said = {"table": f"{name}{draw(st.sampled_from(('.csv', '.parquet')))}", "customer": "id", **roles}
        said |= _sometimes(draw, "known", st.just("loaded"))
        columns = [said[role] for role in ("time", *MOMENTS_OF[name], "known") if role in said]
        written[name] = {column: draw(st.sampled_from(WRITTEN)) for column in columns}
        written[name] = _apart(written[name], draw(st.booleans()))
        if any(one.startswith("own") for one in written[name].values()):
            said["timezone"] = draw(st.sampled_from(OWN_ZONES))
        tables[name] = said
    return tables, written


MOMENTS_OF = {
    "accounts": ("start", "churned", "renewal"),
    "events": (),
    "tickets": ("opened", "closed"),
    "invoices": ("due", "paid"),
    "plans": ("valid_from", "valid_to"),
    "surveys": (),
}


def _apart(written: dict[str, str], own: bool) -> dict[str, str]:
    """With a zone of its own, a table has no local times and no bare dates, whose meaning would be in doubt."""
    instead = {"naive": "own", "text": "own text", "date": "own"} if own else {"own": "naive", "own text": "text"}
    return {column: instead.get(one, one) for column, one in written.items()}


def _accounts(draw: Draw) -> tuple[dict, dict[str, str]]:
    said = {"table": f"accounts{draw(st.sampled_from(('.csv', '.parquet')))}", "customer": "id", "start": "began"}
    said |= {"churned": "left"} if draw(st.integers(0, 3)) else {}
    said |= {"renewal": "renews_on"}
    for role, column in (("segment", "tier"), ("stage", "stage"), ("revenue", "mrr"), ("known", "loaded")):
        said |= _sometimes(draw, role, st.just(column))
    columns = [said[role] for role in ("start", "churned", "renewal", "known") if role in said]
    written = _apart({column: draw(st.sampled_from(WRITTEN)) for column in columns}, draw(st.integers(0, 3)) == 0)
    if any(one.startswith("own") for one in written.values()):
        said["timezone"] = draw(st.sampled_from(OWN_ZONES))
    return said, written


def _churn(draw: Draw, horizon: str) -> dict:
    said = {"inactive_for": horizon}
    if draw(st.booleans()):
        said |= {"from": "events"} | _sometimes(draw, "count", st.sampled_from((*TYPES, list(TYPES[:2]))))
    return said


@st.composite
def _eligible(draw: Draw) -> dict:
    said = _sometimes(draw, "tenure", st.sampled_from(WINDOWS))
    said |= _sometimes(draw, "active_within", st.sampled_from(("3d", "1d", "7d", "30d")))
    said |= {"renewal_in_horizon": True} if draw(st.integers(0, 3)) == 0 else {}
    excluded = st.lists(st.sampled_from(("w pro", *CUSTOMERS[:4])), min_size=1, max_size=2, unique=True)
    by_column = st.sampled_from(({"tier": "pro"}, {"tier": ["Pro", "free"]}))
    said |= {"exclude": draw(excluded | by_column)} if draw(st.integers(0, 3)) == 0 else {}
    return said or {"tenure": "1d"}


# Metrics


def _wanted() -> st.SearchStrategy:
    one = st.sampled_from((TYPES[0], *TYPES))
    return one | st.just("all") | st.just("all") | st.lists(one, min_size=1, max_size=2, unique=True)


def _where(column: str, values: tuple[str, ...]) -> st.SearchStrategy:
    kept = st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)
    return st.just({}) | st.just({}) | kept.map(lambda value: {"where": {column: value}})


def _window(must: bool = False) -> st.SearchStrategy:
    windows = st.sampled_from(WINDOWS).map(lambda window: {"window": window})
    return windows if must else st.just({}) | windows | windows


@st.composite
def metrics_of(draw: Draw, tables: dict) -> list[dict]:
    """One metric of each kind and more, of every table."""
    web = _where("device", DEVICES)
    events = [
        {kind: draw(_wanted()), "from": "events"} | draw(web) | draw(_window(must=kind == "trend"))
        for kind in ("count", "days_active", "sum", "mean", "max", "distinct", "last", "recency", "trend", "share")
    ]
    events += [
        {"share": draw(st.sampled_from(TYPES)), "among": list(TYPES[:2]), "from": "events"} | draw(_window()),
        {"distinct": draw(_wanted()), "of": "device", "from": "events"} | draw(_window()),
        {"sum": draw(_wanted()), "of": "seconds", "from": "events"} | draw(_window()),
        {"last": draw(_wanted()), "of": "device", "kind": "category", "from": "events"} | draw(_window()),
    ]
    surveys = _surveys(draw, "type" in tables["surveys"])
    others = [
        {"open": "all"} | draw(st.sampled_from(({}, {"from": "tickets"}))) | draw(_where("priority", ("high", "High"))),
        {"count": "all", "from": "tickets"} | draw(_window()),
        *(
            {"days_late": way} | draw(_window()) | draw(_where("region", ("eu", "EU")))
            for way in ("max", "mean", "sum")
        ),
        {"sum": "amount", "from": "invoices"} | draw(_window()),
        {"mean": "all", "from": "invoices"} | draw(_window()),
        {"last": "seats", "from": "plans"},
        {"last": "plan", "kind": "category", "from": "plans"} | draw(_where("region", ("eu", "EU"))),
        {"distinct": "plan", "from": "plans"} | draw(_window()),
        {"days_until": "renewal"},
        {"last": "tier", "kind": "category", "from": "accounts"},
        *({"tenure": unit} for unit in ("days", "months", "years")),
    ]
    named = [{"name": f"m{at:02}_{next(iter(said))}", **said} for at, said in enumerate([*events, *surveys, *others])]
    seats = next(one["name"] for one in named if one.get("last") == "seats")
    by = draw(st.sampled_from((seats, named[0]["name"], named[1]["name"])))
    return [*named, {"name": "per_one", "per": {"metric": named[2]["name"], "by": by}}]


def _surveys(draw: Draw, typed: bool) -> list[dict]:
    wanted = draw(st.sampled_from(("nps", ["nps", "csat"], "all")) if typed else st.sampled_from(("score", "all")))
    plain = {"survey": wanted, "from": "surveys"}
    return [plain | draw(_window()), plain | {"age": True} | draw(_window()), {"mean": wanted, "from": "surveys"}]


# Rows


@st.composite
def frames(draw: Draw, setting: Setting) -> Frames:
    """File → frame."""
    found = {}
    for name, file in setting.files().items():
        rows = _spells(draw, setting) if name == "accounts" else _rows(draw, setting, name)
        said = setting.history["accounts"] if name == "accounts" else setting.history["tables"][name]
        found[file] = as_written(draw, setting, name, pd.DataFrame(rows, dtype=object), said.get("timezone"))
    return found


QUARTERS = st.sampled_from((None, 0.0, 0.25, 1.0, 1.0, 2.5, 7.0, -1.5))
CELLS = {
    "events": {
        "event": st.sampled_from((*TYPES, "login", "login", None)),
        "value": QUARTERS,
        "seconds": st.sampled_from((None, 0, 1, 1, 5)),
        "device": st.sampled_from((*DEVICES, None)),
    },
    "tickets": {"priority": st.sampled_from(("high", "High", None))},
    "invoices": {"amount": QUARTERS, "region": st.sampled_from(("eu", "EU", None))},
    "plans": {
        "plan": st.sampled_from(("free", "pro", "Pro", None)),
        "seats": st.sampled_from((None, 0, 1, 3, 3)),
        "region": st.sampled_from(("eu", "EU")),
    },
    "surveys": {
        "score": st.sampled_from((None, 0, 3, 9, 10)),
        "survey": st.sampled_from(("nps", "nps", "csat", "NPS", None)),
    },
}
MOST = {"events": 14, "tickets": 5, "invoices": 5, "plans": 5, "surveys": 5}


@st.composite
def moments(draw: Draw, setting: Setting, days: tuple[int, ...] = ()) -> dt.datetime:
    """A local wall time close to a cutoff, or to the beginning or end of a window or horizon."""
    day = draw(st.sampled_from(setting.cutoffs)) + dt.timedelta(draw(st.sampled_from(days or setting.edges)))
    return dt.datetime.combine(day, draw(st.sampled_from(CLOCK)))


def witnesses(setting: Setting, name: str) -> list[dict]:
    """One customer of old, so that a panel is never empty and every value that a spec names stands in its table."""
    first = dt.datetime.combine(min(setting.cutoffs), dt.time(12))
    early, history = first - dt.timedelta(300), setting.history
    if name == "accounts":
        renews = first + duration(history.get("gap", "0d")) + dt.timedelta(1)
        said = {"began": first - dt.timedelta(800), "left": None, "renews_on": renews, "loaded": None}
        others = [said | {"id": f"w {tier}", "tier": tier} for tier in ("free", "pro", "Pro")]
        others = [one | {"left": one["began"] + dt.timedelta(1)} for one in others]
        rows = [said | {"id": "w", "tier": "none"}, *others]
        return [row | {"stage": "old", "mrr": 1.0} for row in rows]
    said = history["tables"][name]
    own, *others = [said[role] for role in ("time", *MOMENTS_OF[name]) if role in said]
    plain = {"id": "w", own: early} | dict.fromkeys(others, early + dt.timedelta(20))
    rows = [plain | row for row in WITNESSES[name]]
    return rows + [
        rows[0] | {own: dt.datetime.combine(cutoff, dt.time()) - dt.timedelta(3)} for cutoff in setting.cutoffs
    ]


WITNESSES = {
    "events": [
        {"event": event, "device": device, "value": 1.0, "seconds": 2}
        for event, device in zip(TYPES, (*DEVICES, "web"), strict=True)
    ],
    "tickets": [{"priority": one} for one in ("high", "High")],
    "invoices": [{"region": one, "amount": 1.0} for one in ("eu", "EU")],
    "plans": [{"region": one, "plan": "pro", "seats": 2} for one in ("eu", "EU")],
    "surveys": [{"score": 3, "survey": one} for one in ("nps", "csat")],
}


def _rows(draw: Draw, setting: Setting, name: str) -> list[dict]:
    said = setting.history["tables"][name]
    own, *others = [said[role] for role in ("time", *MOMENTS_OF[name], "known") if role in said]
    columns = {"id": st.sampled_from((*setting.customers, *setting.customers, *setting.customers, "nobody"))}
    columns |= {own: st.integers(0, 15).flatmap(lambda one: moments(setting) if one else st.none())}
    midnights = st.sampled_from([dt.datetime.combine(cutoff, dt.time()) for cutoff in setting.cutoffs])
    columns |= {other: st.none() | midnights | moments(setting) | moments(setting) for other in others}
    rows = st.lists(st.fixed_dictionaries(columns | CELLS[name]), min_size=1 + MOST[name] // 3, max_size=MOST[name])
    drawn = draw(rows)
    for row, before in zip(drawn[1::3], drawn[::3], strict=False):  # ties
        row |= {column: before[column] for column in ("id", own)}
    every = [*witnesses(setting, name), *drawn]
    return [{column: row.get(column) for column in columns | CELLS[name]} for row in every]


def _spells(draw: Draw, setting: Setting) -> list[dict]:
    said, found = setting.history["accounts"], witnesses(setting, "accounts")
    for customer in setting.customers:
        turns = _turns(draw, setting, "churned" in said)
        for start, left in zip(turns[::2], [*turns[1::2], None], strict=False):
            known = draw(st.none() | st.just(start) | st.just(start) | moments(setting))
            row = {"id": customer, "began": start, "left": left, "loaded": known}
            row["renews_on"] = draw(st.none() | moments(setting))
            row["tier"] = draw(st.sampled_from(("free", "pro", "Pro")))
            row |= {"stage": draw(st.sampled_from(("new", None))), "mrr": draw(st.sampled_from((None, 10.25, 99.0)))}
            found.append(row)
    kept = {*said.values(), "tier"}
    return [{column: cell for column, cell in row.items() if column in kept} for row in found]


def _turns(draw: Draw, setting: Setting, may_leave: bool) -> list[dt.datetime]:
    """Came, left, came back, …: on different days, so that no two spells of a customer overlap."""
    early = dt.datetime.combine(min(setting.cutoffs), draw(st.sampled_from(CLOCK))) - dt.timedelta(90)
    first = [early if draw(st.booleans()) else draw(moments(setting, STARTS))]
    gap, end = setting.edges[-2:]
    leaving = moments(setting, (gap, gap + 1, end, end + 1)) | moments(setting)
    most = draw(st.sampled_from((1, 0, 3))) if may_leave else 0
    others = draw(st.lists(leaving, min_size=min(most, 1), max_size=most, unique_by=dt.datetime.date))
    return sorted({turn.date(): turn for turn in first + others}.values())


# How moments are written


def as_written(draw: Draw, setting: Setting, name: str, frame: pd.DataFrame, own: str | None) -> pd.DataFrame:
    written = frame.copy()
    for column, way in setting.written[name].items():
        cells = [None if pd.isna(cell) else _as_written(draw, setting.zone, cell, way, own) for cell in frame[column]]
        written[column] = pd.Series(cells, dtype=object)
    return written


def _as_written(draw: Draw, zone: ZoneInfo, wall: dt.datetime, way: str, own: str | None) -> dt.date | str:
    if way == "date":
        return wall.date()
    if way in ("naive", "text"):
        return wall if way == "naive" else wall.isoformat(" ")
    moment = wall.replace(tzinfo=zone, fold=draw(st.integers(0, 1)))
    if way == "own":
        return _in_own_zone(moment, ZoneInfo(own))
    if way == "own text":
        return _in_own_zone(moment, ZoneInfo(own)).isoformat()
    if way == "aware":
        return moment.astimezone(dt.UTC)
    return moment.astimezone(draw(st.sampled_from((zone, dt.UTC, dt.timezone(dt.timedelta(hours=-5)))))).isoformat()


def _in_own_zone(moment: dt.datetime, own: ZoneInfo) -> dt.datetime:
    """A wall time that the zone has once: which of two is meant, nobody can know."""
    there = moment.astimezone(own).replace(tzinfo=None, fold=0)
    while there.replace(tzinfo=own).utcoffset() != there.replace(tzinfo=own, fold=1).utcoffset():
        there += dt.timedelta(hours=1)
    return there
