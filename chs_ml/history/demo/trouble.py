"""Tickets, and the calls and discounts with which the company answers to customers who look at risk."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from chs_ml.history.demo.company import Batch
from chs_ml.history.demo.moods import Moods
from chs_ml.history.demo.rows import DAY, Rows, sprinkled
from chs_ml.history.demo.spells import NEVER, Spells

SEVERITIES = np.array(["low", "normal", "urgent"], dtype=object)
INTERVENTIONS = np.array(["call", "discount"], dtype=object)


def ticket_rows(batch: Batch, spells: Spells, moods: Moods) -> Rows:
    """Return the tickets: opened, closed (NEVER: still open), severity; trouble makes more of them, and slower ones."""
    chance = batch.chance("tickets")
    spell, at = sprinkled(batch, spells, chance, 0.75 * np.exp(0.7 * moods.monthly("trouble")))
    severity = np.digitize(chance.random(len(at)), [0.3, 0.75])
    mood = moods.on("trouble", spell, at // DAY)
    days = np.exp(1.3 + 0.45 * mood + 1.0 * chance.standard_normal(len(at)))
    closed = at + np.maximum(np.floor(days * DAY), 600).astype(np.int64)
    night = closed % DAY < 7 * 3600
    closed = np.where(night, closed - closed % DAY + 7 * 3600 + closed % 3600, closed)
    closed = np.where(closed >= batch.calendar.length * DAY, NEVER, closed)
    order = np.lexsort((at, spell))
    return Rows(spell, at, {"severity": severity}, closed, "never").take(order)


def intervention_rows(batch: Batch, spells: Spells, moods: Moods) -> Rows:
    """Return calls and discounts: the worse a customer looks, the likelier (and that alone makes them look harmful)."""
    chance = batch.chance("interventions")
    risk = -(moods.monthly("presence") + moods.monthly("pleasure") + moods.monthly("discipline")) / np.sqrt(3)
    spell, at = sprinkled(batch, spells, chance, 0.6 * expit(-3.0 + 2.0 * risk))
    kind = (chance.random(len(at)) < 0.3).astype(np.int64)
    return Rows(spell, at, {"kind": kind}).by_spell_and_time()
