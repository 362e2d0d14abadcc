"""Who is looked at as of when, and what became of them: customers × cutoffs, eligibility, the outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from chs_ml.history.asof import names
from chs_ml.history.asof.dialects import Dialect
from chs_ml.history.asof.rows import SOURCE, accounts_read_as, as_number, as_text, clock
from chs_ml.history.asof.tree import (
    Node,
    alias_of,
    at_least,
    col,
    count,
    either,
    every,
    from_table,
    is_known,
    is_null,
    less,
    midnight,
    named,
    nothing,
    number,
    one_of,
    or_else,
    same,
    selected,
    star,
    where,
)
from chs_ml.spec.history import History
from chs_ml.spec.measures import ALL, Measure
from chs_ml.spec.measuring import BUSINESS, CHURNED, TOUCHED


def spells_query(history: History, measures: Sequence[Measure], dialect: Dialect) -> exp.Select:
    """SELECT each spell of each customer, numbered; columns of accounts that are read as text, numbers, and days."""
    accounts = history.accounts
    local = clock(accounts.timezone, history, dialect)
    start = local.at(accounts.start)
    whose = as_text(accounts.customer, dialect)
    place = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=[whose.copy(), start.copy()]))
    told = {names.SPELL: place, names.CUSTOMER: whose, names.START: midnight(start)}
    if dialect.own:
        told[names.WHOSE] = col(names.WHOSE, SOURCE)
    if accounts.churned:
        told[names.LEFT] = midnight(local.at(accounts.churned))
    if accounts.renewal:
        told[names.RENEWAL] = midnight(local.at(accounts.renewal))
    if accounts.known:
        told[names.KNOWN] = or_else(local.at(accounts.known), start)
    texts, numbers, days = accounts_read_as(history, measures)
    told |= {names.as_text_of(column): as_text(column, dialect) for column in texts}
    told |= {names.as_number_of(column): as_number(column, dialect) for column in numbers}
    told |= {names.day_of(column): midnight(local.at(column)) for column in days}
    told |= {
        what: _business(what, str(getattr(accounts, what)), dialect) for what in BUSINESS if getattr(accounts, what)
    }
    query = selected([named(value, key) for key, value in told.items()], dialect.table("accounts"), SOURCE)
    began = col(dialect.column(accounts.start, names.TIME), SOURCE)
    return query.where(every([is_known(whose.copy()), is_known(began)]), copy=False)


def _business(what: str, column: str, dialect: Dialect) -> Node:
    return as_number(column, dialect) if what == "revenue" else as_text(column, dialect)


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


def happened_query(rows: Sequence[exp.Select], since: str, until: str) -> exp.Select:
    """SELECT spell and cutoff, and how many of the rows lie from one moment of a cutoff to before another.

    rows: spell, time, and when they became known, which counts for what lies before the cutoff.
    """
    whole: exp.Expr = rows[0]
    for more in rows[1:]:
        whole = exp.union(whole, more, distinct=False, copy=False)
    on = [at_least(col(names.AT, "r"), col(since, "m")), less(col(names.AT, "r"), col(until, "m"))]
    on += [less(col(names.KNOWN, "r"), col(until, "m"))] if until == names.CUTOFF else []
    query = exp.select(col(names.SPELL, "r"), col(names.CUTOFF, "m"), named(count(), "rows"), copy=False)
    query = query.from_(from_table(names.MOMENTS, "m"), copy=False)
    query = query.join(exp.Subquery(this=whole, alias=alias_of("r")), on=every(on), copy=False)
    return query.group_by(col(names.SPELL, "r"), col(names.CUTOFF, "m"), copy=False)


def activities(history: History) -> list[exp.Select]:
    """SELECT the rows of each table that are activities."""
    return [_activities(history, name) for name in history.activities]


def _activities(history: History, name: str) -> exp.Select:
    known = names.KNOWN if history.past[name].known else names.AT
    query = selected([col(names.SPELL), col(names.AT), named(col(known), names.KNOWN)], names.rows_of(name), "a")
    types = history.churn.count if history.churn else None
    named_ones = types is not None and ALL not in types
    return query.where(one_of(col(names.TYPE), types or ()), copy=False) if named_ones else query


def interventions() -> list[exp.Select]:
    """SELECT the rows of what was done to keep customers."""
    columns = [col(names.SPELL), col(names.AT), named(col(names.AT), names.KNOWN)]
    return [selected(columns, names.rows_of("interventions"), "a")]


def grid_query(history: History) -> exp.Select:
    """SELECT who is in the panel: the spells that are there, of those with an activity where that is asked for."""
    query = exp.select(star("g"), copy=False).from_(from_table(names.THERE, "g"), copy=False)
    if history.eligible.active_within:
        query = query.join(from_table(names.RECENT, "r"), on=keyed("r", "g"), copy=False)
    return query


def keyed(left: str, right: str) -> Node:
    """The condition of a join by spell and cutoff."""
    return every([same(col(key, left), col(key, right)) for key in (names.SPELL, names.CUTOFF)])


def outcome_columns(history: History) -> Iterator[tuple[str, Node]]:
    """Give `churned` (1, 0, NULL where it is not known), and `touched` where interventions are told."""
    if history.accounts.churned:
        left = col(names.LEFT, "g")
        inside = where(_within(left, "g"), number(1), _not_in_the_gap(left))
    else:
        inside = where(is_null(col("rows", names.ACTIVE)), number(1), number(0))
    yield CHURNED, where(same(col(names.OBSERVED, "g"), number(1)), inside, nothing())
    if history.interventions:
        yield TOUCHED, where(is_null(col("rows", names.TOUCHED)), number(0), number(1))


def _not_in_the_gap(left: Node) -> Node:
    """0, but NULL for who left within the gap."""
    in_gap = every([is_known(left), at_least(col(names.LABEL_FROM, "g"), left)])
    return where(in_gap, nothing(), number(0))
