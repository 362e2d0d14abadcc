"""The Python module: a table on the command line, its own test, any value that a cell may hold."""

from __future__ import annotations

import ast
import csv
import io
import math
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from types import ModuleType

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from chs_ml.cli.reading import Columns
from chs_ml.cli.scoring import score_table, scored_batch
from chs_ml.errors import ChsError, DataError, FormulaError
from chs_ml.export import Options, export
from chs_ml.formula import Curve, Formula, Levels, Term
from chs_ml.formula.edges import frame_of
from chs_ml.formula.kinds import kinds_of
from tests import tiny
from tests.export.conformance.formulas import FIXED, drawn_file, whole
from tests.formula import drawn

VALUES = [
    None, "", " ", "gold", "GOLD", "gold ", 1, 1.0, True, False, "1", "1.0", "1.00", "01", "true", "True", "TRUE",
    "tRue", "2.5", "2.50", 2.5, "1e3", 1000, 1000.0, "1_000", 0.1, 1e22, -0.0, 0, "-0", "nan", math.nan, math.inf,
    -math.inf, Decimal("1"), Decimal("1.0"), Decimal("NaN"), np.float64(1.0), np.int64(1), np.float32(2.5),
    np.bool_(True), np.bool_(False), np.str_("gold"), pd.NA, pd.NaT, date(2026, 1, 1), "2026-01-01", 2**60,
    10**30, "١", "ſ",
]  # fmt: skip
NUMBERS = [
    *VALUES,
    " 7 ",
    "+7",
    "7.",
    ".5",
    "7e-1",
    "1e999",
    "-inf",
    "Infinity",
    "x",
    "1,5",
    "0x1F",
    "7 8",
    "٣",
    10**400,
]
TABLES = [
    ("gold", "true"),
    ("1", "false"),
    ("1.0", "1"),
    ("TRUE", "tru"),
    ("2.5", "1000"),
    ("1e3", "1_000"),
    ("0", "-0"),
]


def module(weights, **options) -> ModuleType:
    made = ModuleType("health_score")
    exec(compile(export(weights, "python", Options(**options)), "health_score.py", "exec"), made.__dict__)
    return made


def run(folder, text, *arguments):
    script = folder / "health_score.py"
    script.write_text(text, encoding="utf-8")
    command = [sys.executable, "-I", "-S", str(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


def test_it_is_python_3_9_and_imports_only_the_standard_library():
    tree = ast.parse(export(FIXED["everything"](), "python"), feature_version=(3, 9))
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize("seed", range(12))
def test_it_says_all_that_our_scorer_says(seed):
    weights = drawn_file(seed) if seed else FIXED["everything"]()
    kinds = kinds_of(weights.formula)
    rows = drawn.by_row(drawn.rows(weights.formula, seed, 60) if seed else _about_everything())
    typed = {name: [row[name] if row[name] != "" else None for row in rows] for name in kinds}
    arrays = [
        pa.array(cells, pa.float64() if kinds[name] == "number" else pa.string()) for name, cells in typed.items()
    ]
    batch = pa.record_batch(arrays, names=list(typed))
    theirs = module(weights)
    for row, ours in zip(rows, scored_batch(weights, batch, Columns(), 0, date(2026, 1, 1)).to_pylist(), strict=True):
        found = theirs.read(row)
        assert [*found] == [name for name in ours if name not in ("customer", "as_of")]
        for name, answer in found.items():
            assert answer == (pytest.approx(ours[name], abs=1e-12) if isinstance(answer, float) else ours[name]), name


def _about_everything():
    rows = [vector["inputs"] for vector in FIXED["everything"]().vectors]
    return {name: [None if isinstance(row[name], dict) else row[name] for row in rows] for name in rows[0]}


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_a_level_is_found_as_the_formula_finds_it(table):
    term = Term("m", "p", "free", 1.0, Levels(tuple(zip(table, (1.0, 0.75), strict=True)), 0.25, 0.5))
    weights = whole(Formula((term,)), "levels")
    theirs = module(weights)
    for value in VALUES:
        assert theirs.score({"m": value}) == weights.formula.score(frame_of([{"m": value}]))[0], repr(value)


def test_a_number_is_read_as_the_formula_reads_it():
    weights = whole(Formula((Term("m", "p", "free", 1.0, Curve((0.0, 10.0), (0.0, 1.0), 0.3)),)), "numbers")
    theirs, refused = module(weights), 0
    for value in NUMBERS:
        try:
            ours = weights.formula.score(frame_of([{"m": value}]))[0]
        except DataError:
            refused += 1
            with pytest.raises(theirs.CustomerError, match=r"^metric 'm': .* is not a number$"):
                theirs.score({"m": value})
        else:
            assert theirs.score({"m": value}) == ours, repr(value)
    assert refused >= 8


def test_a_metric_that_is_absent_is_named():
    theirs = module(FIXED["by hand"]())
    with pytest.raises(theirs.CustomerError, match=r"^metric 'nps' is not there; the formula reads it\. Give None"):
        theirs.read({"usage": 1.0})


def test_a_formula_without_link_and_bands_says_so():
    theirs = module(FIXED["by hand"]())
    customer = {"usage": 0.8, "nps": 6.0, "tickets": 3.0}
    found = theirs.read(customer)
    assert found["score"] == theirs.score(customer) == pytest.approx(69.0)
    assert (found["churn_probability"], found["band"], found["band_by_score"]) == (None, None, None)
    with pytest.raises(ValueError, match="no link to churn"):
        theirs.churn_probability(customer)


def test_levels_and_conditions_that_hold_lists_are_refused():
    theirs = module(FIXED["everything"]())
    with pytest.raises(theirs.CustomerError, match=r"^metric 'plan': .* is a list; a level is text$"):
        theirs.read({**dict.fromkeys(theirs.METRICS), "plan": ["pro"]})


def test_a_file_that_contradicts_itself_is_not_written():
    weights = FIXED["by hand"]()
    wrong = replace(weights, vectors=[{**weights.vectors[0], "score": 12.5}])
    with pytest.raises(
        FormulaError, match=r"^the weights file contradicts itself: vector 0: score is .* written 12\.5"
    ):
        export(wrong, "python")


# The command line


def test_a_table_scores_as_our_command_scores_it(tmp_path):
    done = tiny.calibrated()
    table = tmp_path / "customers.csv"
    frame = tiny.customers(200, seed=3)
    frame.loc[3:6, "id"] = ["=1+1", "-1+1", "+1", "@one"]
    frame.loc[:5, "plan"] = [" monthly", "weekly", "", "N/A", "Yearly", "yearly"]
    frame["nps"] = frame["nps"].astype(object).where(frame.index > 2, "n/a")
    frame.to_csv(table, index=False, encoding="utf-8-sig")
    score_table(done.weights, table, tmp_path / "ours.csv", Columns(), date(2026, 1, 1))
    answer = run(tmp_path, export(done.weights, "python"), table)
    assert (answer.returncode, answer.stderr) == (0, "")
    ours, theirs = (
        list(csv.DictReader(io.StringIO(text))) for text in ((tmp_path / "ours.csv").read_text(), answer.stdout)
    )
    assert len(ours) == len(theirs) == 200
    assert [row["customer"] for row in theirs[3:7]] == ["'=1+1", "'-1+1", "'+1", "'@one"]
    for one, other in zip(ours, theirs, strict=True):
        del one["as_of"]
        numbers = ("score", "churn_probability", "coverage")
        assert [float(other.pop(name)) for name in numbers] == pytest.approx([float(one.pop(name)) for name in numbers])
        assert one == other


@pytest.mark.parametrize("name", FIXED)
def test_the_self_test_counts_what_it_asked(tmp_path, name):
    weights = FIXED[name]()
    answer = run(tmp_path, export(weights, "python"), "--self-test")
    asked = f"no difference in {len(weights.vectors)} customers, formula {weights.digest[:12]}\n"
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, asked, "")


def test_the_self_test_of_a_changed_file_fails_with_what_differs(tmp_path):
    text = export(FIXED["by hand"](), "python").replace("'weight': 0.3,", "'weight': 0.300001,", 1)
    answer = run(tmp_path, text, "--self-test")
    *lines, last = answer.stdout.splitlines()
    assert answer.returncode == 1 and last.startswith(f"{len(lines)} differences in ")
    assert lines and all(line.startswith("score is ") for line in lines)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("customer,usage,nps\na,1,2\n", "column 'tickets' is not in the header; the header has: customer, usage, nps"),
        ("id,usage,nps,tickets\na,1,2,3\n", "column 'customer' is not in the header"),
        ("customer,nps,nps,usage,tickets\n", "column 'nps' stands in the header more than once"),
        ("customer,usage,nps,tickets\na,1,2,3\nb,1,many,3\n", "row 2: metric 'nps': 'many' is not a number"),
        ("customer,usage,nps,tickets\na,1,2,3\nb,1,2\n", "line 3: 3 fields; the header has 4"),
        ("customer,usage,nps,tickets\na,1,2,3\n ,1,2,3\n", "row 2: no customer id in column 'customer'"),
        ("customer,usage,nps,tickets\n", "no rows below the header"),
        ("", "column 'usage' is not in the header"),
        ('customer,usage,nps,tickets\n"a,1,2,3\n', "unexpected end of data"),
    ],
)
def test_a_table_that_cannot_be_scored_gives_a_reason_and_no_scores(tmp_path, table, message):
    file = tmp_path / "customers.csv"
    file.write_text(table)
    answer = run(tmp_path, export(FIXED["by hand"](), "python", Options(key="customer")), file)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith(f"{file}: {message}") and "Traceback" not in answer.stderr


def test_the_key_is_as_asked_as_in_training_or_the_rows_number(tmp_path):
    weights, file = FIXED["by hand"](), tmp_path / "customers.csv"
    file.write_text("mail;usage;nps;tickets\n\nx@y;1;2;3\n")
    told = replace(weights, customer="mail"), Options()
    asked = weights, Options(key="mail")
    for one, options in (told, asked):
        assert (
            run(tmp_path, export(one, "python", options), file, "--delimiter", ";").stdout.splitlines()[1][:4] == "x@y,"
        )
    text = export(weights, "python")
    assert run(tmp_path, text, file, "--delimiter", ";").stdout.splitlines()[1][:2] == "1,"
    assert run(tmp_path, text, file, "--delimiter", ";", "--key", "mail").stdout.splitlines()[1][:4] == "x@y,"


def test_a_file_that_is_not_there_and_no_file_at_all(tmp_path):
    text = export(FIXED["by hand"](), "python")
    gone, none = run(tmp_path, text, tmp_path / "gone.csv"), run(tmp_path, text)
    assert gone.returncode == none.returncode == 2
    assert "No such file" in gone.stderr and "give a table, or --self-test" in none.stderr


def test_the_target_takes_a_key_and_no_dialect():
    with pytest.raises(ChsError, match="target 'python' takes no --dialect"):
        export(FIXED["by hand"](), "python", Options(dialect="duckdb"))


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    table = tmp_path / "customers.csv"
    rows = "".join(f"c{at},{at % 30},5,2\n" for at in range(20_000))
    table.write_text("customer,usage,nps,tickets\n" + rows)
    (tmp_path / "score.py").write_text(export(FIXED["by hand"](), "python"))
    command = f"{sys.executable} -I score.py customers.csv --key customer | head -1"
    answer = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.stdout.startswith("customer,score") and answer.stderr == ""


def test_the_other_delimiter_is_proposed(tmp_path):
    table = tmp_path / "customers.csv"
    table.write_text("customer;usage;nps;tickets\nc1;1;2;3\n")
    answer = run(tmp_path, export(FIXED["by hand"](), "python"), table)
    assert answer.returncode == 2 and answer.stderr.endswith(". Try --delimiter ';'\n")
