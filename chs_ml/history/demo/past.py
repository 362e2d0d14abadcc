"""The whole past of a batch of customers, as if nobody had ever left; and what is left of it when they did."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chs_ml.history.demo.activity import activity_rows
from chs_ml.history.demo.company import Batch
from chs_ml.history.demo.contracts import Contracts, contracts_of, invoice_rows, plan_rows
from chs_ml.history.demo.moments import moment_rows
from chs_ml.history.demo.moods import moods_of
from chs_ml.history.demo.rows import DAY, Rows, together
from chs_ml.history.demo.spells import AWAY, INTS, NEVER, Spells, spells_of
from chs_ml.history.demo.trouble import intervention_rows, ticket_rows
from chs_ml.history.demo.voices import survey_rows


@dataclass(frozen=True, eq=False)
class Past:
    """churned: the day number on which each spell ended, NEVER where it goes on, -NEVER where it never was.

    tables: name → rows, by spell and time.
    """

    batch: Batch
    spells: Spells
    contracts: Contracts
    churned: INTS
    tables: dict[str, Rows]

    def ended(self, churned: INTS) -> Past:
        """Return the past in which spells ended on these days: what comes at or after them did not happen.

        A second spell of a customer who was still there when it would have begun never was.
        """
        gone = churned[: self.batch.size][self.spells.customer - self.batch.start - 1]
        real = ~self.spells.second | (gone + AWAY < self.spells.start)
        end = np.where(real, churned, -NEVER)
        tables = {
            name: rows.before(np.where(np.abs(end) < NEVER, end * DAY, end)) for name, rows in self.tables.items()
        }
        return replace(self, churned=end, tables=tables)


def past_of(batch: Batch) -> Past:
    """Draw the past of a batch, without an end of any spell."""
    spells = spells_of(batch)
    moods = moods_of(batch, len(spells))
    contracts = contracts_of(batch, spells)
    tables = {
        "events": together([*activity_rows(batch, spells, moods, contracts), *moment_rows(batch, spells, moods)]),
        "plans": plan_rows(contracts),
        "surveys": survey_rows(batch, spells, moods),
        "tickets": ticket_rows(batch, spells, moods),
        "invoices": invoice_rows(batch, spells, moods, contracts),
        "interventions": intervention_rows(batch, spells, moods),
    }
    return Past(batch, spells, contracts, np.full(len(spells), NEVER, dtype=np.int64), tables)
