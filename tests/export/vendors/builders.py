"""A person at a platform's builder: reads a page, types its tables, and the platform adds up."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from typing import Any

from chs_ml.formula.columns import MISSING, level_positions
from chs_ml.formula.points_card import StepPoints

Row = dict[str, Any]


@functools.cache
def tables(page: str) -> list[tuple[str, list[list[str]]]]:
    """Every table of a page with the heading above it; cells as a reader sees them, the header left out."""
    found, heading, rows = [], "", []
    for line in [*page.split("\n"), ""]:
        if line.startswith("| "):
            rows.append([re.sub(r"\\(.)", r"\1", cell) for cell in re.split(r" (?<!\\)\| ", line[2:-2])])
        elif rows and not line.startswith("|"):
            found.append((heading, rows[1:]))
            rows = []
        if line.startswith("### "):
            heading = line.removeprefix("### ")
    return found


def blocks(rows: list[list[str]]) -> list[list[list[str]]]:
    """The lines of each measure: a line with something in the first column begins one."""
    found: list[list[list[str]]] = []
    for row in rows:
        if row[0]:
            found.append([])
        found[-1].append(row)
    return found


def finite(value: Any) -> float | None:
    """A number as a builder sees it, None where there is none."""
    if value is None or value == "":
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def place(measure: Any, row: Row) -> str:
    """'elsewhere', 'no value' or 'known': which of a measure's lines are for this row."""
    term = measure.term
    if term.when is not None and not term.when.applies({term.when.metric: [row[term.when.metric]]})[0]:
        return "elsewhere"
    value = row[term.metric]
    if isinstance(term.shape, StepPoints):
        return "no value" if finite(value) is None else "known"
    return "no value" if level_positions([value], list(term.shape.names))[0] == MISSING else "known"


def holds(where: str, at: str, measure: Any, value: Any) -> bool:
    """Whether a line's 'from 3 to under 5', level or special case is this value's; at: its ``place``."""
    if where == "where the condition does not hold":
        return at == "elsewhere"
    if at != "known":
        return at == where
    if not isinstance(measure.term.shape, StepPoints):
        names = list(measure.term.shape.names)
        position = level_positions([value], names)[0]
        return where == _called(names, position)
    return in_words(where, float(value))


def _called(names: list[str], at: int) -> str:
    """How a page calls a level: one that is called as lines of other kinds are, is said to be a level."""
    if at == len(names):
        return "any other value"
    return f"the level '{names[at]}'" if names[at] in {"no value", "any other value"} else names[at]


def in_words(where: str, x: float) -> bool:
    """'under 3', 'from 3', 'from 3 to under 5', 'any number'."""
    low, high = re.search(r"from (\S+)", where), re.search(r"under (\S+)", where)
    if not (low or high):
        return where == "any number"
    return (low is None or x >= float(low[1])) and (high is None or x < float(high[1]))


def the_line(block: list[list[str]], column: int, measure: Any, row: Row) -> list[str]:
    """The one line of a measure that is this row's."""
    at, value = place(measure, row), row[measure.term.metric]
    fits = [line for line in block if holds(line[column], at, measure, value)]
    assert len(fits) == 1, (fits, row)
    return fits[0]


Score = Callable[[str, Any, Row], float]


def churnzero(page: str, typed: Any, row: Row) -> float:
    [(_, rows)] = tables(page)
    found = blocks(rows)
    assert sum(int(block[0][1]) for block in found) == 100
    lines = [the_line(block, 2, one, row) for block, one in zip(found, typed.measures, strict=True)]
    return float(sum(int(line[3]) for line in lines))


def hubspot(page: str, typed: Any, row: Row) -> float:
    total = limits = 0
    measures = iter(typed.measures)
    for heading, rows in tables(page):
        limit = int(heading.rpartition(" ")[2])
        got = sum(int(the_line(block, 1, next(measures), row)[2]) for block in blocks(rows))
        total, limits = total + min(got, limit), limits + limit
    assert limits == 100
    return float(total)


def gainsight(page: str, typed: Any, row: Row) -> float:
    score = whole = 0.0
    measures = iter(typed.measures)
    for heading, rows in tables(page):
        share = int(re.search(r": (\d+) % of overall$", heading)[1])
        found = blocks(rows)
        assert sum(int(block[0][1]) for block in found) == 100
        inside = sum(int(b[0][1]) * int(the_line(b, 2, next(measures), row)[3]) / 100 for b in found)
        score, whole = score + share * inside / 100, whole + share
    assert whole == 100
    return score


def planhat(page: str, typed: Any, row: Row) -> float:
    """Planhat's own number from 0 to 10, before its ends cut it."""
    [(_, rows)] = tables(page)
    by_label: dict[str, list[list[str]]] = {block[0][0]: block for block in blocks(rows)}
    score = 5.0
    for one in typed.measures:
        for line in by_label.get(one.label.replace("\n", " "), []):
            score += float(line[2]) if _meets(line[1], one, row) else 0.0
    return score


def _meets(condition: str, measure: Any, row: Row) -> bool:
    if place(measure, row) != "known":
        return False
    value = row[measure.term.metric]
    if condition.startswith("equal to "):
        names = list(measure.term.shape.names)
        at = level_positions([value], names)[0]
        return at < len(names) and condition == f"equal to {names[at]}"
    if condition.startswith("less than "):
        return float(value) < float(condition.removeprefix("less than "))
    return condition == "any number" or float(value) >= float(condition.removesuffix(" or more"))


def totango(page: str, typed: Any, row: Row) -> float:
    """Totango's number before it rounds; empty fields are filled with what the last column says."""
    score = whole = 0.0
    measures = iter(typed.measures)
    for heading, rows in tables(page):
        share = int(re.search(r": (\d+) % of health$", heading)[1])
        assert sum(int(line[1]) for line in rows) == 100
        score += sum(share * int(line[1]) / 100 * _rated(line, next(measures), row) / 100 for line in rows)
        whole += share
    assert whole == 100
    return score


def _rated(line: list[str], measure: Any, row: Row) -> int:
    at, value = place(measure, row), row[measure.term.metric]
    if at != "known":
        asked = "where the condition does not hold" if at == "elsewhere" else "no value"
        [(value, said)] = re.findall(rf"(?:^|; ){asked}: (.*?) \((Good|Average|Poor)\)(?=;|$)", line[4])
        rating = _rating(line, measure, value)
        assert {100: "Good", 60: "Average", 0: "Poor"}[rating] == said
        return rating
    return _rating(line, measure, value)


def _rating(line: list[str], measure: Any, value: Any) -> int:
    shape = measure.term.shape
    if isinstance(shape, StepPoints):
        good, poor = (any(in_words(part, float(value)) for part in cell.split(", ") if part) for cell in line[2:4])
    else:
        at = level_positions([value], list(shape.names))[0]
        name = _called(list(shape.names), at)
        good, poor = (name in cell.split(", ") for cell in line[2:4])
    assert not (good and poor)
    return 100 if good else 0 if poor else 60
