"""What happens now and then: contacts with us, references given, value achieved, conversations and their pulse."""

from __future__ import annotations

import numpy as np

from chs_ml.formula.columns import FloatArray
from chs_ml.history.demo.company import Batch
from chs_ml.history.demo.events import event_rows
from chs_ml.history.demo.moods import Moods
from chs_ml.history.demo.rows import DAY, Rows, sprinkled
from chs_ml.history.demo.spells import INTS, Spells


def moment_rows(batch: Batch, spells: Spells, moods: Moods) -> list[Rows]:
    """Return the events that are not use of the product, one part a type."""
    rates = {
        "contact": 0.55 * np.exp(0.7 * moods.monthly("closeness")),
        "reference": 0.06 * np.exp(0.5 * moods.monthly("pleasure")),
        "value_achieved": 0.8 * np.exp(0.35 * moods.monthly("value")),
        "conversation_pulse": 0.9 * np.exp(0.25 * moods.monthly("closeness")),
    }
    return [_part(batch, spells, moods, event, rate) for event, rate in rates.items()]


def _part(batch: Batch, spells: Spells, moods: Moods, event: str, rate: FloatArray) -> Rows:
    chance = batch.chance(event)
    spell, at = sprinkled(batch, spells, chance, rate)
    return event_rows(event, spell, at, value=_values(moods, event, spell, at // DAY, chance))


def _values(moods: Moods, event: str, spell: INTS, day: INTS, chance: np.random.Generator) -> FloatArray:
    noise = chance.standard_normal(len(day))
    if event == "value_achieved":
        return np.asarray(np.round(np.exp(6.8 + 0.75 * moods.on("value", spell, day) + 0.4 * noise), 2))
    if event == "conversation_pulse":
        return np.asarray(np.clip(np.round(58 + 17 * moods.on("pleasure", spell, day) + 11 * noise), 0, 100))
    return np.full(len(day), np.nan)
