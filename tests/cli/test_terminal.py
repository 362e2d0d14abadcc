"""What is printed fits its place: 80 columns, a file, a terminal without colours or without letters."""

from __future__ import annotations

import json

import pytest

from chs_ml.cli.talk import say
from chs_ml.formula import Band, Curve, Formula, Levels, Link, Term, WeightsFile
from tests import tiny

LONG = "a very long name of a metric that nobody can read in one line, и ещё немного"


@pytest.fixture
def wide(tmp_path, done):
    """A file whose names are as long as they get, with the evaluation of a run beside it."""
    levels = Levels(((LONG, 0.0), ("[bold]not bold[/]", 1.0)), 0.5, 0.5)
    curve = Curve((0.0, 123456.789, 1e9), (0.0, 1.0, 0.4), 0.5)
    shapes = [levels if at % 2 else curve for at in range(10)]
    terms = tuple(Term(f"{LONG} {at}", "p" * 60, "free", 0.1, shape) for at, shape in enumerate(shapes))
    bands = (Band(LONG, "green", 66.123456), Band("rest", "red", 0.0))
    WeightsFile(Formula(terms, Link(0.0, 3.0), bands), "wide", training={"evaluated_formula": 1}).save(
        tmp_path / "weights.json"
    )
    evaluation = {**done.evaluation.as_dict(), "choices": {"evaluated_formula": 1}}
    evaluation["bands"] = [{"name": LONG, "customers": 1_234_567, "churn_rate": 0.5, "low": 0.1, "high": 1.0}]
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation))
    return tmp_path


def widest(text: str) -> int:
    return max(len(line.rstrip()) for line in text.splitlines())


@pytest.mark.parametrize("columns", ["80", "60", None])
def test_pages_fit(run, done, wide, monkeypatch, columns):
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    table = done.directory.parents[1] / "customers.csv"
    for words in (
        ("show", done.directory),
        ("show", wide),
        ("explain", done.directory, table, "--customer", "customer-10001"),
    ):
        answer = run(*words)
        assert answer.code == 0 and widest(answer.out) <= int(columns or 80), answer.out


def test_whose_figures_they_are_is_said(run, done, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    page = run("show", done.directory).out
    assert "fitted again on all rows with every choice kept" in " ".join(page.split())
    assert "this formula (trial)" in page and "Held out (trial)" in page and "Churn rate (trial, 95 % interval)" in page
    (tmp_path / "weights.json").write_bytes((done.directory / "weights.json").read_bytes())
    assert "trial" not in run("show", tmp_path).out


def test_a_name_is_never_markup(run, wide):
    assert "[bold]not" in run("show", wide).out


HOSTILE = "[red]x[/] \x1b[31m \u202e :smile: \\"


def test_nothing_that_others_wrote_is_obeyed(run, done, tmp_path):
    weights = json.loads((done.directory / "weights.json").read_bytes())
    for about in weights["metrics"].values():
        about["label"] = HOSTILE
    for line in weights["evidence"]:
        line["impact"] |= {"start": HOSTILE, "end": HOSTILE}
    weights["training"]["weightless"] = [HOSTILE]
    (tmp_path / "weights.json").write_text(json.dumps(weights))
    evaluation = done.evaluation.as_dict()
    evaluation["bands"][0]["name"] = HOSTILE
    evaluation["baselines"][HOSTILE] = evaluation["baselines"]["equal_weights"]
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation))
    frame = tiny.customers(3).assign(id=HOSTILE, plan=HOSTILE)
    frame.to_parquet(tmp_path / "t.parquet")
    show = run("show", tmp_path)
    one = run("explain", tmp_path, tmp_path / "t.parquet", "--customer", HOSTILE)
    none = run("explain", tmp_path, tmp_path / "t.parquet", "--customer", f"{HOSTILE}!")
    score = run("score", tmp_path, tmp_path / "t.parquet", "-o", tmp_path / "o.csv", "--map", f"{HOSTILE}=plan")
    assert (show.code, one.code, none.code, score.code) == (0, 0, 2, 2)
    for answer in (show, one, none, score):
        text = answer.out + answer.err
        assert "[red]x[/]" in text and "\\x1b[31m" in text and ":smile:" in text, text
        assert "\x1b" not in text and "\u202e" not in text


def test_a_usual_formula_takes_a_line_a_term(run, done, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("show", done.directory).out.splitlines()
    rules = [number for number, line in enumerate(lines) if line.startswith("───")]
    for at in rules[:2]:  # what weighs how much, and what goes with it
        terms = lines[at + 1 : lines.index("", at)]
        assert len(terms) == len(done.formula.terms)


@pytest.mark.parametrize(
    "surroundings",
    [
        {"LANG": "C", "LC_ALL": None, "PYTHONIOENCODING": None, "PYTHONUTF8": None},
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1251"},
        {"NO_COLOR": "1", "TERM": "dumb"},
    ],
)
def test_no_letter_fails_to_print(spawn, done, table, surroundings):
    answer = spawn("show", done.directory, **surroundings)
    assert answer.returncode == 0 and answer.stderr == b"" and b"Time with us" in answer.stdout
    found = spawn("show", done.directory, "--json", **surroundings)
    assert json.loads(found.stdout.decode("utf-8"))["name"] == "tiny"


def test_json_off_a_utf8_terminal_keeps_every_letter(spawn, wide):
    text = spawn("export", wide, "json", PYTHONIOENCODING="ascii").stdout
    assert text == (wide / "weights.json").read_bytes()


def test_long_talk_is_folded_on_a_terminal_only(capsys, monkeypatch):
    line = "note: " + "a metric with a long story, " * 9
    say(line)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    say(line)
    whole, *folded = capsys.readouterr().err.splitlines()
    assert whole == line
    assert len(folded) > 3 and max(map(len, folded)) <= 60 and " ".join(" ".join(folded).split()) == line.strip()
