from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from chs_ml.history.demo import leaving
from chs_ml.history.demo.company import Company
from chs_ml.history.demo.past import past_of
from chs_ml.history.demo.rows import DAY, Rows
from chs_ml.history.demo.spells import NEVER


@pytest.fixture(scope="module")
def past():
    return past_of(Company(300, 4).batches[0])


@pytest.fixture
def log_odds(past):
    """Everybody in the panel at every cutoff, and leaving with 20 %; the last spells never in it."""
    odds = np.full((len(past.spells), 4), -np.log(0.25))
    odds[-5:] = np.nan
    return odds


def test_nobody_leaves_twice_or_from_outside_the_panel(past, log_odds):
    lived = leaving._leave(past, log_odds)
    assert (lived.left.sum(axis=1) <= 1).all()
    assert not lived.left[-5:].any()
    after = np.cumsum(lived.left, axis=1) - lived.left
    assert not (lived.at_risk & (after > 0)).any()
    assert ((lived.past.churned < NEVER) & (lived.past.churned > -NEVER)).sum() == lived.left.sum()


def test_as_many_leave_as_the_log_odds_say(past, log_odds):
    lived = leaving._leave(past, log_odds)
    rows = lived.at_risk.sum()
    assert lived.left.sum() / rows == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / rows))


def test_the_day_lies_within_the_horizon_of_its_cutoff(past, log_odds):
    lived = leaving._leave(past, log_odds)
    spell, cutoff = np.nonzero(lived.left)
    days = lived.past.churned[spell] - past.batch.calendar.cutoff_numbers[cutoff]
    assert days.min() >= 1
    assert days.max() <= 90


def test_the_outcome_at_a_cutoff_changes_nothing_at_earlier_ones(past, log_odds):
    riskier = log_odds.copy()
    riskier[:, 2:] = -50.0
    one, two = leaving._leave(past, log_odds), leaving._leave(past, riskier)
    spells = slice(0, past.batch.size)
    assert (one.left[spells, :2] == two.left[spells, :2]).all()
    assert two.left[spells, 2].sum() == two.at_risk[spells, 2].sum()


def test_an_intervention_acts_in_the_thirty_days_before_a_cutoff(past):
    cutoff = past.batch.calendar.cutoff_numbers[1]
    days = np.array([cutoff - 31, cutoff - 30, cutoff - 1, cutoff])
    rows = Rows(np.arange(4), days * DAY, {"kind": np.zeros(4, dtype=np.int64)})
    lately = leaving._lately(replace(past, tables={**past.tables, "interventions": rows}))
    assert lately[:4, 1].tolist() == [False, True, True, False]
    assert lately.sum() == 2


def test_the_intercept_is_found_on_those_still_there(monkeypatch, past):
    company = Company(10, 4)
    batch = replace(past.batch, company=company)
    spread = np.random.default_rng(1).normal(0.0, 1.5, (len(past.spells), 4))
    monkeypatch.setattr(Company, "pilot", property(lambda self: (batch,)))
    monkeypatch.setattr(leaving, "_log_odds", lambda past, planted: spread[: len(past.spells)])
    churn = expit(-(spread[: batch.size] + leaving.intercept_of(company)))
    still = np.cumprod(np.column_stack([np.ones(len(churn)), 1 - churn[:, :-1]]), axis=1)
    assert (still * churn).sum() / still.sum() == pytest.approx(0.09, abs=2e-4)
