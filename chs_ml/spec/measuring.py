"""What the metrics and the history must agree on: each metric is measured in a table that can tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chs_ml.spec.history import History, PastTable
from chs_ml.spec.measures import ALL, KINDS, Measure
from chs_ml.spec.metrics import Metric
from chs_ml.spec.nearest import nearest

CUSTOMER, CUTOFF, CHURNED, TOUCHED = "customer", "cutoff", "churned", "touched"
BUSINESS = ("segment", "stage", "revenue")
NEEDED: Mapping[str, str] = {"open": "opened", "days_late": "due"}
"""Kind → the time that its table must have."""


def data_of_a_panel(history: Any) -> dict[str, Any]:
    """Return the `data:` section of the panel that raw history becomes."""
    accounts = history.get("accounts") if isinstance(history, Mapping) else None
    said = accounts if isinstance(accounts, Mapping) else {}
    return {
        "table": "panel",
        "customer": CUSTOMER,
        "cutoff": CUTOFF,
        "outcome": {"column": CHURNED, "churned": ["1"], "retained": ["0"]},
        **{name: name for name in BUSINESS if said.get(name)},
    }


def table_of(measure: Measure, history: History) -> str | None:
    """Return the name of the table that a metric is measured in; None where the spec leaves it open."""
    if measure.table is not None:
        return measure.table
    fitting = [name for name, table in history.tables.items() if _fits(measure.kind, table)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(kind: str, table: PastTable) -> bool:
    return kind not in NEEDED or table.begins == NEEDED[kind]


def problems_of_measuring(history: History | None, metrics: Sequence[Metric]) -> Iterator[str]:
    """Give a sentence for each metric that cannot be measured."""
    named = {metric.name: metric for metric in metrics}
    for at, metric in enumerate(metrics):
        where, measure = f"metrics[{at}]", metric.measure
        if history is None:
            if measure is not None:
                yield f"{where}.{measure.kind}: a metric is measured only in raw history. Add history, or remove it"
        elif metric.role != "exclude" or measure is not None:
            if metric.name in {CUSTOMER, CUTOFF, CHURNED, TOUCHED, *BUSINESS}:
                yield f"{where}.name: found {metric.name!r}, which is a column of every panel. Choose another name"
            if measure is None:
                yield f"{where}: {metric.name!r} is not measured; give it one of {', '.join(KINDS)}. Add it"
            else:
                yield from (f"{where}.{said}" for said in _unmeasurable(measure, history, named))


def _unmeasurable(measure: Measure, history: History, named: Mapping[str, Metric]) -> Iterator[str]:
    """Give what keeps a metric from being measured. named: all metrics, by their names."""
    kind = measure.kind
    if measure.per:
        for key, other in zip(("metric", "by"), measure.per, strict=True):
            yield from (f"per.{key}: found {other!r}{said}" for said in _indivisible(other, measure, named))
    elif kind in {"tenure", "days_until"}:
        if measure.what == ("renewal",) and not history.accounts.renewal:
            yield "days_until: needs the day of the renewal. Add accounts.renewal"
    elif measure.table == "accounts":
        if kind != "last":
            yield f"from: accounts say what they are today, so only last reads them; found {kind}. Name another table"
        elif len(measure.what) != 1 or measure.where or measure.window or measure.of:
            yield "last: of accounts one column is read as it stands. Name one, without where, window and of"
    else:
        yield from _in_no_table(measure, history)


def _indivisible(other: str, measure: Measure, named: Mapping[str, Metric]) -> Iterator[str]:
    """Give why a metric cannot stand in a division."""
    if other not in named or other == measure.name:
        yield f"; it names another metric. {nearest(other, named)}"
    elif named[other].per is not None:
        yield ", which is itself divided. Name a metric that is measured"
    elif named[other].measure is None:
        yield ", which is not measured. Give it a kind, as in count: login"
    elif named[other].kind == "category":
        yield ", which is a category. Name a metric that is a number"


def _in_no_table(measure: Measure, history: History) -> Iterator[str]:
    """Give what keeps a metric from being measured in the table that it names, or in the one that fits."""
    kind, name = measure.kind, table_of(measure, history)
    if name is None:
        fitting = [one for one, table in history.tables.items() if _fits(kind, table)]
        found = ", ".join(fitting) or f"no table with {NEEDED.get(kind, 'a time')}"
        yield f"{kind}: found {found}; a metric is measured in one table. Name it with from"
    elif name not in history.past:
        yield f"from: found {name!r}; it names one of the tables. {nearest(name, [*history.past, 'accounts'])}"
    elif not _fits(kind, history.past[name]):
        yield f"{kind}: table {name!r} has no {NEEDED[kind]}. Name another table with from"
    elif kind != "days_late":
        serves = _typed if history.past[name].type else _untyped
        yield from (f"{kind}: table {name!r} {said}" for said in serves(measure, history.past[name]))


def _typed(measure: Measure, table: PastTable) -> Iterator[str]:
    if not KINDS[measure.kind].of or measure.of is not None:
        return
    if measure.category:
        yield "has a number as its value, and a category is text. Say which column with of"
    elif table.number is None:
        yield "has no value. Say which column with of, or add value to the table"


def _untyped(measure: Measure, table: PastTable) -> Iterator[str]:
    if measure.among or measure.of:
        yield "has no types, so of and among have no use. Remove them, or add type to the table"
    if KINDS[measure.kind].of:
        if len(measure.what) != 1:
            yield f"has no types, so one column is named; found {len(measure.what)}. Name one"
        elif measure.what == (ALL,) and table.number is None:
            yield "has neither types nor a value. Name the column in the place of all"
    elif measure.kind == "share":
        if not measure.where:
            yield "has no types, so it is the share of the rows that where keeps. Add where"
    elif measure.what != (ALL,):
        yield f"has no types; found {measure.what[0]!r}. Write all, or add type to the table"
