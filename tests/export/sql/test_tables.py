"""Real tables, scored in DuckDB by the exported text, row for row as ``Formula`` scores them."""

from __future__ import annotations

import datetime as dt

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from chs_ml.cli.reading import Columns
from chs_ml.cli.scoring import scored_batch
from chs_ml.export import Options
from chs_ml.export.sql import to_sql
from chs_ml.formula import WeightsFile
from tests.export.sql.on_tables import formula_on
from tests.history.asof.engines import unreachable

TELCO_NUMBERS = ("tenure", "MonthlyCharges", "TotalCharges")


@pytest.fixture(scope="module")
def telco(chs_data) -> pa.Table:
    """Telco; the blanks of eleven new customers in TotalCharges are NULL."""
    file = chs_data / "telco_ibm" / "Telco-Customer-Churn.csv"
    if not file.is_file():
        unreachable(f"no {file.name} in the shared tables")
    frame = pd.read_csv(file)
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    return pa.Table.from_pandas(frame, preserve_index=False)


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> pa.Table:
    """The demo's panel, small."""
    from chs_ml.history.asof import build_panel
    from chs_ml.history.demo import write_demo
    from chs_ml.spec import load_spec

    folder = tmp_path_factory.mktemp("demo") / "demo"
    write_demo(folder, customers=150, quarters=4, seed=3)
    return build_panel(load_spec(folder / "calibration.yaml"))


def test_telco(telco):
    apart = {"customerID", "Churn"}
    names = [name for name in telco.column_names if name not in apart]
    assert telco.num_rows == 7043 and telco["TotalCharges"].null_count == 11
    weights = formula_on(telco, names, {*names} - {*TELCO_NUMBERS}, "InternetService")
    assert compared(weights, telco, "customerID") == 7043


def test_the_demos_panel(demo):
    names = [name for name in demo.column_names if name not in {"customer", "cutoff", "churned"}]
    texts = {name for name in names if not _is_number(demo.schema.field(name).type)}
    names = [name for name in names if demo[name].null_count < demo.num_rows]
    weights = formula_on(demo, names, texts & {*names}, names[1])
    assert len(names) >= 8 and compared(weights, demo, "customer") == demo.num_rows > 250


def compared(weights: WeightsFile, table: pa.Table, key: str) -> int:
    """Compare the query with the formula, and its texts with what ``chs-ml score`` writes; return how many rows."""
    connection = duckdb.connect()
    numbered = table.append_column("row number", pa.array(range(table.num_rows)))
    connection.register("a table", numbered)
    assert connection.sql(to_sql(weights, Options(table="a table", key=key))).columns[0] == "customer"
    text = to_sql(weights, Options(table="a table", key="row number"))
    found = connection.sql(text).to_arrow_table().sort_by("customer")
    scored = weights.formula.read(table)
    numbers = {"score": scored.score, "churn_probability": scored.churn_probability, "coverage": scored.coverage}
    for name, wanted in numbers.items():
        np.testing.assert_allclose(found[name].to_numpy(), wanted, rtol=0, atol=1e-9, err_msg=name)
    [batch] = table.combine_chunks().to_batches()
    written = scored_batch(weights, batch, Columns(), 0, dt.date(2026, 1, 1))
    for name in ("band", "band_by_score", "reason_1", "reason_2", "reason_3", "formula", "digest"):
        assert found[name].to_pylist() == written[name].to_pylist(), name
    assert len({*found["band"].to_pylist()}) >= 3
    return found.num_rows


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)
