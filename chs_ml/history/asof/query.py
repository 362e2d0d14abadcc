"""The panel as one SELECT: customers × cutoffs, what was measured in each table before the cutoff, and the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from chs_ml.history.asof import names
from chs_ml.history.asof.dialects import Dialect
from chs_ml.history.asof.grid import (
    activities,
    grid_query,
    happened_query,
    interventions,
    keyed,
    outcome_columns,
    spells_query,
    there_query,
)
from chs_ml.history.asof.groups import Group, group_of, groups_of
from chs_ml.history.asof.kinds import NEWEST, aggregates, newest_counts, newest_value, of_accounts, put_together
from chs_ml.history.asof.moments import AsOf, moments_query, spans_of
from chs_ml.history.asof.rows import by_table, rows_query
from chs_ml.history.asof.tree import Node, at_least, col, every, from_table, less, named, one_of, ratio, same
from chs_ml.spec import CalibrationSpec
from chs_ml.spec.history import History, PastTable
from chs_ml.spec.measures import Measure
from chs_ml.spec.measuring import BUSINESS, CUSTOMER, CUTOFF, table_of

Parts = list[tuple[str, exp.Expr]]


def panel_query(spec: CalibrationSpec, as_of: AsOf, dialect: Dialect) -> exp.Select:
    """Return the query of the panel. It reads tables that are called as in the spec: accounts, events."""
    history = _history(spec)
    metrics = {measure.name: replace(measure, name=f"m{at}") for at, measure in enumerate(measured(spec), 1)}
    measures = [*metrics.values()]
    tables = {name: found for name, found in by_table(measures, history).items() if found}
    parts: Parts = [
        (names.MOMENTS, moments_query(history, as_of, spans_of(history, measures))),
        (names.SPELLS, spells_query(history, measures, dialect)),
        *_rows(history, measures, as_of, dialect),
        (names.THERE, there_query(history)),
        *_activity(history, as_of),
    ]
    for name, of_table in tables.items():
        parts += _measured(name, history.past[name], of_table)
    query = _whole(spec, metrics, as_of, dialect)
    for name, part in parts:
        query = query.with_(exp.to_identifier(name, quoted=True), as_=part, copy=False)
    return dialect.written(query)


def measured(spec: CalibrationSpec) -> list[Measure]:
    """Return how each metric is measured that the panel has, or that another one is divided by."""
    wanted = {metric.name for metric in spec.metrics if metric.role != "exclude"}
    found = [metric.measure for metric in spec.metrics if metric.measure]
    for measure in found:
        if measure.name in wanted and measure.per:
            wanted |= set(measure.per)
    return [measure for measure in found if measure.name in wanted]


def _history(spec: CalibrationSpec) -> History:
    if spec.history is None:
        raise ValueError("a spec without history has no query")
    return spec.history


def _rows(history: History, measures: Sequence[Measure], as_of: AsOf, dialect: Dialect) -> Iterator[tuple[str, Node]]:
    """Give the rows of each table that is read at all."""
    tables = by_table(measures, history)
    needed = {name for name, found in tables.items() if found}
    if history.eligible.active_within or (history.churn and as_of.with_outcome):
        needed |= set(history.activities)
    if history.interventions and as_of.with_outcome:
        needed.add("interventions")
    for name, table in history.past.items():
        if name in needed:
            yield names.rows_of(name), rows_query(name, table, tables[name], history, dialect)


def _activity(history: History, as_of: AsOf) -> Parts:
    """Who was active before the cutoff, where that is asked; the grid; who was active, or touched, after it."""
    found: Parts = []
    if history.eligible.active_within:
        since = names.since(history.eligible.active_within)
        found.append((names.RECENT, happened_query(activities(history), since, names.CUTOFF)))
    found.append((names.GRID, grid_query(history)))
    if as_of.with_outcome and history.churn:
        found.append((names.ACTIVE, happened_query(activities(history), names.LABEL_FROM, names.LABEL_TO)))
    if as_of.with_outcome and history.interventions:
        found.append((names.TOUCHED, happened_query(interventions(), names.CUTOFF, names.LABEL_TO)))
    return found


def _measured(name: str, table: PastTable, measures: Sequence[Measure]) -> Parts:
    """What the rows of one table say before each cutoff, and the values of the newest rows."""
    found: Parts = [(group.name, _grouped(name, table, group)) for group in groups_of(name, table, measures)]
    newest = [measure for measure in measures if measure.kind in NEWEST and not measure.age]
    return found + [(names.newest_of(measure), _newest(name, table, measure)) for measure in newest]


def _grouped(name: str, table: PastTable, group: Group) -> exp.Select:
    """SELECT what is aggregated for the metrics of a group, by spell and cutoff."""
    keys = [col(names.SPELL, "r"), col(names.CUTOFF, "m")]
    columns = [named(value, key) for measure in group.measures for key, value in aggregates(measure, table)]
    query = exp.select(*keys, *columns, copy=False).from_(from_table(names.MOMENTS, "m"), copy=False)
    on = [less(col(names.AT, "r"), col(names.CUTOFF, "m")), *_known(table)]
    on += [at_least(col(names.AT, "r"), col(names.since(group.reach), "m"))] if group.reach else []
    on += [one_of(col(names.TYPE, "r"), group.types)] if group.types else []
    query = query.join(from_table(names.rows_of(name), "r"), on=every(on), copy=False)
    return query.group_by(*[key.copy() for key in keys], copy=False)


def _known(table: PastTable) -> list[Node]:
    """The condition that a row was known before the cutoff, where the table tells when."""
    return [less(col(names.KNOWN, "r"), col(names.CUTOFF, "m"))] if table.known else []


def _newest(name: str, table: PastTable, measure: Measure) -> exp.Select:
    """SELECT the value of the newest row that counts, by spell and cutoff."""
    keys = [col(key, "m") for key in (names.SPELL, names.CUTOFF)]
    query = exp.select(*keys, named(newest_value(measure, table), names.VALUE), copy=False)
    query = query.from_(from_table(group_of(measure, name), "m"), copy=False)
    whose = same(col(names.SPELL, "r"), col(names.SPELL, "m"))
    when = same(col(names.AT, "r"), col(names.part(measure, "at"), "m"))
    on = every([whose, when, *_known(table), newest_counts(measure, table)])
    query = query.join(from_table(names.rows_of(name), "r"), on=on, copy=False)
    return query.group_by(*[key.copy() for key in keys], copy=False)


def _whole(spec: CalibrationSpec, measures: Mapping[str, Measure], as_of: AsOf, dialect: Dialect) -> exp.Select:
    """SELECT the panel's own columns. measures: by the name of their metric."""
    history = _history(spec)
    columns = [
        named(dialect.shown(col(names.CUSTOMER, "g")), CUSTOMER),
        named(exp.cast(col(names.CUTOFF, "g"), "date"), CUTOFF),
    ]
    if as_of.with_outcome:
        columns += [named(value, key) for key, value in outcome_columns(history)]
    for what in BUSINESS:
        if getattr(history.accounts, what):
            told = col(what, "g")
            columns.append(named(told if what == "revenue" else dialect.shown(told), what))
    for metric in spec.metrics:
        if metric.role != "exclude":
            value = _value(measures[metric.name], measures, history)
            columns.append(named(dialect.shown(value) if metric.kind == "category" else value, metric.name))
    query = exp.select(*columns, copy=False).from_(from_table(names.GRID, "g"), copy=False)
    for part in _joined(history, [*measures.values()], as_of):
        query = query.join(from_table(part, part), on=keyed(part, "g"), join_type="left", copy=False)
    return query


def _joined(history: History, measures: Sequence[Measure], as_of: AsOf) -> Iterator[str]:
    for name, found in by_table(measures, history).items():
        yield from (group.name for group in groups_of(name, history.past[name], found))
        yield from (names.newest_of(one) for one in found if one.kind in NEWEST and not one.age)
    if as_of.with_outcome and history.churn:
        yield names.ACTIVE
    if as_of.with_outcome and history.interventions:
        yield names.TOUCHED


def _value(measure: Measure, measures: Mapping[str, Measure], history: History) -> Node:
    if measure.per:
        above, below = (_value(measures[name], measures, history) for name in measure.per)
        return ratio(above, below)
    name = table_of(measure, history)
    if measure.kind in {"tenure", "days_until"} or name == "accounts":
        return of_accounts(measure)
    return put_together(measure, group_of(measure, str(name)))
