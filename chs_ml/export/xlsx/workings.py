"""The workings: a row for each customer, a column for each step from what a cell holds to a band and its reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chs_ml.export.plan import MOST_POINTS, REASONS, WORTH_SAYING
from chs_ml.export.xlsx.book import Sheet
from chs_ml.export.xlsx.cells import Cell, in_row, letters, row_of
from chs_ml.export.xlsx.layout import AVERAGE, FIRST, HEAD, INTERVAL, METRIC, VERDICT, WEIGHT, Columns, Layout, holding
from chs_ml.export.xlsx.level_keys import whole_of
from chs_ml.export.xlsx.reading import level_read, number_read, on_curve, whole_points
from chs_ml.export.xlsx.values import Row, Values
from chs_ml.formula import NOT_SCORED, Condition, Curve, Term
from chs_ml.formula.bands import CUT_TOLERANCE

TOLERANCE = f"{CUT_TOLERANCE:.0E}"
NO_NUMBER, SCORED = "not a number", "ok"
WEIGHTS, AVERAGES, GROUPS = 1, 2, 3
"""Rows above the heads: what the columns of terms are multiplied by and compared with, and what a group is called."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. formula: of a row, from 0. values: what it says of the rows that are filled."""

    head: str
    formula: Callable[[int], str]
    values: Sequence[Any]
    style: str = "text"
    group: str = ""


@dataclass(frozen=True)
class Workings:
    """The columns of one sheet of workings, and where the customers are that it reads.

    sheet: its own name. inputs: the sheet of customers, whose first column holds their ids. places: the column of each
    metric. ids, given: of the rows that are filled. values: what is said of them, None where nobody calculated.
    """

    layout: Layout
    sheet: str
    inputs: str
    places: dict[str, int]
    ids: Sequence[str | float]
    given: Sequence[Row]
    values: Values | None

    @cached_property
    def columns(self) -> Columns:
        """Where each column stands."""
        return Columns.of(self.layout)

    def cell(self, column: int, row: int) -> str:
        """Return a cell of the workings as other sheets name it."""
        return in_row(column, row, self.sheet)

    def write(self, sheet: Sheet, rows: int) -> None:
        """Write heads, the rows that repeat weights and averages, and so many rows of formulas."""
        columns = list(self._all())
        self._heads(sheet, columns)
        for at, column in enumerate(columns):
            for row in range(rows):
                value = column.values[row] if row < len(column.values) else ""
                sheet.formula(FIRST + row, at, column.formula(FIRST + row), value, column.style)

    def _heads(self, sheet: Sheet, columns: Sequence[Column]) -> None:
        at, layout = self.columns, self.layout
        for place, column in enumerate(columns):
            sheet.text(GROUPS, place, column.group, "strong")
            sheet.text(HEAD, place, column.head, "head")
        for row, of, first in ((WEIGHTS, WEIGHT, at.health), (AVERAGES, AVERAGE, at.health)):
            sheet.text(row, first - 1, "weight" if row == WEIGHTS else "average health", "note line")
            for term in range(len(layout.terms)):
                value = layout.terms[term].weight if row == WEIGHTS else layout.plan.averages[term]
                style = "quiet share" if row == WEIGHTS else "quiet health"
                sheet.formula(row, first + term, str(layout.of_term(term, of)), float(value), style)

    def _all(self) -> Iterator[Column]:
        values = self.values
        yield Column("customer", self._used, self.ids)
        yield Column("can be read", self._state, [SCORED] * len(self.ids))
        for group, names in (("numbers as read", self.layout.numbers), ("levels as read", self.layout.levels)):
            for place, name in enumerate(names):
                read = self._number if name in self.layout.numbers else self._level
                yield Column(name, _of(read, name), values.reads[name] if values else (), group=_first(group, place))
        yield from self._conditions()
        yield from self._terms()
        yield from self._score()
        yield from self._bands()
        yield from self._reasons()

    def _used(self, row: int) -> str:
        key = in_row(0, row, self.inputs)
        places = sorted(self.places.values())
        cells = f"{in_row(places[0], row, self.inputs)}:{in_row(places[-1], row)}"
        return f'IF(COUNTA({key},{cells})=0,"",IF(ISBLANK({key}),"row "&ROW({key}),{key}))'

    def _state(self, row: int) -> str:
        used, count = in_row(Columns.USED, row), len(self.layout.numbers)
        if not count:
            return f'IF({used}="","","{SCORED}")'
        reads, heads = row_of(2, count, row), Cell("", HEAD, 2).across(count).here
        wrong = f'"{NO_NUMBER}: "&INDEX({heads},MATCH("{NO_NUMBER}",{reads},0))'
        return f'IF({used}="","",IF(COUNTIF({reads},"{NO_NUMBER}")=0,"{SCORED}",{wrong}))'

    def _number(self, name: str, row: int) -> str:
        read = number_read(in_row(self.places[name], row, self.inputs), NO_NUMBER)
        return f'IF({in_row(Columns.USED, row)}="","",{read})'

    def _level(self, name: str, row: int) -> str:
        whole = any(whole_of(level) for level in _levels_of(self.layout, name))
        read = level_read(in_row(self.places[name], row, self.inputs), whole=whole)
        return f'IF({in_row(Columns.USED, row)}="","",{read})'

    def _conditions(self) -> Iterator[Column]:
        for place, when in enumerate(self.layout.conditions):
            said = self.values.conditions[place] if self.values else ()
            yield Column(str(when), _of(self._condition, when), said, group=_first("conditions", place))

    def _condition(self, when: Condition, row: int) -> str:
        read = in_row(self.columns.reads[when.metric], row)
        if when.above is not None:
            return self._if_ok(row, f"IF(ISNUMBER({read}),{read}>{self.layout.condition(when, WEIGHT)},FALSE)")
        number, text = self.layout.condition(when, VERDICT), self.layout.condition(when, INTERVAL)
        return self._if_ok(row, f"IF(ISNUMBER({read}),{read}={number},EXACT({read},{text}))")

    def _terms(self) -> Iterator[Column]:
        values, labels = self.values, self.layout.plan.labels
        for place in range(len(labels)):
            said = values.steps[place] if values else ()
            yield Column(labels[place], _of(self._step, place), said, "text", _first("step on the curve", place))
        for place in range(len(labels)):
            said = values.health[place] if values else ()
            yield Column(labels[place], _of(self._health, place), said, "health", _first("health", place))
        for place in range(len(labels)):
            said = values.against[place] if values else ()
            group = _first("points against the average", place)
            yield Column(labels[place], _of(self._against, place), said, "points", group)

    def _step(self, at: int, row: int) -> str:
        term, shelf = self.layout.terms[at], self.layout.shelves[at]
        read = in_row(self.columns.reads[term.metric], row)
        if isinstance(term.shape, Curve):
            return self._if_ok(row, f'IF(ISNUMBER({read}),IFERROR(MATCH({read},{shelf.knots},1),0),"missing")')
        found = f"SUMPRODUCT(EXACT({read},{shelf.texts})*{shelf.places})"
        by_number = f'IFERROR(MATCH({read},{shelf.numbers},0),"other")'
        listed = f'IF(ISNUMBER({read}),{by_number},IF({found}>0,{found},"other"))'
        return self._if_ok(row, f'IF({read}="","missing",{listed})')

    def _health(self, at: int, row: int) -> str:
        term, shelf = self.layout.terms[at], self.layout.shelves[at]
        step, read = in_row(self.columns.steps + at, row), in_row(self.columns.reads[term.metric], row)
        if isinstance(term.shape, Curve):
            shape = f'IF({step}="missing",{shelf.missing},{on_curve(read, step, shelf.knots, shelf.values)})'
        else:
            rest = f'IF({step}="other",{shelf.other},{shelf.missing})'
            shape = f"IF(ISNUMBER({step}),INDEX({shelf.values},{step}),{rest})"
        return self._if_ok(row, self._where(term, row, shape, str(shelf.otherwise)))

    def _where(self, term: Term, row: int, there: str, elsewhere: str) -> str:
        return there if term.when is None else self._sided(term.when, row, there, elsewhere)

    def _sided(self, when: Condition, row: int, there: str, elsewhere: str) -> str:
        holds = in_row(self.columns.conditions + self.layout.conditions.index(holding(when)), row)
        return f"IF({holds},{there},{elsewhere})" if when.holds else f"IF({holds},{elsewhere},{there})"

    def _against(self, at: int, row: int) -> str:
        column = self.columns.health + at
        weight, average = f"{letters(column)}${WEIGHTS + 1}", f"{letters(column)}${AVERAGES + 1}"
        return self._if_ok(row, f"ROUND(100*{weight}*({in_row(column, row)}-{average}),9)")

    def _score(self) -> Iterator[Column]:
        at, terms, scored = self.columns, len(self.layout.terms), self.values.scored if self.values else None
        weights = Cell("", WEIGHTS, at.health).across(terms).here
        state, score = _of(in_row, Columns.STATE), _of(in_row, at.score)

        def summed(row: int) -> str:
            product = f"100*SUMPRODUCT({weights},{row_of(at.health, terms, row)})"
            return f'IF({state(row)}="{SCORED}",{product},{state(row)})'

        def chance(row: int) -> str:
            if self.layout.plan.formula.link is None:
                return '""'
            return self._if_ok(row, f"1/(1+EXP({self.layout.a}+{self.layout.b}*{score(row)}/100))")

        def covered(row: int) -> str:
            return self._if_ok(row, f"MIN(1,SUMPRODUCT({weights}*ISNUMBER({row_of(at.steps, terms, row)})))")

        chances = () if scored is None or scored.churn_probability is None else scored.churn_probability.tolist()
        yield Column("score", summed, scored.score.tolist() if scored else (), "points", "answers")
        yield Column("churn_probability", chance, chances, "share")
        yield Column("coverage", covered, scored.coverage.tolist() if scored else (), "whole share")

    def _bands(self) -> Iterator[Column]:
        values, formula = self.values, self.layout.plan.formula
        yield Column("place of band_by_score", self._by_score, values.by_score if values and formula.bands else ())
        for place in range(len(formula.rules)):
            said = values.rules[place] if values else ()
            yield Column(f"after rule {place + 1}", _of(self._after, place), said, group=_first("rules", place))
        floors = len(formula.score_when.floors) + 1 if formula.score_when else 0
        for place in range(floors):
            because = values.floors[place] if values else ()
            head = "not scored because" if place == 0 else f"or, floor {place}"
            yield Column(head, _of(self._because, place), because, group=_first("what must be known", place))
        scored = values.scored if values else None
        yield Column("band", self._band, scored.band.tolist() if scored else (), group="bands")
        by_score = scored.band_by_score.tolist() if scored else ()
        yield Column("band_by_score", _of(self._band_at, self.columns.by_score), by_score)

    def _by_score(self, row: int) -> str:
        bands = len(self.layout.plan.formula.bands)
        if bands < 2:
            return self._if_ok(row, "1") if bands else '""'
        cuts = self.layout.band(0, WEIGHT).down(bands - 1)
        return self._if_ok(row, f"1+SUMPRODUCT(--({in_row(self.columns.score, row)}<{cuts}-{TOLERANCE}))")

    def _after(self, at: int, row: int) -> str:
        before = in_row(self.columns.rules + at - 1 if at else self.columns.by_score, row)
        to = str(self.layout.rule(at, WEIGHT))
        return self._if_ok(row, self._sided(self.layout.plan.formula.rules[at].when, row, to, before))

    def _because(self, at: int, row: int) -> str:
        when = self.layout.plan.formula.score_when
        count = len(when.floors) if when else 0
        rest = in_row(self.columns.floors + at + 1, row) if at < count else '""'
        if at == 0:
            if when is None or when.coverage is None:
                return self._if_ok(row, rest)
            least = self.layout.coverage
            known = in_row(self.columns.coverage, row)
            said = f'"coverage is below "&{least}'
            return self._if_ok(row, f"IF({known}<{least}-{TOLERANCE},{said},{rest})")
        name, _ = when.floors[at - 1] if when else ("", 0.0)
        read, floor = in_row(self.columns.reads[name], row), self.layout.floor(at - 1, WEIGHT)
        said = f'{self.layout.floor(at - 1, METRIC)}&" is below "&{floor}&" or unknown"'
        return self._if_ok(row, f"IF(IF(ISNUMBER({read}),{read}>={floor},FALSE),{rest},{said})")

    def _band(self, row: int) -> str:
        formula = self.layout.plan.formula
        last = self.columns.rules + len(formula.rules) - 1 if formula.rules else self.columns.by_score
        band = self._name_of(last, row)
        if formula.score_when is None:
            return self._if_ok(row, band)
        return self._if_ok(row, f'IF({in_row(self.columns.floors, row)}<>"","{NOT_SCORED}",{band})')

    def _band_at(self, column: int, row: int) -> str:
        return self._if_ok(row, self._name_of(column, row))

    def _name_of(self, column: int, row: int) -> str:
        bands = len(self.layout.plan.formula.bands)
        return f"INDEX({self.layout.band(0, 0).down(bands)},{in_row(column, row)})" if bands else '""'

    def _reasons(self) -> Iterator[Column]:
        values = self.values
        for place in range(REASONS):
            said = values.places[place] if values else ()
            yield Column(f"term {place + 1}", _of(self._place, place), said, group=_first("most points lost", place))
        for place in range(REASONS):
            said = values.reasons[place] if values else ()
            yield Column(f"in words {place + 1}", _of(self._reason, place), said)

    def _place(self, at: int, row: int) -> str:
        """Return which term costs the (at + 1)-th most points; of equal ones the first in the formula comes first."""
        first, terms = self.columns.against, len(self.layout.terms)
        if at >= terms:
            return '""'
        lost = row_of(first, terms, row)
        least = f"SMALL({lost},{at + 1})"
        found = f"MATCH({least},{lost},0)"
        if at:
            before, last = in_row(self.columns.places + at - 1, row), in_row(first + terms - 1, row)
            later = f"{before}+MATCH({least},INDEX({lost},1,{before}+1):{last},0)"
            found = f"IF({least}=SMALL({lost},{at}),{later},{found})"
        return self._if_ok(row, f'IF({least}<-{WORTH_SAYING},{found},"")')

    def _reason(self, at: int, row: int) -> str:
        terms, place = len(self.layout.terms), in_row(self.columns.places + at, row)
        if at >= terms:
            return '""'
        points = whole_points(f"-INDEX({row_of(self.columns.against, terms, row)},1,{place})", MOST_POINTS)
        label = f"INDEX({self.layout.of_term(0, 0).down(terms)},{place})"
        said = f'{label}&": -"&{points}&IF({points}=1," point"," points")'
        state = in_row(Columns.STATE, row)  # what is wrong with the row has room there, and little in the score's cell
        return self._if_ok(row, f'IF({place}="","",{said})', state if at == 0 else '""')

    def _if_ok(self, row: int, formula: str, otherwise: str = '""') -> str:
        return f'IF({in_row(Columns.STATE, row)}="{SCORED}",{formula},{otherwise})'


def _of(formula: Callable[[Any, int], str], what: Any) -> Callable[[int], str]:
    return lambda row: formula(what, row)


def _first(group: str, place: int) -> str:
    return group if place == 0 else ""


def _levels_of(layout: Layout, name: str) -> list[str]:
    tables = [term.shape.names for term in layout.terms if term.metric == name and not isinstance(term.shape, Curve)]
    return [level for table in tables for level in table] + [
        str(when.level) for when in layout.conditions if when.metric == name
    ]
