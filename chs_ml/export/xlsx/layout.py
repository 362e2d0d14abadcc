"""Where everything stands: each parameter in a cell of its own, each step of a calculation in a column of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from chs_ml.export.plan import REASONS, Plan
from chs_ml.export.xlsx.cells import Area, Cell
from chs_ml.formula import Condition, Curve, Term

READ_ME, OVERVIEW, CUSTOMERS, ONE, FORMULA, CURVES, WORKINGS, TEST, TEST_WORKINGS = (
    "Read me", "Overview", "Customers", "One customer", "Formula", "Curves", "Workings", "Self-test",
    "Self-test workings",
)  # fmt: skip
HEAD, FIRST = 4, 5
"""The row of heads, and of the first customer, on every sheet that has a row for each customer."""
TEST_HEADS = ["Row", "What it tries", "Expected score", "Score", "Expected churn_probability", "churn_probability",
         "Expected band", "Band", "Same?"]  # fmt: skip
"""Heads of the self-test, to the right of which its customers stand, a metric a column."""
LOOKED = 20_000
"""Customers that counts, charts and the page of one customer look at, where formulas were filled further down."""
NAME_OF_BAND, NAME_OF_CUSTOMERS = "band_{}", "customer_list"

WEIGHTS_AT, CURVES_AT = 6, 5
ACTION, METRIC, PILLAR, DIRECTION, WEIGHT, MOST, AVERAGE, INTERVAL, VERDICT = range(9)
"""Columns of the table of weights; the tables below it use the same columns for other things."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a term's curve or table of levels stands on its sheet. places, texts, numbers: of levels only."""

    top: int
    knots: Area
    values: Area
    places: Area
    texts: Area
    numbers: Area
    missing: Cell
    other: Cell
    otherwise: Cell


@dataclass(frozen=True)
class Layout:
    """The places of one formula's parameters.

    metrics: in the order of the customers' columns. numbers, levels: those that are read as such. conditions: each
    once, as it stands when it holds.
    """

    plan: Plan
    metrics: tuple[str, ...]
    numbers: tuple[str, ...]
    levels: tuple[str, ...]
    conditions: tuple[Condition, ...]
    shelves: tuple[Shelf, ...]

    @classmethod
    def of(cls, plan: Plan) -> Layout:
        """Return the layout of a plan."""
        return cls(
            plan,
            tuple(plan.kinds),
            tuple(name for name, kind in plan.kinds.items() if kind == "number"),
            tuple(name for name, kind in plan.kinds.items() if kind == "level"),
            conditions_of(plan),
            tuple(_shelves(plan.formula.terms)),
        )

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms, in the formula's order."""
        return self.plan.formula.terms

    def of_term(self, at: int, column: int) -> Cell:
        """Return a cell of the table of weights."""
        return Cell(FORMULA, WEIGHTS_AT + at, column)

    @property
    def sum_row(self) -> int:
        """The row of the sum of weights."""
        return WEIGHTS_AT + len(self.terms)

    @property
    def sum_says(self) -> Cell:
        """The cell that says whether weights sum to 1."""
        return Cell(FORMULA, self.sum_row, MOST + 1)

    @property
    def link_row(self) -> int:
        """The row of the link's heads; a and b stand below it."""
        return self.sum_row + 3

    @property
    def a(self) -> Cell:
        """The link's intercept."""
        return Cell(FORMULA, self.link_row + 1, WEIGHT)

    @property
    def b(self) -> Cell:
        """The link's slope."""
        return Cell(FORMULA, self.link_row + 2, WEIGHT)

    @property
    def bands_row(self) -> int:
        """The row of the bands' heads."""
        return self.link_row + (5 if self.plan.formula.link else 0)

    def band(self, at: int, column: int) -> Cell:
        """Return a cell of the table of bands."""
        return Cell(FORMULA, self.bands_row + 2 + at, column)

    @property
    def conditions_row(self) -> int:
        """The row of the conditions' heads."""
        bands = len(self.plan.formula.bands)
        return self.bands_row + (bands + 4 if bands else 0)

    def condition(self, condition: Condition, column: int) -> Cell:
        """Return a cell of the table of conditions."""
        return Cell(FORMULA, self.conditions_row + 2 + self.conditions.index(holding(condition)), column)

    @property
    def rules_row(self) -> int:
        """The row of the rules' heads."""
        return self.conditions_row + (len(self.conditions) + 4 if self.conditions else 0)

    def rule(self, at: int, column: int) -> Cell:
        """Return a cell of the table of rules."""
        return Cell(FORMULA, self.rules_row + 2 + at, column)

    @property
    def floors_row(self) -> int:
        """The row of the heads of what must be known."""
        rules = len(self.plan.formula.rules)
        return self.rules_row + (rules + 4 if rules else 0)

    @property
    def coverage(self) -> Cell:
        """The least coverage."""
        return Cell(FORMULA, self.floors_row + 2, WEIGHT)

    def floor(self, at: int, column: int) -> Cell:
        """Return a cell of the floors of metrics, below the one of coverage."""
        return Cell(FORMULA, self.floors_row + 3 + at, column)


@dataclass(frozen=True)
class Columns:
    """The columns of a sheet of workings, which has the same rows as the customers that it works on."""

    reads: dict[str, int]
    conditions: int
    steps: int
    health: int
    against: int
    score: int
    probability: int
    coverage: int
    by_score: int
    rules: int
    floors: int
    band: int
    band_by_score: int
    places: int
    reasons: int
    last: int

    USED, STATE = 0, 1

    @classmethod
    def of(cls, layout: Layout) -> Columns:
        """Return the columns of a layout."""
        formula, terms = layout.plan.formula, len(layout.terms)
        floors = len(formula.score_when.floors) + 1 if formula.score_when else 0
        sizes = {"conditions": len(layout.conditions), "steps": terms, "health": terms, "against": terms}
        sizes |= dict.fromkeys(("score", "probability", "coverage", "by_score"), 1)
        sizes |= {"rules": len(formula.rules), "floors": floors, "band": 1, "band_by_score": 1}
        sizes |= {"places": REASONS, "reasons": REASONS}
        reads = dict(zip((*layout.numbers, *layout.levels), count(2), strict=False))
        at, starts = 2 + len(reads), dict[str, int]()
        for name, size in sizes.items():
            starts[name] = at
            at += size
        return cls(reads=reads, **starts, last=at - 1)


def holding(condition: Condition) -> Condition:
    """Return the condition as it stands when it holds."""
    return Condition(condition.metric, condition.above, condition.level)


def conditions_of(plan: Plan) -> tuple[Condition, ...]:
    """Return the conditions of terms and rules, each once, as they stand when they hold."""
    formula = plan.formula
    whens = [term.when for term in formula.terms if term.when] + [rule.when for rule in formula.rules]
    return tuple(dict.fromkeys(map(holding, whens)))


def _shelves(terms: Sequence[Term]) -> Iterator[Shelf]:
    top = CURVES_AT
    for term in terms:
        size = len(term.shape.knots if isinstance(term.shape, Curve) else term.shape.values)
        knots, values, places, texts, numbers = (Cell(CURVES, top, column).down(size) for column in (1, 2, 4, 5, 6))
        beyond = [Cell(CURVES, top + size + at, 2) for at in range(3)]
        other = 0 if isinstance(term.shape, Curve) else 1
        yield Shelf(top, knots, values, places, texts, numbers, beyond[0], beyond[other], otherwise=beyond[other + 1])
        top += size + 1 + other + (term.when is not None)
