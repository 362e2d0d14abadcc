"""Targets of text under hostile names: no cell that a spreadsheet runs, no broken table, nothing said otherwise."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings

from chs_ml.errors import FormulaError
from chs_ml.export import export
from chs_ml.export.csv import RUNS_IN_A_SPREADSHEET, harmless
from chs_ml.formula import Band, Condition, Curve, Formula, Levels, Rule, ScoreWhen, Term, WeightsFile
from chs_ml.formula.names import check_name
from chs_ml.formula.whole_points import whole_points
from tests.export.conformance.hostile import BREAKS, FILES, LEVELS, PIECES, REFUSED

MANY = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
"""100 files of some 40 hostile texts each, for each target."""
RUNS = re.compile(RUNS_IN_A_SPREADSHEET)
SPLIT_CELLS = re.compile(r"(?<!\\)\|")
LINK = re.compile(r"(?<!\\)\[[^\]]*(?<!\\)\]\(")


def with_card(weights):
    card = whole_points(weights.formula, 100)
    return WeightsFile(**{**fields_of(weights), "reference": {**weights.reference, "whole_points": card.as_dict()}})


def fields_of(weights):
    return {name: getattr(weights, name) for name in weights.__dataclass_fields__ if name not in ("vectors", "notes")}


def cells(text):
    """Every cell of a CSV text, as a spreadsheet reads it; the lines are as long as the header."""
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert {len(line) for line in lines} == {len(lines[0])}
    return lines


def is_a_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


@MANY
@given(FILES)
def test_no_cell_of_csv_runs_and_every_name_comes_back(weights):
    lines = cells(export(weights, "csv"))
    assert len(lines) == 1 + len(weights.formula.terms)
    for line in lines:
        assert not [cell for cell in line if RUNS.match(cell) and not is_a_number(cell)]
    assert {line[0] for line in lines[1:]} == {harmless(term.key) for term in weights.formula.terms}
    assert {line[1] for line in lines[1:]} == {harmless(term.metric) for term in weights.formula.terms}


@MANY
@given(FILES)
def test_no_cell_of_points_runs_and_every_level_comes_back(weights):
    lines = cells(export(with_card(weights), "points"))
    for line in lines:
        assert not [cell for cell in line if RUNS.match(cell) and not is_a_number(cell)]
    levels = {name for term in weights.formula.terms if isinstance(term.shape, Levels) for name in term.shape.names}
    assert {line[4] for line in lines[1:]} - {""} == {harmless(level) for level in levels}


@MANY
@given(FILES)
def test_tables_of_markdown_keep_their_columns_and_hold_no_markup(weights):
    text = export(weights, "markdown")
    lines = text.split("\n")
    tables = [line for line in lines if line.startswith("|")]
    assert text.isprintable() or not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]", text)
    widths = [len(SPLIT_CELLS.findall(line)) for line in tables]
    assert set(widths) == {7, 3}  # six columns of actions, two of bands
    assert widths == sorted(widths, reverse=True)
    terms = len(weights.formula.terms)
    assert widths.count(3) == 2 + len(weights.formula.bands) and widths.count(7) >= 2 + terms
    assert sum(line.startswith("# ") for line in lines) == 1 and sum(line.startswith("#") for line in lines) == 1
    assert not re.search(r"(?<!\\)<", text) and not LINK.search(text)
    assert [line for line in lines if line and line[0] not in "#|- " and not line.startswith("Score = ")] == []


@MANY
@given(FILES)
def test_json_comes_back_as_it_was(weights):
    text = export(weights, "json")
    again = WeightsFile.loads(text)
    assert again == weights and again.dumps() == text and again.digest == weights.digest
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))


@MANY
@given(FILES)
def test_vectors_hold_no_cell_that_runs_or_are_refused(weights):
    names = (weights.customer, *weights.formula.metrics)
    if any(RUNS.match(name) or name != name.strip() for name in names):
        with pytest.raises(FormulaError, match=r"^target 'vectors': column .* begins as a formula of a spreadsheet"):
            export(weights, "vectors")
        return
    header, *lines = cells(export(weights, "vectors"))
    assert tuple(header) == names
    for line in lines:
        assert not [cell for cell in line if RUNS.match(cell) and not is_a_number(cell)]


CURVE = Curve((0.0, 1.0), (0.0, 1.0), 0.5)
CARRIERS = {
    "metric": lambda name: Term(name, "usage", "free", 1.0, CURVE),
    "pillar": lambda name: Term("a", name, "free", 1.0, CURVE),
    "level": lambda name: Levels(((name, 1.0),), 0.5, 0.5),
    "condition's metric": lambda name: Condition(name, above=1.0),
    "condition's level": lambda name: Condition("a", level=name),
    "band": lambda name: Band(name, "green", 0.0),
    "floor": lambda name: ScoreWhen(None, ((name, 1.0),)),
}


@pytest.mark.parametrize("carrier", CARRIERS)
@settings(max_examples=60, deadline=None)
@given(name=REFUSED)
def test_a_name_that_no_target_can_write_is_refused_with_one_message(carrier, name):
    with pytest.raises(FormulaError) as refused:
        CARRIERS[carrier](name)
    (message,) = refused.value.problems
    assert "\n" not in message and message.isprintable()
    assert re.search(
        r"holds (the control character U\+[0-9A-F]{4}; remove it|'.+', which no target can quote; rename)", message
    )


@pytest.mark.parametrize("broken", BREAKS, ids=ascii)
def test_every_break_is_refused_by_itself(broken):
    with pytest.raises(FormulaError, match=r"metric .* holds "):
        check_name("metric", f"a{broken}b")


@pytest.mark.parametrize("text", ["x\ny", "x\x00", "x\u2028y"])
def test_labels_and_reasons_are_one_line(text):
    formula = Formula((Term("a", "p", "free", 1.0, CURVE),))
    with pytest.raises(FormulaError, match="holds the control character"):
        WeightsFile(formula, "w", label=text)
    with pytest.raises(FormulaError, match="holds the control character"):
        Rule(Condition("a", above=1.0), "b", text)


@settings(max_examples=200, deadline=None)
@given(LEVELS)
def test_levels_that_some_scorer_takes_for_one_are_refused(level):
    for twin in (level + " ", level.upper(), level.lower()):
        if twin != level and twin.casefold().rstrip() == level.casefold().rstrip():
            with pytest.raises(FormulaError, match=r"differ only in case, trailing blanks|is listed twice|is blank"):
                Levels(((level, 1.0), (twin, 0.0)), 0.5, 0.5)


def test_the_pieces_are_hostile_enough():
    """What the suites of all targets draw from: something for each language that a target is written in."""
    together = "".join(PIECES)
    for needed in ("'", '"', "--", "/*", "${", "{{", "{%", "</script>", "]]>", "=cmd", "|", "😀", "\u202e", "К", "%"):
        assert needed in together
