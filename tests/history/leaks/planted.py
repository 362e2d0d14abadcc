"""Defects of a history: each changes a clean past, and its name says what was done."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.history.leaks.clean import CUTOFFS, LAST, Past


def days(many: object) -> pd.Series:
    return pd.to_timedelta(pd.Series(np.asarray(many)), "D")


def _later(day: pd.Series, many: object) -> pd.Series:
    return day.reset_index(drop=True) + days(many)


def exit_survey_after_churn(past: Past) -> None:
    gone = past.gone
    past.add("events", gone["id"], _later(gone["left_on"], past.rng.integers(0, 9, len(gone))), event="exit", value=1.0)


def exit_survey_read_by_a_metric(past: Past) -> None:
    exit_survey_after_churn(past)
    past.metrics.append({"name": "exits", "count": "exit", "from": "events", "window": "90d"})


def refund_tickets_after_churn(past: Past) -> None:
    gone = past.gone
    for _ in range(2):
        past.add("tickets", gone["id"], _later(gone["left_on"], 2 + 18 * past.rng.random(len(gone))), closed=pd.NaT)


def churn_flag_of_customers_who_go_on(past: Past) -> None:
    """A third of those who are said to have left still log in."""
    gone = past.gone[past.gone["left_on"] < "2024-08-01"].iloc[::3]
    who = gone.loc[gone.index.repeat(40)]
    span = (LAST - who["left_on"]).dt.days.to_numpy() * past.rng.random(len(who))
    at = who["left_on"].reset_index(drop=True) + pd.to_timedelta(span * 86_400, "s")
    past.add("events", who["id"], at[at.dt.day_of_week != 6].reindex(at.index).fillna(LAST - pd.Timedelta(1, "D")),
             event="login", value=past.rng.normal(5, 1, len(who)))  # fmt: skip


def cancellation_asked_for(past: Past) -> None:
    gone = past.gone
    before = past.rng.integers(1, 25, len(gone))
    past.add("events", gone["id"], _later(gone["left_on"], -before), event="cancel_requested", value=0.0)


def cancellation_read_by_a_metric(past: Past) -> None:
    cancellation_asked_for(past)
    past.metrics.append({"name": "cancels", "recency": "cancel_requested", "from": "events"})


def known_before_it_happened(past: Past) -> None:
    past["surveys"].loc[::10, "loaded"] = past["surveys"]["at"][::10] - pd.Timedelta(3, "D")


def loaded_a_month_late(past: Past) -> None:
    past["surveys"].loc[::5, "loaded"] = past["surveys"]["at"][::5] + pd.Timedelta(40, "D")


def loaded_when_migrated(past: Past) -> None:
    past["surveys"]["loaded"] = LAST


def accounts_known_when_changed_last(past: Past) -> None:
    past["accounts"]["changed"] = LAST
    past.history["accounts"]["known"] = "changed"


def usage_before_signup(past: Past) -> None:
    some = past["accounts"].iloc[::4]
    for day in (3, 20, 45, 90):
        past.add("events", some["id"], some["began"].dt.normalize() - pd.Timedelta(day, "D") + pd.Timedelta(9, "h"),
                 event="login", value=5.0)  # fmt: skip


def column_of_accounts(past: Past) -> None:
    past["accounts"]["health"] = past.rng.normal(size=len(past["accounts"]))
    past.metrics.append({"name": "health", "last": "health", "from": "accounts"})


def total_logins_of_a_lifetime(past: Past) -> None:
    logins = past["events"][past["events"]["event"] == "login"].groupby("id").size()
    past["accounts"]["logins"] = past["accounts"]["id"].map(logins).fillna(0)
    past.metrics.append({"name": "logins_total", "last": "logins", "from": "accounts"})


def last_login_as_a_date_of_accounts(past: Past) -> None:
    past["accounts"]["last_login"] = past["accounts"]["id"].map(past["events"].groupby("id")["at"].max())
    past.metrics.append({"name": "since_login", "days_until": "last_login"})


def contract_end_that_was_set_on_departure(past: Past) -> None:
    ahead = pd.Timestamp("2025-01-10") + days(past.rng.integers(0, 360, len(past["accounts"])))
    past["accounts"]["ends_on"] = past["accounts"]["left_on"].fillna(ahead)
    past.metrics.append({"name": "contract_left", "days_until": "ends_on"})


def score_zeroed_once_the_departure_was_known(past: Past) -> None:
    """The values of the last 100 days before each departure were written again."""
    events = past["events"]
    left = events["id"].map(past["accounts"].set_index("id")["left_on"])
    rewritten = (left - events["at"]).dt.days.between(0, 115) & (past.rng.random(len(events)) < 0.85)
    events.loc[rewritten, "value"] -= 4.0


def score_of_a_vendor_who_looked_back(past: Past) -> None:
    """From May 2024 on the values follow what became of the customer."""
    events = past["events"]
    left = events["id"].map(past["accounts"].set_index("id")["left_on"]).fillna(pd.Timestamp("2026-01-01"))
    new = (events["at"] >= "2024-05-01") & (past.rng.random(len(events)) < 0.8)
    events["value"] = past.rng.normal(5, 1, len(events))
    events.loc[new, "value"] = 5 + np.minimum((left - events["at"]).dt.days[new], 250) / 40


def holdout_by_time(past: Past) -> None:
    past.more["validation"] = {"holdout": {"from": CUTOFFS[-1]}}


def events_loaded_twice(past: Past) -> None:
    events = past["events"]
    again = events[events["at"].between("2024-02-01", "2024-02-15")]
    past["events"] = pd.concat([events, again])


def a_week_that_was_not_loaded(past: Past) -> None:
    past["events"] = past["events"][~past["events"]["at"].between("2024-04-08", "2024-04-15")]


def exports_recorded_since_april(past: Past) -> None:
    events = past["events"]
    past["events"] = events[(events["event"] != "export") | (events["at"] >= "2024-04-10")]


def invitations_no_longer_recorded(past: Past) -> None:
    events = past["events"]
    past["events"] = events[(events["event"] != "invite") | (events["at"] < "2024-05-20")]


def departures_planned_for_next_year(past: Past) -> None:
    some = past.stayed.index[::5]
    past["accounts"].loc[some, "left_on"] = pd.Timestamp("2025-02-28")


def planned_departures_and_no_end_of_observation(past: Past) -> None:
    departures_planned_for_next_year(past)
    del past.history["observed_until"]


def departures_recorded_since_july(past: Past) -> None:
    """Nine of ten departures before it were forgotten, with what would tell of them."""
    old = past.gone.index[past.gone["left_on"] < "2024-07-01"]
    old = old[np.arange(len(old)) % 10 != 0]
    past["accounts"].loc[old, "left_on"] = pd.NaT


def horizon_longer_than_observation(past: Past) -> None:
    past.history["horizon"] = "400d"


def last_cutoff_still_open(past: Past) -> None:
    past.history["observed_until"] = "2024-12-01"
    past["accounts"] = past["accounts"].assign(
        left_on=past["accounts"]["left_on"].where(past["accounts"]["left_on"] < "2024-12-01")
    )
    past["events"] = past["events"][past["events"]["at"] < "2024-12-01"]


def calls_to_customers_at_risk(past: Past) -> None:
    """One in eight is called within each horizon; of those who leave, one in two was."""
    accounts = past["accounts"]
    rows = []
    for cutoff in map(pd.Timestamp, CUTOFFS):
        there = accounts[(accounts["began"] < cutoff) & ~(accounts["left_on"] <= cutoff)]
        leaves = there["left_on"] <= cutoff + pd.Timedelta(90, "D")
        called = there[past.rng.random(len(there)) < np.where(leaves, 0.5, 0.08)]
        until = called["left_on"].fillna(LAST).clip(upper=cutoff + pd.Timedelta(85, "D"))
        span = (until - cutoff).dt.total_seconds() * past.rng.random(len(called))
        rows.append(pd.DataFrame({"id": called["id"], "at": cutoff + pd.to_timedelta(span, "s")}))
    past["calls"] = pd.concat(rows)
    past.history["interventions"] = {"table": "calls.parquet", "customer": "id", "time": "at"}


def calls_as_a_metric(past: Past) -> None:
    calls_to_customers_at_risk(past)
    past.metrics.append({"name": "calls_90d", "count": "all", "from": "interventions", "window": "90d"})


def calls_written_to_events_as_well(past: Past) -> None:
    calls_to_customers_at_risk(past)
    past.add("events", past["calls"]["id"], past["calls"]["at"] + pd.Timedelta(1, "s"), event="success_call", value=1.0)
    past.metrics.append({"name": "success_calls", "count": "success_call", "from": "events", "window": "90d"})


def offers_to_keep_customers(past: Past) -> None:
    events = past["events"]
    events.loc[past.rng.random(len(events)) < 0.03, "event"] = "retention_offer"
    past.metrics.append({"name": "offers", "count": "retention_offer", "from": "events", "window": "90d"})


def plans_that_overlap(past: Past) -> None:
    plans = past["plans"]
    follows = plans.groupby("id")["at"].shift(-1).notna() | plans["id"].duplicated(keep="last")
    plans.loc[plans.index[follows][::3], "until"] = pd.NaT


def tickets_closed_before_they_were_opened(past: Past) -> None:
    past["tickets"].loc[::20, "closed"] = past["tickets"]["at"][::20] - pd.Timedelta(3, "D")


def refunds_among_the_invoices(past: Past) -> None:
    past["invoices"].loc[::40, "amount"] *= -1
    past["invoices"].loc[5::400, "amount"] = 0.0


def churn_by_inactivity_of_customers_long_gone(past: Past) -> None:
    past.history["churn"] = {"inactive_for": "60d", "from": "events"}
    past.history["horizon"] = "60d"
    del past.history["accounts"]["churned"]


def a_flag_that_disagrees_with_the_departures(past: Past) -> None:
    accounts = past["accounts"]
    flagged = accounts["left_on"].notna().to_numpy(copy=True)
    flagged[::7] ^= True
    accounts["flag"] = np.where(flagged, "yes", "no")
    past.history["accounts"]["churn_flag"] = {"column": "flag", "churned": ["yes"]}
