"""Plans, seats and prices over time, and the invoices that follow from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chs_ml.formula.columns import BoolArray, FloatArray
from chs_ml.history.demo.company import Batch
from chs_ml.history.demo.moods import MONTH, Moods
from chs_ml.history.demo.rows import DAY, Rows
from chs_ml.history.demo.spells import INTS, NEVER, PLANS, Spells

PRICES = np.array([12.0, 20.0, 35.0])
"""Of a seat and month, by plan, in euros."""
NEW_PRICES = np.round(PRICES * 1.08, 2)
CHANGES = 4
"""So many changes of seats at most; one a year on average."""
MONTH_LENGTH = 30.4375
TERM = 14
"""Days from an invoice to its due day."""


@dataclass(frozen=True, eq=False)
class Contracts:
    """Per spell its states, by the day from which each holds (ascending; NEVER: there is no such state)."""

    since: INTS
    seats: INTS
    plan: INTS
    price: FloatArray

    def at(self, spell: INTS, day: INTS) -> tuple[INTS, INTS]:
        """Return the places of the states that hold on these days."""
        return spell, np.maximum((self.since[spell] <= day[:, None]).sum(axis=1) - 1, 0)

    def seats_by_month(self, months: int) -> INTS:
        """Return seats per spell and month of 30 days, as at the month's beginning."""
        begins = np.arange(months) * MONTH
        state = np.maximum((self.since[:, None, :] <= begins[None, :, None]).sum(axis=2) - 1, 0)
        return np.take_along_axis(self.seats, state, axis=1)


def contracts_of(batch: Batch, spells: Spells) -> Contracts:
    """Draw what every spell has, and from when on."""
    chance, days = batch.chance("contracts"), batch.calendar
    span = days.length - spells.start
    number = np.minimum(chance.poisson(span / 365.0), CHANGES)
    when = spells.start[:, None] + 1 + np.floor(chance.random((len(spells), CHANGES)) * span[:, None]).astype(np.int64)
    when = np.where((np.arange(CHANGES) < number[:, None]) & (when < days.length), when, NEVER)
    priced = np.where(spells.start < days.price_change, days.price_change, NEVER)
    since = np.column_stack([spells.start, when, priced])
    growth = np.where(since < NEVER, np.exp(chance.normal(0.04, 0.28, since.shape)), 1.0)
    growth[:, 0] = growth[:, -1] = 1.0
    moves = np.where(chance.random(since.shape) < 0.2, chance.choice([-1, 1, 1], since.shape), 0)
    moves[:, 0] = moves[:, -1] = 0
    order = np.argsort(since, axis=1, kind="stable")
    since, growth, moves = (np.take_along_axis(part, order, axis=1) for part in (since, growth, moves))
    moves = np.where(since < NEVER, moves, 0)
    seats = np.clip(np.round(spells.seats[:, None] * np.cumprod(growth, axis=1)), 2, 400).astype(np.int64)
    plan = np.clip(spells.plan[:, None] + np.cumsum(moves, axis=1), 0, len(PLANS) - 1)
    price = np.where(since >= days.price_change, NEW_PRICES[plan], PRICES[plan])
    return _without_idle(Contracts(since, seats, plan, price))


def _without_idle(every: Contracts) -> Contracts:
    """Leave out the earlier of two states that begin on one day, and then states that are as the one before."""
    last = np.ones(every.since.shape, dtype=bool)
    last[:, :-1] = every.since[:, :-1] < every.since[:, 1:]
    days = _kept(every, last)
    states = np.stack([days.seats, days.plan, days.price])
    changed = np.ones(last.shape, dtype=bool)
    changed[:, 1:] = (states[:, :, 1:] != states[:, :, :-1]).any(axis=0)
    return _kept(days, changed)


def _kept(states: Contracts, which: BoolArray) -> Contracts:
    since = np.where(which, states.since, NEVER)
    order = np.argsort(since, axis=1, kind="stable")
    parts = (np.take_along_axis(part, order, axis=1) for part in (since, states.seats, states.plan, states.price))
    return Contracts(*parts)


def plan_rows(contracts: Contracts) -> Rows:
    """One row a state of a contract: valid from a day until the next state, or open."""
    since = contracts.since
    until = np.column_stack([since[:, 1:], np.full(len(since), NEVER)])
    real = since < NEVER
    spell, _ = np.nonzero(real)
    columns = {
        "plan": PLANS[contracts.plan[real]],
        "seats": contracts.seats[real],
        "price": contracts.price[real],
    }
    ends = np.where(until[real] < NEVER, until[real] * DAY, NEVER)
    return Rows(spell, since[real] * DAY, columns, ends, "then")


def invoice_rows(batch: Batch, spells: Spells, moods: Moods, contracts: Contracts) -> Rows:
    """One invoice a month and spell, due a fortnight after its day; paid early, late, or not at all."""
    chance, days = batch.chance("invoices"), batch.calendar
    months = int(days.length / MONTH_LENGTH) + 1
    skipped = np.maximum(np.ceil(-spells.start / MONTH_LENGTH), 0.0)  # invoices before the log
    count = skipped[:, None] + np.arange(months)
    issued = spells.start[:, None] + np.round(count * MONTH_LENGTH).astype(np.int64)
    spell, _ = np.nonzero(issued + TERM < days.length)
    issued = issued[issued + TERM < days.length]
    due = issued + TERM
    mood = moods.on("discipline", spell, due)
    late = chance.random(len(due)) < 1.0 / (1.0 + np.exp(1.1 + 1.3 * mood))
    delay = np.where(late, 1 + chance.exponential(14.0 * np.exp(-0.45 * mood)), -chance.integers(0, 8, len(due)))
    paid = np.maximum(due + np.floor(delay).astype(np.int64), issued)
    paid = np.where((paid >= days.length) | (chance.random(len(due)) < 0.004), NEVER, paid * DAY)
    state = contracts.at(spell, issued)
    amount = np.round(contracts.seats[state] * contracts.price[state], 2)
    columns = {"amount": amount, "due": due}
    return Rows(spell, issued * DAY, columns, paid, "never")
