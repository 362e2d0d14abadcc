"""The `history:` section: what it says, and each refusal with its own sentence."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from chs_ml.errors import SpecError
from chs_ml.spec import load_spec
from chs_ml.spec.measuring import table_of

SMALL = {
    "name": "small",
    "history": {
        "timezone": "Europe/Kyiv",
        "accounts": {"table": "accounts.csv", "customer": "id", "start": "since", "churned": "left", "segment": "plan"},
        "tables": {
            "events": {"table": "events.csv", "customer": "id", "time": "at", "type": "event", "value": "value"},
            "tickets": {"table": "tickets.csv", "customer": "id", "opened": "opened", "closed": "closed"},
            "invoices": {"table": "invoices.csv", "customer": "id", "due": "due", "paid": "paid", "amount": "amount"},
            "plans": {"table": "plans.csv", "customer": "id", "valid_from": "from"},
        },
        "cutoffs": {"every": "quarter", "from": "2024-03-31", "to": "2024-12-31"},
        "horizon": "90d",
    },
    "metrics": [
        {"name": "logins", "count": "login", "from": "events", "window": "30d"},
        {"name": "open", "open": "all"},
        {"name": "late", "days_late": "max"},
        {"name": "seats", "last": "seats", "from": "plans"},
        {"name": "per_seat", "per": {"metric": "logins", "by": "seats"}},
    ],
}


def changed(path, value):
    """Return the small spec with the value at the path (None: taken out; keys joined by dots, numbers for lists)."""
    spec = yaml.safe_load(yaml.safe_dump(SMALL))
    *above, last = path.split(".")
    at = spec
    for key in above:
        at = at[int(key)] if isinstance(at, list) else at.setdefault(key, {})
    if isinstance(at, list):
        at.append(value) if int(last) == len(at) else at.__setitem__(int(last), value)
    elif value is None:
        del at[last]
    else:
        at[last] = value
    return spec


@pytest.fixture
def load(tmp_path):
    def loaded(spec):
        path = tmp_path / "calibration.yaml"
        path.write_text(yaml.safe_dump(spec, sort_keys=False))
        return load_spec(path)

    return loaded


def test_it_becomes_a_table_with_names_of_its_own(load):
    spec = load(SMALL)
    assert spec.data.customer == "customer" and spec.data.cutoff == "cutoff" and spec.data.segment == "segment"
    assert spec.data.outcome.column == "churned" and spec.data.revenue is None
    assert "data" not in spec.resolved()


def test_it_reads_back_to_an_equal_spec(load):
    spec = load(SMALL)
    again = load(spec.resolved())
    assert again == spec and again.digest == spec.digest


def test_a_metric_knows_its_table(load):
    spec = load(SMALL)
    found = {metric.name: table_of(metric.measure, spec.history) for metric in spec.metrics if not metric.per}
    assert found == {"logins": "events", "open": "tickets", "late": "invoices", "seats": "plans"}


@pytest.mark.parametrize(
    ("every", "first", "last", "dates"),
    [
        ("quarter", "2024-03-31", "2024-12-31", ["2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31"]),
        ("month", "2024-01-31", "2024-04-01", ["2024-01-31", "2024-02-29", "2024-03-31"]),
        ("month", "2024-01-30", "2024-04-01", ["2024-01-30", "2024-02-29", "2024-03-30"]),
        ("year", "2024-02-29", "2026-12-31", ["2024-02-29", "2025-02-28", "2026-02-28"]),
        ("week", "2024-12-25", "2025-01-08", ["2024-12-25", "2025-01-01", "2025-01-08"]),
        ("28d", "2024-02-01", "2024-02-29", ["2024-02-01", "2024-02-29"]),
    ],
)
def test_cutoffs_step(load, every, first, last, dates):
    spec = load(changed("history.cutoffs", {"every": every, "from": first, "to": last}))
    assert [str(day) for day in spec.history.dates] == dates


def test_cutoffs_may_be_a_list_in_any_order(load):
    spec = load(changed("history.cutoffs", ["2024-06-30", "2024-03-31"]))
    assert spec.history.dates == (date(2024, 3, 31), date(2024, 6, 30))


def test_who_is_inactive_for_the_horizon_has_churned(load):
    spec = changed("history.accounts.churned", None)
    spec["history"] |= {"churn": {"inactive_for": "91d"}}
    del spec["history"]["horizon"]
    assert load(spec).history.days == 91 and list(load(spec).history.activities) == ["events"]


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("data", {"table": "t.csv"}, "found data and history; a spec has a labelled table or raw history. Remove one"),
        ("history.timezone", "Europe/Kiew", "found 'Europe/Kiew'; a time zone is called as in Europe/Kyiv"),
        ("history.timezone", "Kyiv", "Did you mean 'Europe/Kyiv'"),
        ("history.horizon", None, "horizon is missing"),
        ("history.horizon", "3 months", "a duration is a whole number of days"),
        ("history.accounts.churned", None, "found neither accounts.churned nor churn: {inactive_for}"),
        ("history.churn", {"inactive_for": "90d"}, "found accounts.churned and churn: {inactive_for}"),
        ("history.cutoffs.every", "quartal", "a step is day, week, month, quarter, year, .* Did you mean 'quarter'"),
        ("history.cutoffs.from", "2025-03-31", "the first cutoff is not after the last"),
        ("history.cutoffs", ["2024-03-31", "2024-03-31"], "found a date twice"),
        ("history.eligible", {"renewal_in_horizon": True}, "needs the day of the renewal. Add accounts.renewal"),
        ("history.tables.events.opened", "x", "found time and opened; a table has one of time, opened, due"),
        ("history.tables.events.closed", "x", "found closed without opened"),
        ("history.tables.events.amount", "x", "found value and amount"),
        ("history.tables.a b", {"table": "x.csv", "customer": "id", "time": "t"}, "found 'a b'; a table is called by"),
        ("history.tables.events.tme", "x", "unknown key. Did you mean 'time'"),
        ("metrics.5", {"name": "x"}, r"metrics\[5\]: 'x' is not measured; give it one of count, days_active"),
        ("metrics.5", {"name": "x", "count": "a", "sum": "b"}, "found count and sum; a metric is measured in one way"),
        ("metrics.5", {"name": "x", "window": "30d"}, "found window without a kind"),
        ("metrics.5", {"name": "x", "count": "a"}, "found events, invoices, plans, tickets; .* Name it with from"),
        ("metrics.5", {"name": "x", "count": "a", "from": "evens"}, "found 'evens'; it names one of .*'events'"),
        ("metrics.5", {"name": "x", "open": "all", "from": "events"}, "table 'events' has no opened"),
        ("metrics.5", {"name": "x", "open": "all", "window": "3d"}, "found window with open, which has no use for it"),
        ("metrics.5", {"name": "x", "trend": "a", "from": "events"}, "found trend without a window"),
        ("metrics.5", {"name": "x", "count": "a", "from": "plans"}, "has no types; found 'a'. Write all"),
        ("metrics.5", {"name": "x", "sum": "all", "from": "plans"}, "has neither types nor a value"),
        ("metrics.5", {"name": "x", "share": "all", "from": "plans"}, "it is the share of the rows that where keeps"),
        ("metrics.5", {"name": "x", "count": "all", "from": "accounts"}, "only last reads them"),
        ("metrics.5", {"name": "x", "days_until": "renewal"}, "needs the day of the renewal"),
        ("metrics.5", {"name": "x", "per": {"metric": "logins", "by": "seat"}}, "it names another metric. .*'seats'"),
        ("metrics.5", {"name": "x", "per": {"metric": "per_seat", "by": "seats"}}, "is itself divided"),
        ("metrics.5", {"name": "x", "kind": "category", "count": "a"}, "only last reads text"),
        ("metrics.5", {"name": "x", "kind": "category", "last": "a", "from": "events"}, "a category is text"),
        ("metrics.5", {"name": "churned", "count": "a", "from": "events"}, "which is a column of every panel"),
        ("metrics.5", {"name": "x", "count": "a", "from": "events", "window": "99999d"}, "a hundred years"),
        (
            "metrics.5",
            {"name": "x", "last": "a", "from": "accounts", "where": {"b": 1}},
            "without where, window and of",
        ),
        ("metrics.5", {"name": "x", "role": "exclude", "count": "a", "from": "nope"}, "it names one of the tables"),
        ("history.eligible", {"tenure": "99999d"}, "eligible.tenure: found 99999d; a hundred years"),
        ("history.cutoffs", [], "found no date; a panel has a cutoff at least"),
        ("history.cutoffs", ["9999-12-31"], "a cutoff lies between 1900-01-01 and 2200-12-31"),
        ("history.cutoffs", ["soon"], r"history\.cutoffs\[0\]: found 'soon'; must be a date"),
        ("history.cutoffs", {"every": "month", "from": "2024-01-31"}, r"history\.cutoffs\.to: is missing"),
        ("history.tables.Events", {"table": "x.csv", "customer": "id", "time": "t"}, "databases cannot tell apart"),
        ("history.tables.CHS_spells", {"table": "x.csv", "customer": "id", "time": "t"}, "a table is called by"),
        ("baseline", {"column": "score"}, "a panel from raw history has no score in use today"),
    ],
)
def test_the_refusal_says_what_and_why(load, path, value, problem):
    with pytest.raises(SpecError, match=problem):
        load(changed(path, value))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"name": "o", "role": "exclude"}, "which is not measured"),
        ({"name": "o", "kind": "category", "last": "c", "from": "plans"}, "which is a category"),
    ],
)
def test_what_is_divided_is_a_number_that_is_measured(load, other, said):
    spec = changed("metrics.5", other)
    spec["metrics"].append({"name": "x", "per": {"metric": "logins", "by": "o"}})
    with pytest.raises(SpecError, match=rf"per\.by: found 'o', {said}"):
        load(spec)


def test_a_metric_of_a_labelled_table_is_not_measured(load):
    spec = changed("history", None) | {"data": {"table": "t.csv", "outcome": {"column": "left", "churned": ["yes"]}}}
    with pytest.raises(SpecError, match=r"metrics\[0\].count: a metric is measured only in raw history"):
        load(spec)


def test_both_sections_missing_are_one_problem(load):
    with pytest.raises(SpecError, match="data: is missing"):
        load(changed("history", None))
