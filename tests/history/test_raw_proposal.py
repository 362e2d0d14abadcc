"""`chs-ml init FOLDER`: a history proposed from raw tables, which `check` can run as it stands."""

from __future__ import annotations

from datetime import date

import pytest

from chs_ml.errors import DataError
from chs_ml.history.checks import examine
from chs_ml.history.demo import write_demo
from chs_ml.history.raw_proposal import propose_history
from chs_ml.spec import load_spec

ACCOUNTS = "Customer ID,Sign-up Date,left,Plan,is_test\n" + "".join(
    f"c{at:03d},2023-0{1 + at % 9}-11,{'' if at % 4 else '2024-08-15'},{'ab'[at % 2]},{'no' if at % 9 else 'yes'}\n"
    for at in range(120)
)
EVENTS = "customer,at,what,usage_count\n" + "".join(
    f"c{at % 120:03d},2024-{1 + at % 12:02d}-{1 + at % 27:02d} 08:00:00,{'xyz'[at % 3]},{at % 7}\n"
    for at in range(6000)
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "customers.csv").write_text(ACCOUNTS)
    (tmp_path / "raw" / "Page views.csv").write_text(EVENTS)
    return tmp_path / "raw"


def proposed(folder):
    proposal = propose_history(folder, beside=folder.parent)
    (folder.parent / "calibration.yaml").write_text(proposal.text, encoding="utf-8")
    return load_spec(folder.parent / "calibration.yaml"), proposal


def errors(spec):
    return [str(one) for one in examine(spec).findings if one.severity == "error"]


def test_the_demo_s_tables_are_recognised_and_the_proposal_can_be_checked(tmp_path):
    write_demo(tmp_path / "demo", customers=400, quarters=5, seed=1)
    spec, proposal = proposed(tmp_path / "demo")
    history = spec.history
    assert (history.accounts.start, history.accounts.churned, history.accounts.renewal) == (
        "signed_up_at", "churned_at", "renews_on",
    )  # fmt: skip
    begins = {name: (table.begins, table.type, table.number) for name, table in history.tables.items()}
    assert begins == {
        "events": ("time", "event", "value"), "surveys": ("time", "survey", "answer"),
        "tickets": ("opened", None, None), "invoices": ("due", None, "amount"), "plans": ("valid_from", None, None),
    }  # fmt: skip
    assert history.interventions.time == "called_at" and history.eligible.exclude.where == {"internal": ("yes",)}
    assert history.dates[-2:] == (date(2025, 9, 30), date(2025, 12, 31)) and len(history.dates) == 8
    assert history.observed_until == date(2026, 3, 31), "the newest event, not the last day that is planned"
    assert {"tenure_months", "login_90d", "nps", "open_tickets", "days_late_90d", "seats"} <= {
        metric.name for metric in spec.metrics
    }
    assert "guess" in proposal.text.splitlines()[0] and errors(spec) == []


def test_other_names_and_no_types(folder):
    spec, proposal = proposed(folder)
    accounts, views = spec.history.accounts, spec.history.tables["page_views"]
    assert (accounts.customer, accounts.start, accounts.churned) == ("Customer ID", "Sign-up Date", "left")
    assert (views.customer, views.time, views.type, views.value) == ("customer", "at", None, "usage_count")
    assert spec.history.eligible.exclude.where == {"is_test": ("yes",)}
    assert spec.history.observed_until == date(2024, 12, 27)
    assert errors(spec) == []
    assert len(proposal.open_points) == 1


def test_without_a_day_of_departure_churn_is_inactivity(folder):
    (folder / "customers.csv").write_text(ACCOUNTS.replace(",left,", ",notes,"))
    spec, proposal = proposed(folder)
    assert spec.history.churn.inactive_for == 90 and spec.history.accounts.churned is None
    assert any("no day of departure" in point for point in proposal.open_points)
    assert [one for one in errors(spec) if "only" not in one] == []


def test_a_table_of_departures_is_no_activity(folder):
    (folder / "customers.csv").write_text(ACCOUNTS.replace(",left,", ",notes,"))
    (folder / "churn_events.csv").write_text("customer,churn_date\nc001,2024-05-01\n")
    spec, proposal = proposed(folder)
    assert [*spec.history.tables] == ["page_views"]
    assert any("churn_events.csv is left out: it tells of departures" in point for point in proposal.open_points)
    (folder / "Page views.csv").write_text("customer,opened,closed\nc001,2024-05-01,\nc002,2024-05-01,2024-05-03\n")
    proposal = propose_history(folder)
    assert "add churned: COLUMN to accounts" in proposal.text
    assert any("Add accounts.churned: the spec does not load without it" in point for point in proposal.open_points)


def test_what_is_left_out_is_named(folder):
    (folder / "notes.csv").write_text("a,b\n1,2\n")
    (folder / "broken.parquet").write_bytes(b"PAR1 and no more")
    (folder / "readme.txt").write_text("nothing")
    _, proposal = proposed(folder)
    points = "\n".join(proposal.open_points)
    assert "notes.csv is left out: it has no column of customers, or no time" in points
    assert "broken.parquet is left out: " in points and "readme" not in points


def test_a_folder_without_accounts_or_without_a_past_is_refused(folder):
    (folder / "Page views.csv").rename(folder / "Page views.bak")
    with pytest.raises(DataError, match=r"customers.csv looks like accounts, and no table tells what happened to them"):
        propose_history(folder)
    (folder / "customers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(
        DataError, match=r"no table looks like accounts: one row a customer, .* \(looked at customers.csv"
    ):
        propose_history(folder)
    (folder / "customers.csv").unlink()
    with pytest.raises(DataError, match=r"\(looked at no .csv or .parquet file\)"):
        propose_history(folder)
