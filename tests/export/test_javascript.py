"""The ES module: values as JavaScript has them, text inside a page, its own test."""

from __future__ import annotations

import json
import math
import re
import subprocess

import pytest

from chs_ml.errors import DataError
from chs_ml.export import export
from chs_ml.formula import Band, Curve, Formula, Levels, Link, Term, WeightsFile
from chs_ml.formula.edges import frame_of
from tests.export.conformance.formulas import FIXED, drawn_file, whole
from tests.export.conformance.javascript_process import javascript, node
from tests.export.test_python import TABLES, module
from tests.formula import drawn

TEXTS = [
    "", " ", "gold", "GOLD", "gold ", "1", "1.0", "1.00", "01", "true", "True", "TRUE", "tRue", "2.5", "2.50", "1e3",
    "nan", "-0", "ſ", "2026-01-01", "\x1c", "\ufeff", "\u2028",
]  # fmt: skip
VALUES = [None, *TEXTS, 1, 1.0, True, False, 2.5, 1000, 0.1, 1e22, 1e-7, -0.0, 0, math.nan, math.inf, -math.inf, 2**53]
NUMBERS = [
    *VALUES, " 7 ", "\x1f7", "\x857\u2003", "+7", "7.", ".5", "7e-1", "1e999", "-inf", "Infinity", "+NaN", "x", "1,5",
    "0x1F", "0b1", "7 8", "1_000", "7n", "-", ".", "e5",
]  # fmt: skip


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    started = javascript(tmp_path_factory.mktemp("javascript"))
    yield started
    started.close()


def of(shape) -> WeightsFile:
    return whole(Formula((Term("m", "p", "free", 1.0, shape),)), "one")


def run(folder, text, *arguments, name="health_score.mjs"):
    script = folder / name
    script.write_text(text, encoding="utf-8")
    return subprocess.run([node(), str(script), *arguments], capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("seed", range(6))
def test_it_says_all_that_the_python_module_says(process, seed):
    weights = drawn_file(seed) if seed else FIXED["everything"]()
    rows = drawn.by_row(drawn.rows(weights.formula, seed, 60)) if seed else [one["inputs"] for one in weights.vectors]
    rows = [{name: None if isinstance(value, dict) else value for name, value in row.items()} for row in rows]
    ours, theirs = module(weights), process.readings(export(weights, "javascript"), rows)
    for row, found in zip(rows, theirs, strict=True):
        for name, answer in ours.read(row).items():
            assert found[name] == (pytest.approx(answer, abs=1e-11) if isinstance(answer, float) else answer), name


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_a_level_is_found_as_the_formula_finds_it(process, table):
    weights = of(Levels(tuple(zip(table, (1.0, 0.75), strict=True)), 0.25, 0.5))
    found = process.readings(export(weights, "javascript"), [{"m": value} for value in VALUES])
    for value, one in zip(VALUES, found, strict=True):
        assert one["score"] == weights.formula.score(frame_of([{"m": value}]))[0], repr(value)


def test_a_number_is_read_as_the_formula_reads_it(process):
    """Among them null, which JavaScript finds less than 5, and texts that one language alone takes for numbers."""
    weights = of(Curve((-5.0, 10.0), (0.0, 1.0), 0.9))
    found = process.readings(export(weights, "javascript"), [{"m": value} for value in NUMBERS])
    refused = 0
    for value, one in zip(NUMBERS, found, strict=True):
        try:
            ours = weights.formula.score(frame_of([{"m": value}]))[0]
        except DataError:
            refused += 1
            assert one["error"] == f"metric 'm': '{value}' is not a number"
        else:
            assert one.get("score") == pytest.approx(ours, abs=1e-12), repr(value)
    assert refused >= 10


def test_null_is_missing_and_not_less_than_five(process):
    weights = of(Curve((5.0, 10.0), (0.0, 1.0), 0.7))
    (found,) = process.readings(export(weights, "javascript"), [{"m": None}])
    assert (found["score"], found["coverage"]) == (70.0, 0.0)


def test_a_metric_called_proto_is_a_metric(process):
    terms = (
        Term("__proto__", "p", "positive", 0.5, Curve((0.0, 1.0), (0.0, 1.0), 0.5)),
        Term("toString", "p", "free", 0.5, Levels((("__proto__", 1.0), ("constructor", 0.25)), 0.0, 0.5)),
    )
    weights = whole(Formula(terms, Link(-1.0, 2.0), (Band("__proto__", "red", 0.0),)), "__proto__")
    text = export(weights, "javascript")
    rows = [{"__proto__": 1.0, "toString": "constructor"}, {"__proto__": 0.0}, {"toString": "valueOf"}]
    first, second, third = process.readings(text, rows)
    assert (first["score"], first["band"]) == (62.5, "__proto__")
    assert second["error"].startswith("metric 'toString' is not there")
    assert third["error"].startswith("metric '__proto__' is not there")


def test_no_text_ends_a_script_in_a_page_or_breaks_a_line(tmp_path):
    labels = {"m": {"label": "</script><script>alert(1)</script><!-- \u2028\u2029 ]]> `${1}` \u202e\u200f\x85"}}
    levels = Levels((("</ScRiPt >", 1.0), ("<!--", 0.5)), 0.0, 0.5)
    weights = whole(Formula((Term("m", "p", "free", 1.0, levels),)), "x")
    weights = WeightsFile(weights.formula, "a", "</script>", metrics=labels, customer="c", reference=weights.reference)
    text = export(weights, "javascript")
    assert not re.search(r"</|<!--|<script", text, re.IGNORECASE)
    assert not [one for one in text if one != "\n" and not one.isprintable()]
    page = f"<script type=module>\n{text}</script>"
    assert page.count("</script>") == 1
    calls = "\nconsole.log(JSON.stringify([CALLED, TERMS[0].label, read({ m: '</ScRiPt >' }).score]));\n"
    said = json.loads(run(tmp_path, text + calls).stdout)
    assert said == ["</script>", labels["m"]["label"], 100]


def test_values_that_json_has_not(tmp_path):
    """undefined is missing, a whole number of any length is one, an object is an error."""
    weights = of(Curve((0.0, 10.0), (0.0, 1.0), 0.3))
    calls = """
    const told = [undefined, 5n, {}, [], new Date(0), Symbol.iterator, () => 1].map((m) => {
      try { return score({ m }); } catch (error) { return `${error instanceof CustomerError} ${error.message}`; }
    });
    console.log(JSON.stringify(told));
    """
    said = json.loads(run(tmp_path, export(weights, "javascript") + calls).stdout)
    assert said == [30, 50, *["true metric 'm': a value is a number, text, true, false or null"] * 5]


def test_a_formula_without_link_says_so(tmp_path):
    calls = (
        "\ntry { churnProbability({ usage: 1, nps: 2, tickets: 3 }) } catch (error) { console.log(error.message) }\n"
    )
    answer = run(tmp_path, export(FIXED["by hand"](), "javascript") + calls)
    assert answer.stdout.startswith("this formula has no link to churn")


@pytest.mark.parametrize("name", FIXED)
def test_the_self_test_counts_what_it_asked(tmp_path, name):
    weights = FIXED[name]()
    answer = run(tmp_path, export(weights, "javascript"), "--self-test", name="a б%.mjs")
    asked = f"no difference in {len(weights.vectors)} customers, formula {weights.digest[:12]}\n"
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, asked, "")


def test_a_table_is_not_passed_over_in_silence(tmp_path):
    answer = run(tmp_path, export(FIXED["by hand"](), "javascript"), "customers.csv", name="score.mjs")
    assert answer.returncode == 2 and answer.stdout == "" and "usage: node score.mjs --self-test" in answer.stderr


def test_the_self_test_of_a_changed_file_fails_with_what_differs(tmp_path):
    text = export(FIXED["by hand"](), "javascript").replace("weight: 0.3,", "weight: 0.300001,", 1)
    answer = run(tmp_path, text, "--self-test")
    *lines, last = answer.stdout.splitlines()
    assert answer.returncode == 1 and last.startswith(f"{len(lines)} differences in ")
    assert lines and all(line.startswith("score is ") for line in lines)


def test_it_runs_where_there_is_no_process_as_in_a_browser(tmp_path):
    (tmp_path / "health_score.mjs").write_text(export(FIXED["everything"](), "javascript"), encoding="utf-8")
    page = """
    import { readFileSync } from "node:fs";
    import vm from "node:vm";
    const initializeImportMeta = (meta) => { meta.url = "https://example.org/a%zz"; };
    const module = new vm.SourceTextModule(readFileSync(process.argv[2], "utf8"), {
      context: vm.createContext({}), initializeImportMeta,
    });
    await module.link(() => { throw new Error("it imports something"); });
    await module.evaluate();
    console.log(JSON.stringify(module.namespace.selfTest()));
    """
    (tmp_path / "page.mjs").write_text(page, encoding="utf-8")
    command = [node(), "--experimental-vm-modules", str(tmp_path / "page.mjs"), str(tmp_path / "health_score.mjs")]
    answer = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (answer.returncode, answer.stdout) == (0, "[]\n"), answer.stderr


def test_a_program_that_imports_it_is_left_alone(tmp_path):
    (tmp_path / "health_score.mjs").write_text(export(FIXED["by hand"](), "javascript"), encoding="utf-8")
    answer = run(tmp_path, 'import { score } from "./health_score.mjs";\n', "--self-test", name="app.mjs")
    assert (answer.returncode, answer.stdout) == (0, "")
