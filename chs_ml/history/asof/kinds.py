"""How each kind of metric is measured: what is aggregated by spell and cutoff, and how the value is put together."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from chs_ml.history.asof import names
from chs_ml.history.asof.rows import value_of
from chs_ml.history.asof.tree import (
    Node,
    as_double,
    at_least,
    col,
    count,
    days_between,
    different,
    either,
    every,
    exactly,
    is_known,
    is_null,
    less,
    nothing,
    number,
    one_of,
    or_else,
    ratio,
    where,
)
from chs_ml.spec.history import PastTable
from chs_ml.spec.measures import ALL, KINDS, Measure

NEWEST = frozenset({"last", "survey"})
"""Kinds that read the value of the newest row: looked for first, and then read."""
ZERO = frozenset({"count", "days_active", "sum", "distinct", "open"})
"""Kinds that are 0 where there is no row."""
MONTH, YEAR = 30.4375, 365.25
LATENESS = {"max": exp.Max, "mean": exp.Avg, "sum": exp.Sum}


def aggregates(measure: Measure, table: PastTable) -> Iterator[tuple[str, Node]]:
    """Give the aggregates over the rows ``r`` before the cutoff of ``m`` that a metric is made of, by name."""
    counts = _counts(measure, table)
    value = _value(measure, table)
    match measure.kind:
        case "count":
            yield names.part(measure), count(where(every(counts), number(1)))
        case "days_active":
            yield names.part(measure), different(where(every(counts), exp.cast(_at(), "date")))
        case "distinct":
            yield names.part(measure), different(where(every(counts), value))
        case "max":
            yield names.part(measure), exp.Max(this=where(every(counts), value))
        case "sum" | "mean":
            yield names.part(measure), exp.Sum(this=where(every(counts), exactly(value)))
            if measure.kind == "mean":
                yield names.part(measure, "of"), count(where(every(counts), value.copy()))
        case "recency":
            yield names.part(measure, "at"), exp.Max(this=where(every(counts), _at()))
        case "last" | "survey":
            yield names.part(measure, "at"), exp.Max(this=where(newest_counts(measure, table), _at()))
        case "trend":
            now = at_least(_at(), _since(measure, 1))
            before = [at_least(_at(), _since(measure, 2)), less(_at(), _since(measure, 1))]
            yield names.part(measure, "now"), count(where(every([*counts, now]), number(1)))
            yield names.part(measure, "before"), count(where(every([*counts, *before]), number(1)))
        case "share":
            among = [one_of(col(names.TYPE, "r"), measure.among)] if measure.among else []
            yield names.part(measure, "of"), count(where(every(among), number(1)))
            yield names.part(measure), count(where(every([*counts, *among]), number(1)))
        case "open":
            yield names.part(measure), count(where(every([*counts, _still(names.UNTIL, table)]), number(1)))
        case "days_late":
            total = LATENESS[measure.what[0]]
            yield names.part(measure), total(this=where(every(counts), as_double(_lateness(table))))


def newest_counts(measure: Measure, table: PastTable) -> Node:
    """Whether a row has a value that the newest is looked for among."""
    holds = [_still(names.UNTIL, table)] if table.valid_from else []
    return every([*_counts(measure, table), is_known(_value(measure, table)), *holds])


def newest_value(measure: Measure, table: PastTable) -> Node:
    """The largest value among the rows of the newest time."""
    return exp.Max(this=_value(measure, table))


def put_together(measure: Measure, measured: str) -> Node:
    """The value of a metric at a cutoff, from its aggregates in ``measured``; missing where there was no chance."""
    value = _assembled(measure, measured)
    if measure.window is None or not KINDS[measure.kind].windowed:
        return value
    began = col(names.since(measure.window * (2 if measure.kind == "trend" else 1)), "g")
    return where(at_least(began, col(names.START, "g")), value, nothing())


def _assembled(measure: Measure, measured: str) -> Node:
    own = col(names.part(measure), measured)
    at = col(names.part(measure, "at"), measured)
    match measure.kind:
        case "recency":
            return as_double(days_between(col(names.CUTOFF, "g"), at))
        case "survey" if measure.age:
            return as_double(days_between(col(names.CUTOFF, "g"), at))
        case "last" | "survey":
            value = col(names.VALUE, names.newest_of(measure))
            return value if measure.category else as_double(value)
        case "trend":
            now, before = (as_double(col(names.part(measure, one), measured)) for one in ("now", "before"))
            return ratio(
                exp.paren(exp.Sub(this=now, expression=before), copy=False),
                exp.paren(exp.Add(this=now.copy(), expression=before.copy()), copy=False),
            )
        case "share" | "mean":
            return ratio(own, col(names.part(measure, "of"), measured))
    return as_double(or_else(own, number(0))) if measure.kind in ZERO else as_double(own)


def of_accounts(measure: Measure) -> Node:
    """The value of a metric that accounts tell: tenure, days until a date, or a column as it stands today."""
    cutoff = col(names.CUTOFF, "g")
    if measure.kind == "tenure":
        days = as_double(days_between(cutoff, col(names.START, "g")))
        per = {"days": None, "months": MONTH, "years": YEAR}[measure.what[0]]
        return days if per is None else exp.Div(this=days, expression=number(per), typed=True)
    if measure.kind == "days_until":
        day = col(names.RENEWAL if measure.what == ("renewal",) else names.day_of(measure.what[0]), "g")
        return where(at_least(day, cutoff), as_double(days_between(day, cutoff)), nothing())
    form = names.TEXT if measure.category else names.NUMBER
    return col(names.held(measure.what[0], form), "g")


def _at() -> Node:
    return col(names.AT, "r")


def _since(measure: Measure, windows: int) -> Node:
    return col(names.since((measure.window or 0) * windows), "m")


def _counts(measure: Measure, table: PastTable) -> list[Node]:
    """The conditions on type and columns under which a row counts."""
    found = []
    if table.type and measure.what != (ALL,) and measure.kind != "days_late":
        found.append(one_of(col(names.TYPE, "r"), measure.what))
    found += [one_of(col(names.as_text_of(column), "r"), values) for column, values in measure.where.items()]
    return found


def _value(measure: Measure, table: PastTable) -> Node:
    read = value_of(measure, table)
    if read is None:
        return nothing()
    column, as_text = read
    return col(names.as_text_of(column) if as_text else names.as_number_of(column), "r")


def _still(until: str, table: PastTable) -> Node:
    """Whether what began has not ended before the cutoff."""
    if not (table.closed or table.valid_to):
        return exp.true()
    return either(is_null(col(until, "r")), at_least(col(until, "r"), col(names.CUTOFF, "m")))


def _lateness(table: PastTable) -> Node:
    """Days from due to paid, or to the cutoff where it was not paid before it; at least 0."""
    cutoff = col(names.CUTOFF, "m")
    days = days_between(cutoff, _at())
    if table.paid:
        paid = col(names.UNTIL, "r")
        days = where(less(paid, cutoff), days_between(paid.copy(), _at()), days)
    return where(less(number(0), days), days.copy(), number(0))
