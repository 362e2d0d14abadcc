"""The formulas that every engine is asked: some written out, and as many drawn as it has time for."""

from __future__ import annotations

from hypothesis import strategies as st

from chs_ml.formula import Band, Condition, Curve, Formula, Levels, Link, Rule, ScoreWhen, Term, WeightsFile
from tests.formula import drawn

BANDS = (Band("healthy", "green", 70.0), Band("at risk", "yellow", 40.0), Band("unhealthy", "red", 0.0))


def whole(formula: Formula, name: str) -> WeightsFile:
    """A weights file with averages, so that reasons are told against them."""
    average = {term.key: 0.25 + 0.5 * (at % 3) / 2.0 for at, term in enumerate(formula.terms)}
    return WeightsFile(formula, name, label="2026Q4", customer="customer_id", reference={"mean_health": average})


def by_hand() -> WeightsFile:
    """0.3 · usage + 0.4 · nps + 0.3 · tickets: no link, no bands."""
    terms = (
        Term("usage", "usage", "positive", 0.3, Curve((0.0, 1.0), (0.0, 1.0), 0.5)),
        Term("nps", "satisfaction", "positive", 0.4, Curve((0.0, 10.0), (0.0, 1.0), 0.5)),
        Term("tickets", "support", "negative", 0.3, Curve((0.0, 10.0), (1.0, 0.0), 1.0)),
    )
    return WeightsFile(Formula(terms), "by hand")


def one_term() -> WeightsFile:
    """A single term, which leaves no second reason."""
    term = Term("days late", "payment", "negative", 1.0, Curve((0.0, 0.1, 30.0), (1.0, 0.9, 0.0), 0.7))
    return whole(Formula((term,), Link(-1.0, 3.0), BANDS), "one term")


def everything() -> WeightsFile:
    """Curves that rise and fall, levels that look like numbers and flags, a split, rules, floors, coverage."""
    calls, abroad = Condition("service calls", above=3.0), Condition("plan", level="Про 😀", holds=True)
    at_home = Condition("plan", level="Про 😀", holds=False)
    few = Condition("service calls", above=3.0, holds=False)
    terms = (
        Term("logins", "usage", "positive", 0.2, Curve((0.0, 1.0, 5.5, 30.0), (0.0, 0.4, 0.9, 1.0), 0.33)),
        Term("plan", "relationship", "free", 0.1, Levels((("Про 😀", 1.0), ("it's", 0.2), ("1", 0.0)), 0.4, 0.6)),
        Term("paid", "payment", "free", 0.1, Levels((("true", 1.0), ("false", 0.0)), 0.5, 0.5)),
        Term("minutes", "usage", "free", 0.15, Curve((-10.0, 0.0, 0.3), (1.0, 0.0, 0.7), 0.1), when=calls,
             otherwise=0.2),
        Term("minutes", "usage", "free", 0.15, Curve((-1e6, 1e6), (0.0, 1.0), 0.8), when=few, otherwise=0.9),
        Term("region", "usage", "free", 0.05, Levels((("north", 1.0), ("100%", 0.0)), 0.5, 0.25), when=abroad,
             otherwise=0.0),
        Term("region", "usage", "free", 0.05, Levels((("south", 1.0),), 0.0, 0.0), when=at_home, otherwise=1.0),
        Term("nps", "satisfaction", "positive", 0.2, Curve((0.0, 10.0), (0.0, 1.0), 0.5)),
    )  # fmt: skip
    rules = (
        Rule(Condition("days overdue", above=90.0), "unhealthy", "finance policy"),
        Rule(Condition("vip", level="yes"), "healthy", "the board's list"),
        Rule(Condition("nps", above=0.5, holds=False), "at risk", "a very low answer"),
    )
    when = ScoreWhen(0.4, (("tenure", 30.0),))
    return whole(Formula(terms, Link(-2.0, 5.0), BANDS, rules, when), "everything")


FIXED = {"by hand": by_hand, "one term": one_term, "everything": everything}


def drawn_file(seed: int) -> WeightsFile:
    """A formula drawn from a seed, with rules where it has bands."""
    return whole(drawn.with_rules(drawn.formula(seed), seed), f"drawn {seed}")


DRAWN = st.integers(0, 2**32 - 1).map(drawn_file)
