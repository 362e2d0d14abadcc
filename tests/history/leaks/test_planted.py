"""Each planted defect gives its code, and no other but companions that follow from it; a clean past gives nothing."""

from __future__ import annotations

import re

import pytest

from tests.history.leaks import planted
from tests.history.leaks.clean import clean

CODES = {
    planted.exit_survey_after_churn: {"after-churn-only"},
    planted.exit_survey_read_by_a_metric: {"after-churn-only"},
    planted.refund_tickets_after_churn: {"events-after-churn"},
    planted.churn_flag_of_customers_who_go_on: {"active-after-churn"},
    planted.cancellation_asked_for: {"announces-churn"},
    planted.cancellation_read_by_a_metric: {"announces-churn"},
    planted.known_before_it_happened: {"known-before-time"},
    planted.loaded_a_month_late: {"late-loaded"},
    planted.loaded_when_migrated: {"loaded-after-cutoffs"},
    planted.accounts_known_when_changed_last: {"loaded-after-cutoffs"},
    planted.usage_before_signup: {"before-start"},
    planted.column_of_accounts: {"snapshot-column"},
    planted.total_logins_of_a_lifetime: {"lifetime-total"},
    planted.last_login_as_a_date_of_accounts: {"snapshot-date"},
    planted.contract_end_that_was_set_on_departure: {"snapshot-date"},
    planted.score_zeroed_once_the_departure_was_known: {"predicts-only-soon"},
    planted.score_of_a_vendor_who_looked_back: {"auc-jumps"},
    planted.holdout_by_time: {"customers-on-both-sides"},
    planted.events_loaded_twice: {"duplicate-rows"},
    planted.a_week_that_was_not_loaded: {"days-without-events"},
    planted.exports_recorded_since_april: {"tracking-gap"},
    planted.invitations_no_longer_recorded: {"tracking-gap"},
    planted.departures_planned_for_next_year: {"churn-after-observation"},
    planted.planned_departures_and_no_end_of_observation: {"churn-after-observation"},
    planted.departures_recorded_since_july: {"base-rate-jumps"},
    planted.horizon_longer_than_observation: {"no-outcome-known"},
    planted.last_cutoff_still_open: {"outcome-not-known"},
    planted.calls_to_customers_at_risk: {"interventions-in-horizon"},
    planted.calls_as_a_metric: {"interventions-in-horizon", "reacts-to-risk"},
    planted.calls_written_to_events_as_well: {"interventions-in-horizon", "reacts-to-risk"},
    planted.offers_to_keep_customers: {"reacts-to-risk"},
    planted.plans_that_overlap: {"overlapping-validity"},
    planted.tickets_closed_before_they_were_opened: {"ends-before-it-begins"},
    planted.refunds_among_the_invoices: {"odd-amounts"},
    planted.churn_by_inactivity_of_customers_long_gone: {"already-gone"},
    planted.a_flag_that_disagrees_with_the_departures: {"flag-against-dates"},
}

METRICS = {
    planted.exit_survey_read_by_a_metric: {"exits"},
    planted.cancellation_read_by_a_metric: {"cancels"},
    planted.column_of_accounts: {"health"},
    planted.total_logins_of_a_lifetime: {"logins_total"},
    planted.last_login_as_a_date_of_accounts: {"since_login"},
    planted.contract_end_that_was_set_on_departure: {"contract_left"},
    planted.score_zeroed_once_the_departure_was_known: {"value_30d"},
    planted.score_of_a_vendor_who_looked_back: {"value_30d"},
    planted.calls_as_a_metric: {"calls_90d"},
    planted.calls_written_to_events_as_well: {"success_calls"},
    planted.offers_to_keep_customers: {"offers"},
    planted.refund_tickets_after_churn: set(),
    planted.a_week_that_was_not_loaded: set(),
}
"""Whose metric it is, where that can be told; the metric of a table that was read is no accusation elsewhere."""
ERRORS = {"loaded-after-cutoffs", "no-outcome-known"}


@pytest.mark.parametrize("defect", CODES, ids=lambda defect: defect.__name__)
def test_a_planted_defect_is_found_by_its_code(tmp_path, defect):
    past = clean(seed=3)
    defect(past)
    found = past.findings(tmp_path)
    assert {one.code for one in found} == CODES[defect], [str(one) for one in found]
    assert len(found) == len({(one.code, one.metric) for one in found})
    assert {one.code for one in found if one.severity == "error"} == CODES[defect] & ERRORS
    if defect in METRICS:
        assert {one.metric for one in found} - {None} == METRICS[defect]
    for one in found:
        assert re.search(r"\d", one.evidence) and one.remedy
        assert not re.search(r"c\d{4}", str(one)), "a customer's id stands in it"
