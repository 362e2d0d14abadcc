"""What moves a customer and nobody records: moods that drift from month to month, and hang together moderately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from chs_ml.formula.columns import FloatArray
from chs_ml.history.demo.company import Batch

Mood = Literal["presence", "intensity", "depth", "breadth", "value", "pleasure", "trouble", "discipline", "closeness"]
MOODS: tuple[Mood, ...] = get_args(Mood)
TROUBLED: Mood = "trouble"
COMMON = 0.2
"""The share of a mood's variance that is the customer's common one: any two moods correlate as much."""
LASTING = 0.55
"""The share of the variance that a customer keeps for good; the rest drifts."""
KEPT = 0.85
"""Of the drifting part, so much is there again after a month."""
MONTH = 30


@dataclass(frozen=True, eq=False)
class Moods:
    """values: mood → (spells × months of 30 days), each about standard normal."""

    values: dict[Mood, FloatArray]

    def monthly(self, mood: Mood) -> FloatArray:
        """Return a mood per spell and month."""
        return self.values[mood]

    def on(self, mood: Mood, spell: NDArray[np.int64], day: NDArray[np.int64]) -> FloatArray:
        """Return a mood of these spells on these days."""
        values = self.values[mood]
        return np.asarray(values[spell, np.minimum(day // MONTH, values.shape[1] - 1)])


def moods_of(batch: Batch, spells: int) -> Moods:
    """Draw the moods of so many spells; what is good for the others lessens trouble."""
    months = -(-batch.calendar.length // MONTH)
    common = _drifting(batch.chance("mood"), spells, months)
    own = {mood: _drifting(batch.chance(f"mood {mood}"), spells, months) for mood in MOODS}
    sign = {mood: -1.0 if mood == TROUBLED else 1.0 for mood in MOODS}
    return Moods({mood: sign[mood] * np.sqrt(COMMON) * common + np.sqrt(1 - COMMON) * own[mood] for mood in MOODS})


def _drifting(chance: np.random.Generator, spells: int, months: int) -> FloatArray:
    lasting = chance.standard_normal((spells, 1))
    drift = chance.standard_normal((spells, months))
    for month in range(1, months):
        drift[:, month] = KEPT * drift[:, month - 1] + np.sqrt(1.0 - KEPT**2) * drift[:, month]
    return np.asarray(np.sqrt(LASTING) * lasting + np.sqrt(1.0 - LASTING) * drift)
