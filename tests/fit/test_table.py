from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from chs_ml.errors import DataError, FitError
from chs_ml.fit.table import MetricPlan, read_table

PLANS = (MetricPlan("логіни"), MetricPlan("plan"), MetricPlan("active"))
VALUES = {"логіни": [1.0, None, 3.0], "plan": ["pro", None, "Базовий"], "active": [True, False, True]}


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(VALUES),
        pd.DataFrame(VALUES).convert_dtypes(),
        pd.DataFrame(VALUES).astype({"plan": "category"}),
        pa.table(VALUES),
        {name: np.array(column) for name, column in VALUES.items()},
    ],
    ids=["pandas", "nullable", "categorical", "arrow", "arrays"],
)
def test_every_kind_of_frame_reads_the_same(frame):
    plans = (MetricPlan("логіни", kind="number"), *PLANS[1:])
    table = read_table(frame, plans)
    logins, plan, active = table.columns
    np.testing.assert_array_equal(logins.values, [1.0, np.nan, 3.0])
    assert logins.known.tolist() == [True, False, True]
    assert plan.levels == ("pro", "Базовий")
    assert plan.values.tolist() == [0, -1, 1]
    assert active.levels is None
    assert active.values.tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint8(), pa.float32(), pa.float64(), pa.bool_(), pa.decimal128(25, 2)])
def test_numbers_of_arrow_are_numbers(kind):
    table = read_table(pa.table({"x": pa.array([1, 0, None]).cast(kind)}), (MetricPlan("x"),))
    np.testing.assert_array_equal(table.columns[0].values, [1.0, 0.0, np.nan])


def test_absent_columns_are_all_named():
    with pytest.raises(FitError, match=r"metric 'nps' is not among the columns.*\n.*'csat' is not"):
        read_table(pd.DataFrame(VALUES), (MetricPlan("nps"), PLANS[0], MetricPlan("csat")))


def test_text_where_a_number_was_planned():
    with pytest.raises(DataError, match="metric 'plan': 'pro' is not a number"):
        read_table(pd.DataFrame(VALUES), (MetricPlan("plan", kind="number"),))


def test_numbers_taken_as_levels():
    table = read_table(pd.DataFrame({"tier": [1, 2, 2, 10]}), (MetricPlan("tier", kind="category"),))
    assert table.columns[0].levels == ("1", "10", "2")


def test_some_of_the_rows():
    part = read_table(pd.DataFrame(VALUES), PLANS).take(np.array([2, 0]))
    assert part.rows == 2
    assert part.columns[0].values.tolist() == [3.0, 1.0]
    assert part.columns[1].levels == ("pro", "Базовий")
