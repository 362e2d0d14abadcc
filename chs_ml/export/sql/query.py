"""The query: parts that follow one another, from the table's columns to what ``chs-ml score`` writes.

chs_given    the columns as doubles and texts       chs_read      missing is NULL, levels in one spelling
chs_healthy  each term's health n1, n2 …            chs_scored    score, coverage, points d1, d2 … above the average
chs_least_1, chs_who_1 …  the reasons               chs_told      their texts, and why a customer is not scored
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chs_ml.errors import FormulaError
from chs_ml.export.plan import Plan
from chs_ml.export.sql.bands import band_by_score, below_a_floor, not_scored_because, ruled
from chs_ml.export.sql.comment import harmless
from chs_ml.export.sql.dialects import Dialect
from chs_ml.export.sql.health import health_of, known_share
from chs_ml.export.sql.places import Places, places_of
from chs_ml.export.sql.reasons import lost, ranked, told
from chs_ml.export.sql.tree import (
    Node,
    Query,
    at_least,
    at_most,
    called,
    case,
    col,
    every,
    is_null,
    more,
    named,
    not_,
    number,
    over,
    plus,
    selected,
    star,
    summed,
    times,
    word,
)
from chs_ml.formula.bands import NOT_SCORED

SOURCE = "t"
CARRIED = ("customer", "ruled", "below")
LARGEST = 1.7976931348623157e308
MOST_TERMS = 300
"""Terms beyond which the sum is nested more deeply than engines read."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is scored. relation: aliased as ``SOURCE``; any node of sqlglot that prints a relation will do.

    key: its id column, which comes out as ``customer``. columns: of metrics that are not called as in the formula.
    """

    relation: Node
    key: str
    columns: Mapping[str, str] = field(default_factory=dict)


def score_query(plan: Plan, dialect: Dialect, source: Source) -> Query:
    """Return the query that scores every row of a source; FormulaError for a formula that is too long."""
    query = selected(_output(plan, dialect), "chs_told")
    return with_parts(query, scoring_parts(plan, dialect, source), dialect)


def with_parts(query: Query, parts: list[tuple[str, Query]], dialect: Dialect) -> Query:
    """Return a query with its parts before it, none of them copied into the next."""
    for name, part in parts:
        held = dialect.apart == "materialized" or None
        query = query.with_(col(name).this, as_=dialect.kept_apart(part), materialized=held, append=True, copy=False)
    return query


def scoring_parts(plan: Plan, dialect: Dialect, source: Source) -> list[tuple[str, Query]]:
    """Return the parts up to ``chs_told``, which has customer, score, coverage, ruled, text1 … and ``because``."""
    if len(plan.formula.terms) > MOST_TERMS:
        raise FormulaError(
            f"target 'sql' holds {MOST_TERMS} terms, and the formula has {len(plan.formula.terms)}: engines read no "
            "sum that is nested more deeply. Calibrate with fewer metrics"
        )
    places = places_of(plan, dialect)
    parts = [
        ("chs_given", selected(_given(plan, dialect, source, places), source.relation)),
        ("chs_read", selected([col("customer"), *_read(plan, dialect, places)], "chs_given")),
        ("chs_healthy", selected([col("customer"), *_healthy(plan, places)], "chs_read")),
        ("chs_scored", selected([*map(col, CARRIED), *_scored(plan, dialect), *lost(plan, dialect)], "chs_healthy")),
    ]
    parts += [(name, selected([star(before), *columns], before)) for name, before, columns in ranked(plan, dialect)]
    because = named(not_scored_because(plan.formula), "because")
    texts = [named(text, f"text{at}") for at, text in enumerate(told(plan, dialect), 1)]
    parts.append(
        ("chs_told", selected([*map(col, CARRIED), col("score"), col("coverage"), because, *texts], parts[-1][0]))
    )
    return parts


def answers(plan: Plan, dialect: Dialect) -> dict[str, Node]:
    """Return what ``chs_told`` tells by the names of outputs."""
    formula, why = plan.formula, col("because")
    by_score = band_by_score(formula, places_of(plan, dialect))
    scored = case((not_(is_null(col("ruled"))), col("ruled")), otherwise=by_score)
    return {
        "score": col("score"),
        "churn_probability": _churn_probability(plan, dialect),
        "band": case((not_(is_null(why)), word(NOT_SCORED)), otherwise=scored),
        "band_by_score": by_score.copy(),
        "coverage": col("coverage"),
    }


def _output(plan: Plan, dialect: Dialect) -> list[Node]:
    """What is known of each customer; why one is not scored comes before what a score would be made of."""
    scored = is_null(col("because"))
    first = [col("because"), col("text1"), col("text2")]
    reasons = {
        f"reason_{at}": case((scored.copy(), col(f"text{at}")), otherwise=instead)
        for at, instead in enumerate(first, 1)
    }
    known = {**answers(plan, dialect), **reasons, "formula": word(plan.called), "digest": word(plan.digest)}
    return [col("customer"), *(named(value, name) for name, value in known.items())]


def _given(plan: Plan, dialect: Dialect, source: Source, places: Places) -> list[Node]:
    columns = [named(col(source.key, SOURCE), "customer")]
    for metric, kind in plan.kinds.items():
        as_kind = dialect.given if kind == "number" else dialect.text
        columns.append(named(as_kind(col(source.columns.get(metric, metric), SOURCE)), places.given(metric)))
    return columns


def _read(plan: Plan, dialect: Dialect, places: Places) -> list[Node]:
    """Every kind of missing is NULL: NaN and infinities, which engines order each in its way, lie outside."""
    columns = []
    for metric, kind in plan.kinds.items():
        x = places.given(metric)
        if kind == "number":
            within = every(at_least(col(x), dialect.number(-LARGEST)), at_most(col(x), dialect.number(LARGEST)))
            value = case((within, col(x)))
        else:
            value = places.readings[metric].read(x, dialect)
        columns.append(named(value, places.called(metric)))
    return columns


def _healthy(plan: Plan, places: Places) -> list[Node]:
    formula, dialect = plan.formula, places.dialect
    columns = [
        named(dialect.as_double(health_of(term, places)), f"n{at}", harmless(term.key))
        for at, term in enumerate(formula.terms, 1)
    ]
    known = dialect.as_double(summed(known_share(term, places) for term in formula.terms))
    texts = [named(ruled(formula, places), "ruled"), named(below_a_floor(formula, places), "below")]
    return [*columns, named(known, "known"), *texts]


def _scored(plan: Plan, dialect: Dialect) -> list[Node]:
    terms = enumerate(plan.formula.terms, 1)
    score = times(summed(times(dialect.weight(term.weight), col(f"n{at}")) for at, term in terms), number(100.0))
    coverage = case((more(col("known"), number(1.0)), number(1.0)), otherwise=col("known"))
    return [named(score, "score"), named(coverage, "coverage")]


def _churn_probability(plan: Plan, dialect: Dialect) -> Node:
    """1 / (1 + exp(a + b · score/100)): its exponent is within ±700, so nothing overflows."""
    link = plan.formula.link
    if link is None:
        return dialect.as_double(case())
    log_odds = plus(dialect.number(link.a), times(dialect.weight(link.b / 100.0), col("score")))
    return over(number(1.0), plus(number(1.0), called("EXP", log_odds)))
