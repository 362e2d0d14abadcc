"""What customers do in the product: days with logins, and uses of features on these days."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from chs_ml.formula.columns import FloatArray
from chs_ml.history.demo.company import Batch
from chs_ml.history.demo.contracts import Contracts
from chs_ml.history.demo.events import FEATURES, event_rows
from chs_ml.history.demo.moods import MONTH, Moods
from chs_ml.history.demo.rows import DAY, Rows, clock
from chs_ml.history.demo.spells import INTS, Spells


def activity_rows(batch: Batch, spells: Spells, moods: Moods, contracts: Contracts) -> list[Rows]:
    """Return logins and uses of features; a day without a login has no uses either."""
    chance, month = batch.chance("logins"), np.arange(batch.calendar.length) // MONTH
    spell, day = np.nonzero(chance.random((len(spells), len(month))) < _presence(batch, spells, moods))
    logins = 1 + chance.poisson(batch.company.activity * _intensity(moods, contracts)[spell, month[day]])
    uses = batch.chance("uses")
    depth = np.exp(-0.5 + 0.55 * moods.monthly("depth"))[spell, month[day]]
    used = uses.poisson(logins * depth)
    return [_logins(chance, spell, day, logins), _uses(batch, moods, spell, day, used)]


def _presence(batch: Batch, spells: Spells, moods: Moods) -> FloatArray:
    """Return the chance of a login per spell and day."""
    days = np.arange(batch.calendar.length)
    chance = expit(0.1 + 1.25 * moods.monthly("presence"))[:, days // MONTH] * batch.calendar.bustle
    return np.where(days >= spells.start[:, None], np.minimum(chance, 0.97), 0.0)


def _intensity(moods: Moods, contracts: Contracts) -> FloatArray:
    """Return the mean number of further logins on a day with one, per spell and month: more seats, more of them."""
    mood = moods.monthly("intensity")
    seats = contracts.seats_by_month(mood.shape[1])
    return np.asarray(0.11 * seats**0.9 * np.exp(0.75 * mood))


def _logins(chance: np.random.Generator, spell: INTS, day: INTS, logins: INTS) -> Rows:
    spell, day = np.repeat(spell, logins), np.repeat(day, logins)
    return event_rows("login", spell, day * DAY + clock(chance, len(day)))


def _uses(batch: Batch, moods: Moods, spell: INTS, day: INTS, used: INTS) -> Rows:
    """Every spell has an order of its own in which it took up features; its breadth says how many it uses."""
    chance, breadth = batch.chance("features"), moods.monthly("breadth")
    order = np.argsort(chance.random((len(breadth), len(FEATURES))), axis=1).astype(np.int8)
    known = np.clip(np.round(6.5 + 3.2 * breadth), 1, len(FEATURES)).astype(np.int64)
    spell, day = np.repeat(spell, used), np.repeat(day, used)
    place = np.floor(known[spell, day // MONTH] * chance.random(len(day)) ** 1.3).astype(np.int64)
    return event_rows("feature_use", spell, day * DAY + clock(chance, len(day)), feature=order[spell, place])
