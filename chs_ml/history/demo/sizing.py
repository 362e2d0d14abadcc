"""How busy a company must be to leave so many events."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chs_ml.errors import DataError
from chs_ml.history.demo.calendar import HORIZON
from chs_ml.history.demo.calibration import TENURE
from chs_ml.history.demo.company import Batch, Company
from chs_ml.history.demo.past import past_of
from chs_ml.history.demo.rows import DAY

CHURN_OF_THE_BUSY = 0.062
"""Events weigh by customers who make many of them, and these leave less often than the average one."""


def with_events(company: Company, events: int | None) -> Company:
    """Return the company with the activity that gives about so many events; None: as it is.

    Raises:
        DataError: so many customers have more events than that when each logs in once on the days that it comes.
    """
    if events is None:
        return company
    least, usual = (_events(replace(company, activity=activity)) for activity in (0.0, 1.0))
    activity = (events - least) / (usual - least)
    if activity <= 0.0:
        raise DataError(
            f"events: found {events:,}; {company.customers:,} customers over {company.quarters} quarters leave about "
            f"{least:,.0f} at the least. Ask for more events, or for fewer customers"
        )
    return replace(company, activity=round(activity, 4))


def _events(company: Company) -> float:
    """Return the events to be expected: those of a trial company, by how likely their customer is still there."""
    pilot = company.pilot
    return sum(map(_events_of, pilot)) / sum(batch.size for batch in pilot) * company.customers


def _events_of(batch: Batch) -> float:
    past, cutoffs = past_of(batch), batch.calendar.cutoff_numbers
    rows, starts = past.tables["events"], past.spells.start
    first = ~past.spells.second[rows.spell]
    spell, day = rows.spell[first], rows.at[first] // DAY
    eligible = np.searchsorted(cutoffs, starts[spell] + TENURE)
    passed = np.maximum(np.searchsorted(cutoffs, day - HORIZON // 2) - eligible, 0)
    return float(((1.0 - CHURN_OF_THE_BUSY) ** passed).sum())
