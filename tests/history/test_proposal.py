from __future__ import annotations

import pytest

from chs_ml.errors import DataError, SpecError
from chs_ml.history.checks import check_panel
from chs_ml.history.proposal import propose_spec
from chs_ml.spec import load_spec


def _proposed(table, tmp_path):
    path = tmp_path / "calibration.yaml"
    path.write_text(propose_spec(table, beside=tmp_path).text, encoding="utf-8")
    return load_spec(path)


def _customers(**columns):
    """Forty customers; each column is a function of their number."""
    names = ["account_id", "churned", *columns]
    rows = [[f"A-{i}", "true" if i % 3 else "false", *(make(i) for make in columns.values())] for i in range(40)]
    return (",".join(names), *(",".join(map(str, row)) for row in rows))


def test_telco_needs_no_edits(chs_data, tmp_path):
    spec = _proposed(chs_data / "telco_ibm" / "Telco-Customer-Churn.csv", tmp_path)
    assert (spec.data.customer, spec.data.outcome.column, spec.data.outcome.churned) == (
        "customerID",
        "Churn",
        ("Yes",),
    )
    assert [metric.name for metric in spec.with_role("audit")] == ["gender", "SeniorCitizen"]
    assert len(spec.with_role("metric")) == 17
    assert check_panel(spec) == []


def test_the_saas_table_loads(chs_data, tmp_path):
    spec = _proposed(chs_data / "pysurvival_saas_churn" / "churn.csv", tmp_path)
    assert (spec.data.customer, spec.data.outcome.churned) == (None, ("1.0",))
    assert spec.metric("csat_score").pillar == "satisfaction"
    assert [one for one in check_panel(spec) if one.severity == "error"] == []


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        ("nps", lambda i: i % 11, {"scale": "nps", "pillar": "satisfaction"}),
        ("csat", lambda i: 1 + i % 5, {"scale": "csat"}),
        ("nps_score", lambda i: i, {"scale": None, "kind": "number"}),
        ("logins_30d", lambda i: i, {"pillar": "usage"}),
        ("OpenTickets", lambda i: i % 4, {"pillar": "support"}),
        ("overdue_invoices", lambda i: i % 4, {"pillar": "payment"}),
        ("tenure", lambda i: i, {"pillar": "relationship"}),
        ("referrals", lambda i: i % 4, {"pillar": "advocacy"}),
        ("mailings", lambda i: i % 4, {"pillar": "engagement"}),
        ("age", lambda i: 20 + i, {"role": "audit"}),
        ("storage", lambda i: 20 + i, {"role": "metric", "pillar": "usage"}),
        ("signup_date", lambda i: f"2025-01-{1 + i % 28:02}", {"role": "exclude"}),
        ("cancel_reason", lambda i: "ab"[i % 2], {"role": "exclude"}),
        ("constant", lambda i: 1, {"role": "exclude"}),
        ("owner", lambda i: f"person {i} of many" * (i < 30) or "x", {"role": "metric", "kind": "category"}),
        ("RowNumber", lambda i: i, {"role": "exclude"}),
        ("company_id", lambda i: i // 2, {"role": "exclude"}),
        ("yes", lambda i: i, {"role": "metric"}),
        ("1st: call {x} # y", lambda i: i, {"role": "metric"}),
    ],
)
def test_guesses_about_metrics(table, tmp_path, name, make, said):
    spec = _proposed(table(_customers(**{name: make, "other": lambda i: i % 5})), tmp_path)
    metric = spec.metric(name)
    assert {key: getattr(metric, key) for key in said} == said
    assert spec.data.customer == "account_id"
    assert check_panel(spec)[0].code == "few-events"


@pytest.mark.parametrize(
    ("column", "values", "churned"),
    [
        ("Churn?", ("True.", "False."), "True."),
        ("Exited", ("1", "0"), "1"),
        ("Attrition_Flag", ("Attrited Customer", "Existing Customer"), "Attrited Customer"),
        ("status", ("closed", "open"), "closed"),
        ("is_active", ("no", "yes"), "no"),
        ("відтік", ("так", "ні"), "так"),
    ],
)
def test_guesses_about_the_outcome(table, tmp_path, column, values, churned):
    rows = (f"{i},{i % 7},{values[i % 2]}" for i in range(20))
    spec = _proposed(table((f"customer,x,{column}", *rows)), tmp_path)
    assert (spec.data.outcome.column, spec.data.outcome.churned) == (column, (churned,))


def test_no_outcome_is_said_and_then_refused(table, tmp_path):
    path = table(("customer,x", "a,1", "b,2"))
    assert "# no column looks like the outcome. Add the line" in propose_spec(path).text
    with pytest.raises(SpecError, match=r"data.outcome: is missing"):
        _proposed(path, tmp_path)


def test_candidates_for_the_outcome_are_all_named(table):
    rows = (f"{i},{'ab'[i % 2]},{i % 2},{('лишився', 'пауза', 'пішов')[i % 3]},{'fm'[i % 2]}" for i in range(20))
    proposal = propose_spec(table(("number,plan,flag,Статус,gender", *rows)))
    assert "  # outcome: {column: Статус, churned: [пішов], retained: [лишився, пауза]}\n" in proposal.text
    assert "  # outcome: {column: plan, churned: [a], retained: [b]}\n" in proposal.text
    who, what = proposal.open_points
    assert who.startswith("no column looks like a customer's id")
    assert "It may be 'Статус', 'plan'. Add data.outcome" in what


def test_a_proposal_that_knows_everything_leaves_nothing_open(table):
    assert propose_spec(table(_customers(logins=lambda i: i))).open_points == ()


def test_an_odd_cell_among_numbers_is_said_beside_the_metric(table, tmp_path):
    cells = [f"{i},5" for i in range(40)]
    cells[7] = "багато"
    rows = (f"{i};{i % 2};{cell}" for i, cell in enumerate(cells))
    path = table(("customer;churn;Оплата", *rows))
    proposal = propose_spec(path, beside=tmp_path)
    assert "# customers.csv: column 'Оплата': line 9 has 'багато'; a column of numbers" in proposal.text
    assert "line 9 has 'багато'" in proposal.open_points[0] and "kind: category" in proposal.open_points[0]
    assert _proposed(path, tmp_path).metric("Оплата").kind == "number"


@pytest.mark.parametrize("outcome", ["Статус", "Стан клієнта", "Пішов", "відтік", "Отток клиентов", "ушёл"])
@pytest.mark.parametrize("customer", ["Код клієнта", "клієнт", "ID клиента", "клиент_id", "Номер абонента"])
def test_ukrainian_and_russian_names(table, tmp_path, outcome, customer):
    metrics = {
        "Вхід за місяць": "usage",
        "Оплата, грн": "payment",
        "Звернення": "support",
        "Кількість скарг": "support",
        "задоволеність": "satisfaction",
        "Сума оплат": "payment",
        "обращения": "support",
        "Стаж": "relationship",
        "місяців з нами": "relationship",
    }
    names = ";".join([customer, outcome, *metrics])
    rows = (f"к{i};{'пішов' if i % 3 else 'лишився'};{';'.join([str(i % 7 + 1)] * 9)}" for i in range(40))
    spec = _proposed(table((names, *rows)), tmp_path)
    assert (spec.data.customer, spec.data.outcome.column, spec.data.outcome.churned) == (customer, outcome, ("пішов",))
    assert {metric.name: metric.pillar for metric in spec.metrics} == metrics


def test_a_pillar_that_no_word_points_to_is_marked(table):
    text = propose_spec(table(_customers(logins=lambda i: i, mailings=lambda i: i))).text
    assert "- {name: mailings, pillar: engagement, kind: number}  # guessed: the pillar\n" in text
    assert "- {name: logins, pillar: usage, kind: number}\n" in text


def test_cutoffs_and_ids_that_repeat(table, tmp_path):
    rows = (f"{i // 2},2025-0{3 + 3 * (i % 2)}-30,{i % 7},{i % 3 % 2}" for i in range(40))
    spec = _proposed(table(("customer_id,quarter_end,x,churn", *rows)), tmp_path)
    assert (spec.data.customer, spec.data.cutoff) == ("customer_id", "quarter_end")


def test_windows_encodings_and_decimal_commas(table, tmp_path):
    rows = "".join(f'{i},"{i % 7},5",{"так" if i % 2 else "ні"}\n' for i in range(20))
    spec = _proposed(table(f"customer,x,відтік\n{rows}".encode("cp1251")), tmp_path)
    assert (spec.data.table.encoding, spec.data.table.decimal) == ("cp1251", ",")
    assert check_panel(spec)[0].code == "few-events"


def test_a_table_too_wide(table):
    names = [f"m{i}" for i in range(10_000)]
    with pytest.raises(DataError, match="has 10,000 columns; a spec serves at most 2,000 metrics"):
        propose_spec(table((",".join(names), ",".join(["1"] * 10_000))))


@pytest.mark.parametrize(("content", "problem"), [(("id,x",), "has no rows"), (("id,x", "1"), "line 2 has 1")])
def test_tables_that_cannot_be_read(table, content, problem):
    with pytest.raises(DataError, match=problem):
        propose_spec(table(content))
