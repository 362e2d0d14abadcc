from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from chs_ml.history.demo.company import Company
from chs_ml.history.demo.past import past_of
from chs_ml.history.demo.rows import DAY
from chs_ml.history.demo.spells import NEVER

TIME = {"events": "occurred_at", "surveys": "asked_at", "tickets": "opened_at", "invoices": "issued_on"} | {
    "interventions": "called_at",
    "plans": "from",
}


@pytest.mark.parametrize("name", TIME)
def test_every_row_lies_within_a_spell_of_its_customer(written, name):
    accounts = written.table("accounts")[["account_id", "signed_up_at", "churned_at"]]
    rows = written.table(name)
    assert set(rows["account_id"]) <= set(accounts["account_id"])
    rows["row"] = np.arange(len(rows))
    both = rows.merge(accounts, on="account_id")
    within = (both[TIME[name]] >= both["signed_up_at"]) & ~(both[TIME[name]] >= both["churned_at"])
    assert within.groupby(both["row"]).sum().eq(1).all()


@pytest.mark.parametrize(("name", "end"), [("tickets", "closed_at"), ("invoices", "paid_on"), ("plans", "to")])
def test_nothing_ends_after_the_customer_has_left(written, name, end):
    accounts = written.table("accounts").drop_duplicates("account_id", keep=False)
    gone = accounts[accounts["churned_at"].notna()].set_index("account_id")["churned_at"]
    rows = written.table(name)
    rows = rows[rows["account_id"].isin(gone.index)]
    left = rows["account_id"].map(gone)
    assert (rows[end].isna() | (rows[end] <= left)).all()
    if name != "plans":
        assert rows[end].isna().any()
        assert (rows[end].isna() | (rows[end] < left)).all()


def test_nothing_happens_after_the_last_day(written):
    until = pd.Timestamp("2026-04-01")
    for name, time in TIME.items():
        assert written.table(name)[time].max() < until


def test_who_came_back_has_a_second_spell_after_the_first(written):
    accounts = written.table("accounts")
    again = accounts[accounts["account_id"].duplicated(keep=False)].sort_values(["account_id", "signed_up_at"])
    assert len(again) >= 4
    first, second = again.groupby("account_id").nth(0), again.groupby("account_id").nth(1)
    assert len(first) == len(second)
    away = second["signed_up_at"].to_numpy() - first["churned_at"].to_numpy()
    assert (away > np.timedelta64(14, "D")).all()


def test_our_own_accounts_stay_and_are_not_in_the_panel(written):
    own = written.table("accounts").query("internal == 'yes'")
    assert 0 < len(own) < 40
    assert own["churned_at"].isna().all()
    assert not set(own["account_id"]) & set(written.panel["customer"])


def test_churn_days_lie_within_a_horizon_evenly(written):
    churned = written.table("accounts")["churned_at"].dropna()
    cutoffs = pd.to_datetime(sorted(set(written.panel["cutoff"])))
    days = (churned - cutoffs.to_numpy()[cutoffs.searchsorted(churned, side="left") - 1]).dt.days
    assert days.between(1, 90).all()
    assert days.mean() == pytest.approx(45.5, abs=4 * 26 / np.sqrt(len(days)))


def test_plans_follow_each_other_and_prices_rose_for_everybody(written):
    plans = written.table("plans").sort_values(["account_id", "from"])
    following = plans.groupby("account_id")["from"].shift(-1)
    gap = following.notna() & (plans["to"] != following)
    ids = written.table("accounts")["account_id"]
    assert set(plans.loc[gap, "account_id"]) <= set(ids[ids.duplicated()])  # but for those who came back
    at_change = plans[(plans["from"] <= "2025-01-01") & (plans["to"].isna() | (plans["to"] > "2025-01-01"))]
    assert at_change["from"].eq(pd.Timestamp("2025-01-01")).all()
    assert sorted(at_change["price"].unique()) == [12.96, 21.6, 37.8]


def test_weekends_august_and_december_are_quieter(written):
    events, accounts = written.table("events"), written.table("accounts")
    day = events["occurred_at"].dt.normalize().value_counts().sort_index()
    there = [((accounts["signed_up_at"] <= at) & ~(accounts["churned_at"] <= at)).sum() for at in day.index]
    busy = day / there
    working, month = day.index.day_of_week < 5, day.index.month
    assert busy[~working].mean() < 0.5 * busy[working].mean()
    ordinary = busy[working & ~np.isin(month, [1, 7, 8, 12])].mean()
    assert busy[working & (month == 8)].mean() < 0.85 * ordinary
    assert busy[working & (month == 12)].mean() < 0.9 * ordinary


def test_new_customers_keep_coming(written):
    quarters = written.table("accounts")["signed_up_at"].dt.to_period("Q").value_counts()
    assert quarters[pd.period_range("2024Q2", "2025Q4", freq="Q")].min() > 50


def test_leaving_takes_the_later_rows_only():
    past = past_of(Company(40, 2).batches[0])
    day = past.batch.calendar.length - 60
    churned = np.where(np.arange(len(past.spells)) == 3, day, NEVER)
    ended = past.ended(churned)
    for name, rows in past.tables.items():
        kept = ended.tables[name]
        for spell in range(40):
            limit = day * DAY if spell == 3 else NEVER
            assert kept.at[kept.spell == spell].tolist() == [t for t in rows.at[rows.spell == spell] if t < limit]
    assert not any(past.spells.second[rows.spell].any() for rows in ended.tables.values())


def test_more_activity_leaves_other_tables_as_they_were():
    company = Company(30, 2)
    plain, busy = (past_of(replace(company, activity=a).batches[0]).tables for a in (1.0, 3.0))
    assert len(busy["events"]) > 1.5 * len(plain["events"])
    assert all(plain[name].at.tolist() == busy[name].at.tolist() for name in plain if name != "events")
