"""The two texts beside the tables: README.md for people, truth.json for whoever wants to check what was learned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from chs_ml.formula import Condition, Curve
from chs_ml.history.demo.company import Company
from chs_ml.history.demo.truth import CHURN, Planted, PlantedTerm


def truth_json(company: Company, planted: Planted, cutoffs: Sequence[dict[str, Any]]) -> str:
    """Return all that is known about why customers stay; cutoffs: what chance made of it."""
    known = {
        "format": "chs-ml/demo-truth",
        "model": "P(stays) = 1 / (1 + exp(-(intercept + sum of weight * health))); P(churned) = 1 - P(stays)",
        "company": {
            "customers": company.customers,
            "quarters": company.quarters,
            "seed": company.seed,
            "activity": company.activity,
        },
        "churn_aimed_at": CHURN,
        "intercept": planted.intercept,
        "intervention_effect": planted.intervention_effect,
        "terms": [_term(planted, term) for term in planted.terms],
        "cutoffs": list(cutoffs),
    }
    return json.dumps(known, indent=1, ensure_ascii=False) + "\n"


def _term(planted: Planted, term: PlantedTerm) -> dict[str, Any]:
    return {
        "metric": term.metric,
        "pillar": term.pillar,
        "direction": term.direction,
        "log_odds": term.weight,
        "weight": round(planted.share(term), 6),
        "when": None if term.when is None else _condition(term.when),
        "otherwise": None if term.when is None else term.otherwise,
        **_shape(term),
    }


def _shape(term: PlantedTerm) -> dict[str, Any]:
    health = term.health
    if isinstance(health, Curve):
        return {"kind": "curve", "knots": list(health.knots), "values": list(health.values), "missing": health.missing}
    levels = [list(level) for level in health.values]
    return {"kind": "levels", "levels": levels, "other": health.other, "missing": health.missing}


def _condition(when: Condition) -> dict[str, Any]:
    said = {"above": when.above} if when.above is not None else {"level": when.level}
    return {"metric": when.metric, **said, "holds": when.holds}


def readme(company: Company) -> str:
    """Return what the tables hold, in plain words."""
    calendar = company.calendar
    return _README.format(
        customers=company.customers,
        first=calendar.first,
        until=calendar.observed_until,
        cutoffs=len(calendar.cutoffs),
        price_change=calendar.dates(calendar.cutoff_numbers[:1] * 0 + calendar.price_change)[0],
        effect=_effect(company),
        seed=company.seed,
    )


def _effect(company: Company) -> str:
    if company.intervention_effect == 0.0:
        return "They change nothing about who leaves, though those who got one leave more often: they looked at risk."
    return (
        f"One in the 30 days before a cutoff adds {company.intervention_effect:g} to the log-odds of staying after it."
    )


_README = """\
# A simulated company

{customers} customers of a software company, from {first} to {until} (seed {seed}). Nobody in here is real. Times are local, of Kyiv.

Try it:

    chs-ml check calibration.yaml
    chs-ml calibrate calibration.yaml -o run

| table | a row is | columns |
|---|---|---|
| accounts.parquet | a customer from start to end. Who left and came back has two rows | account_id; signed_up_at; churned_at (empty: still here); renews_on (end of the contract, empty: from month to month); segment, plan_at_start, seats_at_start and mrr (euros a month), all as at the start; internal (`yes`: our own accounts and tests, no customers) |
| plans.parquet | a plan, number of seats and price, and how long they held. On {price_change} prices rose for everybody | account_id; from; to (empty: still holds); plan; seats; price (of a seat and month) |
| events.parquet | something that happened | account_id; occurred_at; event: `login`, `feature_use` (with the feature), `contact` (we spoke), `reference` (recommended us), `value_achieved` (value: what they gained, in euros), `conversation_pulse` (value: how a conversation felt, 0 to 100); feature; value |
| surveys.csv | a question that was asked | account_id; asked_at; survey: `nps` (0 to 10), `csat` (1 to 5), `ces` (1 to 7); answer (empty: none; of csat and ces only answers were kept). The unhappy answer less often |
| tickets.csv | a request for help | account_id; opened_at; closed_at (empty: still open); severity: `low`, `normal`, `urgent` |
| invoices.csv | an invoice, one a month | account_id; issued_on; due_on; paid_on (empty: not paid); amount; currency (always EUR) |
| interventions.csv | a `call` or a `discount` to keep a customer | account_id; called_at; kind. {effect} |

There is less going on at weekends, in August and around the New Year. After a customer's last day there is no row any more;
tickets and invoices that were open then stay open.

`calibration.yaml` measures 20 metrics at the end of each of the {cutoffs} quarters, and looks 90 days ahead for churn.

`truth/truth.json` says what really keeps these customers: each metric's curve and weight, which metrics say nothing at all, and
the one that matters on one plan only. No calibration reads it. Compare it with what was learned. Two things are told differently
there: a weight belongs to the range of a metric that the data show, so a rare extreme makes it a little larger; and what tickets
cost customers of the basic plan on average is counted as the plan's, so the plan weighs more than its own curve in truth.json.
"""  # noqa: E501
