"""The workbook computes what the formula does, in LibreOffice: one process for all workbooks of a kind."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings

from chs_ml.errors import FormulaError
from chs_ml.explain.reasons import reasons_of
from chs_ml.export import export
from chs_ml.export.evidence import mean_health
from chs_ml.export.labels import label_of
from chs_ml.export.xlsx.layout import CUSTOMERS, HEAD, TEST
from chs_ml.export.xlsx.self_test import beside_a_threshold
from chs_ml.formula import Curve, Formula, Levels, Link, Term, WeightsFile
from chs_ml.formula.edges import frame_of
from chs_ml.formula.vectors import read_input, vectors_of
from tests.export.conformance import hostile
from tests.export.conformance.formulas import DRAWN, FIXED
from tests.export.conformance.suite import check, with_many
from tests.export.conformance.xlsx_office import Office, answers_in

pytestmark = pytest.mark.slow
DRAWN_MANY = 20
"""Formulas drawn: a workbook takes this engine a second, so fewer than other engines are asked."""
HOSTILE_MANY, PACKED_MANY = 4, 7
"""Files drawn: of those that every engine is asked, each with 18 hostile texts; and packed ones, each with 140."""
NUMBERS, LEVELS, FEW = 40, 30, 18


def drawn(files, count):
    """The formulas that hypothesis draws, all at once, since one process answers all of them."""
    found: list[WeightsFile] = []

    @settings(max_examples=count, phases=[Phase.generate], database=None, deadline=None)
    @given(files)
    def draw(weights):
        found.append(tagged(weights))

    draw()
    return found


def tagged(weights):
    """The file with the tag of what lies a last digit beside a threshold also on others, such as the worst."""
    rows = [{name: read_input(value) for name, value in vector["inputs"].items()} for vector in weights.vectors]
    return replace(weights, vectors=[
        {**vector, "tags": [*vector["tags"], "ulp_edge"]} if beside_a_threshold(weights.formula, row) else vector
        for vector, row in zip(weights.vectors, rows, strict=True)
    ])  # fmt: skip


@pytest.fixture(scope="module")
def fixed(tmp_path_factory):
    files = {name: tagged(with_many(make())) for name, make in FIXED.items()}
    return files, Office(tmp_path_factory.mktemp("fixed") / "office", list(files.values()))


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_formula(fixed, name):
    files, office = fixed
    assert check(office, files[name]) >= 14


@pytest.mark.parametrize("name", FIXED)
def test_coverage_the_band_by_score_and_reasons(fixed, name):
    files, office = fixed
    weights = files[name]
    asked = [vector for vector in weights.vectors if not set(vector["tags"]) & set(office.skips)]
    scored = weights.formula.read(
        frame_of([{one: read_input(vector["inputs"][one]) for one in weights.formula.metrics} for vector in asked])
    )
    names = [label_of(weights, term) for term in weights.formula.terms]
    average = mean_health(weights)
    told = reasons_of(weights.formula, scored.health, average, names)
    lost = {
        name: 100.0 * term.weight * (n - average.get(term.key, 1.0))
        for name, term, n in zip(names, weights.formula.terms, scored.health, strict=True)
    }
    for row, line in enumerate(answers_in(office.sheets[id(weights)][CUSTOMERS])):
        assert line["coverage"] == pytest.approx(scored.coverage[row], abs=1e-9)
        assert line.get("band_by_score") == scored.band_by_score[row]
        because = scored.not_scored_because[row]
        reasons = [because] * bool(because) + [column[row] for column in told]
        for at, want in enumerate(reasons[:3], 1):
            got = line[f"reason_{at}"]
            assert got == want or alike(lost, row, got, want), asked[row]


def alike(lost, row, got, want):
    """Whether two reasons cost equally many points: which of them comes first is then nobody's to say."""
    (one, points), (two, others) = got.rsplit(": ", 1), want.rsplit(": ", 1)
    return points == others and lost[one][row] == pytest.approx(lost[two][row], abs=1e-9)


@pytest.mark.parametrize("name", FIXED)
def test_the_workbook_tests_itself(fixed, name):
    files, office = fixed
    said = office.sheets[id(files[name])][TEST][2][0]
    assert re.fullmatch(r"0 of \d\d rows differ", said), said


def test_drawn_formulas(tmp_path):
    files = drawn(DRAWN, DRAWN_MANY)
    office = Office(tmp_path / "office", files)
    assert sum(check(office, weights) for weights in files) > 20 * len(files)
    for weights in files:
        assert office.sheets[id(weights)][TEST][2][0].startswith("0 of "), weights.name


def packed(texts):
    """A formula of as many hostile metrics and levels as these texts give: two levels to a metric."""
    numbers, plans, names = texts[:NUMBERS], texts[NUMBERS : NUMBERS + LEVELS], texts[NUMBERS + LEVELS :]
    share = 1.0 / (NUMBERS + LEVELS)
    curves = [Term(name, name, "positive", share, Curve((0.0, 2.5, 10.0), (0.0, 0.75, 1.0), 0.5)) for name in numbers]
    tables = [
        Term(plan, plan, "free", share, Levels(((one, 1.0), (two, 0.25)), 0.5, 0.75))
        for plan, one, two in zip(plans, names[::2], names[1::2], strict=True)
    ]
    formula = Formula((*curves, *tables), Link(-2.0, 5.0))
    return WeightsFile(formula, "packed", customer=texts[0], vectors=vectors_of(formula, FEW))


PACKED = hostile.different(hostile.NAMES, NUMBERS + 3 * LEVELS, NUMBERS + 3 * LEVELS).map(packed)


def test_hostile_names_are_data_and_score_equal_or_are_refused(tmp_path):
    asked = drawn(hostile.FILES, HOSTILE_MANY) + drawn(PACKED, PACKED_MANY)
    files = []
    for weights in asked:
        try:
            export(weights, "xlsx")
            files.append(weights)
        except FormulaError as error:
            assert re.match(r"^term .*: levels? .* target 'xlsx'", str(error)), error
    assert len(files) * 2 > len(asked), f"{len(asked) - len(files)} of {len(asked)} refused"
    office = Office(tmp_path / "office", files)
    assert all(check(office, weights) >= 10 for weights in files)
    for weights in files:
        head = office.sheets[id(weights)][CUSTOMERS][HEAD]
        assert head[: len(weights.formula.metrics) + 1] == [weights.customer, *weights.formula.metrics]
