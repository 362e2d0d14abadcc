"""Who of the accounts is in the panel at each cutoff, and what kept the others out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from chs_ml.history.asof import names
from chs_ml.history.asof.build import DUCKDB
from chs_ml.history.asof.grid import spells_query, there_query
from chs_ml.history.asof.moments import AsOf, moments_query, spans_of
from chs_ml.history.asof.staging import Staged
from chs_ml.history.asof.tree import col, from_table, named
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.history import Eligible, History
from chs_ml.spec.measuring import CHURNED, CUSTOMER, CUTOFF

Counts = dict[str, int]
"""How many customers there are at each cutoff."""
LATER = {"known": "account known later", "churned": "left before"}
ELIGIBLE = {
    "exclude": "excluded",
    "tenure": "too young (tenure: {}d)",
    "renewal_in_horizon": "no renewal in the horizon",
}


@dataclass(frozen=True, slots=True)
class Attendance:
    """One cutoff. customers: of accounts, with a start; absent: those not in the panel, by what kept them out.

    A customer of several spells counts by the one that came nearest. no_outcome: in the panel, and not learned from.
    """

    cutoff: str
    customers: int
    absent: Mapping[str, int]
    in_panel: int
    no_outcome: int


def attendance(staged: Staged, panel: pa.Table, spec: CalibrationSpec) -> tuple[Attendance, ...]:
    """Return who is there at each of the spec's cutoffs, by numbers. panel: that of the spec, with outcomes."""
    history = spec.history
    if history is None:
        return ()
    days = [*map(str, history.dates)]
    everybody = staged.number(_distinct(exp.select(), names.SPELLS, history))
    inside, unknown = (_rows_of(rows) for rows in (panel, panel.filter(pc.is_null(panel[CHURNED]))))
    left = [("", dict.fromkeys(days, everybody))]
    left += [(reason, _there(staged, asking)) for reason, asking in _ever_stricter(history)]
    if history.eligible.active_within:
        left.append((f"not active (active_within: {history.eligible.active_within}d)", inside))
    return tuple(Attendance(day, everybody, _lost(left, day), inside.get(day, 0), unknown.get(day, 0)) for day in days)


def in_words(there: Attendance) -> str:
    """Return 'of 2,000 customers 12 are excluded, 1,988 are too young'."""
    kept = ", ".join(f"{count:,} {reason}" for reason, count in there.absent.items() if count)
    return f"of {there.customers:,} customers: {kept or 'none'}"


def _lost(left: Sequence[tuple[str, Counts]], day: str) -> dict[str, int]:
    """Return how many fell out at each step."""
    counts = [there.get(day, 0) for _, there in left]
    return {reason: before - after for (reason, _), before, after in zip(left[1:], counts, counts[1:], strict=False)}


def _ever_stricter(history: History) -> Iterator[tuple[str, History]]:
    """Give histories that ask for ever more, from a start alone to all that the spec asks of accounts.

    Each comes with the reason that keeps out whom the one before it had.
    """
    anybody = Eligible.model_validate({})
    asking = history.model_copy(
        update={"accounts": history.accounts.model_copy(update=dict.fromkeys(LATER)), "eligible": anybody}
    )
    yield "came later", asking
    for role, reason in LATER.items():
        if said := getattr(history.accounts, role):
            asking = asking.model_copy(update={"accounts": asking.accounts.model_copy(update={role: said})})
            yield reason, asking
    for role, reason in ELIGIBLE.items():
        if (said := getattr(history.eligible, role)) != getattr(anybody, role):
            asking = asking.model_copy(update={"eligible": asking.eligible.model_copy(update={role: said})})
            yield reason.format(said), asking


def _there(staged: Staged, history: History) -> Counts:
    """Return how many customers are there by the conditions of the panel's own query."""
    cutoff = exp.cast(col(names.CUTOFF), "date")
    query = _distinct(exp.select(named(cutoff, CUTOFF)), names.THERE, history)
    return {str(day): count for day, count in staged.rows_of(query.group_by(cutoff.copy(), copy=False))}


def _distinct(query: exp.Select, table: str, history: History) -> exp.Select:
    """Return the query that counts the different customers of a part of the panel's."""
    customers = exp.Count(this=exp.Distinct(expressions=[col(names.CUSTOMER)]))
    query = query.select(customers, copy=False).from_(from_table(table, "t"), copy=False)
    parts = {
        names.MOMENTS: moments_query(history, AsOf(history.dates, None), spans_of(history, ())),
        names.SPELLS: spells_query(history, (), DUCKDB),
        names.THERE: there_query(history),
    }
    for name, part in parts.items():
        query = query.with_(exp.to_identifier(name, quoted=True), as_=part, copy=False)
    return DUCKDB.written(query)


def _rows_of(panel: pa.Table) -> Counts:
    """Return the rows of a panel at each cutoff; a customer has one."""
    counted = panel.group_by(CUTOFF).aggregate([(CUSTOMER, "count")]).to_pylist()
    return {str(row[CUTOFF]): row[f"{CUSTOMER}_count"] for row in counted}
