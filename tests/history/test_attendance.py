"""Who is in the panel and what kept the others out: every customer of accounts is counted once at each cutoff."""

from __future__ import annotations

import pytest

from chs_ml.history.asof import build_panel
from chs_ml.history.findings import TableError
from chs_ml.history.panel import load_panel
from chs_ml.history.raw import panel_table
from chs_ml.spec import load_spec

SPEC = """\
name: small
history:
  accounts: {table: accounts.csv, customer: id, start: since, churned: left, renewal: renews, known: seen}
  tables:
    events: {table: events.csv, customer: id, time: at, type: event}
  cutoffs: [2024-06-30, 2024-09-30]
  horizon: 90d
  gap: 10d
  eligible: {tenure: 60d, active_within: 30d, renewal_in_horizon: true, exclude: {internal: "yes"}}
  observed_until: 2024-12-01
metrics:
  - {name: logins, count: login, window: 30d}
"""
ACCOUNTS = """\
id,since,left,renews,seen,internal
in,2023-01-01,,2024-09-01,2023-01-01,no
again,2022-01-01,2022-05-01,,2022-01-01,no
again,2024-06-15,,2024-09-01,2024-06-15,no
late,2024-07-15,,2024-09-01,2024-07-15,no
loaded,2023-01-01,,2024-09-01,2024-07-01,no
gone,2023-01-01,2024-03-01,2024-09-01,2023-01-01,no
ours,2023-01-01,,2024-09-01,2023-01-01,yes
young,2024-06-01,,2024-09-01,2024-06-01,no
bound,2023-01-01,,2025-09-01,2023-01-01,no
quiet,2023-01-01,,2024-09-01,2023-01-01,no
gap,2023-01-01,2024-07-05,2024-09-01,2023-01-01,no
"""
EVENTS = "id,at,event\n" + "".join(
    f"{who},2024-06-{day},login\n"
    for day in (20, 21)
    for who in ("in", "again", "loaded", "gone", "ours", "young", "bound", "gap")
)


@pytest.fixture
def spec(tmp_path):
    def written(**changes):
        text = SPEC
        for old, new in changes.values():
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "spec.yaml").write_text(text)
        (tmp_path / "accounts.csv").write_text(ACCOUNTS)
        (tmp_path / "events.csv").write_text(EVENTS)
        return load_spec(tmp_path / "spec.yaml")

    return written


def test_each_customer_is_counted_once_by_what_kept_it_out(spec):
    first, second = panel_table(spec()).attendance
    assert (first.cutoff, first.customers, first.in_panel, first.no_outcome) == ("2024-06-30", 10, 2, 1)
    assert first.absent == {
        "came later": 1,
        "account known later": 1,
        "left before": 1,
        "excluded": 1,
        "too young (tenure: 60d)": 2,
        "no renewal in the horizon": 1,
        "not active (active_within: 30d)": 1,
    }
    assert (second.cutoff, second.in_panel, sum(second.absent.values())) == ("2024-09-30", 0, 10)


def test_reasons_that_the_spec_does_not_give_are_not_told(spec):
    bare = ('eligible: {tenure: 60d, active_within: 30d, renewal_in_horizon: true, exclude: {internal: "yes"}}', "")
    loaded = spec(bare=bare, known=(", known: seen", ""))
    first, second = panel_table(loaded).attendance
    assert first.absent == {"came later": 1, "left before": 1} and first.in_panel == 8
    assert second.absent == {"came later": 0, "left before": 2}
    assert (second.in_panel, second.no_outcome) == (8, 8), "the horizon ends after what was observed"
    rows = build_panel(loaded)["cutoff"].to_pylist()
    assert [rows.count(day) for day in loaded.history.dates] == [first.in_panel, second.in_panel]


def test_ids_and_a_list_of_values_are_excluded_alike(spec):
    loaded = spec(exclude=('{internal: "yes"}', "[ours, bound]"))
    first, _ = panel_table(loaded).attendance
    assert (first.absent["excluded"], first.absent["no renewal in the horizon"]) == (2, 0)


def test_churn_by_inactivity_has_nobody_who_left_before(spec, tmp_path):
    loaded = spec(
        churned=(", churned: left", ""), known=(", known: seen", ""),
        horizon=("horizon: 90d", "churn: {inactive_for: 90d}"), cutoffs=("[2024-06-30, 2024-09-30]", "[2024-06-30]"),
        eligible=(", renewal_in_horizon: true", ""),
    )  # fmt: skip
    (tmp_path / "accounts.csv").write_text(ACCOUNTS.replace("again,2022-01-01,2022-05-01,,2022-01-01,no\n", ""))
    (only,) = panel_table(loaded).attendance
    assert "left before" not in only.absent and sum(only.absent.values()) + only.in_panel == only.customers == 10


def test_where_nobody_is_there_it_is_told_why(spec):
    loaded = spec(cutoffs=("[2024-06-30, 2024-09-30]", "[2024-09-30]"), known=(", known: seen", ""))
    said = "at the last one, 2024-09-30, of 10 customers: 2 left before, 1 excluded, 7 no renewal in the horizon"
    with pytest.raises(TableError, match=said) as refused:
        load_panel(loaded)
    assert [one.code for one in refused.value.findings] == ["no-rows"]
