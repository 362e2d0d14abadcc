"""Segment, stage and revenue: read beside the metrics, kept with the rows, in the digest."""

from __future__ import annotations

import numpy as np
import pytest

from chs_ml.errors import DataError
from chs_ml.history.checks import examine
from chs_ml.history.panel import load_panel

ROWS = (
    "id,logins,plan,left,tier,phase,mrr",
    "c3,5,pro,no,Київ,new,10",
    "c1,0,free,yes,Львів,,0",
    "c2,,pro,no,,new,2.5",
    "c4,2.5,free,yes,Київ,old,",
)
ALL = "  customer: id\n  segment: tier\n  stage: phase\n  revenue: mrr"
WEIGHTED = "calibration: {row_weights: {revenue: true}}\n"


def test_they_come_in_the_order_of_the_customers(table, spec):
    table(ROWS)
    panel = load_panel(spec(customer=ALL))
    assert panel.segment.tolist() == ["Львів", None, "Київ", "Київ"]
    assert panel.stage.tolist() == [None, "new", "new", "old"]
    np.testing.assert_array_equal(panel.revenue, [0, 2.5, 10, np.nan])
    assert list(panel.metrics) == ["logins", "plan"]


def test_they_stay_with_their_rows(table, spec):
    table((*ROWS, "c0,1,pro,,Харків,old,7"))
    panel = load_panel(spec(customer=ALL))
    assert panel.segment[0] == "Харків"
    known = panel.known()
    assert (known.segment[0], known.stage[1], known.revenue[1]) == ("Львів", "new", 2.5)
    assert known.take(np.array([2])).segment.tolist() == ["Київ"]


def test_without_columns_there_is_none(table, spec):
    table(ROWS)
    panel = load_panel(spec()).known()
    assert (panel.segment, panel.stage, panel.revenue) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "sees"),
    [("c3,5,pro,no,Київ,new,11", "mrr"), ("c3,5,pro,no,,new,10", "tier"), ("c3,5,pro,no,Київ,,10", "phase")],
)
def test_the_digest_covers_what_was_read_and_nothing_else(table, spec, change, sees):
    table(ROWS)
    first = {key: load_panel(spec(customer=said)).digest for key, said in (("all", ALL), ("none", "  customer: id"))}
    assert first["all"] != first["none"]
    table((ROWS[0], change, *ROWS[2:]))
    assert load_panel(spec(customer=ALL)).digest != first["all"], sees
    assert load_panel(spec(customer="  customer: id")).digest == first["none"]


def test_a_segment_may_be_a_metric_as_well(table, spec):
    table(ROWS)
    panel = load_panel(spec(customer="  customer: id\n  segment: plan\n  revenue: logins"))
    assert panel.segment.tolist() == panel.metrics["plan"].tolist()
    np.testing.assert_array_equal(panel.revenue, panel.metrics["logins"])


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (
            "-1",
            r"customers.csv: column 'mrr': line 2 has -1\.0; revenue is a number of at least 0. Correct them, or leave",
        ),
        ("inf", r"column 'mrr': line 2 has 'inf'; a number must be finite"),
        ("ten", r"column 'mrr': line 2 has 'ten'; a column of numbers holds nothing else"),
    ],
)
def test_revenue_is_a_finite_number_of_at_least_nothing(table, spec, cell, problem):
    table((ROWS[0], f"c3,5,pro,no,Київ,new,{cell}", *ROWS[2:]))
    with pytest.raises(DataError, match=problem):
        load_panel(spec(customer=ALL))


def test_a_weighted_row_needs_its_revenue(table, spec):
    table(ROWS)
    with pytest.raises(DataError, match=r"column 'mrr': line 5; under row_weights: {revenue: true} a row .* Fill it"):
        load_panel(spec(WEIGHTED, customer=ALL))
    table((*ROWS[:4], "c4,2.5,free,,Київ,old,"))  # its outcome is not known yet: it weighs nothing in the fit
    assert np.isnan(load_panel(spec(WEIGHTED, customer=ALL)).revenue[-1])


def test_an_absent_column_is_told_by_its_key(table, spec):
    table(ROWS)
    with pytest.raises(DataError, match=r"data\.stage.*leave data\.stage out"):
        load_panel(spec(customer=ALL.replace("phase", "fase")))


def test_an_id_is_no_segment(table, spec):
    many = [f"c{at},{at % 7},{'ab'[at % 2]},{('yes', 'no')[at % 3 > 0]},s{at},new,1" for at in range(1001)]
    table((ROWS[0], *many))
    with pytest.raises(DataError, match=r"column 'tier': 1,001 different texts; at most 1,000 groups are told apart"):
        load_panel(spec(customer=ALL))


def test_check_says_what_it_understood_of_them(table, spec):
    table(ROWS)
    told = {one.role: one for one in examine(spec(customer=ALL)).understood.columns}
    assert (told["segment"].name, told["segment"].levels, told["segment"].missing) == ("tier", 2, 0.25)
    assert (told["revenue"].low, told["revenue"].high, told["stage"].frequent) == (0.0, 10.0, ())


def test_check_names_no_segment_of_under_five_customers(table, spec):
    rows = [f"c{at % 30},{at % 7},{'ab'[at % 2]},{('yes', 'no')[at % 3 > 0]},north,new,1" for at in range(30)]
    few = [f"c{at},{at},a,yes,Acme Ltd,old,1" for at in range(100, 104)]
    table((ROWS[0], *rows, *few))
    told = {one.role: one for one in examine(spec(customer=ALL)).understood.columns}
    assert (told["segment"].frequent, told["segment"].levels) == (("north",), 2)
    assert told["stage"].frequent == ("new",)
    told = {one.role: one for one in examine(spec(customer="  customer: id\n  segment: plan")).understood.columns}
    assert told["segment"].frequent == ("a", "b")


def test_check_warns_of_a_segment_with_one_class(table, spec):
    rows = [f"c{at:03},{at % 7},{'ab'[at % 2]},{('yes', 'no')[at % 3 > 0]},{'xyz'[at % 3]},new,1" for at in range(300)]
    table((ROWS[0], *rows, "c900,1,a,yes,few,new,1"))
    found = [str(one) for one in examine(spec(customer=ALL)).findings if one.code == "one-class-segment"]
    remedy = "one class gives no AUC. Group it with others, or correct data.segment."
    assert found == [
        f"segment 'x': every row is churned; {remedy}",
        f"segment 'y', 'z': every row is retained; {remedy}",
    ]
