"""A plain Parquet file that DuckDB reads itself gives what the exact way gives; what is not plain goes that way."""

from __future__ import annotations

import datetime as dt
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from chs_ml.history.asof import intake, staged_history
from chs_ml.history.asof.build import panel_of_history
from chs_ml.history.findings import TableError
from chs_ml.spec import load_spec

DAYS = [dt.datetime(2024, 5, 1 + day, 23, 59) for day in range(6)]
PLAIN = {
    "id": ["a", " a ", "", None, "nobody", "b"],
    "at": DAYS,
    "type": ["x", " x", "y", "y ", "y", None],
    "value": [1.5, float("nan"), 2.0, float("inf"), 5.0, None],
}
METRICS = [
    {"count": "x"}, {"sum": "all"}, {"max": "all"}, {"days_active": "all"}, {"distinct": "all", "of": "type"},
    {"last": "all", "of": "type", "kind": "category"}, {"distinct": "all", "of": "id"},
]  # fmt: skip


@pytest.fixture
def read(tmp_path):
    """columns → (rows of the panel, findings of the tables, what the view of the events holds, read quickly or not)."""

    def reading(columns: dict, *, quick: bool = True):
        (tmp_path / "accounts.csv").write_text("id,start,left\na,2023-01-01,\nb,2023-01-01,\n", encoding="utf-8")
        pq.write_table(pa.table(PLAIN | columns), tmp_path / "events.parquet")
        history = {
            "accounts": {"table": "accounts.csv", "customer": "id", "start": "start", "churned": "left"},
            "tables": {
                "events": {"table": "events.parquet", "customer": "id", "time": "at", "type": "type", "value": "value"}
            },
            "cutoffs": [dt.date(2024, 6, 1)], "horizon": "30d", "observed_until": dt.date(2025, 12, 31),
        }  # fmt: skip
        metrics = [{"name": f"m{at}", "from": "events"} | said for at, said in enumerate(METRICS)]
        (tmp_path / "c.yaml").write_text(yaml.dump({"name": "t", "history": history, "metrics": metrics}))
        spec, taken = load_spec(tmp_path / "c.yaml"), []

        def seen(*asked):
            taken.append(quick and held_quickly(*asked))
            return taken[-1]

        held_quickly = intake.held_quickly
        with patch.object(intake, "held_quickly", seen), staged_history(spec) as staged:
            shown = staged.rows_of('SELECT "at", "type", "value" FROM events ORDER BY 1')
            found = [(one.code, one.evidence) for one in staged.findings]
            return panel_of_history(staged, spec).to_pylist(), found, shown, taken[-1]

    return reading


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"id": pa.array(PLAIN["id"], pa.large_string())},
        {"type": pa.array(PLAIN["type"]).dictionary_encode()},
        {"at": pa.array(DAYS, pa.timestamp("us", tz="Europe/Kyiv"))},
        {"at": pa.array([day.date() for day in DAYS])},
        {"value": pa.array([1, 2, None, 4, 5, 6], pa.int16())},
        {"value": pa.array([1.25, 2, None, 4, 5, 6], pa.float32())},
    ],
)
def test_quickly_is_the_same_as_exactly(read, columns):
    *quickly, was_quick = read(columns)
    *exactly, _ = read(columns, quick=False)
    assert was_quick and quickly == exactly


@pytest.mark.parametrize(
    "columns",
    [
        {"at": pa.array(DAYS, pa.timestamp("ns"))},
        {"at": pa.array(DAYS, pa.timestamp("ms"))},
        {"at": [str(day) for day in DAYS]},
        {"value": ["1", "2", "3", "4", "5", "6"]},
        {"type": ["x", *"abcde"], "TYPE": [*"abcdef"]},
    ],
)
def test_what_is_not_plain_goes_the_exact_way(read, columns):
    assert not read(columns)[-1]


def test_more_texts_than_a_list_has(read):
    with patch("chs_ml.history.asof.quick.MOST_LISTED", 1):
        *unlisted, was_quick = read({})
    assert was_quick and unlisted == [*read({})[:-1]]


def test_strangers_and_nobody_are_counted(read):
    _, found, _, was_quick = read({})
    assert was_quick and [code for code, _ in found] == ["empty-id", "unknown-customer"]
    assert "empty in 2 of 6" in found[0][1] and "1 of 6 rows" in found[1][1]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"value": [1.0, 2.0, 3.0, 4.0, 5.0, 2e14]}, "row 6 has 200000000000000"),
        ({"at": pa.array([*DAYS[:5], dt.datetime(2024, 1, 1)]).cast(pa.int64()).to_pylist()}, "holds values of type"),
        ({"at": pa.array([0, 1, 2, 3, 2**62, 5], pa.timestamp("us"))}, "row 5 has"),
    ],
)
def test_what_is_wrong_is_told_with_its_row(read, columns, said):
    with pytest.raises(TableError, match=said):
        read(columns)
