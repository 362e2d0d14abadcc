"""The panel of the package, cell by cell against the slow reference, over random histories on disk."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from chs_ml.history.asof import build_panel
from chs_ml.spec import load_spec
from tests.history.asof.histories import histories
from tests.history.asof.on_disk import write
from tests.history.asof.reference import reference_panel


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(histories())
def test_every_cell_is_the_reference_s(tmp_path_factory, one):
    setting, tables = one
    path = write(tmp_path_factory.mktemp("asof"), setting.history, setting.metrics, tables)
    built = build_panel(load_spec(path)).to_pylist()
    expected = reference_panel(setting.history, setting.metrics, tables).to_dict("records")
    assert [_key(row) for row in sorted(built, key=_key)] == [_key(row) for row in expected]
    for found, wanted in zip(sorted(built, key=_key), expected, strict=True):
        assert set(found) == set(wanted)
        wrong = {name: (found[name], wanted[name]) for name in wanted if not is_same(found[name], wanted[name])}
        assert not wrong, f"{_key(wanted)}, (found, expected): {wrong}"


@pytest.mark.parametrize(
    ("own", "newest", "churned"),
    [("Pacific/Honolulu", "2024-04-06 20:00:00", 0), ("Asia/Kolkata", "2024-04-07 02:00:00", None)],
)
def test_the_newest_day_is_one_of_the_history_s_zone(tmp_path, own, newest, churned):
    accounts = pd.DataFrame({"id": ["a"], "start": ["2023-01-01 00:00:00"], "left": [None]}, dtype=object)
    events = pd.DataFrame({"id": ["a", "a"], "at": ["2024-03-01 00:00:00", newest]}, dtype=object)
    history = {
        "accounts": {"table": "accounts.csv", "customer": "id", "start": "start", "churned": "left"},
        "tables": {"events": {"table": "events.csv", "customer": "id", "time": "at", "timezone": own}},
        "cutoffs": [dt.date(2024, 3, 31)],
        "horizon": "7d",
    }
    metrics, tables = [{"name": "n", "count": "all"}], {"accounts.csv": accounts, "events.csv": events}
    assert [churned] == reference_panel(history, metrics, tables)["churned"].tolist()
    built = build_panel(load_spec(write(tmp_path, history, metrics, tables)))
    assert built["churned"].to_pylist() == [churned]


def _key(row):
    return row["customer"], row["cutoff"]


def is_same(found, wanted):
    if wanted is None or (isinstance(wanted, float) and math.isnan(wanted)):
        return found is None or (isinstance(found, float) and math.isnan(found))
    if isinstance(wanted, (str, dt.date)):
        return found == wanted
    return found is not None and not isinstance(found, str) and math.isclose(found, wanted, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        (None, float("nan"), True),
        (0, None, False),
        (None, 0.0, False),
        (1, 1.0, True),
        ("1", 1.0, False),
        (pd.NA, "", False),
    ],
)
def test_what_is_the_same(found, wanted, same):
    assert (is_same(found, wanted) is True) == same
