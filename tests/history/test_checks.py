from __future__ import annotations

import random

import pytest

from chs_ml.errors import DataError
from chs_ml.history.checks import check_panel, examine
from chs_ml.history.panel import load_panel

HEAD = "id,logins,plan,left"


def _rows(count=400, more=lambda i, left: ""):
    draw = random.Random(0)
    for i in range(count):
        left = draw.random() < 0.4
        yield f"{i},{draw.randrange(9)},{draw.choice('abc')},{'yes' if left else 'no'}{more(i, left)}"


def _codes(findings):
    return [(one.severity, one.code, one.metric) for one in findings]


def test_a_sound_table_has_no_findings(table, spec):
    table((HEAD, *_rows()))
    assert check_panel(spec()) == []


def test_load_problems_are_findings(table, spec):
    table((HEAD, "a,x,p,no", "b,,q,yes", "b,inf,q,maybe"))
    assert ("error", "unknown-outcome", "left") in _codes(check_panel(spec()))
    table(("id,plan,left", "a,p,no", "b,q,yes", "b,q,maybe"))
    assert _codes(check_panel(spec())) == [
        ("error", "missing-column", "logins"),
        ("error", "duplicate-customer", None),
        ("error", "unknown-outcome", "left"),
    ]
    table(("plan,logins", "p,1", "q,many"))
    assert [one.metric for one in check_panel(spec("  - {name: sex, role: audit}\n"))] == ["left", "id", "sex"]


def test_values_that_count_as_retained_unsaid_are_warned_about(table, spec):
    rows = [row.replace(",no", ",пауза") if at % 4 == 0 else row for at, row in enumerate(_rows())]
    table((HEAD, *rows))
    loose = spec(outcome="  outcome: {column: left, churned: [yes]}")
    panel = load_panel(loose)
    (found,) = check_panel(loose)
    assert found.code == "several-retained"
    assert "2 values count as retained, since no list says otherwise: 'no' (" in found.evidence
    assert str(found) in panel.notes
    assert any(note.startswith("column 'left': churned: 'yes' (") and "'пауза' (" in note for note in panel.notes)


def test_a_churned_value_that_never_occurs_names_the_nearest(table, spec):
    rows = [row.replace(",yes", ",пішов") for row in _rows()]
    table((HEAD, *rows))
    for lists in ("churned: [пишов]", "churned: [пишов], retained: [no]"):
        with pytest.raises(DataError, match=r"'пишов', listed as churned, does not occur. Did you mean 'пішов'\?"):
            load_panel(spec(outcome=f"  outcome: {{column: left, {lists}}}"))
    (found,) = check_panel(spec(outcome="  outcome: {column: left, churned: [пішов, left], retained: [no]}"))
    assert (found.severity, found.code) == ("warning", "absent-value")


def test_what_was_understood(table, spec):
    table(
        (f"{HEAD},sex".replace(",", ";"), *(f"{row};f".replace(",", ";") for row in _rows()), "x; ;a;;m", "y;1,5;;no;m")
    )
    told = examine(spec("  - {name: sex, role: audit}\n")).understood
    assert (told.rows, told.customers, told.delimiter, told.decimal, told.encoding) == (402, 402, ";", ",", "utf-8")
    assert told.rows_of("churned") + told.rows_of("retained") == 401
    assert told.outcomes["not known yet"] == {"(blank)": 1}
    logins, plan, sex = told.columns
    assert (logins.kind, logins.low, logins.high, round(logins.missing * 402)) == ("number", 0, 8, 1)
    assert (plan.levels, set(plan.frequent), sex.role) == (3, {"a", "b", "c"}, "audit")


def test_what_was_understood_is_said_though_there_are_errors(table, spec):
    table((HEAD, "a,x,p,no", "b,1,q,maybe"))
    told = examine(spec()).understood
    assert told.outcomes["unlisted"] == {"maybe": 1}
    table(b"PK\x03\x04")
    assert examine(spec()).understood is None


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (lambda i, left: f",{i % 7 + 10 * left}", "label-copy"),
        (lambda i, left: f",{i % 7 - 10 * left}", "label-copy"),
        (lambda i, left: "" if left and i % 50 else f",{'gone' if left else 'here'}", "label-copy"),
        (lambda i, left: f",{i % 7 if i % 3 == 0 else ''}", "mostly-missing"),
        (lambda i, left: f",{i if i % 30 == 0 else ''}", "nearly-empty"),
        (lambda i, left: f",{7 if i in (3, 9) else 5}", "nearly-constant"),
        (lambda i, left: f",name{i // 3}", "near-id"),
        (lambda i, left: f",{('Gold', 'gold', 'tin')[i % 3]}", "levels-alike"),
    ],
)
def test_doubtful_metrics_are_warned_about(table, spec, more, code):
    rows = [row if row.count(",") == 4 else f"{row}," for row in _rows(more=more)]
    table((f"{HEAD},x", *rows))
    first, *others = _codes(check_panel(spec("  - {name: x}\n")))
    assert first == ("warning", code, "x")
    assert others in ([], [("warning", "rare-levels", "x")])  # levels that tell the outcome have one outcome each


def test_nearly_constant_says_how_much_of_it(table, spec):
    table((f"{HEAD},x", *_rows(600, lambda i, left: f",{7 if i % 120 == 0 else 5}")))
    (found,) = check_panel(spec("  - {name: x}\n"))
    assert str(found).startswith("metric 'x' is nearly constant: 595 of 600 rows are 5. ")


def test_only_rare_levels(table, spec):
    table((f"{HEAD},x", *_rows(60, lambda i, left: f",n{i // 8}")))
    assert ("warning", "rare-levels", "x") in _codes(check_panel(spec("  - {name: x}\n")))


def test_twins_are_named(table, spec):
    rows = [f"{row},{row.split(',')[1]},{row.split(',')[2]}" for row in _rows()]
    table((f"{HEAD},x,y", *rows))
    findings = check_panel(spec("  - {name: x}\n  - {name: y}\n"))
    assert _codes(findings) == [("warning", "duplicate-metric", "x"), ("warning", "duplicate-metric", "y")]
    assert str(findings[0]).startswith("metric 'x' has the same values as 'logins'")


def test_few_events(table, spec):
    table((HEAD, *_rows(60)))
    assert ("warning", "few-events", None) in _codes(check_panel(spec()))


def test_a_path_is_told_as_written_for_its_variable_may_hold_a_secret(spec, monkeypatch):
    monkeypatch.setenv("DSN", "user=u password=s3cret")
    found = examine(spec(table="  table: ${DSN}")).findings
    assert [str(one).split(":")[0] for one in found] == ["${DSN}"]
    assert "s3cret" not in str(found)
