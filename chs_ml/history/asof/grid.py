"""Who is looked at as of when, and what became of them: customers × cutoffs, eligibility, the outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlglot import exp

from chs_ml.history.asof import names
from chs_ml.history.asof.dialects import Dialect
from chs_ml.history.asof.rows import clock
from chs_ml.history.asof.tree import (
    Node,
    alias_of,
    as_double,
    at_least,
    col,
    count,
    days_later,
    either,
    every,
    from_table,
    is_known,
    is_null,
    less,
    midnight,
    moment,
    named,
    nothing,
    number,
    one_of,
    or_else,
    selected,
    star,
    where,
)
from chs_ml.spec.history import History
from chs_ml.spec.measures import Measure
from chs_ml.spec.measuring import BUSINESS, CHURNED, TOUCHED

TODAY = "CURRENT_DATE"


@dataclass(frozen=True, slots=True)
class AsOf:
    """The cutoffs: days, or the day on which the query runs (none). observed_until: of the outcomes, None without."""

    days: tuple[date, ...]
    observed_until: date | None

    @property
    def with_outcome(self) -> bool:
        """Whether it is asked what became of the customers."""
        return self.observed_until is not None


def moments_query(history: History, as_of: AsOf, spans: Collection[int]) -> exp.Expr:
    """SELECT each cutoff with the moments around it that the metrics need, one row a cutoff."""
    rows = [_moments(history, as_of, day, spans) for day in as_of.days or (None,)]
    whole: exp.Expr = rows[0]
    for row in rows[1:]:
        whole = exp.union(whole, row, distinct=False, copy=False)
    return whole


def _moments(history: History, as_of: AsOf, day: date | None, spans: Collection[int]) -> exp.Select:
    def after(days: int) -> Node:
        if day is None:
            return days_later(exp.cast(exp.CurrentDate(), exp.DataType.Type.TIMESTAMP), days)
        return moment(day + timedelta(days))

    columns = {names.CUTOFF: after(0)} | {names.since(span): after(-span) for span in sorted(spans)}
    needs_labels = as_of.with_outcome or history.eligible.renewal_in_horizon
    if needs_labels:
        columns |= {names.LABEL_FROM: after(history.gap), names.LABEL_TO: after(history.gap + history.days)}
    if as_of.observed_until is not None and day is not None:
        ends = day + timedelta(history.gap + history.days)
        columns[names.OBSERVED] = number(int(ends <= as_of.observed_until))
    return exp.select(*(named(value, key) for key, value in columns.items()), copy=False)


def spells_query(history: History, columns: Collection[str], days: Collection[str], dialect: Dialect) -> exp.Select:
    """SELECT each spell of each customer; columns of accounts that are read as text, and as days."""
    accounts = history.accounts
    local = clock(accounts.timezone, history, dialect)
    start = local.at(accounts.start)
    told = {names.CUSTOMER: dialect.text(col(accounts.customer)), names.START: midnight(start)}
    if accounts.churned:
        told[names.LEFT] = midnight(local.at(accounts.churned))
    if accounts.renewal:
        told[names.RENEWAL] = midnight(local.at(accounts.renewal))
    if accounts.known:
        told[names.KNOWN] = or_else(local.at(accounts.known), start)
    told |= {names.as_text_of(column): dialect.text(col(column)) for column in columns}
    told |= {names.day_of(column): midnight(local.at(column)) for column in days}
    told |= {
        what: _business(what, str(getattr(accounts, what)), dialect) for what in BUSINESS if getattr(accounts, what)
    }
    return selected([named(value, key) for key, value in told.items()], "accounts", "source").where(
        every([is_known(col(accounts.customer)), is_known(col(accounts.start))]), copy=False
    )


def _business(what: str, column: str, dialect: Dialect) -> Node:
    return as_double(col(column)) if what == "revenue" else dialect.text(col(column))


def there_query(history: History) -> exp.Select:
    """SELECT the spells that are there at each cutoff, as far as accounts can tell."""
    query = exp.select(star("s"), star("m"), copy=False)
    query = query.from_(from_table(names.SPELLS, "s"), copy=False)
    query = query.join(from_table(names.MOMENTS, "m"), join_type="cross", copy=False)
    return query.where(every(list(_conditions(history))), copy=False)


def _conditions(history: History) -> Iterator[Node]:
    cutoff, accounts, eligible = col(names.CUTOFF, "m"), history.accounts, history.eligible
    yield less(col(names.START, "s"), cutoff)
    if accounts.known:
        yield less(col(names.KNOWN, "s"), cutoff)
    if accounts.churned:
        yield either(is_null(col(names.LEFT, "s")), less(cutoff, col(names.LEFT, "s")))
    if eligible.tenure:
        yield at_least(col(names.since(eligible.tenure), "m"), col(names.START, "s"))
    if eligible.renewal_in_horizon:
        yield _within(col(names.RENEWAL, "s"), "m")
    if eligible.exclude.ids:
        yield exp.Not(this=one_of(col(names.CUSTOMER, "s"), eligible.exclude.ids))
    for column, values in (eligible.exclude.where or {}).items():
        value = col(names.as_text_of(column), "s")
        yield either(is_null(value), exp.Not(this=one_of(value, values)))


def _within(day: Node, table: str) -> Node:
    """Whether a day lies in (D + gap, D + gap + horizon]; not if it is not known."""
    return every([is_known(day), less(col(names.LABEL_FROM, table), day), at_least(col(names.LABEL_TO, table), day)])


def happened_query(history: History, among: Sequence[str], since: str, until: str) -> exp.Select:
    """SELECT customer and cutoff, and how many activities of these tables lie from one moment to before another."""
    rows = [_activities(history, name) for name in among]
    whole: exp.Expr = rows[0]
    for more in rows[1:]:
        whole = exp.union(whole, more, distinct=False, copy=False)
    joined = every(
        [
            exp.EQ(this=col(names.CUSTOMER, "r"), expression=col(names.CUSTOMER, "g")),
            at_least(col(names.AT, "r"), col(since, "g")),
            less(col(names.AT, "r"), col(until, "g")),
            at_least(col(names.AT, "r"), col(names.START, "g")),
            *([less(col(names.KNOWN, "r"), col(until, "g"))] if until == names.CUTOFF else []),
        ]
    )
    keys = [col(names.CUSTOMER, "g"), col(names.CUTOFF, "g")]
    query = exp.select(*keys, named(count(), "rows"), copy=False).from_(from_table(names.THERE, "g"), copy=False)
    query = query.join(exp.Subquery(this=whole, alias=alias_of("r")), on=joined, copy=False)
    return query.group_by(*[key.copy() for key in keys], copy=False)


def _activities(history: History, name: str) -> exp.Select:
    known = history.past[name].known
    columns = [col(names.CUSTOMER), col(names.AT), named(col(names.KNOWN if known else names.AT), names.KNOWN)]
    query = selected(columns, names.rows_of(name), "a")
    types = history.churn.count if history.churn else None
    return query.where(one_of(col(names.TYPE), types), copy=False) if types else query


def grid_query(history: History) -> exp.Select:
    """SELECT who is in the panel: the spells that are there, of those with an activity where that is asked for."""
    query = exp.select(star("g"), copy=False).from_(from_table(names.THERE, "g"), copy=False)
    if history.eligible.active_within:
        query = query.join(from_table(names.RECENT, "r"), on=keyed("r", "g"), copy=False)
    return query


def keyed(left: str, right: str) -> Node:
    """The condition of a join by customer and cutoff."""
    return every([exp.EQ(this=col(key, left), expression=col(key, right)) for key in (names.CUSTOMER, names.CUTOFF)])


def touched_query(history: History) -> exp.Select:
    """SELECT customer and cutoff of those to whom something was done between the cutoff and the horizon's end."""
    return happened_in(names.rows_of("interventions"))


def happened_in(rows: str) -> exp.Select:
    """SELECT customer and cutoff of those with a row between the cutoff and the horizon's end, and how many."""
    on = every(
        [
            exp.EQ(this=col(names.CUSTOMER, "r"), expression=col(names.CUSTOMER, "g")),
            at_least(col(names.AT, "r"), col(names.CUTOFF, "g")),
            less(col(names.AT, "r"), col(names.LABEL_TO, "g")),
        ]
    )
    keys = [col(names.CUSTOMER, "g"), col(names.CUTOFF, "g")]
    query = exp.select(*keys, named(count(), "rows"), copy=False).from_(from_table(names.GRID, "g"), copy=False)
    return query.join(from_table(rows, "r"), on=on, copy=False).group_by(*[key.copy() for key in keys], copy=False)


def outcome_columns(history: History) -> Iterator[tuple[str, Node]]:
    """Give `churned` (1, 0, NULL where it is not known), and `touched` where interventions are told."""
    if history.accounts.churned:
        left = col(names.LEFT, "g")
        inside = where(_within(left, "g"), number(1), _not_in_the_gap(left))
    else:
        inside = where(is_null(col("rows", names.ACTIVE)), number(1), number(0))
    yield CHURNED, where(exp.EQ(this=col(names.OBSERVED, "g"), expression=number(1)), inside, nothing())
    if history.interventions:
        yield TOUCHED, where(is_null(col("rows", names.TOUCHED)), number(0), number(1))


def _not_in_the_gap(left: Node) -> Node:
    """0, but NULL for who left within the gap."""
    in_gap = every([is_known(left), at_least(col(names.LABEL_FROM, "g"), left)])
    return where(in_gap, nothing(), number(0))


def spans_of(history: History, measures: Sequence[Measure]) -> set[int]:
    """Return the days before the cutoff that the query asks for."""
    found = {history.eligible.tenure, history.eligible.active_within}
    for measure in measures:
        found |= {measure.window, 2 * measure.window if measure.window and measure.kind == "trend" else None}
    return {span for span in found if span}
