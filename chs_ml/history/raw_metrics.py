"""The metrics that a folder's tables suggest: how often, how lately, what is open, what stands now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chs_ml.history import vocabulary
from chs_ml.history.guesses import is_like, pillar_of
from chs_ml.history.proposal import quoted
from chs_ml.history.raw_guesses import RawColumn, RawTable
from chs_ml.spec.measuring import BUSINESS, CHURNED, CUSTOMER, CUTOFF, TOUCHED
from chs_ml.spec.metrics import SCALE_ENDS

MOST_TYPES, MOST_COLUMNS, MOST_LEVELS = 6, 3, 20
PILLARS = {"events": "usage", "tickets": "support", "invoices": "payment", "plans": "relationship"}
TAKEN = {CUSTOMER, CUTOFF, CHURNED, TOUCHED, *BUSINESS}

Said = tuple[str, str]
"""A metric's name, and what the spec says of how it is measured."""


def metrics_of(tables: Sequence[RawTable], window: int) -> Iterator[str]:
    """Give the lines of the metrics. window: days, of those that look back a while."""
    names = set(TAKEN)
    for table in tables:
        ways = {"accounts": _of_accounts, "tickets": _of_tickets, "invoices": _of_invoices, "plans": _of_plans}
        told = ways.get(table.role, _of_events)(table, window) if table.role != "interventions" else iter(())
        for name, measured in told:
            called = next(one for one in (name, f"{table.name}_{name}", f"{name}_2") if one not in names)
            names.add(called)
            pillar = pillar_of(called.removeprefix("days_since_")) or PILLARS.get(table.role, "relationship")
            yield f"  - {{name: {quoted(called)}, pillar: {pillar}, {measured}}}"


def _of_accounts(table: RawTable, window: int) -> Iterator[Said]:
    yield "tenure_months", "tenure: months"
    if "renewal" in table.said:
        yield "days_until_renewal", "days_until: renewal"


def _of_events(table: RawTable, window: int) -> Iterator[Said]:
    name, kinds = quoted(table.name), table.column("type")
    if not (kinds and all(map(_scale, kinds.levels))):
        yield f"{table.name}_days_30d", f"days_active: all, from: {name}, window: 30d"
        yield f"days_since_{table.name}", f"recency: all, from: {name}"
    if kinds is None:
        yield f"{table.name}_{window}d", f"count: all, from: {name}, window: {window}d"
        if value := table.said.get("value"):
            yield f"{_plain(value)}_{window}d", f"sum: {quoted(value)}, from: {name}, window: {window}d"
        return
    usual = [kind for kind in kinds.levels if not is_like(kind, vocabulary.AFTERWARDS)]
    for kind in usual[:MOST_TYPES]:
        scale = _scale(kind)
        if scale and "value" in table.said:
            yield _plain(kind), f"scale: {scale}, survey: {quoted(kind)}, from: {name}"
        else:
            yield f"{_plain(kind)}_{window}d", f"count: {quoted(kind)}, from: {name}, window: {window}d"


def _scale(kind: str) -> str | None:
    return next((scale for scale in SCALE_ENDS if scale in _plain(kind).split("_")), None)


def _of_tickets(table: RawTable, window: int) -> Iterator[Said]:
    name = quoted(table.name)
    yield f"{table.name}_{window}d", f"count: all, from: {name}, window: {window}d"
    yield f"open_{table.name}", f"open: all, from: {name}"


def _of_invoices(table: RawTable, window: int) -> Iterator[Said]:
    name = quoted(table.name)
    yield f"days_late_{window}d", f"days_late: max, from: {name}, window: {window}d"
    if amount := table.said.get("amount"):
        yield f"{_plain(amount)}_{window}d", f"sum: {quoted(amount)}, from: {name}, window: {window}d"


def _of_plans(table: RawTable, window: int) -> Iterator[Said]:
    for column in [one for one in table.others if _tells(one)][:MOST_COLUMNS]:
        kind = "kind: category, " if column.kind == "text" else ""
        yield _plain(column.name), f"{kind}last: {quoted(column.name)}, from: {quoted(table.name)}"


def _tells(column: RawColumn) -> bool:
    """Whether a column has a number, or a few texts, that customers differ in."""
    most = MOST_LEVELS if column.kind == "text" else len(column.text)
    called = is_like(column.name, vocabulary.ID_NAMES) or is_like(column.name, vocabulary.ROW_NAMES)
    return column.kind != "time" and not called and 1 < len(column.levels) <= most


def _plain(text: str) -> str:
    return re.sub(r"\W+", "_", text.strip().lower()).strip("_")[:40] or "value"
