from __future__ import annotations

import random

import pytest

from chs_ml.history.checks import check_panel

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
    table(("id,plan,left", "a,p,no"))
    assert _codes(check_panel(spec())) == [("error", "missing-column", "logins")]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (lambda i, left: f",{i % 7 + 10 * left}", "label-copy"),
        (lambda i, left: f",{i % 7 - 10 * left}", "label-copy"),
        (lambda i, left: "" if left and i % 50 else f",{'gone' if left else 'here'}", "label-copy"),
        (lambda i, left: f",{i % 7 if i % 3 == 0 else ''}", "mostly-missing"),
        (lambda i, left: f",name{i // 3}", "near-id"),
        (lambda i, left: f",{('Gold', 'gold', 'tin')[i % 3]}", "levels-alike"),
    ],
)
def test_doubtful_metrics_are_warned_about(table, spec, more, code):
    rows = [row if row.count(",") == 4 else f"{row}," for row in _rows(more=more)]
    table((f"{HEAD},x", *rows))
    assert _codes(check_panel(spec("  - {name: x}\n"))) == [("warning", code, "x")]


def test_twins_are_named(table, spec):
    rows = [f"{row},{row.split(',')[1]},{row.split(',')[2]}" for row in _rows()]
    table((f"{HEAD},x,y", *rows))
    findings = check_panel(spec("  - {name: x}\n  - {name: y}\n"))
    assert _codes(findings) == [("warning", "duplicate-metric", "x"), ("warning", "duplicate-metric", "y")]
    assert str(findings[0]).startswith("metric 'x' has the same values as 'logins'")


def test_few_events(table, spec):
    table((HEAD, *_rows(60)))
    assert ("warning", "few-events", None) in _codes(check_panel(spec()))
