"""Names as MLflow takes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chs_ml.tracking.names import allowed_names, model_named


def test_letters_of_any_alphabet_stay():
    assert allowed_names("weight.", ["входы за 30 дней", "客户", "nps_30d"]) == [
        "weight.входы за 30 дней", "weight.客户", "weight.nps_30d",
    ]  # fmt: skip


def test_no_two_become_one():
    names = allowed_names("", ["a/b", "a:b", "A?B", "a_b", "x" * 300, "x" * 301])
    assert names[:4] == ["a_b", "a_b_2", "A_B_3", "a_b_4"]
    assert len({name.casefold() for name in names}) == 6
    assert max(map(len, names)) <= 250


@given(st.lists(st.text(), max_size=8))
def test_mlflow_takes_every_name(names):
    from mlflow.utils.validation import _validate_metric_name, _validate_param_name, _validate_tag_name

    found = allowed_names("weight.", names)
    assert len(set(found)) == len(names)
    for name in found:
        _validate_metric_name(name)
        _validate_param_name(name)
        _validate_tag_name(name)
        assert len(name) <= 250


@pytest.mark.parametrize(("name", "found"), [("telco", "telco"), ("a/b:c d", "a-b-c-d"), ("//", "model")])
def test_model_names(name, found):
    assert model_named(name) == found
