"""What became of each customer: churned, retained, not known yet, or left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from chs_ml.history.columns import Column, as_text, is_number
from chs_ml.history.findings import Trouble, trouble
from chs_ml.history.numbers import MISSING_WORDS
from chs_ml.spec.data import Outcome


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Per row of the file. churned: 1, 0, NaN = not known yet. kept: False where the outcome is excluded.

    counts: how often each value stands in the column.
    """

    churned: NDArray[np.float64]
    kept: NDArray[np.bool_]
    troubles: tuple[Trouble, ...]
    notes: tuple[str, ...]
    counts: Counter[str]


def read_outcome(column: Column, said: Outcome) -> Outcomes:
    """Compare each value with the spec's lists, as text; NULL, NA and blank in no list are not known yet."""
    text = as_text(column)
    churned, kept_out = _listed(column, text, said.churned), _listed(column, text, said.exclude)
    retained = None if said.retained is None else _listed(column, text, said.retained)
    listed = churned | kept_out | (False if retained is None else retained)
    open_yet = _not_known(text) & ~listed
    other = ~listed & ~open_yet
    values = np.where(churned, 1.0, np.where(open_yet | kept_out, np.nan, 0.0))
    counts = Counter({str(one["values"]): one["counts"] for one in pc.value_counts(text.drop_null()).to_pylist()})
    troubles = _unlisted(text, other, said) if retained is not None else ()
    return Outcomes(values, ~kept_out, troubles, tuple(_notes(said, open_yet, kept_out)), counts)


def _listed(column: Column, text: Column, values: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each value is in the list. Numbers of a typed file have no spelling: there 1 and 1.0 are the same."""
    if pa.types.is_boolean(column.type):
        values = [value.lower() for value in values]
    elif is_number(column.type):
        values = [*values, *(_whole(value) for value in values)]
    found: NDArray[np.bool_] = np.asarray(pc.is_in(text, pa.array(values, pa.string())).to_numpy(), dtype=bool)
    return found


def _whole(value: str) -> str:
    try:
        return f"{float(value):.0f}" if float(value).is_integer() else value
    except (ValueError, OverflowError):
        return value


def _not_known(text: Column) -> NDArray[np.bool_]:
    blank = pc.is_null(text)
    word = pc.is_in(pc.utf8_lower(text), pa.array(MISSING_WORDS))
    return np.asarray(pc.or_(blank, word).to_numpy(), dtype=bool)


def _unlisted(text: Column, other: NDArray[np.bool_], said: Outcome) -> tuple[Trouble, ...]:
    rows = np.flatnonzero(other)
    if not len(rows):
        return ()
    lists = " nor ".join(["churned", "retained", *(["exclude"] if said.exclude else [])])
    rule = ("unknown-outcome", f"it stands neither in {lists}", "Add it to one of the lists of data.outcome")
    first = rows[:5].tolist()
    shown = dict(zip(first, text.take(pa.array(first, pa.int64())).to_pylist(), strict=True))
    return (trouble(said.column, rows, shown, rule),)


def _notes(said: Outcome, open_yet: NDArray[np.bool_], kept_out: NDArray[np.bool_]) -> list[str]:
    notes = []
    if open_yet.any():
        notes.append(f"column {said.column!r}: {open_yet.sum():,} rows have no outcome yet; scored, not fitted")
    if kept_out.any():
        notes.append(f"column {said.column!r}: {kept_out.sum():,} rows were excluded ({', '.join(said.exclude)})")
    return notes
