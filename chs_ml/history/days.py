"""The day as of which a row is known: text or a date, to the letter or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from chs_ml.history.columns import Column, as_text
from chs_ml.history.findings import Trouble, trouble
from chs_ml.history.numbers import text_at

_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
_BAD_CUTOFF = ("bad-cutoff", "a cutoff is a date as in 2025-03-31", "Correct them")

Dates = NDArray[np.datetime64]


def read_cutoffs(name: str, column: Column) -> tuple[Dates, list[Trouble]]:
    """Dates (a time of day is dropped); NaT where there is none, which is a trouble."""
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        column = column.cast(pa.date32()).cast(pa.string())
    text = as_text(column)
    regular = pc.match_substring_regex(text, _DATE)
    day = pc.utf8_slice_codeunits(pc.if_else(regular, text, pa.scalar(None, pa.string())), 0, 10)
    parsed = pc.strptime(day, format="%Y-%m-%d", unit="s", error_is_null=True)
    # strptime lets 30 February pass as 2 March
    same = pc.equal(pc.strftime(parsed, format="%Y-%m-%d"), day)
    dates = np.asarray(pc.if_else(same, parsed, pa.scalar(None, parsed.type))).astype("datetime64[D]")
    bad = np.flatnonzero(np.isnat(dates))
    shown = {row: value or "" for row, value in text_at(text, bad).items()}
    return dates, [trouble(name, bad, shown, _BAD_CUTOFF)] if len(bad) else []


@dataclass(frozen=True, slots=True)
class DayReader:
    """Reads one column of cutoffs, whole or batch by batch."""

    column: str

    def read(self, column: Column) -> tuple[pa.Array, list[Trouble]]:
        """(date32, null where it is none; troubles)."""
        dates, troubles = read_cutoffs(self.column, column)
        return pa.array(dates, pa.date32()), troubles
