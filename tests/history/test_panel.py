from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chs_ml.errors import DataError
from chs_ml.history.panel import load_panel
from chs_ml.spec import load_spec

ROWS = ("id,logins,plan,left", "c3,5,pro,no", "c1,0,free,yes", "c2,,pro,no", "c4,2.5,free,yes")


def test_the_tiny_panel(table, spec):
    table(ROWS)
    panel = load_panel(spec())
    assert panel.customer.tolist() == ["c1", "c2", "c3", "c4"]
    assert panel.metrics["plan"].tolist() == ["free", "pro", "pro", "free"]
    np.testing.assert_array_equal(panel.metrics["logins"], [0, np.nan, 5, 2.5])
    assert panel.churned.tolist() == [1, 0, 0, 1]
    assert (panel.rows, panel.customers, panel.cutoff, panel.current) == (4, 4, None, None)
    assert [source.name for source in panel.sources] == ["customers.csv"]


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), with_id=st.booleans())
def test_the_order_of_rows_and_columns_changes_nothing(tmp_path_factory, seed, with_id):
    draw = random.Random(seed)
    folder = tmp_path_factory.mktemp("panel")
    names = ["id", "x", "plan", "left"] if with_id else ["x", "plan", "left"]
    rows = [[f"{i:03}", str(draw.randrange(3)), draw.choice(["а", "б", ""]), draw.choice("01")] for i in range(12)]
    rows += [["a", "0", "а", "0"], ["b", "1", "б", "1"]]
    digests = {_digest(folder, names, [row if with_id else row[1:] for row in rows], draw) for _ in range(3)}
    assert len(digests) == 1


def _digest(folder, names, rows, draw):
    order = draw.sample(range(len(names)), len(names))
    lines = [",".join(row[at] for at in order) for row in [names, *draw.sample(rows, len(rows))]]
    (folder / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    customer = "customer: id, " if "id" in names else ""
    data = f"data: {{table: t.csv, {customer}outcome: {{column: left, churned: 1}}}}"
    (folder / "s.yaml").write_text(f"name: a\n{data}\nmetrics: [{{name: x}}, {{name: plan}}]\n")
    return load_panel(load_spec(folder / "s.yaml")).digest


def test_the_digest_sees_every_value(table, spec):
    table(ROWS)
    first = load_panel(spec()).digest
    for change in ("c3,5,pro,yes", "c3,6,pro,no", "c3,5,Pro,no", "c3,5,,no", "c9,5,pro,no"):
        table((ROWS[0], change, *ROWS[2:]))
        assert load_panel(spec()).digest != first
    table((ROWS[0], "c3, 5.0 ,pro,no", *ROWS[2:]))
    assert load_panel(spec()).digest == first


def test_csv_and_parquet_give_the_same_panel(table, spec, tmp_path):
    table(ROWS)
    columns = {"id": ["c3", "c1", "c2", "c4"], "logins": [5, 0, None, 2.5], "plan": ["pro", "free", "pro", "free"]}
    written = pa.table({**columns, "left": ["no", "yes", "no", "yes"]})
    pq.write_table(written.set_column(2, "plan", written["plan"].dictionary_encode()), tmp_path / "t.parquet")
    assert load_panel(spec(table="  table: t.parquet")).digest == load_panel(spec()).digest


def test_ids_are_strings_whatever_they_look_like(table, spec):
    ids = ["007", "7", "NA", "null", "1e5", "Ж"]
    table((ROWS[0], *(f"{one},{at},{'ab'[at % 2]},{'yes' if at % 2 else 'no'}" for at, one in enumerate(ids))))
    assert load_panel(spec()).customer.tolist() == sorted(ids)


def test_outcomes_unknown_excluded_and_listed(table, spec):
    table((*ROWS, "c5,1,pro,", "c6,2,pro,NULL", "c7,3,pro,trial"))
    panel = load_panel(spec(outcome="  outcome: {column: left, churned: [yes], exclude: [trial]}"))
    np.testing.assert_array_equal(panel.churned, [1, 0, 0, 1, np.nan, np.nan])
    assert panel.known().customer.tolist() == ["c1", "c2", "c3", "c4"]
    assert "column 'left': 2 rows have no outcome yet; scored, not fitted" in panel.notes
    assert "column 'left': 1 row was excluded (trial)" in panel.notes


def test_an_outcome_value_may_be_named_null(table, spec):
    table((*ROWS, "c5,1,pro,null"))
    panel = load_panel(spec(outcome="  outcome: {column: left, churned: ['yes', 'null']}"))
    assert panel.churned.tolist() == [1, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("column", "churned"),
    [
        (pa.array([True, False]), "[Yes, true]"),
        (pa.array([True, False]), "[True]"),
        (pa.array([1, 0]), "['1.0']"),
        (pa.array([1.0, 0.0]), "[1]"),
        (pa.array(["1.0", "0.0"]), "['1.0']"),
    ],
)
def test_outcomes_of_parquet(tmp_path, spec, column, churned):
    pq.write_table(
        pa.table({"id": [1, 2], "logins": [3, 4], "plan": ["a", "b"], "left": column}), tmp_path / "t.parquet"
    )
    panel = load_panel(spec(table="  table: t.parquet", outcome=f"  outcome: {{column: left, churned: {churned}}}"))
    assert panel.churned.tolist() == [1, 0]
    assert panel.customer.tolist() == ["1", "2"]


def test_in_a_csv_1_is_not_1_0(table, spec):
    table((ROWS[0], "a,1,p,1.0", "b,2,q,0.0"))
    with pytest.raises(
        DataError, match=r"Found '1.0' .1., '0.0' .1.. Correct the lists of data.outcome; .* exactly as"
    ):
        load_panel(spec(outcome="  outcome: {column: left, churned: [1]}"))


def test_cutoffs(table, spec):
    table(("id,when,logins,plan,left", "b,2025-06-30,1,p,no", "a,2025-06-30 00:00:00,2,q,yes", "b,2025-03-31,3,p,yes"))
    panel = load_panel(spec(customer="  customer: id\n  cutoff: when"))
    assert panel.customer.tolist() == ["a", "b", "b"]
    assert panel.cutoff.astype(str).tolist() == ["2025-06-30", "2025-03-31", "2025-06-30"]
    assert panel.cutoff.dtype == np.dtype("datetime64[D]")
    assert (panel.customers, panel.sources[0].newest) == (2, "2025-06-30")


@pytest.mark.parametrize("bad", ["2025-02-30", "31.03.2025", "soon", "", "2025-13-01"])
def test_cutoffs_that_are_no_dates(table, spec, bad):
    table(("id,when,logins,plan,left", "b,2025-06-30,1,p,no", f"a,{bad},2,q,yes"))
    with pytest.raises(DataError, match=f"column 'when': line 3 has '{bad}'; a cutoff is a date as in 2025-03-31"):
        load_panel(spec(customer="  customer: id\n  cutoff: when"))


def test_a_customer_stands_once_per_cutoff(table, spec):
    table(("id,when,logins,plan,left", "b,2025-06-30,1,p,no", "b,2025-06-30,2,q,yes"))
    with pytest.raises(DataError, match="the same customer and cutoff in line 2 and line 3"):
        load_panel(spec(customer="  customer: id\n  cutoff: when"))


@pytest.mark.parametrize("kind", ["date32", "timestamp"])
def test_cutoffs_of_parquet(tmp_path, spec, kind):
    when = pa.array(["2025-06-30", "2025-03-31"]).cast(pa.timestamp("us"))
    when = when if kind == "timestamp" else when.cast(pa.date32())
    columns = {"id": ["a", "a"], "when": when, "logins": [1, 2], "plan": ["p", "q"], "left": ["yes", "no"]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    panel = load_panel(spec(table="  table: t.parquet", customer="  customer: id\n  cutoff: when"))
    assert panel.cutoff.astype(str).tolist() == ["2025-03-31", "2025-06-30"]


@pytest.mark.parametrize("name", ["id", "left"])
def test_lists_are_neither_ids_nor_outcomes(tmp_path, spec, name):
    columns = {"id": ["a", "b"], "logins": [1, 2], "plan": ["p", "q"], "left": ["yes", "no"], name: [[1], [2]]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=f"column '{name}' holds values of type list"):
        load_panel(spec(table="  table: t.parquet"))


def test_audit_columns_and_todays_score_stand_beside_the_metrics(table, spec):
    table(("id,logins,plan,left,sex,score", "b,1,p,no,,80", "a,2,q,yes,f,"))
    panel = load_panel(
        spec("  - {name: sex, role: audit}\n  - {name: absent, role: exclude}\nbaseline: {column: score}\n")
    )
    assert list(panel.metrics) == ["logins", "plan"]
    assert panel.audit["sex"].tolist()[0] == "f"
    assert panel.audit["sex"].isna().tolist() == [False, True]
    np.testing.assert_array_equal(panel.current, [np.nan, 80])


@pytest.mark.parametrize(("scale", "value"), [("nps", "11"), ("nps", "-1"), ("csat", "0"), ("ces", "8")])
def test_answers_beyond_their_scale(table, spec, scale, value):
    table(("id,logins,plan,left", "b,1,p,no", f"a,{value},q,yes"))
    with pytest.raises(DataError, match=f"column 'logins': line 3 has {value}.0; answers on the {scale} scale lie in"):
        load_panel(spec(f"  - {{name: logins, scale: {scale}}}\n  - {{name: plan}}\n", bare=True))


def test_texts_without_end_are_no_category(table, spec):
    table((ROWS[0], *(f"{i},{i},name{i},{'yes' if i % 2 else 'no'}" for i in range(1001))))
    with pytest.raises(DataError, match="metric 'plan': 1,001 different texts; a category has at most 1,000 levels"):
        load_panel(spec())


def test_too_many_metrics(table, spec):
    table(ROWS)
    metrics = "".join(f"  - {{name: m{i}}}\n" for i in range(2001))
    with pytest.raises(DataError, match=r"the spec has 2,001 metrics; .* at most 2,000"):
        load_panel(spec(metrics, bare=True))


def test_names_that_differ_by_case_are_two_and_said(table, spec):
    table(("id,logins,Logins,plan,left", "b,1,5,p,no", "a,2,6,q,yes"))
    panel = load_panel(spec("  - {name: Logins}\n"))
    assert panel.metrics["Logins"].tolist() == [6, 5]
    assert "columns 'logins' and 'Logins' differ only in upper and lower case; both were read" in panel.notes


def test_cyrillic_headers_and_values(table, spec):
    text = "клієнт;входи;тариф;пішов\nЯ1;1,5;«про»;так\nа2;2;вільний;ні\n"
    table(text.encode("cp1251"))
    metrics = "  - {name: входи}\n  - {name: тариф}\n"
    panel = load_panel(
        spec(
            metrics,
            bare=True,
            table="  table: {file: customers.csv, encoding: cp1251}",
            customer="  customer: клієнт",
            outcome="  outcome: {column: пішов, churned: так, retained: ні}",
        )
    )
    assert panel.customer.tolist() == ["Я1", "а2"]
    assert panel.metrics["входи"].tolist() == [1.5, 2.0]
    assert panel.metrics["тариф"].tolist() == ["«про»", "вільний"]


def test_take_by_number_and_by_flag(table, spec):
    table(ROWS)
    panel = load_panel(spec())
    assert panel.take(np.array([2, 0])).customer.tolist() == ["c3", "c1"]
    assert panel.take(panel.churned == 1).metrics.index.tolist() == [0, 1]
    assert panel.take(np.arange(4)).digest == panel.digest


def test_telco_as_published(chs_data, tmp_path):
    path = tmp_path / "s.yaml"
    table = chs_data / "telco_ibm" / "Telco-Customer-Churn.csv"
    data = f"data: {{table: '{table}', customer: customerID, outcome: {{column: Churn, churned: Yes, retained: No}}}}"
    path.write_text(
        f"name: telco\n{data}\nmetrics: [{{name: TotalCharges}}, {{name: Contract}}, {{name: SeniorCitizen}}]\n"
    )
    panel = load_panel(load_spec(path))
    assert (panel.rows, panel.customers, panel.churned.sum()) == (7043, 7043, 1869)
    assert panel.metrics["TotalCharges"].isna().sum() == 11
    assert panel.metrics["SeniorCitizen"].dtype == float


def test_a_column_that_is_only_looked_at_moves_no_customer(tmp_path):
    lines = ["x,left,seen", *(f"{at % 4},{'yes' if at % 3 else 'no'},{'ab'[at % 5 > 1]}" for at in range(24))]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    data = "data: {table: t.csv, outcome: {column: left, churned: [yes]}}"
    for name, more in (("with", ", {name: seen, role: audit}"), ("without", "")):
        (tmp_path / f"{name}.yaml").write_text(f"name: a\n{data}\nmetrics: [{{name: x}}{more}]\n", encoding="utf-8")
    looked, plain = (load_panel(load_spec(tmp_path / f"{name}.yaml")) for name in ("with", "without"))
    assert looked.customer.tolist() == plain.customer.tolist()
    assert looked.metrics["x"].tolist() == plain.metrics["x"].tolist()
