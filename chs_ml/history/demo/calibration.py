"""The demo's ``calibration.yaml``: where the tables are, and how each metric is measured in them."""

from __future__ import annotations

from chs_ml.history.demo.calendar import HORIZON, Calendar
from chs_ml.history.demo.tables import FILES

TENURE = 90
"""Who came less than so many days before a cutoff is not in the panel: no window of a metric is cut short."""


def calibration_yaml(calendar: Calendar) -> str:
    """Return the spec of a demo whose days are these."""
    cutoffs = calendar.cutoffs
    held_out = cutoffs[-max(1, len(cutoffs) // 4)]
    validation = f"validation: {{holdout: {{from: {held_out}}}}}" if len(cutoffs) > 1 else _BY_CUSTOMER
    return _SPEC.format(
        first=cutoffs[0], last=cutoffs[-1], until=calendar.observed_until, horizon=HORIZON, tenure=TENURE,
        validation=validation, **FILES,
    )  # fmt: skip


_BY_CUSTOMER = "validation: {holdout: {customers: 0.3}}"
_SPEC = """\
# The health score of a simulated company. README.md tells what the tables hold.
name: demo
history:
  timezone: Europe/Kyiv
  accounts: {{table: {accounts}, customer: account_id, start: signed_up_at, churned: churned_at,
             renewal: renews_on, segment: segment, revenue: mrr}}
  tables:
    events:   {{table: {events}, customer: account_id, time: occurred_at, type: event, value: value}}
    surveys:  {{table: {surveys}, customer: account_id, time: asked_at, type: survey, value: answer}}
    tickets:  {{table: {tickets}, customer: account_id, opened: opened_at, closed: closed_at}}
    invoices: {{table: {invoices}, customer: account_id, due: due_on, paid: paid_on, amount: amount,
               currency: currency}}
    plans:    {{table: {plans}, customer: account_id, valid_from: from, valid_to: to}}
  interventions: {{table: {interventions}, customer: account_id, time: called_at}}
  cutoffs: {{every: quarter, from: {first}, to: {last}}}
  horizon: {horizon}d
  gap: 0d
  eligible: {{tenure: {tenure}d, exclude: {{internal: "yes"}}}}
  observed_until: {until}
metrics:
  # how often and how steadily they come
  - {{name: active_days_30d, pillar: engagement, direction: positive, days_active: login, from: events, window: 30d,
     label: Days with a login, unit: days}}
  - {{name: login_trend_30d, pillar: engagement, direction: positive, trend: login, from: events, window: 30d,
     label: Trend of logins}}
  # what they use
  - {{name: logins_30d, pillar: usage, direction: positive, count: login, from: events, window: 30d, label: Logins}}
  - {{name: seats, pillar: usage, direction: positive, last: seats, from: plans, label: Seats}}
  - {{name: logins_per_seat, pillar: usage, direction: positive, per: {{metric: logins_30d, by: seats}},
     label: Logins per seat}}
  - {{name: features_90d, pillar: usage, direction: positive, distinct: feature_use, of: feature, from: events,
     window: 90d, label: Different features used}}
  - {{name: feature_share_90d, pillar: usage, direction: positive, share: feature_use, among: [login, feature_use],
     from: events, window: 90d, label: Uses of features among all activity}}
  # what they get out of it
  - {{name: value_90d, pillar: roi, direction: positive, sum: value_achieved, from: events, window: 90d,
     label: Value achieved, unit: EUR}}
  # what they say
  - {{name: nps, pillar: satisfaction, scale: nps, survey: nps, from: surveys, label: Newest NPS answer}}
  - {{name: nps_age, pillar: satisfaction, direction: negative, survey: nps, age: true, from: surveys,
     label: Age of the newest NPS answer, unit: days}}
  - {{name: csat, pillar: satisfaction, scale: csat, survey: csat, from: surveys, window: 180d,
     label: Newest CSAT answer}}
  - {{name: pulse_90d, pillar: satisfaction, direction: positive, mean: conversation_pulse, from: events, window: 90d,
     label: Pulse of conversations}}
  # what troubles them
  - {{name: tickets_90d, pillar: support, direction: negative, count: all, from: tickets,
     where: {{severity: [normal, urgent]}}, window: 90d, label: Tickets opened (normal and urgent)}}
  - {{name: open_tickets, pillar: support, direction: negative, open: all, from: tickets, label: Tickets open}}
  # how they pay
  - {{name: days_late_90d, pillar: payment, direction: negative, days_late: max, from: invoices, window: 90d,
     label: Latest payment, unit: days}}
  # how close they are
  - {{name: references, pillar: advocacy, direction: positive, count: reference, from: events, label: References given}}
  - {{name: days_since_contact, pillar: relationship, direction: negative, recency: contact, from: events,
     label: Days since the last contact, unit: days}}
  - {{name: days_until_renewal, pillar: relationship, direction: positive, days_until: renewal,
     label: Days until renewal, unit: days}}
  - {{name: tenure_months, pillar: relationship, direction: positive, tenure: months,
     label: Months with us, unit: months}}
  - {{name: plan, pillar: relationship, kind: category, last: plan, from: plans, label: Plan}}
{validation}
"""
