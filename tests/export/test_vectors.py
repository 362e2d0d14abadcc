"""Target `vectors`: the rows that CSV can hold, under names that no other formula gives."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from chs_ml.errors import FormulaError
from chs_ml.export import Options, export
from chs_ml.export.verify import rows_of_vectors, vector_id
from chs_ml.export.verify.vector_ids import ID, why_not_in_csv
from chs_ml.formula import Curve, Formula, Term, WeightsFile
from chs_ml.formula.vectors import read_input
from tests.export.conformance.formulas import FIXED, everything
from tests.formula.papers import first_file


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("weights", [*(make() for make in FIXED.values()), first_file()], ids=lambda one: one.name)
def test_inputs_come_back_letter_for_letter(weights):
    lines = read(export(weights, "vectors"))
    assert list(lines[0]) == [weights.customer or "customer", *weights.formula.metrics]
    asked = {vector_id(weights, at): vector["inputs"] for at, vector in enumerate(weights.vectors)}
    for line in lines:
        inputs = asked[line.pop(weights.customer or "customer")]
        for metric, cell in line.items():
            value = read_input(inputs[metric])
            assert cell == (value or "") if value is None or isinstance(value, str) else float(cell) == value
    assert len(lines) == sum(why_not_in_csv(vector) is None for vector in weights.vectors)
    assert len(lines) > len(weights.vectors) / 2


def test_what_csv_cannot_hold_is_left_out_with_a_reason():
    weights = everything()
    why = {why for vector in weights.vectors if (why := why_not_in_csv(vector))}
    assert why == {"NaN or infinity", "blanks around a text"}
    assert why_not_in_csv({"inputs": {"a": "=1+1"}}) == "a text that a spreadsheet would run"
    assert why_not_in_csv({"inputs": {"a": "", "b": None, "c": -1.5, "d": "a b"}}) is None


def test_a_name_is_of_one_vector_of_one_formula():
    weights = everything()
    names = [vector_id(weights, at) for at in range(len(weights.vectors))]
    assert len(set(names)) == len(names) and all(ID.fullmatch(name) for name in names)
    assert names == [vector_id(everything(), at) for at in range(len(names))]
    other = replace(weights, formula=replace(weights.formula, rules=()), vectors=weights.vectors)
    assert not {vector_id(other, at) for at in range(len(names))} & {*names}
    assert [*rows_of_vectors(weights)] == [line["customer_id"] for line in read(export(weights, "vectors"))]


def test_the_id_may_be_called_otherwise():
    weights = everything()
    assert "account" in read(export(weights, "vectors", Options(key="account")))[0]
    with pytest.raises(FormulaError, match=r"the id is called as the metric 'nps' is\. Give --key"):
        export(weights, "vectors", Options(key="nps"))


@pytest.mark.parametrize("name", ["=cmd", "@x", "+1", "-1", " x", "x "])
def test_a_header_that_csv_cannot_hold_is_refused(name):
    term = Term(name, "p", "free", 1.0, Curve((0.0, 1.0), (0.0, 1.0), 0.5))
    with pytest.raises(FormulaError, match=r"^target 'vectors': column .* Rename it"):
        export(WeightsFile(Formula((term,)), "w"), "vectors")
