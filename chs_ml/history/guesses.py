"""What a column probably is, told from its name and values; every guess is for a person to confirm."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from chs_ml.history import vocabulary
from chs_ml.history.columns import Column, as_text, can_be_text, is_time
from chs_ml.history.conditions import MAX_LEVELS
from chs_ml.history.numbers import MISSING_WORDS
from chs_ml.history.readings import Form, Reading, read_metric
from chs_ml.spec.metrics import SCALE_ENDS

_DATE = r"^[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}([ T].*)?$"
FEW_VALUES = 6
"""A column named like the outcome is a candidate for it with as many values or fewer."""


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """One column: its reading where it can be a metric, what it looks like, and why it should not be one."""

    name: str
    text: Column
    reading: Reading
    unfit: str | None

    @property
    def levels(self) -> int:
        """Number of different texts, missing not counted."""
        return int(pc.count_distinct(self.text).as_py())


def look_at(name: str, column: Column, form: Form) -> ColumnGuess:
    """Read a column as `calibrate` would, and say what keeps it from being a metric."""
    text = as_text(column) if can_be_text(column.type) else pa.chunked_array([pa.nulls(len(column), pa.string())])
    reading = read_metric(name, column, None, form)
    return ColumnGuess(name, text, reading, _unfit(name, text, column, reading))


def _unfit(name: str, text: Column, column: Column, reading: Reading) -> str | None:
    levels = pc.count_distinct(text).as_py()
    many = reading.kind == "category" and levels > min(MAX_LEVELS, max(50, len(text) / 2))
    reasons = {
        "dates are no metric; days since a date are": is_time(column.type) or _share_like(text, _DATE) > 0.9,
        "neither numbers nor text": bool(reading.findings),
        "not two different values": levels < 2,
        "may be known only after the customer left": is_like(name, vocabulary.AFTERWARDS),
        "numbers the rows": is_like(name, vocabulary.ROW_NAMES) and levels == len(text),
        "an id": is_like(name, rf"({vocabulary.ID_NAMES})")
        and re.search(vocabulary.ID_WORDS, _words(name)) is not None,
        f"{levels:,} different texts: names or ids": many,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def is_customer(guess: ColumnGuess) -> bool:
    """Whether the column is named like a customer's id."""
    return is_like(guess.name, vocabulary.ID_NAMES)


def is_unique(guess: ColumnGuess) -> bool:
    """Whether every row has a value of its own."""
    return guess.text.null_count == 0 and guess.levels == len(guess.text) > 0


def is_cutoff(guess: ColumnGuess) -> bool:
    """Whether the column holds dates and is named like a cutoff."""
    return is_like(guess.name, vocabulary.CUTOFF_NAMES) and _share_like(guess.text, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}") == 1


def is_audit(name: str) -> bool:
    """Whether the column says who somebody is rather than what they do."""
    return is_like(name, vocabulary.AUDIT)


def outcome_rank(guess: ColumnGuess) -> int | None:
    """How much the column looks like the outcome: 0 is most, None not at all; it needs two values to be told apart."""
    ranks = [at for at, pattern in enumerate(vocabulary.OUTCOME_NAMES) if is_like(guess.name, pattern)]
    return ranks[0] if ranks and churned_and_retained(guess) else None


def churned_and_retained(guess: ColumnGuess) -> tuple[str, str] | None:
    """The value that means churned and the one that means retained, if two values allow the guess."""
    churned, others = churned_values(guess)
    return (churned[0], others[0]) if len(churned) == len(others) == 1 else None


def churned_values(guess: ColumnGuess) -> tuple[list[str], list[str]]:
    """The values that are words for having churned, and the others; words for missing are neither."""
    values = [value for value in pc.unique(guess.text.drop_null()).to_pylist() if value.lower() not in MISSING_WORDS]
    words = vocabulary.NOT_RETAINED if is_like(guess.name, vocabulary.STAYED_NAMES) else vocabulary.CHURNED
    churned = [value for value in values if re.fullmatch(words, value.lower().rstrip("."))]
    return churned, [value for value in values if value not in churned]


def candidate_rank(guess: ColumnGuess) -> int | None:
    """Whether a person should think of the column as the outcome: 0 for its name, 1 for two texts, None not at all."""
    values = guess.levels if guess.levels > 2 * FEW_VALUES else sum(map(len, churned_values(guess)))
    if any(is_like(guess.name, pattern) for pattern in vocabulary.OUTCOME_NAMES) and 1 < values <= FEW_VALUES:
        return 0
    return 1 if values == 2 and guess.reading.kind == "category" and not is_audit(guess.name) else None


def scale_of(guess: ColumnGuess) -> str | None:
    """The survey scale, when name and values fit it."""
    if guess.reading.kind != "number":
        return None
    values = np.asarray(guess.reading.values, dtype=np.float64)
    named = (scale for scale in SCALE_ENDS if scale in _words(guess.name).split("_"))
    fitting = (scale for scale in named if SCALE_ENDS[scale][0] <= np.nanmin(values))
    return next((scale for scale in fitting if np.nanmax(values) <= SCALE_ENDS[scale][1]), None)


def pillar_of(name: str) -> str | None:
    """The pillar that a word of the name points to."""
    pillars = vocabulary.PILLARS.items()
    return next((pillar for pillar, words in pillars if re.search(rf"(^|_)({words})", _words(name))), None)


def _words(name: str) -> str:
    """`SeniorCitizen`, `senior citizen` → senior_citizen."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\W_]+", "_", apart).strip("_").lower()


def is_like(name: str, pattern: str) -> bool:
    """Whether a name, its words in lower case and joined by underscores, is one of a pattern of the vocabulary."""
    return re.fullmatch(pattern, _words(name)) is not None


def _share_like(text: Column, pattern: str) -> float:
    known = text.drop_null()
    return pc.sum(pc.match_substring_regex(known, pattern)).as_py() / len(known) if len(known) else 0.0
