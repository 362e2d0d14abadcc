"""What became of each customer: churned, retained, not known yet, or left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from chs_ml.history.columns import Column, as_text, is_number
from chs_ml.history.findings import MAX_SHOWN, Finding, Trouble, trouble, warning
from chs_ml.history.numbers import MISSING_WORDS
from chs_ml.spec.data import Outcome
from chs_ml.spec.nearest import nearest

Meaning = Literal["churned", "retained", "not known yet", "excluded", "unlisted"]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Per row of the file. churned: 1, 0, NaN = not known yet. kept: False where the outcome is excluded.

    counts: how often each value stands in the column. meanings: what each of them counts as.
    """

    churned: NDArray[np.float64]
    kept: NDArray[np.bool_]
    troubles: tuple[Trouble, ...]
    notes: tuple[str, ...]
    warnings: tuple[Finding, ...]
    counts: Counter[str]
    meanings: dict[str, Meaning]


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
    flags: dict[Meaning, NDArray[np.bool_]] = {"churned": churned, "excluded": kept_out, "not known yet": open_yet}
    flags["retained"] = other if retained is None else retained
    meanings = {value: meaning for meaning, rows in flags.items() for value in _values(text, rows)}
    meanings = {value: meanings.get(value, "unlisted") for value, _ in counts.most_common()}
    notes = (*_counted(said, counts, meanings), *_notes(said, open_yet, kept_out))
    warnings = (*_several_retained(said, counts, meanings), *_absent(column, text, said, counts))
    return Outcomes(values, ~kept_out, troubles, notes, warnings, counts, meanings)


def no_outcomes(rows: int) -> Outcomes:
    """The outcomes of a table that does not have their column: none is known."""
    return Outcomes(np.full(rows, np.nan), np.ones(rows, dtype=bool), (), (), (), Counter(), {})


def _values(text: Column, rows: NDArray[np.bool_]) -> list[str]:
    return [str(value) for value in pc.unique(text.filter(pa.array(rows)).drop_null()).to_pylist()]


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


def _counted(said: Outcome, counts: Counter[str], meanings: dict[str, Meaning]) -> Iterator[str]:
    """One note: what each value counts as, and how often it stands there."""
    parts = []
    for meaning in ("churned", "retained"):
        values = [value for value in meanings if meanings[value] == meaning]
        parts.append(f"{meaning}: {listed(values, counts) or 'none'}")
    yield f"column {said.column!r}: {'; '.join(parts)}"


def listed(values: Sequence[str], counts: Counter[str]) -> str:
    """`'yes' (1,200), 'no' (4)` and, beyond a few, how many more values."""
    shown = ", ".join(f"{value!r} ({counts[value]:,})" for value in values[:MAX_SHOWN])
    return shown + (f" and {len(values) - MAX_SHOWN:,} more values" if len(values) > MAX_SHOWN else "")


def _several_retained(said: Outcome, counts: Counter[str], meanings: dict[str, Meaning]) -> Iterator[Finding]:
    """Where nobody said what means retained, more than one value does."""
    values = [value for value in meanings if meanings[value] == "retained"]
    if said.retained is None and len(values) > 1:
        found = (
            f"column {said.column!r}: {len(values):,} values count as retained, since no list says otherwise: "
            f"{listed(values, counts)}"
        )
        remedy = "List those that mean retained, and put the others in churned or exclude"
        yield warning("several-retained", found, remedy, said.column)


def _absent(column: Column, text: Column, said: Outcome, counts: Counter[str]) -> Iterator[Finding]:
    """Values of the lists that the column does not have."""
    for name, values in (("churned", said.churned), ("retained", said.retained or ())):
        for value in values:
            if not _listed(column, text, [value]).any():
                found = f"column {said.column!r}: {value!r}, listed as {name}, does not occur"
                free = [one for one in counts if one not in {*said.churned, *(said.retained or ()), *said.exclude}]
                yield warning("absent-value", found, nearest(value, free or counts).rstrip("."), said.column)


def _notes(said: Outcome, open_yet: NDArray[np.bool_], kept_out: NDArray[np.bool_]) -> list[str]:
    notes = []
    if open_yet.any():
        notes.append(f"column {said.column!r}: {_rows(open_yet, 'has', 'have')} no outcome yet; scored, not fitted")
    if kept_out.any():
        notes.append(f"column {said.column!r}: {_rows(kept_out, 'was', 'were')} excluded ({', '.join(said.exclude)})")
    return notes


def _rows(flags: NDArray[np.bool_], one: str, many: str) -> str:
    return f"1 row {one}" if flags.sum() == 1 else f"{flags.sum():,} rows {many}"
