"""`chs-ml panel`: the panel as a file, or its query; everything wrong said in one message."""

from __future__ import annotations

import json
import sqlite3

import duckdb
import pyarrow.parquet as pq
import pytest
import sqlglot

SPEC = """\
name: small
history:
  accounts: {table: accounts.csv, customer: id, start: since, churned: left}
  tables:
    events: {table: events.csv, customer: id, time: at, type: event, value: value}
  cutoffs: [2024-03-31, 2024-06-30]
  horizon: 90d
  observed_until: 2024-12-31
metrics:
  - {name: logins_30d, count: login, window: 30d}
  - {name: paid, sum: pay}
  - {name: seen, recency: all}
"""
ACCOUNTS = "id,since,left\na,2023-01-01,\nb,2023-02-01,2024-05-05\nc,2024-05-01,\n"
EVENTS = """\
id,at,event,value
a,2024-03-30 23:59:59,login,
a,2024-03-31,login,
a,2024-02-01,pay,10
b,2024-03-15,login,
b,2024-03-02T08:00:00,pay,2.5
c,2024-06-01,login,
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "spec.yaml").write_text(SPEC)
    (tmp_path / "accounts.csv").write_text(ACCOUNTS)
    (tmp_path / "events.csv").write_text(EVENTS)
    return tmp_path


def changed(folder, file, old, new):
    path = folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def rows(path):
    return pq.read_table(path).to_pylist()


def test_the_panel_is_written(run, folder):
    answer = run("panel", folder / "spec.yaml", "-o", folder / "p.parquet")
    assert answer.code == 0 and answer.out == ""
    assert "4 rows, 3 customers, 2 cutoffs, 25.0% churned; wrote" in " ".join(answer.err.split())
    found = [(str(row["cutoff"]), *[row[name] for name in ("customer", "churned", "logins_30d", "paid", "seen")])
             for row in rows(folder / "p.parquet")]  # fmt: skip
    assert found == [
        ("2024-03-31", "a", 0, 1.0, 10.0, 1.0),
        ("2024-06-30", "a", 0, 0.0, 10.0, 91.0),
        ("2024-03-31", "b", 1, 1.0, 2.5, 16.0),
        ("2024-06-30", "c", 0, 1.0, 0.0, 29.0),
    ]


def test_one_cutoff_without_outcomes_is_what_is_scored(run, folder):
    done = run("panel", folder / "spec.yaml", "--as-of", "2024-05-31", "--no-outcome", "-o", folder / "p.csv", "--json")
    assert json.loads(done.out)["rows"] == 2 and json.loads(done.out)["churn_rate"] is None
    assert (folder / "p.csv").read_text().splitlines() == [
        '"customer","cutoff","logins_30d","paid","seen"',
        '"a",2024-05-31,0,10,61',
        '"c",2024-05-31,0,0,',
    ] or (folder / "p.csv").read_text().splitlines()[2] == '"c",2024-05-31,,0,'
    today = run("panel", folder / "spec.yaml", "--as-of", "CURRENT_DATE", "--no-outcome", "-o", folder / "t.parquet")
    assert today.code == 0 and {row["customer"] for row in rows(folder / "t.parquet")} == {"a", "c"}


def test_the_query_gives_the_same_panel_in_the_warehouse(run, folder):
    run("panel", folder / "spec.yaml", "-o", folder / "p.parquet")
    done = run(
        "panel", folder / "spec.yaml", "--sql", "duckdb", "--table", "events=lake.events", "-o", folder / "q.sql"
    )
    assert done.code == 0
    text = (folder / "q.sql").read_text()
    assert text.startswith("-- The panel as of each cutoff") and '"lake"."events"' in text
    warehouse = duckdb.connect()
    warehouse.execute("CREATE SCHEMA lake")
    warehouse.execute(f"CREATE TABLE accounts AS SELECT * FROM '{folder / 'accounts.csv'}'")
    warehouse.execute(f"CREATE TABLE lake.events AS SELECT * FROM '{folder / 'events.csv'}'")
    found = warehouse.query(text).to_arrow_table().sort_by([("customer", "ascending"), ("cutoff", "ascending")])
    assert found.to_pylist() == rows(folder / "p.parquet")


@pytest.mark.parametrize("dialect", ["snowflake", "bigquery", "redshift", "trino", "databricks", "spark", "mariadb"])
def test_every_dialect_is_one_statement(run, folder, dialect):
    done = run("panel", folder / "spec.yaml", "--sql", dialect, "--as-of", "CURRENT_DATE", "--no-outcome")
    assert len(sqlglot.parse(done.out, read={"mariadb": "mysql"}.get(dialect, dialect))) == 1
    assert ("was not run" in done.out) == (dialect not in {"spark", "mariadb"})


def test_tables_from_a_database_give_the_same(run, folder, monkeypatch):
    run("panel", folder / "spec.yaml", "-o", folder / "p.parquet")
    base = sqlite3.connect(folder / "base.db")
    base.execute("CREATE TABLE log (id TEXT, at TEXT, event TEXT, value REAL)")
    lines = [line.split(",") for line in EVENTS.splitlines()[1:]]
    base.executemany("INSERT INTO log VALUES (?, ?, ?, NULLIF(?, ''))", lines)
    base.commit()
    base.close()
    monkeypatch.setenv("BASE", f"sqlite:///{folder / 'base.db'}")
    query = "{url: '${BASE}', query: 'select id, at, event, value from log'}"
    changed(folder, "spec.yaml", "table: events.csv", f"table: {query}")
    done = run("panel", folder / "spec.yaml", "-o", folder / "again.parquet")
    assert done.code == 0 and rows(folder / "again.parquet") == rows(folder / "p.parquet")
    asked = run("panel", folder / "spec.yaml", "--sql", "duckdb", "--no-outcome").out
    assert '"chs_given_events" AS (' in asked and '"log"' in asked


URL = "table: {{url: '{}', query: '{}'}}"
WRONG = [
    ("events.csv", "2024-03-15", "15.03.2024", "events.csv: column 'at': line 5 has '15.03.2024'; a time is written"),
    ("events.csv", "b,2024-03-15,", "b,2024-02-30,", "line 5 has '2024-02-30'"),
    ("events.csv", "2.5", "2,5", "field"),
    ("events.csv", "2.5", "two", "column 'value': line 6 has 'two'"),
    (
        "events.csv",
        "2.5",
        "1e15",
        "line 6 has 1000000000000000.0; a number that is summed stays below a hundred trillion",
    ),
    ("events.csv", "T08:00:00", "T08:00:00+02:00", "some times of the column have an offset, others have none"),
    ("events.csv", "pay", "paid", "events: no row has event 'pay', which metric 'paid' counts. Known here: 'login'"),
    ("events.csv", "at,event", "when,event", "column 'at' is missing; it is history.tables.events.time"),
    ("accounts.csv", "2024-05-05", "2022-05-05", "accounts: 1 spells end before they start"),
    ("accounts.csv", "c,2024-05-01", "a,2024-05-01", "1 spells begin before the same customer's spell before them"),
    ("spec.yaml", "window: 30d", "window: 900d", "metric 'logins_30d' looks back 900 days"),
    ("spec.yaml", "events.csv", "evens.csv", "evens.csv: cannot be read: No such file"),
    ("spec.yaml", "[2024-03-31, 2024-06-30]", "[2021-03-31]", "no customer is in the panel at any cutoff"),
    ("spec.yaml", "table: events.csv", URL.format("sqlite:///x.db", "delete from log"), "SELECT"),
    ("spec.yaml", "table: events.csv", URL.format("sqlite:////nowhere/x.db", "select 1"), "there is no such"),
    ("spec.yaml", "table: events.csv", URL.format("mysql://127.0.0.1:1/x", "select 1"), "nothing listens"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong[3][:30])
def test_what_is_wrong_is_one_message(run, folder, wrong):
    file, old, new, said = wrong
    changed(folder, file, old, new)
    answer = run("panel", folder / "spec.yaml", "-o", folder / "p.parquet")
    assert answer.code == 2 and said in " ".join(answer.err.split()), answer.err
    assert not (folder / "p.parquet").exists() and not list(folder.glob(".*part"))


def test_all_problems_of_all_tables_are_told_at_once(run, folder):
    changed(folder, "events.csv", "2024-03-15", "soon")
    changed(folder, "events.csv", "2.5", "two")
    changed(folder, "accounts.csv", "2023-01-01", "long ago")
    said = " ".join(run("panel", folder / "spec.yaml", "-o", folder / "p.parquet").err.split())
    assert all(one in said for one in ("'soon'", "'two'", "'long ago'"))


def test_strangers_are_counted_and_left_out(run, folder):
    (folder / "events.csv").write_text(EVENTS + "stranger-77,2024-03-01,login,\n")
    answer = run("panel", folder / "spec.yaml", "-o", folder / "p.parquet")
    said = " ".join(answer.err.split())
    assert answer.code == 0 and "events: 1 of 7 rows are of customers whom accounts do not have" in said
    assert "stranger-77" not in said


def test_ids_in_another_case_are_told_as_such(run, folder):
    """Blanks around ids are nothing, in whichever table they stand; what is left is upper and lower case."""
    hint = "of them would be known if upper and lower case were ignored. Write the ids alike in both tables."
    rows = EVENTS.splitlines()
    (folder / "events.csv").write_text("\n".join([rows[0], *(f" {row[0]} {row[1:]}" for row in rows[1:])]) + "\n")
    assert "accounts do not have" not in run("panel", folder / "spec.yaml", "-o", folder / "p.parquet").err
    some = [
        *rows[:3],
        *(row[0].upper() + row[1:] for row in rows[3:]),
        "stranger-77,2024-03-01,login,",
        ",2024-03-01,login,",
    ]
    (folder / "events.csv").write_text("\n".join(some) + "\n")
    answer = run("panel", folder / "spec.yaml", "-o", folder / "p.parquet")
    said = " ".join(answer.err.split())
    assert answer.code == 0 and f"of customers whom accounts do not have, and are left out; 4 {hint}" in said
    checked = run("check", folder / "spec.yaml", "-q").out
    assert f"left out; 4 {hint}" in " ".join(checked.split()) and "stranger-77" not in said + checked
    (folder / "accounts.csv").write_text(ACCOUNTS.replace("\na", "\nA").replace("\nb", "\nB").replace("\nc", "\nC"))
    (folder / "events.csv").write_text(EVENTS)
    for answer in (run("panel", folder / "spec.yaml", "-o", folder / "p.parquet"), run("check", folder / "spec.yaml")):
        said = " ".join((answer.err + answer.out).split())
        assert answer.code > 0 and f"6 of 6 rows are of customers whom accounts do not have; 6 {hint}" in said


def test_currencies_are_not_added_up(run, folder):
    changed(folder, "spec.yaml", "value: value}", "value: value, currency: money}")
    lines = EVENTS.splitlines()
    money = ["money", "EUR", "EUR", "EUR", "EUR", "USD", "EUR"]
    (folder / "events.csv").write_text("\n".join(",".join(pair) for pair in zip(lines, money, strict=True)) + "\n")
    answer = run("panel", folder / "spec.yaml", "-o", folder / "p.parquet")
    assert answer.code == 2 and "column 'money' has 2 currencies: EUR, USD. Turn all amounts into one" in " ".join(
        answer.err.split()
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sql", "snowflak"], "no dialect is called 'snowflak'. Did you mean 'snowflake'?"),
        (["--sql", "duckdb", "--table", "evens=x"], "no table is called 'evens'. Did you mean 'events'?"),
        (["--as-of", "CURRENT_DATE", "-o", "p.csv"], "what becomes of today's customers is not known yet"),
        (["--as-of", "31.03.2024", "-o", "p.csv"], "a cutoff is a date as in 2025-03-31, or CURRENT_DATE"),
        ([], "give -o FILE to write the panel, or --sql DIALECT for its query"),
        (["-o", "p.xlsx"], "panels are written as .csv or .parquet"),
        (["-o", "p.csv", "--table", "events=x"], "give it together with --sql"),
        (["-o", "nowhere/p.csv"], "folder 'nowhere' does not exist"),
    ],
)
def test_usage_is_told(run, folder, words, said, monkeypatch):
    monkeypatch.chdir(folder)
    answer = run("panel", folder / "spec.yaml", *words)
    assert answer.code == 2 and said in " ".join(answer.err.split())


def test_a_labelled_table_is_a_panel_already(run, folder):
    (folder / "labelled.yaml").write_text(
        "name: l\ndata: {table: t.csv, outcome: {column: left, churned: [yes]}}\nmetrics: [{name: x}]\n"
    )
    answer = run("panel", folder / "labelled.yaml", "-o", folder / "p.csv")
    assert answer.code == 2 and "its table is a panel already" in answer.err


def test_a_panel_never_takes_the_place_of_its_own_table(run, folder):
    answer = run("panel", folder / "spec.yaml", "-o", folder / "events.csv")
    assert answer.code == 2 and "would be lost" in answer.err and (folder / "events.csv").read_text() == EVENTS


@pytest.mark.parametrize("file", ["events.csv", "spec.yaml"])
def test_a_query_never_takes_the_place_of_what_is_read(run, folder, file):
    before = (folder / file).read_text()
    answer = run("panel", folder / "spec.yaml", "--sql", "duckdb", "--no-outcome", "-o", folder / file)
    assert answer.code == 2 and "is read, and would be lost" in answer.err and (folder / file).read_text() == before


def test_the_nightly_panel_is_written_every_night(run, folder, monkeypatch):
    monkeypatch.setenv("BASE", f"sqlite:///{folder / 'base.db'}")
    base = sqlite3.connect(folder / "base.db")
    base.execute("CREATE TABLE events (id TEXT, at TEXT, event TEXT, value REAL)")
    base.execute("INSERT INTO events VALUES ('a', '2024-02-01', 'login', NULL), ('b', '2024-02-01', 'pay', 2)")
    base.commit()
    base.close()
    changed(folder, "spec.yaml", "table: events.csv", "table: {url: '${BASE}', query: 'select * from events'}")
    for _ in range(2):
        assert run("panel", folder / "spec.yaml", "-o", folder / "night.parquet").code == 0


def test_a_query_of_one_table_never_reads_that_of_another(run, folder, monkeypatch):
    monkeypatch.setenv("BASE", "duckdb:///nowhere.db")
    tables = "".join(
        f"    {name}: {{table: {{url: '${{BASE}}', query: \"select * from events where event = '{kind}'\"}}, "
        "customer: id, time: at}\n"
        for name, kind in (("bots", "pay"), ("events", "login"))
    )
    changed(
        folder,
        "spec.yaml",
        "    events: {table: events.csv, customer: id, time: at, type: event, value: value}\n",
        tables,
    )
    changed(folder, "spec.yaml", "count: login, window: 30d", "count: all, from: events")
    changed(folder, "spec.yaml", "sum: pay", "count: all, from: bots")
    changed(folder, "spec.yaml", "recency: all", "recency: all, from: bots")
    text = run("panel", folder / "spec.yaml", "--sql", "duckdb", "--no-outcome").out
    warehouse = duckdb.connect()
    warehouse.execute(f"CREATE TABLE accounts AS SELECT * FROM '{folder / 'accounts.csv'}'")
    warehouse.execute(f"CREATE TABLE events AS SELECT * FROM '{folder / 'events.csv'}'")
    found = {(row["customer"], str(row["cutoff"])): (row["logins_30d"], row["paid"])
             for row in warehouse.query(text).to_arrow_table().to_pylist()}  # fmt: skip
    assert found["a", "2024-03-31"] == (1, 1) and found["b", "2024-03-31"] == (1, 1)


@pytest.mark.parametrize("name", ["x; drop table y", "(select 1)", "a b", "x.y.z.w"])
def test_what_is_no_name_of_a_table_is_refused(run, folder, name):
    answer = run("panel", folder / "spec.yaml", "--sql", "duckdb", "--no-outcome", "--table", f"events={name}")
    assert answer.code == 2 and "is no name of a table; write it as in schema.events" in " ".join(answer.err.split())


def test_snowflake_stores_names_in_upper_case(run, folder):
    place = "events=crm.public.EVENTS"
    text = run("panel", folder / "spec.yaml", "--sql", "snowflake", "--no-outcome", "--table", place).out
    assert '"source"."ID"' in text and 'FROM "ACCOUNTS" AS "source"' in text and '"crm"."public"."EVENTS"' in text
    assert 'AS "logins_30d"' in text and "as Snowflake stores them" in text


def test_a_value_that_no_row_has_is_named(run, folder):
    changed(folder, "spec.yaml", "sum: pay}", "sum: pay, where: {value: ['10', '25']}}")
    said = " ".join(run("panel", folder / "spec.yaml", "-o", folder / "p.parquet").err.split())
    assert "events: no row has value '25', which metric 'paid' names" in said and "'10', which" not in said


def test_a_cutoff_long_after_the_data_is_told(run, folder):
    words = ("panel", folder / "spec.yaml", "--no-outcome", "-o", folder / "p.parquet", "--as-of")
    assert "lies 213 days after the newest row (2024-06-01)" in " ".join(run(*words, "2024-12-31").err.split())
    assert "after the newest row" not in run(*words, "2024-06-30").err


def test_check_says_who_is_not_in_the_panel_and_why(run, folder):
    answer = run("check", folder / "spec.yaml", "-q")
    table = answer.out.partition("Customers of accounts")[2].partition("\n\n")[0].splitlines()
    assert table[0].split() == ["2024-06-30", "all", "2", "cutoffs"]
    assert [line.split() for line in table[2:]] == [
        ["came", "later", "0", "1"],
        ["left", "before", "1", "1"],
        ["in", "the", "panel", "2", "4"],
        ["altogether", "3", "6"],
    ]
    told = json.loads(run("check", folder / "spec.yaml", "--json", "-q").out)["understood"]["attendance"]
    assert told[0] == {
        "cutoff": "2024-03-31", "customers": 3, "absent": {"came later": 1, "left before": 0}, "in_panel": 2,
        "no_outcome": 0,
    }  # fmt: skip
