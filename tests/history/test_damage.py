"""Silent CSV damage, one test each: what pandas repairs without a word is refused with its line."""

from __future__ import annotations

import pytest

from chs_ml.errors import DataError
from chs_ml.history.panel import load_panel

ROWS = ("id,logins,plan,left", "c3,5,pro,no", "c1,0,free,yes", "c2,,pro,no", "c4,2.5,free,yes")


def _with(*rows: str) -> tuple[str, ...]:
    return (*ROWS, *rows)


DAMAGE = [
    (("id,logins,logins,left", "a,1,2,no"), "column 'logins' stands in the header more than once .fields 2, 3."),
    (("id,logins,plan,left, left ", "a,1,p,no,no"), "column 'left' stands in the header more than once"),
    (("id,logins,plan,left,", "a,1,p,no,"), "line 1: field 5 of the header is empty"),
    (_with("c5,1,pro,no,extra"), "the header has 4 fields, line 6 has 5; every line needs as many"),
    (_with("c5,1,pro"), "the header has 4 fields, line 6 has 3"),
    (_with("c5,inf,pro,no"), "column 'logins': line 6 has 'inf'; a number must be finite"),
    (_with("c5,-Infinity,pro,no"), "line 6 has '-Infinity'; a number must be finite"),
    (_with("c5,1e999,pro,no"), "line 6 has '1e999'; a number must be finite"),
    (_with(*(f"d{i},{i},pro,no" for i in range(9)), "c5,many,pro,no"), "line 15 has 'many'; a column of numbers"),
    (_with(*(f'd{i},"{i},5",pro,no' for i in range(90))), "line 6 has '0,5', .* and 85 more; a column writes"),
    (_with('c5,1,"pro,no'), "line 6: a quotation mark opens in this row and never closes"),
    (_with('c5,1,"pro,no', "c6,1,pro,no", "c7,1,pro,no", 'c8,1,"pro,no'), "line 6: a value in quotes holds 2"),
    (_with(" ,1,pro,no"), "column 'id': line 6; a customer's id is empty"),
    (_with("c1,1,pro,no"), "the same customer in line 3 and line 6; each stands once"),
    (_with(" c1 ,1,pro,no"), "the same customer in line 3 and line 6"),
    (_with("c5,1,pro,perhaps"), "column 'left': line 6 has 'perhaps'; it stands neither in churned nor retained"),
    (("id,logins,plan,left",), "has no rows below its header"),
    (ROWS[:2], "column 'left': all 1 rows are retained; a fit needs both. Found 'no' .1."),
    ((ROWS[0], "a,1,p,yes", "b,2,q,yes"), "all 2 rows are churned"),
    ((ROWS[0], "a,1,p,", "b,2,q,NULL"), "no row has an outcome that is known and not excluded"),
    ((ROWS[0], "a,7,p,yes", "b,7,q,no"), "metric 'logins': every known value is 7.0; a metric needs"),
    ((ROWS[0], "a,7,p,yes", "b,8,p,no"), "metric 'plan': every known value is 'p'"),
    ((ROWS[0], "a,,p,yes", "b, ,q,no"), "metric 'logins': every value is missing"),
    ((ROWS[0], "a,NA,p,yes", "b,-,q,no"), "metric 'logins': every value is missing"),
    (("id,login,plan,left", "a,1,p,yes"), "column 'logins' is missing; it is a metric. Did you mean 'login'."),
    (b"", "found no header; the first line names the columns"),
    (b"\n\n", "found no header"),
    (b"PK\x03\x04....", "is a zip archive. Save it as CSV or Parquet."),
    (b"\x1f\x8b....", "is a gzip archive"),
    (b"id,logins\x00\n", "found NUL bytes"),
    ("id,logins,plan,left\na,1,Ж,yes\n".encode("cp1251"), "line 2: byte 0xc6 is not utf-8"),
    (b"PAR1 and no more", "no readable Parquet file"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "problem"), DAMAGE)
def test_each_damage_is_refused_with_its_place(table, spec, content, problem):
    table(content)
    with pytest.raises(DataError, match=problem):
        load_panel(spec())


def test_all_problems_come_in_one_answer_and_are_capped(table, spec):
    table(_with(*(f"d{i},1e999,pro,no" for i in range(40)), "c1,x,pro,no", ",1,pro,perhaps", "c9,1"))
    with pytest.raises(DataError) as refused:
        load_panel(spec())
    said = "\n".join(refused.value.problems)
    codes = [one.code for one in refused.value.findings]
    assert codes == ["field-count", "unknown-outcome", "empty-id", "not-a-number", "not-finite"]
    assert "line 6 has '1e999', line 7 has '1e999', line 8 has '1e999', line 9 has '1e999', line 10 has" in said
    assert "and 35 more" in said
    assert "line 46 has 'x'" in said


def test_lines_are_counted_in_the_file_with_breaks_inside_quotes(table, spec):
    table(_with('c5,1,"two\r\nlines",no', "", "c6,1,pro,no", "", 'c7,inf,"a\n\nb",no'))
    with pytest.raises(DataError, match="line 11 has 'inf'"):
        load_panel(spec())


def test_customer_ids_are_never_shown(table, spec):
    ids = [f"person-{i}@example.org" for i in range(20)]
    rows = [f"{one},x,pro,no" for one in ids] + [f"{one},1e999,free,yes" for one in ids]
    table((ROWS[0], *rows, *(f"n{i},{i},pro,no" for i in range(400))))
    with pytest.raises(DataError, match=r"the same customer in line 2 and line 22, .* and 15 more") as refused:
        load_panel(spec())
    assert "@" not in str(refused.value)


def test_fifty_broken_columns_are_enough(table, spec):
    names = [f"m{i}" for i in range(80)]
    table((",".join(["id", "left", *names]), ",".join(["a", "yes", *["1"] * 80]), ",".join(["b", "no", *["1"] * 80])))
    metrics = "".join(f"  - {{name: {name}}}\n" for name in names)
    with pytest.raises(DataError, match="and 30 more problems"):
        load_panel(spec(metrics, bare=True))
