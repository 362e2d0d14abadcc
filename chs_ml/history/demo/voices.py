"""What customers say when asked (NPS, CSAT, CES), and their silence, which says something too."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from chs_ml.history.demo.company import Batch
from chs_ml.history.demo.moods import Moods
from chs_ml.history.demo.rows import DAY, Rows, clock, together
from chs_ml.history.demo.spells import INTS, Spells

SURVEYS = np.array(["nps", "csat", "ces"], dtype=object)


def survey_rows(batch: Batch, spells: Spells, moods: Moods) -> Rows:
    """Return the surveys: one of NPS a quarter, CSAT and CES twice a year.

    The unhappy answer less often. An NPS survey without an answer has a row without one; of CSAT and CES only the
    answers were kept.
    """
    nps, csat, ces = (_asked(batch, spells, name, every) for name, every in (("nps", 91), ("csat", 120), ("ces", 182)))
    return together([_nps(batch, moods, *nps), _csat(batch, moods, *csat), _ces(batch, moods, *ces)])


def _nps(batch: Batch, moods: Moods, spell: INTS, at: INTS) -> Rows:
    chance, mood = batch.chance("nps answers"), moods.on("pleasure", spell, at // DAY)
    answer = np.clip(np.round(7.0 + 2.1 * mood + 0.9 * chance.standard_normal(len(at))), 0, 10)
    silent = chance.random(len(at)) > expit(0.1 + 0.9 * mood)
    return Rows(spell, at, {"survey": np.full(len(at), 0), "answer": np.where(silent, np.nan, answer)})


def _csat(batch: Batch, moods: Moods, spell: INTS, at: INTS) -> Rows:
    chance, mood = batch.chance("csat answers"), 0.5 * moods.on("pleasure", spell, at // DAY)
    mood = mood - 0.8 * moods.on("trouble", spell, at // DAY)
    answer = np.clip(np.round(3.6 + 1.0 * mood + 0.5 * chance.standard_normal(len(at))), 1, 5)
    told = chance.random(len(at)) < expit(0.4 + 0.5 * mood)
    return Rows(spell, at, {"survey": np.full(len(at), 1), "answer": answer}).take(told)


def _ces(batch: Batch, moods: Moods, spell: INTS, at: INTS) -> Rows:
    chance, mood = batch.chance("ces answers"), -moods.on("trouble", spell, at // DAY)
    answer = np.clip(np.round(4.8 + 1.1 * mood + 0.9 * chance.standard_normal(len(at))), 1, 7)
    told = chance.random(len(at)) < expit(-0.2 + 0.4 * mood)
    return Rows(spell, at, {"survey": np.full(len(at), 2), "answer": answer}).take(told)


def _asked(batch: Batch, spells: Spells, name: str, every: int) -> tuple[INTS, INTS]:
    """Return whom we asked and when: each spell on days of its own, so many days apart."""
    chance, length = batch.chance(name), batch.calendar.length
    first = np.maximum(spells.start + 15, 0) + chance.integers(0, every, len(spells))
    day = first[:, None] + every * np.arange(length // every + 1)
    spell, _ = np.nonzero(day < length)
    return spell, day[day < length] * DAY + clock(chance, len(spell))
