from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from chs_ml.fit.fitting import Candidate, Sample, fit
from chs_ml.fit.lowering import formula_of
from chs_ml.fit.scrutiny.collinear import Same, SharedLevel, carried_by, carried_once, same_information, shared_levels
from chs_ml.fit.table import Column, MetricPlan, Table
from tests.fit import drawn


def found(table, weight=None, first=()):
    plans = tuple(MetricPlan(name) for name in table.columns)
    outcome = np.arange(len(table)) % 2.0
    return same_information(drawn.sample(table, outcome, plans, weight), plans, first)


def telephone(rows=600, seed=0):
    """Minutes by the hour of the day, their charges rounded to cents, and what one customer is to another."""
    draw = np.random.default_rng(seed)
    table = pd.DataFrame({f"{part}_minutes": np.round(draw.normal(200, 50, rows), 1) for part in ("day", "night")})
    table["day_charge"] = np.round(0.17 * table.day_minutes, 2)
    table["night_charge"] = np.round(0.045 * table.night_minutes, 2)
    table["minutes"] = table.day_minutes + table.night_minutes
    table["plan"] = draw.choice(["basic", "pro", "team"], rows)
    return table


def test_charges_and_a_sum_are_the_minutes_again():
    assert found(telephone()) == (
        Same("day_charge", ("day_minutes",)),
        Same("night_charge", ("night_minutes",)),
        Same("minutes", ("day_minutes", "night_minutes")),
    )


def test_what_is_kept_goes_first():
    assert found(telephone()[["day_minutes", "day_charge"]], first=("day_charge",)) == (
        Same("day_minutes", ("day_charge",)),
    )


def test_order_of_rows_units_and_weights_change_nothing():
    table = telephone()
    expected = found(table)
    assert found(table.sample(frac=1, random_state=1)) == expected
    assert found(table.assign(day_minutes=-1e9 * table.day_minutes)) == expected
    assert found(pd.concat([table, table]), weight=np.full(2 * len(table), 0.5)) == expected


def test_a_number_and_its_logarithm_are_one_thing_to_a_curve():
    revenue = np.random.default_rng(0).lognormal(8, 2, 500)
    table = pd.DataFrame({"revenue": revenue, "log": np.log(revenue), "rank_reversed": -(revenue**3)})
    assert found(table) == (Same("log", ("revenue",)), Same("rank_reversed", ("revenue",)))


def test_close_is_not_the_same():
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"logins": draw.normal(size=2_000)})
    table["nearly"] = table.logins + 0.01 * draw.normal(size=2_000)
    assert found(table) == ()


def test_a_placeholder_in_the_same_rows_makes_no_twins():
    draw = np.random.default_rng(0)
    table = pd.DataFrame(draw.normal(5, 1, (1_000, 2)), columns=["nps", "csat"])
    table.loc[table.sample(frac=0.05, random_state=0).index, ["nps", "csat"]] = 999_999_999.0
    assert found(table) == ()
    assert found(table.assign(again=2 * table.csat)) == (Same("again", ("csat",)),)


def test_where_a_value_is_missing_is_information_too():
    table = telephone()[["day_minutes"]].copy()
    table.loc[table.index[:50], "day_minutes"] = np.nan
    table["again"] = table.day_minutes / 60
    assert found(table) == (Same("again", ("day_minutes",)),)
    table.loc[table.index[50:80], "again"] = np.nan
    assert found(table) == ()
    assert found(table[["again"]].assign(full=telephone().day_minutes)) == ()


def test_levels_by_other_names_and_coarser_levels_are_redundant_finer_ones_are_not():
    table = telephone()[["plan"]]
    table["paid"] = table.plan.map({"basic": "no", "pro": "yes", "team": "yes"})
    table["tier"] = table.plan.map({"basic": "1", "pro": "2", "team": "3"})
    assert found(table) == (Same("paid", ("plan",)), Same("tier", ("plan",)))
    assert found(table[["paid", "plan"]]) == ()


def test_a_flag_as_number_and_as_word():
    table = telephone()[["day_minutes"]].assign(flag=np.arange(600) % 3 == 0)
    table["flag"] = table.flag.astype(float)
    table["word"] = np.where(table.flag > 0, "yes", "no")
    assert found(table) == (Same("word", ("flag",)),)


def test_constant_metrics_and_rows_without_weight_do_not_count():
    table = telephone()[["day_minutes"]].assign(always=7.0, one="only", empty=np.nan)
    table["again"] = table.day_minutes
    table.loc[table.index[:100], "again"] = 0.0
    assert found(table) == ()
    assert found(table, weight=(np.arange(600) >= 100).astype(float)) == (Same("again", ("day_minutes",)),)
    assert found(table, weight=np.zeros(600)) == ()


def test_a_few_rows_prove_nothing():
    draw = np.random.default_rng(0)
    assert found(pd.DataFrame(draw.normal(size=(12, 20)), columns=[f"m{j}" for j in range(20)])) == ()


def test_levels_that_several_metrics_share():
    draw = np.random.default_rng(0)
    internet = draw.choice(["DSL", "Fiber", "No"], 400)
    table = pd.DataFrame({"internet": internet})
    for name in ("backup", "security"):
        table[name] = np.where(internet == "No", "No internet", draw.choice(["No", "Yes"], 400))
    plans = tuple(MetricPlan(name) for name in table.columns)
    sample = drawn.sample(table, np.arange(400) % 2.0, plans)
    assert same_information(sample, plans) == ()
    assert shared_levels(sample, plans) == (
        SharedLevel("backup", "No internet", "internet", "No"),
        SharedLevel("security", "No internet", "internet", "No"),
    )


def test_it_is_cheap():
    """Measured on 300,000 rows × 30 metrics, ten with gaps: 0.2 s of CPU, 0.45 s where three are redundant."""
    draw = np.random.default_rng(0)
    values = draw.normal(size=(30, 50_000))
    values[29] = values[0] + values[1]
    table = Table(tuple(Column(f"m{j}", row) for j, row in enumerate(values)))
    sample = Sample(table, draw.integers(0, 2, 50_000).astype(float), np.ones(50_000), np.arange(50_000))
    plans = tuple(MetricPlan(column.name) for column in table.columns)
    begun = time.process_time()
    assert same_information(sample, plans) == (Same("m29", ("m0", "m1")),)
    assert time.process_time() - begun < 2.0


@pytest.mark.slow
def test_public_tables_have_shared_levels_but_no_redundant_metric(chs_data):
    table = pd.read_csv(chs_data / "telco_ibm" / "Telco-Customer-Churn.csv").drop(columns=["customerID", "Churn"])
    table["TotalCharges"] = pd.to_numeric(table["TotalCharges"], errors="coerce")
    assert found(table) == ()
    plans = tuple(MetricPlan(name) for name in table.columns)
    shared = shared_levels(drawn.sample(table, np.arange(len(table)) % 2.0, plans), plans)
    assert shared[0] == SharedLevel("MultipleLines", "No phone service", "PhoneService", "No")
    assert [one.level for one in shared[1:]] == ["No internet service"] * 6
    saas = pd.read_csv(chs_data / "pysurvival_saas_churn" / "churn.csv").drop(columns=["months_active", "churned"])
    assert found(saas) == ()


def internet(rows=1_200, seed=2):
    """Services that nobody has who has no internet, and two surveys that go unanswered together."""
    draw = np.random.default_rng(seed)
    table = pd.DataFrame({"internet": draw.choice(["DSL", "Fiber", "No"], rows)})
    for name in ("backup", "security"):
        table[name] = np.where(table.internet == "No", "No internet", draw.choice(["Yes", "No"], rows))
    silent = draw.random(rows) < 0.3
    for name in ("csat", "nps"):
        table[name] = np.where(silent, np.nan, draw.integers(1, 6, rows))
    return table


def test_what_several_share_is_learned_by_the_first_alone():
    table = internet()
    plans = tuple(MetricPlan(name) for name in table.columns)
    outcome = drawn.retained(drawn.frame(1_200), 3)
    sample = drawn.sample(table, outcome, plans)
    shared = shared_levels(sample, plans)
    assert SharedLevel("nps", None, "csat", None) in shared
    once = {plan.name: plan for plan in carried_once(plans, shared)}
    assert once["backup"].elsewhere == once["security"].elsewhere == ("No internet",)
    assert (once["internet"].elsewhere, once["csat"].missing, once["nps"].missing) == ((), "learned", "neutral")

    fitted = fit(sample, [plan.directed("free") for plan in once.values()], Candidate(8, 1.0))
    assert fitted.basis.metrics[1].levels == ("No", "Yes")
    terms = {term.metric: term for term in formula_of(fitted).formula.terms}
    backup = dict(terms["backup"].shape.values)
    assert backup["No internet"] == terms["backup"].shape.other
    assert min(backup["No"], backup["Yes"]) < backup["No internet"] < max(backup["No"], backup["Yes"])
    assert not terms["nps"].missing_learned
    assert terms["backup"].known(table).all()  # a level that stands elsewhere is known all the same


def test_without_shared_levels_plans_stay():
    plans = (MetricPlan("a", "positive"), MetricPlan("b", missing="worst"))
    assert carried_once(plans, ()) == plans
    assert carried_once(plans, [SharedLevel("b", None, "a", None)])[1].missing == "worst"


def test_a_level_is_learned_where_a_split_needs_it():
    shared = [
        SharedLevel("region", "EU", "plan", "only"),
        SharedLevel("currency", "EUR", "plan", "only"),
        SharedLevel("backup", "No", "internet", "No"),
    ]
    moved = carried_by(shared, "region", "EU")
    assert moved == (
        SharedLevel("plan", "only", "region", "EU"),
        SharedLevel("currency", "EUR", "region", "EU"),
        SharedLevel("backup", "No", "internet", "No"),
    )
    assert carried_by(shared, "plan", "only") == carried_by(shared, "region", "US") == tuple(shared)
    once = {plan.name: plan.elsewhere for plan in carried_once([MetricPlan("plan"), MetricPlan("region")], moved)}
    assert once == {"plan": ("only",), "region": ()}
