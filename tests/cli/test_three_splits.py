"""A formula with three splits: a person reads it on one screen."""

from __future__ import annotations

import pytest

from chs_ml.calibration.story import calibrate
from chs_ml.export import export
from chs_ml.export.splits import splits_in_words
from chs_ml.history.known_worlds import telephone_world
from chs_ml.history.simulate import simulate
from chs_ml.spec import load_spec

SPLITS = (
    "{metric: day_minutes, when: {metric: service_calls, above: 3}}",
    "{metric: m4, when: {metric: service_calls, above: 3}}",
    "{metric: calls_abroad, when: {metric: plan_abroad, level: 'yes'}}",
)
COLUMNS, LINES = 160, 50
"""Of a terminal that fills a screen."""


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    folder = tmp_path_factory.mktemp("three")
    panel = simulate(telephone_world(), seed=3).panel
    panel.metrics.assign(churned=panel.churned).to_csv(folder / "customers.csv", index=False)
    metrics = "\n".join(f"  - {{name: {name}}}" for name in panel.metrics.columns)
    (folder / "spec.yaml").write_text(
        "name: telephone\n"
        'data: {table: customers.csv, outcome: {column: churned, churned: ["1.0"], retained: ["0.0"]}}\n'
        f"metrics:\n{metrics}\n"
        f"calibration: {{ramps: 4, strength: {{size: 1, bend: 3}}, splits: [{', '.join(SPLITS)}]}}\n"
        "validation: {cross_validation: 3}\n"
    )
    return calibrate(load_spec(folder / "spec.yaml"), folder / "run", track=False)


def test_show_fits_on_one_screen(run, three, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    lines = run("show", three.directory).out.splitlines()
    assert len(lines) <= LINES and max(len(line.rstrip()) for line in lines) <= COLUMNS, "\n".join(lines)
    assert sum("(elsewhere)" in line and "→" in line for line in lines) == 3


def test_each_split_is_one_sentence_below_its_condition(three):
    found = splits_in_words(three.weights)
    assert sorted(len(sentences) for _, sentences in found) == [1, 2]
    for heading, sentences in found:
        assert heading.startswith("Where ") and "rows" in heading
        for sentence in sentences:
            assert sentence.count(". ") == 0 and sentence.endswith(".") and "log-loss" in sentence


def test_the_page_in_markdown_fits_too(three):
    assert len(export(three.weights, "markdown").splitlines()) <= LINES


def test_a_narrow_page_has_two_tables_and_cuts_nothing(run, three, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = run("show", three.directory).out
    assert text.count("\nAction") == 2 and "…" not in text
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
